"""From a Hugging Face dataset, on the hub or in local files, to annotated Docs."""

from .docs import make_doc, make_docs
from .errors import CorpusError
from .files import bad_json_line, load_file, split_files
from .labels import count_labels, known_labels, label_set, unseen_labels
from .records import COLUMNS, Columns, Record, Task, class_names, read_records, task_columns
from .tables import SPLITS, Table, load_splits, load_tables, select_split

__all__ = [
    "COLUMNS",
    "SPLITS",
    "Columns",
    "CorpusError",
    "Record",
    "Table",
    "Task",
    "bad_json_line",
    "class_names",
    "count_labels",
    "known_labels",
    "label_set",
    "load_file",
    "load_splits",
    "load_tables",
    "make_doc",
    "make_docs",
    "read_records",
    "select_split",
    "split_files",
    "task_columns",
    "unseen_labels",
]
