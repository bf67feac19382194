"""Files with a token and its entity tag on each line: IOB2, IOB1 or BILUO."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from pathlib import Path

from spacy.util import logger

from .bio import TAG, find_entities
from .errors import CorpusError, OnError, read_each, show
from .records import Record
from .text import Line, find_tokens, read_sentences

SUFFIXES = (".iob", ".iob2", ".bio", ".conll", ".txt", ".annotated")
COMMENT = re.compile(r"# ?(\w+ = |id |newdoc|newpar)")
TEXT = "# text = "
DOCUMENT = "-DOCSTART-"
PROBE = 100  # sentences that tell the columns


@dataclass(frozen=True)
class Layout:
    """What the columns of a file hold.

    token (int): The column of the tokens.
    tag (int): The column of the tags.
    iob1 (bool): Whether B- only separates an entity from one of the same type before it.
    """

    token: int
    tag: int
    iob1: bool = False


def read_iob(path: Path, on_error: OnError | None = None) -> Iterator[Record]:
    """Read a file with a token and its entity tag on each line. The tags are in the last column
    that holds tags, the tokens in the first, or in the second after an index.

    path (Path): The file.
    on_error (Optional[OnError]): Called with what is wrong with a sentence, which is then left
        out. Without it, the error is raised.
    YIELDS (Record): One record per sentence.
    RAISES (CorpusError): If no column holds tags, a line lacks a column, or the tags do not follow
        their scheme.
    """
    layout = find_layout(path)
    sentences = (
        (text, lines) for text, lines in map(_split_comments, read_sentences(path)) if lines
    )
    yield from read_each(sentences, lambda s: _read_sentence(s[1], s[0], layout), on_error)


def find_layout(path: Path) -> Layout:
    """Find out which columns hold tokens and tags, and whether the tags are IOB1: some entity
    starts with I-, and every B- follows an entity of its type.

    path (Path): The file.
    RETURNS (Layout): The columns.
    RAISES (CorpusError): If no column holds tags.
    """
    n_lines = n_indices = 0
    n_tags: Counter[int] = Counter()
    for lines in islice(_token_lines(path), PROBE):
        for position, line in enumerate(lines, 1):
            fields = _fields(line)
            n_lines += 1
            n_indices += len(fields) > 2 and fields[0] == str(position)
            n_tags.update(i for i, field in enumerate(fields) if i and TAG.fullmatch(field))
    token = int(n_indices > n_lines / 2)
    tag = max((i for i, n in n_tags.items() if i > token and n > n_lines / 2), default=None)
    if tag is None:
        raise CorpusError(
            f"Can't find the tags in {path}: got no column of tags such as O, B-PER and I-PER, "
            f"expected a token and its tag on each line: correct the file."
        )
    layout = Layout(token, tag)
    if not _is_iob1(path, layout):
        return layout
    logger.warning("%s is read as IOB1: none of its entities needs the B- that starts it", path)
    return Layout(token, tag, iob1=True)


def _read_sentence(lines: list[Line], text: str | None, layout: Layout) -> Record:
    needed = max(layout.token, layout.tag) + 1
    tokens, tags = [], []
    for line in lines:
        fields = _fields(line)
        if len(fields) < needed or not fields[layout.token]:
            raise CorpusError(
                f"{line.where}: got {show(line.text)}, expected a token in column "
                f"{layout.token + 1} and its tag in column {layout.tag + 1}: correct the line."
            )
        tokens.append(fields[layout.token])
        tags.append(fields[layout.tag])
    entities = find_entities(tags, lambda i: lines[i].where, layout.iob1)
    offsets = None if text is None else find_tokens(tokens, text)
    if offsets is None:  # the text is unknown, or differs: a space after each token
        text = None
        offsets = [0, *accumulate(len(token) + 1 for token in tokens)]
    spans = [(offsets[i], offsets[j - 1] + len(tokens[j - 1])) for i, j, _ in entities]
    return Record(lines[0].where, text, tokens, [label for _, _, label in entities], spans)


def _is_iob1(path: Path, layout: Layout) -> bool:
    starts_inside = False
    for lines in _token_lines(path):
        before = "O"
        for line in lines:
            tag = "".join(_fields(line)[layout.tag : layout.tag + 1])
            if tag.startswith("I-") and before[2:] != tag[2:]:
                starts_inside = True
            elif TAG.fullmatch(tag) and tag[0] not in "IO" and before[2:] != tag[2:]:
                return False
            before = tag
    return starts_inside


def _token_lines(path: Path) -> Iterator[list[Line]]:
    for lines in read_sentences(path):
        yield _split_comments(lines)[1]


def _split_comments(lines: list[Line]) -> tuple[str | None, list[Line]]:
    text = None
    for i, line in enumerate(lines):
        if line.text.startswith(TEXT):
            text = line.text.removeprefix(TEXT).strip()
        elif not COMMENT.match(line.text) and _fields(line)[0] != DOCUMENT:
            return text, lines[i:]
    return text, []


def _fields(line: Line) -> list[str]:
    return line.text.split("\t" if "\t" in line.text else None)
