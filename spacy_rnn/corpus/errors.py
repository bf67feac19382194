"""Errors in data, and what is left out of it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any, TypeVar

from ..errors import UserError

Item = TypeVar("Item")
Result = TypeVar("Result")
N_REASONS = 5  # errors that are kept


class CorpusError(UserError):
    """The data cannot be used as it is. The message says where, what was found, what is expected
    and what to do about it."""


class NoLabel(CorpusError):
    """A row says that it has no label: nothing, or -1 where labels have numbers."""


@dataclass
class Report:
    """What is left out of the rows of a pass, and why.

    skip (bool): Whether to leave out bad rows. Without it, the first one is raised.
    skip_unlabelled (bool): Whether to leave out rows without a label.
    rows (int): Number of rows used.
    skipped (int): Number of rows left out because of errors.
    unlabelled (int): Number of these that have no label.
    reasons (list[str]): The first of the errors.
    left_out (Counter[str]): Number of rows left out as they ask for it, by what they say.
    """

    skip: bool = False
    skip_unlabelled: bool = False
    rows: int = 0
    skipped: int = 0
    unlabelled: int = 0
    reasons: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, error: CorpusError) -> None:
        """Count a bad row.

        error (CorpusError): What is wrong with it.
        RAISES (CorpusError): The error, unless such rows are left out.
        """
        unlabelled = isinstance(error, NoLabel)
        if not (self.skip or (unlabelled and self.skip_unlabelled)):
            raise error
        self.skipped += 1
        self.unlabelled += unlabelled
        if len(self.reasons) < N_REASONS:
            self.reasons.append(str(error))


def read_each(
    items: Iterable[Item], read: Callable[[Item], Result], report: Report
) -> Iterator[Result]:
    """Read items one by one.

    items (Iterable[Item]): What is read: rows, sentences, docs.
    read (Callable[[Item], Result]): Reads one.
    report (Report): Where those that cannot be read are counted.
    YIELDS (Result): What was read of each.
    """
    for item in items:
        try:
            result = read(item)
        except CorpusError as error:
            report.add(error)
        else:
            yield result


def show(value: Any) -> str:
    """RETURNS (str): A value, short enough for a message."""
    return shorten(repr(value), 60)


def listed(values: Iterable[Any]) -> str:
    """RETURNS (str): Values in a row, short enough for a message."""
    return ", ".join(shorten(str(value), 40) for value in values)


def first_line(error: BaseException) -> str:
    """RETURNS (str): What an error says, or its name."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
