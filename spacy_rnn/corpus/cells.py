"""The cells of a row, read with checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, NoReturn

from .bio import find_entities
from .errors import CorpusError, show
from .text import find_tokens

Span = tuple[int, int]


@dataclass(frozen=True)
class Cells:
    """The cells of a row. Every method raises a CorpusError where a cell is not as expected.

    where (str): File and row number, for messages.
    values (dict[str, Any]): The values by column.
    names (Optional[Sequence[str]]): The names of the labels, by index where cells hold integers.
    """

    where: str
    values: dict[str, Any]
    names: Sequence[str] | None = None

    def text(self, column: str) -> str:
        """RETURNS (str): A text that is not blank."""
        value = self.values[column]
        if not isinstance(value, str) or not value.strip():
            self._fail(column, value, "a string that is not empty")
        return value

    def tokens(self, column: str) -> list[str]:
        """RETURNS (list[str]): One token or more."""
        tokens = self._list(column)
        for token in tokens:
            if not isinstance(token, str) or not token:
                self._fail(column, token, "a string that is not empty")
        if not tokens:
            self._fail(column, tokens, "at least one token")
        return tokens

    def label(self, column: str) -> str:
        """RETURNS (str): The label."""
        return self._name(column, self.values[column])

    def labels(self, column: str) -> list[str]:
        """RETURNS (list[str]): Any number of labels."""
        return [self._name(column, value) for value in self._list(column)]

    def tags(self, column: str, tokens: Sequence[str]) -> list[str]:
        """RETURNS (list[str]): One tag per token."""
        tags = self.labels(column)
        if len(tags) != len(tokens):
            raise CorpusError(
                f"{self.where}: got {len(tokens)} tokens and {len(tags)} tags, "
                f"expected one tag per token: correct the row."
            )
        return tags

    def is_set(self, column: str) -> bool:
        """RETURNS (bool): Whether a column that holds 0 or 1 holds 1."""
        value = self.values[column]
        if value not in (0, 1):
            self._fail(column, value, "0 or 1")
        return bool(value)

    def entities(
        self, column: str, text: str | None, tokens: Sequence[str] | None
    ) -> tuple[list[Span], list[str]]:
        """RETURNS (tuple[list[Span], list[str]]): The character offsets of the entities, and their
        labels."""
        value = self.values[column]
        if isinstance(value, list) and value and not isinstance(value[0], dict):
            return self._tagged_entities(column, text, tokens or ())
        if isinstance(value, dict):  # a list of dicts in the form of older datasets
            rows = zip(*value.values(), strict=True)
            value = [dict(zip(value, row, strict=True)) for row in rows]
        if not isinstance(value, list):
            self._fail(column, value, "a list")
        length = len(text if text is not None else " ".join(tokens or ()))
        spans, labels = [], []
        for entity in value:
            try:
                start, end, label = entity["start"], entity["end"], entity["label"]
                inside = 0 <= start < end <= length
            except (KeyError, TypeError):
                self._fail(column, entity, "an entity with integers start and end, and a label")
            if not inside:
                raise CorpusError(
                    f"{self.where}: an entity runs from {start} to {end}, expected "
                    f"0 <= start < end <= {length}, the length of the text: correct its offsets."
                )
            spans.append((start, end))
            labels.append(self._name(column, label))
        for (_, end), (start, _) in pairwise(sorted(spans)):
            if start < end:
                raise CorpusError(
                    f"{self.where}: one entity ends at {end} and another starts at {start}, "
                    f"expected entities that do not overlap: keep one of the two."
                )
        return spans, labels

    def _tagged_entities(
        self, column: str, text: str | None, tokens: Sequence[str]
    ) -> tuple[list[Span], list[str]]:
        if self.names is None and isinstance(self.values[column][0], int):
            self._fail(column, self.values[column], "tags, or integers whose names 'labels' gives")
        tags = self.tags(column, tokens)
        entities = find_entities(tags, lambda i: f"{self.where}, token {i + 1}")
        if text is None:
            starts: list[int] | None = [0, *accumulate(len(token) + 1 for token in tokens)]
        else:
            starts = find_tokens(tokens, text)
        if starts is None:
            raise CorpusError(
                f"{self.where}: the text {show(text)} is not made of the tokens and spaces: "
                f"correct the row, or name no column of the set as the text."
            )
        spans = [(starts[i], starts[j - 1] + len(tokens[j - 1])) for i, j, _ in entities]
        return spans, [label for _, _, label in entities]

    def _list(self, column: str) -> list[Any]:
        value = self.values[column]
        if not isinstance(value, list):
            self._fail(column, value, "a list")
        return value

    def _name(self, column: str, value: Any) -> str:
        if self.names is None:
            if isinstance(value, int):
                return str(value)
            if not isinstance(value, str) or not value.strip():
                self._fail(column, value, "a label: a string that is not empty, or an integer")
        elif isinstance(value, int):
            if not 0 <= value < len(self.names):
                self._fail(column, value, f"the index of one of the {len(self.names)} labels")
            return self.names[value]
        elif value not in self.names:
            self._fail(column, value, f"one of the {len(self.names)} labels")
        return value

    def _fail(self, column: str, got: Any, expected: str) -> NoReturn:
        raise CorpusError(
            f"{self.where}: the column '{column}' holds {show(got)}, expected {expected}: "
            f"correct or remove the row."
        )
