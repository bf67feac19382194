"""What a user can mend, and what an error says."""

from textwrap import shorten

from thinc.api import ConfigValidationError


class UserError(ValueError):
    """Something cannot be done, or not as it is asked. The message says what was found, what is
    expected and what to do about it. Commands tell it in one line; any other error is a mistake of
    ours, and keeps its traceback."""


def reason(error: BaseException) -> str:
    """RETURNS (str): What an error says, on one line, with its type where that says more."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error)
    if isinstance(error, ConfigValidationError):
        text = text.partition("\n{")[0]  # the whole block follows
    text = shorten(text, 400)
    plain = isinstance(error, (ValueError, ImportError, OSError)) and text
    return text if plain else f"{type(error).__name__}: {text}".rstrip(": ")
