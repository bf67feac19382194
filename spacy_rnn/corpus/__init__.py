"""From a Hugging Face dataset, on the hub or in local files, to annotated Docs."""

from .docs import make_doc
from .errors import CorpusError
from .labels import count_labels, label_set, unseen_labels
from .records import COLUMNS, Columns, Record, Task, class_names, read_records, task_columns
from .tables import SPLITS, Table, bad_json_line, load_file, load_tables, split_files

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
    "label_set",
    "load_file",
    "load_tables",
    "make_doc",
    "read_records",
    "split_files",
    "task_columns",
    "unseen_labels",
]
