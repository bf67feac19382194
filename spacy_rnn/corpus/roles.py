"""Which columns of a table hold what a task reads."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from spacy.util import logger

from .cells import as_list
from .errors import CorpusError, listed
from .sentences import CHUNK_TAGS, EMPTY, INDEX, LABELS, NESTED, TAGS, WORDS
from .tables import Table

Task = Literal["textcat", "textcat_multilabel", "tagger", "ner"]
# The column that holds the annotation of a task.
ANNOTATION: dict[Task, str] = {
    "textcat": "label",
    "textcat_multilabel": "labels",
    "tagger": "tags",
    "ner": "entities",
}
# What else files call a column, where they do not have it under its own name.
OTHERS = {
    "text": ("sentence",),
    "label": ("cats", "labels", "accept", "category", "intent", "class"),
    "labels": ("cats", "label", "accept"),
    "tokens": ("words",),
    "tags": ("pos_tags", "xpos", "upos"),
    "entities": ("spans", "ents", "ner_tags", "ner", "label", "labels"),
}
Found = dict[str, str | list[str]]


class NoColumn(CorpusError):
    """A table lacks a column that the task needs.

    message (str): What is said.
    role (str): What the column holds.
    got (str): The columns that it has.
    """

    def __init__(self, message: str, role: str, got: str) -> None:
        super().__init__(message)
        self.role, self.got = role, got


class NoAnnotation(NoColumn):
    """A table lacks the column of the annotation."""


@dataclass(frozen=True)
class Columns:
    """The names of the columns to read. A task reads only those it needs. The columns of files of
    tokens are named by their numbers, from 1 on.

    text (str): The text, a string.
    label (str): The one label of a text: a string, an integer or a ClassLabel.
    labels (Union[str, Sequence[str]]): The labels of a text: a list, a string that joins them, or a
        dict of their values; or the columns that are named like the labels and hold 1 where a text
        has the label, 0 where it has not.
    tokens (str): The words of a text, a list of strings.
    tags (str): One tag per token, a list.
    entities (str): A list of entities as {start, end, label} or [start, end, label], with character
        offsets into the text; or one tag per token, such as B-PER, I-PER and O.
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


def find_roles(table: Table, task: Task, columns: Columns = COLUMNS) -> Found:
    """Find the columns that a task reads from a table.

    table (Table): The table.
    task (Task): What the rows are annotated for.
    columns (Columns): The names of the columns.
    RETURNS (dict[str, Union[str, list[str]]]): The column, or columns, by what they hold.
    RAISES (CorpusError): If a column that the task needs is missing, or could be one of several.
    """
    if table.format == "tokens":
        return _token_roles(table, task, columns)
    required, optional = {
        "textcat": (["text", "label"], []),
        "textcat_multilabel": (["text", "labels"], []),
        "tagger": (["tokens", "tags"], ["text"]),
        "ner": (["entities"], ["text", "tokens"]),
    }[task]
    found: Found = {}
    for role in [*optional, *required]:
        wanted = getattr(columns, role)
        if not isinstance(wanted, str):
            found[role] = [_required(table, task, role, name, [name]) for name in wanted]
            continue
        name = _find(table, role, wanted, [c for c in found.values() if isinstance(c, str)])
        if name is not None:
            found[role] = name
        elif role in required:
            found[role] = _required(table, task, role, wanted, [])
    if task == "ner" and "tokens" in found and "text" in found:
        values = [value for value in table.probe(str(found["tokens"])) if value is not None]
        if not any(as_list(value) for value in values):
            del found["tokens"]  # a number of tokens, or the like
    if task == "ner" and "text" not in found and "tokens" not in found:
        _required(table, task, "text", columns.text, [])
    return found


def describe(table: Table, roles: Found, used: Mapping[str, str]) -> str:
    """Tell how columns are read, in the words that set it.

    table (Table): The table.
    roles (Found): The columns by what they hold.
    used (Mapping[str, str]): What is to be said about a role.
    RETURNS (str): One line.
    """
    parts, taken = [], set()
    for role, column in roles.items():
        names = [column] if isinstance(column, str) else column
        taken.update(names)
        if names == ["text"] and table.format in ("tokens", "conllu"):
            continue  # of a comment
        parts.append(f"{role}={','.join(names)}" + (f" ({used[role]})" if role in used else ""))
    rest = [name for name in table.columns if name not in taken and name != "text"]
    kinds = {name: f"{name} ({table.kinds[name]})" for name in rest if name in table.kinds}
    out = (
        f"; left out: {listed(kinds.get(name, name or repr(name)) for name in rest)}"
        if rest
        else ""
    )
    notes = "".join(f"; {note}" for note in table.notes)
    return f"{table.source} ({table.format}): {', '.join(parts)}{out}{notes}"


