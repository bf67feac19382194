"""Annotated data of any form, in files or on the Hugging Face hub, to annotated Docs, in four
steps: bytes to rows (text, tables, and a module for each format), the format by content (formats,
sources), columns to roles (roles), values to annotation (values, schemes, records)."""

from .docs import make_doc, make_docs
from .errors import CorpusError, Report
from .labels import count_labels, find_problems, known_labels, label_set, unseen_labels
from .options import Options, parse_option
from .records import Reading, Record, read_records, understand
from .roles import COLUMNS, Columns, NoColumn, Task, find_roles
from .sources import SPLITS, load_splits, main_splits, select_split
from .tables import Row, Table

__all__ = [
    "COLUMNS",
    "SPLITS",
    "Columns",
    "CorpusError",
    "NoColumn",
    "Options",
    "Reading",
    "Record",
    "Report",
    "Row",
    "Table",
    "Task",
    "count_labels",
    "find_problems",
    "find_roles",
    "known_labels",
    "label_set",
    "load_splits",
    "main_splits",
    "make_doc",
    "make_docs",
    "parse_option",
    "read_records",
    "select_split",
    "understand",
    "unseen_labels",
]
