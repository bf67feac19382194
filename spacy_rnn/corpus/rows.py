"""Records as rows of tables."""

from typing import Any

from .records import Record
from .roles import COLUMNS, Columns, Task


def make_row(record: Record, task: Task, columns: Columns = COLUMNS) -> dict[str, Any]:
    """Make a row that reads as the record it is made of.

    record (Record): The record.
    task (Task): What the record is annotated for.
    columns (Columns): The names of the columns.
    RETURNS (dict[str, Any]): The row, ready for JSON.
    """
    row: dict[str, Any] = {}
    if record.text is not None:
        row[columns.text] = record.text
    if record.tokens is not None:
        row[columns.tokens] = record.tokens
    if task == "textcat":
        row[columns.label] = record.labels[0]
    elif task == "tagger":
        row[columns.tags] = record.labels
    elif task == "ner":
        row[columns.entities] = [
            {"start": start, "end": end, "label": label}
            for (start, end), label in zip(record.spans, record.labels, strict=True)
        ]
    elif isinstance(columns.labels, str):
        row[columns.labels] = record.labels
    else:
        row.update({label: int(label in record.labels) for label in columns.labels})
    return row
