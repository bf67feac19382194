"""Rows of tables as checked records."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from spacy.util import logger

from .alignment import find_tokens
from .cells import as_list
from .errors import CorpusError, Report, show
from .options import OPTIONS, Options
from .roles import ANNOTATION, COLUMNS, Columns, Found, Task, describe, find_roles
from .schemes import find_scheme
from .tables import Row, Table
from .values import Rules, Span

SEPARATORS = (",", ";", "|")
REFUSED = ("reject", "ignore")  # what Prodigy notes of rows that are not to be used
ANSWERS = {"accept", *REFUSED}


@dataclass(frozen=True)
class Record:
    """One row, checked, with labels as strings.

    where (str): File and row number, for messages.
    text (Optional[str]): The text, unless only the tokens are known.
    tokens (Optional[list[str]]): The gold tokens, unless the tokenizer is to find them.
    labels (list[str]): The label or labels of the text, the tags of the tokens, or the labels of
        the entities.
    spans (list[tuple[int, int]]): The character offsets of the entities, parallel to the labels.
    absent (list[str]): Labels that the text is said not to have.
    """

    where: str
    text: str | None
    tokens: list[str] | None
    labels: list[str]
    spans: list[Span]
    absent: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Reading:
    """A table, and how it is read.

    table (Table): The rows.
    task (Task): What they are annotated for.
    roles (Found): The columns, by what they hold.
    rules (Rules): How cells are read.
    answers (bool): Whether the column "answer" tells which rows are refused.
    note (str): What was understood, on one line.
    """

    table: Table
    task: Task
    roles: Found
    rules: Rules
    answers: bool
    note: str

    def records(self, report: Report) -> Iterator[Record]:
        """Read the rows.

        report (Report): Where rows that are left out are counted.
        YIELDS (Record): One record per row.
        RAISES (CorpusError): If a row lacks text, labels or consistency, and the report does not
            leave such rows out.
        """
        columns = [c for found in self.roles.values() for c in _as_names(found)]
        for row in self.table.rows([*columns, "answer"] if self.answers else columns):
            answer = row.values.get("answer") if self.answers else None
            if answer in REFUSED:
                report.left_out[f"answer: {answer}"] += 1
                continue
            try:
                if row.error is not None:
                    raise row.error
                record = self._read(row)
            except CorpusError as error:
                report.add(error)
            else:
                report.rows += 1
                yield record

    def _read(self, row: Row) -> Record:
        roles, rules = self.roles, self.rules
        text = tokens = None
        spans: list[Span] = []
        absent: list[str] = []
        if "text" in roles and row.values.get(_one(roles["text"])) is not None:
            text = rules.text(row, _one(roles["text"]))
        elif "text" in roles and ("tokens" not in roles or self.task.startswith("textcat")):
            rules.text(row, _one(roles["text"]))  # which raises
        if "tokens" in roles and (text is None or row.values.get(_one(roles["tokens"]))):
            tokens = rules.tokens(row, _one(roles["tokens"]))
        if (
            text is not None
            and self.table.format == "tokens"
            and not find_tokens(tokens or (), text)
        ):
            text = None  # the comment is about something else
        annotation = roles[ANNOTATION[self.task]]
        if isinstance(annotation, list):
            labels = [column for column in annotation if rules.is_set(row, column)]
            absent = [column for column in annotation if column not in labels]
        elif self.task == "textcat":
            labels, absent = rules.label(row, annotation)
        elif self.task == "textcat_multilabel":
            labels, absent = rules.labels(row, annotation)
        elif self.task == "tagger":
            labels = rules.tags(row, annotation, tokens or ())
        else:
            spans, labels = rules.entities(row, annotation, text, tokens)
        return Record(row.where, text, tokens, labels, spans, absent)


def understand(
    table: Table,
    task: Task,
    columns: Columns = COLUMNS,
    labels: Sequence[str] | None = None,
    options: Options = OPTIONS,
) -> Reading:
    """Find out how a table is to be read.

    table (Table): The table.
    task (Task): What the rows are annotated for.
    columns (Columns): The names of the columns.
    labels (Optional[Sequence[str]]): The names of the labels, by index where rows hold integers.
        By default those of the ClassLabel feature, if there is one.
    options (Options): What is known of the values.
    RETURNS (Reading): The table and how it is read.
    RAISES (CorpusError): If a column is missing, or there are two readings.
    """
    roles = find_roles(table, task, columns)
    column = roles[ANNOTATION[task]]
    names = labels
    if names is None:
        names = column if isinstance(column, list) else table.names.get(column)
    rules = Rules(names, spans=options.spans, lenient="answer" in table.columns)
    used: dict[str, str] = {}
    role = ANNOTATION[task]
    if task == "ner":
        scheme = _find_scheme(table, _one(column), rules)
        if scheme is not None:
            rules, used[role] = replace(rules, scheme=scheme), scheme
    elif task == "textcat_multilabel" and isinstance(column, str):
        rules = _find_lists(table, column, rules, options)
        if rules.separator:
            used[role] = f"separated by {rules.separator!r}"
    elif task == "tagger" and table.format == "conllu" and column == "tags":
        used[role] = "xpos, or upos where a word has none"
    taken = {c for found in roles.values() for c in _as_names(found)}
    answers = "answer" in table.columns and "answer" not in taken
    answers = answers and {str(v) for v in table.probe("answer") if v is not None} <= ANSWERS
    return Reading(table, task, roles, rules, answers, describe(table, roles, used))


def read_records(
    readings: Iterable[Reading], report: Report, exclude: Collection[str] = ()
) -> Iterator[Record]:
    """Read what a split is made of.

    readings (Iterable[Reading]): Its tables.
    report (Report): Where rows that are left out are counted.
    exclude (Collection[str]): Labels of entities to leave out.
    YIELDS (Record): One record per row, sentence or doc.
    """
    for reading in readings:
        for record in reading.records(report):
            yield _leave_out(record, exclude) if exclude else record


def _leave_out(record: Record, labels: Collection[str]) -> Record:
    pairs = zip(record.spans, record.labels, strict=True)
    kept = [(span, label) for span, label in pairs if label not in labels]
    return replace(record, spans=[span for span, _ in kept], labels=[label for _, label in kept])


def _find_scheme(table: Table, column: str, rules: Rules) -> Any:
    """RETURNS (Optional[Scheme]): The scheme of the tags of entities, or None for spans."""
    first = next((items for value in table.probe(column) if (items := _items(value))), None)
    if first is None or not isinstance(first[0], (str, int)):
        return None
    if rules.names is None and str(first[0]).isdecimal():
        return None  # whose names are asked for with the first row

    def tags() -> Iterator[list[str]]:
        found = (
            (row.values.get(column) for row in table.rows([column]))
            if table.reread
            else table.probe(column)
        )
        for value in found:
            yield [tag for item in _items(value) or () if (tag := rules.tag(item)) is not None]

    scheme = find_scheme(tags())
    if scheme == "IOB1":
        logger.warning(
            "%s is read as IOB1: none of its entities needs the B- that starts it", table.source
        )
    elif scheme == "IO":
        logger.warning(
            "%s is read as IO: its tags have no prefix, so that neighbours of one type are one "
            "entity",
            table.source,
        )
    return scheme


def _items(value: Any) -> list[Any] | None:
    found = as_list(value)
    return value.split() if found is None and isinstance(value, str) else found


def _find_lists(table: Table, column: str, rules: Rules, options: Options) -> Rules:
    """RETURNS (Rules): The rules, with what is between joined labels and whether lists are of a
    value for each label."""
    values = [value for value in table.probe(column) if value is not None]
    lists = [items for value in values if (items := as_list(value)) is not None]
    multi_hot = options.multi_hot
    if multi_hot is None:
        multi_hot = _is_multi_hot(table, column, lists)
    if multi_hot and rules.names is None:
        size = len(lists[0]) if lists else 0
        raise CorpusError(
            f"{table.source}: the column '{column}' holds lists such as {show(lists[:1])}, of "
            f"0 or 1 for each of {size} labels, whose names are not known: give them (in a config "
            f"with labels, in commands with --label-names), or set the option multi_hot=false."
        )
    strings = [v for v in values if isinstance(v, str) and as_list(v) is None]
    strings = [value for value in strings if value not in rules.known]
    found = [mark for mark in SEPARATORS if any(mark in value for value in strings)]
    separator = options.label_separator or (found[0] if found else None)
    if len(found) > 1 and options.label_separator is None:
        raise CorpusError(
            f"{table.source} can be read in two ways: the labels in the column '{column}' are "
            f"separated by {found[0]!r} or {found[1]!r}: set the option label_separator to one."
        )
    return replace(rules, multi_hot=bool(multi_hot), separator=separator)


def _is_multi_hot(table: Table, column: str, lists: Sequence[Sequence[Any]]) -> bool:
    flags = all(isinstance(v, (int, float)) and v in (0, 1) for items in lists for v in items)
    sizes = {len(items) for items in lists}
    if not lists or not flags or len(sizes) != 1 or sizes <= {0, 1}:
        return False
    if any(len(set(items)) < len(items) for items in lists):
        return True
    raise CorpusError(
        f"{table.source} can be read in two ways: a list in the column '{column}' such as "
        f"{show(lists[0])} holds the labels 0 and 1, or a value for each of two labels: set the "
        f"option multi_hot to false or true."
    )


def _as_names(found: str | list[str]) -> list[str]:
    return [found] if isinstance(found, str) else found


def _one(found: str | list[str]) -> str:
    assert isinstance(found, str)
    return found
