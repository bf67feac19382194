"""Files with a token and its tags on each line, and a blank line after each sentence."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from .errors import CorpusError, show
from .options import OPTIONS, Options
from .schemes import PREFIXED, is_tag
from .tables import Row, Table
from .text import read_lines

TEXT = re.compile(r"#\s*text\s*=\s*(.*)")
COMMENT = re.compile(r"# ?(\w+ ?= ?|id |newdoc|newpar)")
DOCUMENT = re.compile(r"[-#<=%]*DOC(START|END)[->=]*", re.IGNORECASE)
SPACES = re.compile(r"[ \t]+")
PROBE = 100  # sentences that tell the columns
# The phrases of the shared tasks on chunking and on entities, in English and German.
CHUNKS = {"NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP"}
CHUNKS |= {"NC", "VC", "PC", "AC"}
INDEX, TAGS, CHUNK_TAGS, WORDS, EMPTY = "index", "entity tags", "chunk tags", "words", "empty"
LABELS, NESTED = "labels or O", "nested entity tags"
# How files with a line of names call their columns.
NAMES = {"token", "word", "form", "text", "lemma", "pos", "tag", "label", "ner", "ner_tag", "iob"}


@dataclass(frozen=True)
class Line:
    """A line that is not blank.

    where (str): File and line number, for messages.
    text (str): What it holds, without the line break.
    fields (Sequence[str]): What is between its tabs or, where it has none, between its spaces.
    """

    where: str
    text: str
    fields: Sequence[str]


def read_sentences(path: Path, options: Options = OPTIONS) -> Iterator[list[Line]]:
    """Read the sentences of a text file. Lines of nothing but whitespace count as blank.

    path (Path): The file.
    options (Options): Compression and encoding.
    YIELDS (list[Line]): The lines of each sentence, comments among them.
    """
    lines: list[Line] = []
    for number, raw in enumerate(read_lines(path, options), 1):
        text = raw.rstrip("\r\n")
        if text.strip():
            fields = text.split("\t") if "\t" in text else SPACES.split(text.strip(" "))
            lines.append(Line(f"{path}, line {number}", text, fields))
        elif lines:
            yield lines
            lines = []
    if lines:
        yield lines


def read_tokens(path: Path, options: Options = OPTIONS) -> Table:
    """Read a file of tokens and tags as a table of sentences: its columns, which are named by
    their numbers from 1 on, hold lists. Where a comment tells the text, there is a column "text".

    path (Path): The file.
    options (Options): Compression and encoding.
    RETURNS (Table): The sentences.
    """
    probe = list(islice(read_sentences(path, options), PROBE))
    kinds = find_kinds([[line.fields for line in _split(lines)[1]] for lines in probe])
    found = [line for lines in probe for line in _split(lines)[1]]
    usual = Counter(len(line.fields) for line in found if not line.text.startswith("#"))
    sizes = {size for size, n in usual.items() if n > 0.1 * sum(usual.values())}

    def is_token(line: Line) -> bool:
        known = [
            line.fields[i]
            for i, kind in enumerate(kinds)
            if kind in (TAGS, NESTED, CHUNK_TAGS) and i < len(line.fields)
        ]
        return len(line.fields) in sizes and all(map(is_tag, known))

    def read(columns: Collection[str]) -> Iterator[Row]:
        numbers = [int(column) for column in columns if column.isdecimal()]
        for lines in read_sentences(path, options):
            text, tokens = _split(lines)
            while tokens and tokens[0].text.startswith("#") and not is_token(tokens[0]):
                tokens = tokens[1:]
            if tokens:
                yield _read_sentence(tokens, text, numbers)

    named = {str(i + 1): kind for i, kind in enumerate(kinds)}
    return Table(str(path), "tokens", [*named, "text"], read, kinds=named)


def find_kinds(sentences: Sequence[Sequence[Sequence[str]]]) -> list[str]:
    """Find out what the columns of a file hold.

    sentences (Sequence[Sequence[Sequence[str]]]): The fields of the lines of sentences.
    RETURNS (list[str]): For each column the number of the token ("index"), "entity tags", tags of
        phrases ("chunk tags"), tags within those of the column before ("nested entity tags"),
        labels among which is O, "words" of any kind, or nothing ("empty").
    """
    lines = [fields for sentence in sentences for fields in sentence if fields[0][:1] != "#"]
    kinds = []
    for i in range(max(map(len, lines), default=0)):
        column = [fields[i] for fields in lines if i < len(fields)]
        kinds.append(_kind(column))
    for i in range(len(kinds) - 2):  # before the token and its tag
        column = [fields[i] for fields in lines if i < len(fields)]
        if _is_index(sentences, i):
            kinds[i] = INDEX
        elif kinds[i] == WORDS and len(column) > 2 and len(set(column)) == 1:
            kinds[i] = EMPTY  # the name of a document, or the like
    tags = [i for i, kind in enumerate(kinds) if kind == TAGS]
    for outer, inner in pairwise(tags):
        pairs = [(fields[outer], fields[inner]) for fields in lines if inner < len(fields)]
        if all(i == "O" or o != "O" for o, i in pairs) and any(i == "O" != o for o, i in pairs):
            kinds[inner] = NESTED
    return kinds


def _kind(column: Sequence[str]) -> str:
    values = Counter(column)
    if set(values) <= {"_", "-", "*", "", "-X-"}:
        return EMPTY
    if sum(n for value, n in values.items() if is_tag(value)) > len(column) / 2:
        labels = {m[2] for m in map(PREFIXED.fullmatch, values) if m}
        return CHUNK_TAGS if labels and labels <= CHUNKS else TAGS
    n_outside = values["O"]
    few = len(values) <= len(column) / 2 + 1
    return LABELS if few and n_outside >= len(column) / 4 else WORDS


def _is_index(sentences: Sequence[Sequence[Sequence[str]]], i: int) -> bool:
    """RETURNS (bool): Whether a column counts, from whatever number on."""
    n_lines = n_counted = 0
    for lines in sentences:
        before: str | None = None
        for fields in lines:
            n_lines += 1
            index = fields[i] if i < len(fields) else ""
            if index.isdecimal():
                is_next = before is not None and int(index) == int(before) + 1
                n_counted += is_next or (before is None and (len(lines) > 1 or index in "01"))
            before = index if index.isdecimal() else None
    return n_counted > n_lines / 2


def _split(lines: Sequence[Line]) -> tuple[str | None, Sequence[Line]]:
    """RETURNS (tuple[Optional[str], Sequence[Line]]): The text that a comment tells, and the lines
    after the comments, the marks of documents and the names of columns."""
    text = None
    for i, line in enumerate(lines):
        match = TEXT.fullmatch(line.text)
        if match:
            text = match[1].strip()
        elif not (
            COMMENT.match(line.text)
            or any(DOCUMENT.fullmatch(field) for field in line.fields[:2])
            or all(field.lower().rstrip("s") in NAMES for field in line.fields)
        ):
            return text, lines[i:]
    return text, []


def _read_sentence(lines: Sequence[Line], text: str | None, numbers: Sequence[int]) -> Row:
    last = max(numbers, default=0)
    for line in lines:
        if len(line.fields) < last or not all(line.fields[n - 1].strip() for n in numbers):
            expected = " and ".join(str(n) for n in sorted(numbers))
            return Row(
                line.where,
                error=CorpusError(
                    f"{line.where}: got {show(line.text)}, expected a token and its tag in the "
                    f"columns {expected}: correct the line."
                ),
            )
    values: dict[str, object] = {str(n): [line.fields[n - 1] for line in lines] for n in numbers}
    return Row(lines[0].where, values | {"text": text}, lines=[line.where for line in lines])
