"""Rows of tables as checked records."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from textwrap import shorten
from typing import Any, Literal

from .cells import Cells, Span
from .errors import CorpusError, OnError, read_each
from .tables import Table

Task = Literal["textcat", "textcat_multilabel", "tagger", "ner"]
# The column that holds the annotation of a task.
ANNOTATION: dict[Task, str] = {
    "textcat": "label",
    "textcat_multilabel": "labels",
    "tagger": "tags",
    "ner": "entities",
}


@dataclass(frozen=True)
class Columns:
    """The names of the columns to read. A task reads only those it needs.

    text (str): The text, a string.
    label (str): The one label of a text: a string, an integer or a ClassLabel.
    labels (Union[str, Sequence[str]]): The labels of a text, a list; or the columns that are
        named like the labels and hold 1 where a text has the label, 0 where it has not.
    tokens (str): The words of a text, a list of strings.
    tags (str): One tag per token, a list.
    entities (str): A list of {start, end, label}, with character offsets into the text; or one tag
        per token, such as B-PER, I-PER and O.
    """

    text: str = "text"
    label: str = "label"
    labels: str | Sequence[str] = "labels"
    tokens: str = "tokens"
    tags: str = "tags"
    entities: str = "entities"

    @classmethod
    def from_dict(cls, columns: Mapping[str, Any]) -> "Columns":
        """RETURNS (Columns): The columns that a config names.
        RAISES (CorpusError): If there is no such column."""
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(columns) - set(known))
        if unknown:
            raise CorpusError(f"columns holds {', '.join(unknown)}, expected {', '.join(known)}.")
        return cls(**columns)


COLUMNS = Columns()


@dataclass(frozen=True)
class Record:
    """One row, checked, with labels as strings.

    where (str): File and row number, for messages.
    text (Optional[str]): The text, unless only the tokens are known.
    tokens (Optional[list[str]]): The gold tokens, unless the tokenizer is to find them.
    labels (list[str]): The label or labels of the text, the tags of the tokens, or the labels of
        the entities.
    spans (list[tuple[int, int]]): The character offsets of the entities, parallel to the labels.
    """

    where: str
    text: str | None
    tokens: list[str] | None
    labels: list[str]
    spans: list[Span]


def read_records(
    tables: Iterable[Table],
    task: Task,
    columns: Columns = COLUMNS,
    on_error: OnError | None = None,
    *,
    labels: Sequence[str] | None = None,
) -> Iterator[Record]:
    """Read and check the rows of a split.

    tables (Iterable[Table]): The tables of the split.
    task (Task): What the rows are annotated for.
    columns (Columns): The names of the columns.
    on_error (Optional[Callable[[CorpusError], None]]): Called with what is wrong with a row, which
        is then left out. Without it, the error is raised.
    labels (Optional[Sequence[str]]): The names of the labels, by index where rows hold integers.
        By default those of the ClassLabel feature, if there is one.
    YIELDS (Record): One record per row.
    RAISES (CorpusError): If a column is missing, or a row lacks text, labels or consistency.
    """
    for table in tables:
        used = task_columns(table, task, columns)
        names = labels or table_labels(table, task, columns)
        rows = (Cells(f"{table.source}, row {i}", row, names) for i, row in table.rows(used))
        yield from read_each(rows, lambda row: _read_row(row, task, columns), on_error)


def task_columns(table: Table, task: Task, columns: Columns) -> list[str]:
    """Find the columns that a task reads from a table.

    table (Table): The table.
    task (Task): What the rows are annotated for.
    columns (Columns): The names of the columns.
    RETURNS (list[str]): The names of the columns to read.
    RAISES (CorpusError): If a column that the task needs is missing.
    """
    present = table.columns
    required, optional = {
        "textcat": (["text", "label"], []),
        "textcat_multilabel": (["text", "labels"], []),
        "tagger": (["tokens", "tags"], ["text"]),
        "ner": (["entities"], ["text", "tokens"]),
    }[task]
    if task == "ner" and columns.tokens not in present:
        required = ["text", "entities"]
    used = {}
    for option in required + optional:
        names = getattr(columns, option)
        for name in [names] if isinstance(names, str) else names:
            if name in present:
                used[name] = option
            elif option in required:
                listed = ", ".join(shorten(column, 40) for column in present)
                raise CorpusError(
                    f"{table.source} has no column '{name}', which {task} needs: "
                    f"got {listed}; name the right column with the option '{option}'."
                )
    return list(used)


def table_labels(table: Table, task: Task, columns: Columns) -> Sequence[str] | None:
    """RETURNS (Optional[Sequence[str]]): The labels that a table names, in their order."""
    column = getattr(columns, ANNOTATION[task])
    if not isinstance(column, str):
        return column
    return class_names((table.data.features or {}).get(column))


def class_names(feature: Any) -> list[str] | None:
    """Get the names behind the integers of a ClassLabel, also inside a list or an entity.

    feature (Any): The type of a column of a Dataset.
    RETURNS (Optional[list[str]]): The names, or None if the column has no ClassLabel.
    """
    while hasattr(feature, "feature"):
        feature = feature.feature
    if isinstance(feature, dict):
        return class_names(feature.get("label"))
    return getattr(feature, "names", None)


def _read_row(cells: Cells, task: Task, columns: Columns) -> Record:
    where, text, tokens = cells.where, None, None
    labels: list[str] = []
    spans: list[Span] = []
    if columns.text in cells.values:
        text = cells.text(columns.text)
    if columns.tokens in cells.values:
        tokens = cells.tokens(columns.tokens)
    if task == "textcat":
        labels = [cells.label(columns.label)]
    elif task == "tagger":
        labels = cells.tags(columns.tags, tokens or ())
    elif task == "ner":
        spans, labels = cells.entities(columns.entities, text, tokens)
    elif isinstance(columns.labels, str):
        labels = cells.labels(columns.labels)
    else:
        labels = [column for column in columns.labels if cells.is_set(column)]
    return Record(where, text, tokens, labels, spans)
