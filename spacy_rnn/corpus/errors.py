"""Errors in data."""

from collections.abc import Callable, Iterable, Iterator
from textwrap import shorten
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class CorpusError(ValueError):
    """The data cannot be used as it is. The message says where, what was found, what is expected
    and what to do about it."""


def show(value: Any) -> str:
    """RETURNS (str): A value, short enough for a message."""
    return shorten(repr(value), 60)


def first_line(error: BaseException) -> str:
    """RETURNS (str): What an error says, or its name."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


OnError = Callable[[CorpusError], None]


def read_each(
    items: Iterable[Item], read: Callable[[Item], Result], on_error: OnError | None
) -> Iterator[Result]:
    """Read items one by one.

    items (Iterable[Item]): What is read: rows, sentences, docs.
    read (Callable[[Item], Result]): Reads one.
    on_error (Optional[OnError]): Called with what is wrong with an item, which is then left out.
        Without it, the error is raised.
    YIELDS (Result): What was read of each.
    """
    for item in items:
        try:
            result = read(item)
        except CorpusError as error:
            if on_error is None:
                raise
            on_error(error)
        else:
            yield result
