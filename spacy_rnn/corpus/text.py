"""Text files of sentences: one token a line, a blank line after each sentence."""

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import CorpusError


@dataclass(frozen=True)
class Line:
    """A line that is not blank.

    where (str): File and line number, for messages.
    text (str): What it holds, without the line break.
    """

    where: str
    text: str


def read_sentences(path: Path) -> Iterator[list[Line]]:
    """Read the sentences of a text file. Lines of nothing but whitespace count as blank.

    path (Path): The file, in UTF-8.
    YIELDS (list[Line]): The lines of each sentence, comments among them.
    RAISES (CorpusError): If a line is not encoded in UTF-8.
    """
    lines: list[Line] = []
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            where = f"{path}, line {number}"
            if number == 1:
                raw = raw.removeprefix(codecs.BOM_UTF8)
            try:
                text = raw.decode("utf8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                raise CorpusError(
                    f"Can't read {where}: it is not encoded in UTF-8: convert the file."
                ) from error
            if text.strip():
                lines.append(Line(where, text))
            elif lines:
                yield lines
                lines = []
    if lines:
        yield lines


def find_tokens(tokens: Sequence[str], text: str) -> list[int] | None:
    """Find tokens in their text.

    tokens (Sequence[str]): The tokens, in order.
    text (str): The text.
    RETURNS (Optional[list[int]]): The character offset of each token, or None if the text is made
        of anything but these tokens and whitespace.
    """
    offsets, end = [], 0
    for token in tokens:
        start = text.find(token, end)
        if start < 0 or text[end:start].strip():
            return None
        offsets.append(start)
        end = start + len(token)
    return None if text[end:].strip() else offsets
