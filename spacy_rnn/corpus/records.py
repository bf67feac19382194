"""Rows of tables as checked records."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from textwrap import shorten
from typing import Any, Literal, NoReturn

from .errors import CorpusError, show
from .tables import Table

Task = Literal["textcat", "textcat_multilabel", "tagger", "ner"]


@dataclass(frozen=True)
class Columns:
    """The names of the columns to read. A task reads only those it needs.

    text (str): The text, a string.
    label (str): The one label of a text: a string, an integer or a ClassLabel.
    labels (str): The labels of a text, a list.
    tokens (str): The words of a text, a list of strings.
    tags (str): One tag per token, a list.
    entities (str): A list of {start, end, label}, with character offsets into the text.
    """

    text: str = "text"
    label: str = "label"
    labels: str = "labels"
    tokens: str = "tokens"
    tags: str = "tags"
    entities: str = "entities"


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
    spans: list[tuple[int, int]]


def read_records(
    tables: Iterable[Table], task: Task, columns: Columns = COLUMNS
) -> Iterator[Record]:
    """Read and check the rows of a split.

    tables (Iterable[Table]): The tables of the split.
    task (Task): What the rows are annotated for.
    columns (Columns): The names of the columns.
    YIELDS (Record): One record per row.
    RAISES (CorpusError): If a column is missing or a row lacks text, labels or consistency.
    """
    for table in tables:
        used = task_columns(table, task, columns)
        names = {
            column: class_names(table.data.features[column])
            for column in (columns.label, columns.labels, columns.tags, columns.entities)
            if column in used
        }
        for number, row in enumerate(table.data.select_columns(used), 1):
            yield _read_row(row, f"{table.source}, row {number}", task, columns, names)


def task_columns(table: Table, task: Task, columns: Columns) -> list[str]:
    """Find the columns that a task reads from a table.

    table (Table): The table.
    task (Task): What the rows are annotated for.
    columns (Columns): The names of the columns.
    RETURNS (list[str]): The names of the columns to read.
    RAISES (CorpusError): If a column that the task needs is missing.
    """
    present = table.data.column_names
    required, optional = {
        "textcat": (["text", "label"], []),
        "textcat_multilabel": (["text", "labels"], []),
        "tagger": (["tokens", "tags"], ["text"]),
        "ner": (["entities"], ["text", "tokens"]),
    }[task]
    if task == "ner" and columns.tokens not in present:
        required = ["text", "entities"]
    for option in required:
        if getattr(columns, option) not in present:
            listed = ", ".join(shorten(column, 40) for column in present)
            raise CorpusError(
                f"{table.source} has no column '{getattr(columns, option)}', which {task} needs: "
                f"got {listed}; name the right column with the option '{option}'."
            )
    wanted = [getattr(columns, option) for option in required + optional]
    return [column for column in dict.fromkeys(wanted) if column in present]


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


def _read_row(
    row: dict[str, Any],
    where: str,
    task: Task,
    columns: Columns,
    names: dict[str, list[str] | None],
) -> Record:
    text, tokens = row.get(columns.text), None
    labels: list[str] = []
    spans: list[tuple[int, int]] = []
    if columns.text in row:
        text = _string(row[columns.text], columns.text, where)
    if columns.tokens in row:
        tokens = _list(row[columns.tokens], columns.tokens, where)
        tokens = [_string(token, columns.tokens, where, blank=True) for token in tokens]
        if not tokens:
            _fail(where, columns.tokens, tokens, "at least one token")
    if task == "textcat":
        labels = [_label(row[columns.label], columns.label, where, names)]
    elif task == "textcat_multilabel":
        values = _list(row[columns.labels], columns.labels, where)
        labels = [_label(value, columns.labels, where, names) for value in values]
    elif task == "tagger":
        values = _list(row[columns.tags], columns.tags, where)
        labels = [_label(value, columns.tags, where, names) for value in values]
        if tokens is None or len(labels) != len(tokens):
            raise CorpusError(
                f"{where}: got {len(tokens or ())} tokens and {len(labels)} tags, "
                f"expected one tag per token: correct the row."
            )
    else:
        length = len(text if text is not None else " ".join(tokens or ()))
        spans, labels = _entities(row[columns.entities], columns.entities, where, length, names)
    return Record(where, text, tokens, labels, spans)


def _entities(
    value: Any, column: str, where: str, length: int, names: dict[str, list[str] | None]
) -> tuple[list[tuple[int, int]], list[str]]:
    if isinstance(value, dict):  # a list of dicts is stored as a dict of lists in older datasets
        value = [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]
    spans, labels = [], []
    for entity in _list(value, column, where):
        try:
            start, end, label = entity["start"], entity["end"], entity["label"]
            inside = 0 <= start < end <= length
        except (KeyError, TypeError):
            _fail(where, column, entity, "an entity with integers start and end, and a label")
        if not inside:
            raise CorpusError(
                f"{where}: an entity runs from {start} to {end}, expected "
                f"0 <= start < end <= {length}, the length of the text: correct its offsets."
            )
        spans.append((start, end))
        labels.append(_label(label, column, where, names))
    in_order = sorted(spans)
    for (_, end), (start, _) in pairwise(in_order):
        if start < end:
            raise CorpusError(
                f"{where}: one entity ends at {end} and another starts at {start}, expected "
                f"entities that do not overlap: keep one of the two."
            )
    return spans, labels


def _string(value: Any, column: str, where: str, blank: bool = False) -> str:
    if not isinstance(value, str) or not (value if blank else value.strip()):
        _fail(where, column, value, "a string that is not empty")
    return value


def _list(value: Any, column: str, where: str) -> list[Any]:
    if not isinstance(value, list):
        _fail(where, column, value, "a list")
    return value


def _label(value: Any, column: str, where: str, names: dict[str, list[str] | None]) -> str:
    known = names[column]
    if known is not None and isinstance(value, int):
        if not 0 <= value < len(known):
            _fail(where, column, value, f"the index of one of the {len(known)} labels")
        return known[value]
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        _fail(where, column, value, "a label: a string that is not empty, or an integer")
    return value


def _fail(where: str, column: str, got: Any, expected: str) -> NoReturn:
    raise CorpusError(
        f"{where}: the column '{column}' holds {show(got)}, expected {expected}: "
        f"correct or remove the row."
    )
