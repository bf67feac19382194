"""Tokens and their places in a text."""

from collections.abc import Sequence
from itertools import accumulate


def find_tokens(tokens: Sequence[str], text: str | None) -> list[int] | None:
    """Find tokens in their text.

    tokens (Sequence[str]): The tokens, in order.
    text (Optional[str]): The text. If it is unknown, a space is after each token.
    RETURNS (Optional[list[int]]): The character offset of each token, or None if the text is made
        of anything but these tokens and whitespace.
    """
    if text is None:
        return [0, *accumulate(len(token) + 1 for token in tokens)][:-1]
    offsets, end = [], 0
    for token in tokens:
        start = text.find(token, end)
        if start < 0 or text[end:start].strip():
            return None
        offsets.append(start)
        end = start + len(token)
    return None if text[end:].strip() else offsets