def _required(table: Table, task: Task, role: str, name: str, candidates: Sequence[str]) -> str:
    if name in table.columns:
        return name
    error = NoAnnotation if role == ANNOTATION[task] else NoColumn
    hint = ""
    if table.format == "table" and len(table.columns) < 2:
        hint = ", or set the option delimiter if another character separates the fields"
    elif table.format == "table":
        hint = ", or, if the first line is a row, name all columns with the option column_names"
        hint += ", or set format=tokens" if task in ("tagger", "ner") else ""
    raise error(
        f"{table.source} has no column '{name}', which {task} needs: got "
        f"{listed(table.columns)}; name the right column with the option '{role}'{hint}.",
        role,
        listed(table.columns),
    )


def _find(table: Table, role: str, wanted: str, taken: Collection[str]) -> str | None:
    if wanted in table.columns:
        return wanted
    folded = [name for name in table.columns if name.strip().lower() == wanted.lower()]
    if not folded and wanted == getattr(COLUMNS, role):
        folded = [c for c in OTHERS[role] if c in table.columns and c not in taken]
        if (role == "entities" and len(folded) > 1) or set(folded) & {"label", "labels"}:
            folded = [c for c in folded if role != "entities" or _holds_lists(table, c)]
    if len(folded) > 1:
        raise _two_ways(table, role, folded, "could be meant")
    return folded[0] if folded else None


def _holds_lists(table: Table, column: str) -> bool:
    values = [value for value in table.probe(column) if value is not None]
    return any(as_list(value) or isinstance(value, Mapping) for value in values)


def _token_roles(table: Table, task: Task, columns: Columns) -> Found:
    if task not in ("tagger", "ner"):
        raise CorpusError(
            f"{table.source} is a file of tokens and tags, expected the task tagger or ner, got "
            f"{task}: name the right task or file, or set the option format."
        )
    role = ANNOTATION[task]
    tag = _named(table, role, getattr(columns, role))
    token = _named(table, "tokens", columns.tokens)
    kinds = {name: kind for name, kind in table.kinds.items() if kind not in (INDEX, EMPTY)}
    words = [name for name, kind in kinds.items() if kind == WORDS and name != tag]
    if task == "tagger":
        token = token or next((name for name in kinds if name != tag), None)
        tag = tag or _find_tags(
            table, [n for n in kinds if n != token and kinds[n] in (WORDS, LABELS)]
        )
    tag = tag or _find_entities(table, {n: kind for n, kind in kinds.items() if n != token})
    if token is None:
        before = [name for name in words if int(name) < int(tag)]
        if not before and len(words) > 1:
            raise _two_ways(table, "tokens", words, "could hold the tokens")
        token = next(iter(before or words or [n for n in kinds if n != tag]), None)
    if token is None:
        raise CorpusError(
            f"Can't find the tokens in {table.source}: got the columns {_kinds(table)}, expected "
            f"a token and its tag on each line: correct the file, or name the column with tokens."
        )
    return {"text": "text", "tokens": token, role: tag}


def _find_entities(table: Table, kinds: Mapping[str, str]) -> str:
    for wanted in (TAGS, LABELS, CHUNK_TAGS):
        found = [name for name, kind in kinds.items() if kind == wanted]
        if len(found) > 1:
            raise _two_ways(table, "entities", found, f"hold {wanted}")
        nested = [name for name, kind in kinds.items() if kind == NESTED]
        if found and nested:
            logger.warning(
                "%s has entities in column %s and, nested in these, in column %s, of which the "
                "outer ones are read: choose the others with --columns entities=%s",
                table.source,
                found[0],
                " and ".join(nested),
                nested[0],
            )
        if found:
            return found[0]
    raise NoAnnotation(
        f"Can't find the tags in {table.source}: got the columns {_kinds(table)}, expected a token "
        f"and its tag, such as O, B-PER and I-PER, on each line: correct the file, or name the "
        f"column with the option entities.",
        "entities",
        _kinds(table),
    )


def _find_tags(table: Table, candidates: Sequence[str]) -> str:
    if len(candidates) > 1:
        raise _two_ways(table, "tags", candidates, "could hold the tags")
    if candidates:
        return candidates[0]
    raise NoAnnotation(
        f"Can't find the tags in {table.source}: got the columns {_kinds(table)}, expected a token "
        f"and its tag on each line: choose the task ner for entities, or name the column with the "
        f"option tags.",
        "tags",
        _kinds(table),
    )


def _named(table: Table, role: str, name: str) -> str | None:
    if name == getattr(COLUMNS, role):
        return None
    if name not in table.kinds:
        raise CorpusError(
            f"{table.source} has no column '{name}': got {_kinds(table)}; name one by its number "
            f"with the option '{role}'."
        )
    return name


def _two_ways(table: Table, role: str, names: Sequence[str], why: str) -> CorpusError:
    choices = " or ".join(f"{role}={name}" for name in names)
    return CorpusError(
        f"{table.source} can be read in {len(names)} ways: its columns {' and '.join(names)} "
        f'{why}: choose with --columns {choices}, or in a config with columns = {{"{role}": '
        f'"{names[0]}"}}.'
    )


def _kinds(table: Table) -> str:
    return listed(f"{name} ({kind})" for name, kind in table.kinds.items())
