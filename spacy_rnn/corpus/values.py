"""Values of cells to annotation, with checks."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from .alignment import find_tokens
from .cells import NUMPY_LIST, WHOLE, as_list, encodable, fail, integer, is_one
from .errors import CorpusError, NoLabel, listed, show
from .schemes import Scheme, find_entities
from .tables import Row

Span = tuple[int, int]
# What tools call the parts of an entity.
STARTS = ("start", "start_offset", "start_char", "begin")
ENDS = ("end", "end_offset", "end_char", "stop")
LABELS = ("label", "labels", "type", "entity", "entity_type", "tag")


@dataclass(frozen=True)
class Rules:
    """How the cells of a table are to be read. Every method raises a CorpusError that tells the
    row where a cell is not as expected.

    names (Optional[Sequence[str]]): The labels, by index where cells hold integers.
    scheme (Scheme): How tags of entities are to be read.
    separator (Optional[str]): What is between the labels in a string.
    multi_hot (bool): Whether a list holds 0 or 1 for each of the names.
    spans (Optional[str]): What starts and ends count: "characters", "tokens" or, with the end in
        the entity, "tokens_inclusive". By default characters, if it is clear.
    lenient (bool): Whether what is missing are no entities, and not missing annotation.
    """

    names: Sequence[str] | None = None
    scheme: Scheme = "IOB2"
    separator: str | None = None
    multi_hot: bool = False
    spans: str | None = None
    lenient: bool = False

    @cached_property
    def known(self) -> frozenset[str]:
        return frozenset(self.names or ())

    def text(self, row: Row, column: str) -> str:
        """RETURNS (str): A text that is not blank."""
        value = row.values.get(column)
        if not isinstance(value, str) or not value.strip():
            fail(row, column, value, "a string that is not empty")
        return encodable(row, column, value)

    def tokens(self, row: Row, column: str) -> list[str]:
        """RETURNS (list[str]): One token or more."""
        items = self._items(row, column)
        tokens = []
        for item in items:
            token = item.get("text") if isinstance(item, Mapping) else item
            if not isinstance(token, str) or not token:
                fail(row, column, token, "a string that is not empty")
            tokens.append(encodable(row, column, token))
        if not tokens:
            fail(row, column, tokens, "at least one token")
        return tokens

    def tags(self, row: Row, column: str, tokens: Sequence[str]) -> list[str]:
        """RETURNS (list[str]): One tag per token."""
        tags = [self._name(row, column, value) for value in self._items(row, column)]
        if len(tags) != len(tokens):
            raise CorpusError(
                f"{row.where}: got {len(tokens)} tokens and {len(tags)} tags, "
                f"expected one tag per token: correct the row."
            )
        return tags

    def tag(self, value: Any) -> str | None:
        """RETURNS (Optional[str]): One tag, if it is any."""
        try:
            return self._name(Row(""), "", value)
        except CorpusError:
            return None

    def label(self, row: Row, column: str) -> tuple[list[str], list[str]]:
        """RETURNS (tuple[list[str], list[str]]): The one label, and those that it is not."""
        value = row.values.get(column)
        if as_list(value) is None and not isinstance(value, Mapping):
            return [self._name(row, column, value)], []
        labels, absent = self.labels(row, column)
        if not labels:
            raise NoLabel(f"{row.where}: the column '{column}' holds no label: label the row.")
        if len(labels) > 1:
            raise CorpusError(
                f"{row.where}: the column '{column}' holds {len(labels)} labels "
                f"({listed(labels)}), expected exactly one: correct the row, or choose the task "
                f"textcat_multilabel."
            )
        return labels, absent

    def labels(self, row: Row, column: str) -> tuple[list[str], list[str]]:
        """RETURNS (tuple[list[str], list[str]]): The labels, and those that are said to be none."""
        value = row.values.get(column)
        if isinstance(value, Mapping) and "choices" not in value:
            return self._values(row, column, value)
        items = as_list(value)
        if items is None:
            if not isinstance(value, (str, int, float)):
                fail(row, column, value, "a list")
            if not isinstance(value, str) or self.separator is None or value in self.known:
                items = [value] if value != "" else []
            else:
                items = [item for item in value.split(self.separator) if item.strip()]
        if not self.multi_hot:
            return [self._name(row, column, item) for item in items], []
        if len(items) != len(self.names or ()):
            fail(row, column, value, f"0 or 1 for each of {len(self.names or ())} labels")
        return self._values(row, column, dict(zip(self.names or (), items, strict=True)))

    def is_set(self, row: Row, column: str) -> bool:
        """RETURNS (bool): Whether a column that holds 0 or 1 holds 1."""
        return is_one(row, column, row.values.get(column))

    def entities(
        self, row: Row, column: str, text: str | None, tokens: Sequence[str] | None
    ) -> tuple[list[Span], list[str]]:
        """RETURNS (tuple[list[Span], list[str]]): The character offsets of the entities, and their
        labels."""
        value = row.values.get(column)
        if value is None and self.lenient:
            return [], []
        if isinstance(value, Mapping):  # a list of dicts in the form of older datasets
            rows = zip(*value.values(), strict=True)
            value = [dict(zip(value, row, strict=True)) for row in rows]
        items = self._items(row, column) if not isinstance(value, list) else value
        if items and not isinstance(items[0], (Mapping, list, tuple)):
            return self._tagged(row, column, text, tokens or ())
        whole = " ".join(tokens or ()) if text is None else text
        found = []
        for item in items:
            start, end, label = self._offsets(row, column, item, text, tokens)
            if not 0 <= start < end <= len(whole):
                raise CorpusError(
                    f"{row.where}: an entity runs from {start} to {end}, expected "
                    f"0 <= start < end <= {len(whole)}, the length of the text: correct its "
                    f"offsets."
                )
            said = item.get("text") if isinstance(item, Mapping) else None
            if isinstance(said, str) and said.split() != whole[start:end].split():
                raise CorpusError(
                    f"{row.where}: an entity from {start} to {end} is {show(said)} by its text, "
                    f"and {show(whole[start:end])} by its offsets: correct them."
                )
            piece = whole[start:end]
            start += len(piece) - len(piece.lstrip())
            found.append(((start, start + len(piece.strip())), self._name(row, column, label)))
        for ((_, end), _), ((start, _), _) in pairwise(sorted(found)):
            if start < end:
                raise CorpusError(
                    f"{row.where}: one entity ends at {end} and another starts at {start}, "
                    f"expected entities that do not overlap: keep one of the two."
                )
        return [span for span, _ in found], [label for _, label in found]

    def _offsets(
        self,
        row: Row,
        column: str,
        item: Any,
        text: str | None,
        tokens: Sequence[str] | None,
    ) -> tuple[int, int, Any]:
        """RETURNS (tuple[int, int, Any]): The character offsets of an entity, and its label."""
        unit = self.spans
        if isinstance(item, Mapping):
            start, end, label = (_first(item, names) for names in (STARTS, ENDS, LABELS))
            if start is None and "token_start" in item:
                start, end, unit = item["token_start"], item.get("token_end"), "tokens_inclusive"
            if isinstance(label, list) and len(label) == 1:
                label = label[0]
        elif isinstance(item, (list, tuple)) and len(item) == 3:
            start, end, label = item
            if text is None and unit is None:
                raise CorpusError(
                    f"{row.where}: the entity {show(item)} can be read in two ways, as there is no "
                    f"text, with the numbers of tokens or the offsets of characters: set the option"
                    f" spans to tokens, tokens_inclusive or characters."
                )
        else:
            start = end = label = None
        start, end = integer(start), integer(end)
        if start is None or end is None or label is None:
            fail(row, column, item, "an entity with integers start and end, and a label")
        if unit in (None, "characters"):
            return start, end, label
        end += unit == "tokens_inclusive"
        if not tokens or not 0 <= start < end <= len(tokens):
            raise CorpusError(
                f"{row.where}: an entity runs from token {start} to before {end}, expected 0 <= "
                f"start < end <= {len(tokens or ())}, the number of tokens: correct its offsets."
            )
        places = _place(row, tokens, text)
        return places[start], places[end - 1] + len(tokens[end - 1]), label

    def _tagged(
        self, row: Row, column: str, text: str | None, tokens: Sequence[str]
    ) -> tuple[list[Span], list[str]]:
        items = self._items(row, column)
        if self.names is None and str(items[0]).isdecimal():
            fail(
                row,
                column,
                items,
                "tags, or integers whose names are given (in a config with "
                "labels, in commands with --label-names)",
            )
        tags = self.tags(row, column, tokens)

        def place(i: int) -> str:
            return row.lines[i] if row.lines else f"{row.where}, token {i + 1}"

        entities = find_entities(tags, place, self.scheme)
        starts = _place(row, tokens, text)
        spans = [(starts[i], starts[j - 1] + len(tokens[j - 1])) for i, j, _ in entities]
        return spans, [label for _, _, label in entities]

    def _items(self, row: Row, column: str) -> list[Any]:
        value = row.values.get(column)
        items = as_list(value)
        if items is None and isinstance(value, str) and value.strip():
            return value.split()
        if items is None:
            fail(row, column, value, "a list")
        return items

    def _values(
        self, row: Row, column: str, values: Mapping[Any, Any]
    ) -> tuple[list[str], list[str]]:
        found: tuple[list[str], list[str]] = ([], [])
        for label, value in values.items():
            if value is not None:  # which datasets fill in for keys that other rows have
                found[not is_one(row, column, value)].append(self._name(row, column, label))
        return found

    def _name(self, row: Row, column: str, got: Any) -> str:
        value = got
        if isinstance(value, str):
            if value in self.known:
                return value
            value = value.strip()
            if WHOLE.fullmatch(value):
                value = value.partition(".")[0]
            if self.names is not None and value not in self.known and integer(value) is not None:
                value = int(value)
        elif isinstance(value, float) and (math.isnan(value) or value.is_integer()):
            value = None if math.isnan(value) else int(value)
        missing = value is None or value == "" or (self.names is not None and value == -1)
        if missing:
            fail(row, column, got, "a label", NoLabel)
        if isinstance(value, str) and NUMPY_LIST.fullmatch(value) and "," not in value:
            fail(row, column, value, "a list with commas, as JSON writes it")
        if self.names is None:
            if not isinstance(value, (str, int)):
                fail(row, column, value, "a label: a string that is not empty, or an integer")
            return str(value)
        if isinstance(value, int):
            if not 0 <= value < len(self.names):
                fail(row, column, value, f"the index of one of the {len(self.names)} labels")
            return self.names[value]
        if value not in self.known:
            fail(row, column, value, f"one of the {len(self.names)} labels")
        return str(value)


def _place(row: Row, tokens: Sequence[str], text: str | None) -> list[int]:
    places = find_tokens(tokens, text)
    if places is None:
        raise CorpusError(
            f"{row.where}: the text {show(text)} is not made of the tokens and spaces: "
            f"correct the row, or name no column of the set as the text."
        )
    return places


def _first(item: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((item[name] for name in names if item.get(name) is not None), None)
