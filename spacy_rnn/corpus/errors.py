"""Errors in data."""

from textwrap import shorten
from typing import Any


class CorpusError(ValueError):
    """The data cannot be used as it is. The message says where, what was found, what is expected
    and what to do about it."""


def show(value: Any) -> str:
    """RETURNS (str): A value, short enough for a message."""
    return shorten(repr(value), 60)


def first_line(error: BaseException) -> str:
    """RETURNS (str): What an error says, or its name."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
