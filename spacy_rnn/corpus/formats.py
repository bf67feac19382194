"""What a file holds, told from its content, and from its suffix where that says too little."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice, repeat, zip_longest
from pathlib import Path

from .arrow import read_parquet
from .conllu import is_conllu, read_conllu
from .delimited import DELIMITERS, read_delimited
from .docbin import read_docbin
from .errors import CorpusError, show
from .json_rows import is_json, read_json
from .options import CHOICES, OPTIONS, Options
from .sentences import CHUNK_TAGS, LABELS, TAGS, Line, find_kinds, read_sentences, read_tokens
from .tables import Row, Table, filled
from .text import COMPRESSED, find_encoding, read_head, read_lines

TABLES = (".csv", ".tsv", ".tab")
JSON = (".json", ".jsonl", ".ndjson")
TOKENS = (".conll", ".conllu", ".iob", ".iob2", ".bio", ".annotated")
HEADER = {"text", "label", "labels", "sentence", "category", "tokens", "entities"}
PREFIX = "__label__"
N_LINES = 200  # lines that tell the format


def open_table(path: Path, options: Options = OPTIONS) -> Table:
    """Open a file of any kind.

    path (Path): The file.
    options (Options): What its content does not tell.
    RETURNS (Table): Its rows.
    RAISES (CorpusError): If it cannot be read, its format cannot be told or it has no rows.
    """
    readers: dict[str, Callable[[Path, Options], Table]] = {
        "table": read_delimited,
        "json": read_json,
        "tokens": read_tokens,
        "conllu": read_conllu,
        "fasttext": read_fasttext,
        "parquet": lambda path, _: read_parquet(path),
        "spacy": lambda path, _: read_docbin(path),
    }
    found = find_format(path, options)
    if found is None:
        first = next(filter(str.strip, read_lines(path, options)), "")
        raise CorpusError(
            f"Can't tell what {path} holds: its first line is {show(first.strip())}, expected a "
            f"table with a header, JSON, a token and its tags on each line, or {PREFIX} and a "
            f"text: correct the file, or set the option format to one of "
            f"{', '.join(CHOICES['format'])}."
        )
    return filled(readers[found](path, options))


def find_format(path: Path, options: Options = OPTIONS) -> str | None:
    """Find out what a file holds.

    path (Path): The file.
    options (Options): Its format, compression and encoding, where they are known.
    RETURNS (Optional[str]): The format, or None if it cannot be told.
    RAISES (CorpusError): If the file is empty or cannot be read.
    """
    if options.format is not None:
        return options.format
    suffix = suffix_of(path)
    with path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(b"PAR1") or suffix == ".parquet":
        return "parquet"
    is_zlib = magic[:1] == b"\x78" and int.from_bytes(magic[:2], "big") % 31 == 0
    if suffix == ".spacy" or (is_zlib and not magic.isascii()):
        return "spacy"
    head = read_head(path, options)
    if not head.strip():
        raise CorpusError(f"{path} has no rows, expected at least one: fill or remove the file.")
    if b"\0" in head and find_encoding(head, options).startswith("utf-8"):
        raise CorpusError(
            f"Can't read {path}: it holds bytes that are no text: convert it to a text file, or, "
            f"if it is one, set the option encoding, such as encoding=utf-16-le."
        )
    lines = list(islice(read_lines(path, options), N_LINES))
    return _text_format(path, lines, suffix, options)


def suffix_of(path: Path) -> str:
    """RETURNS (str): The suffix of a file in lower case, without that of a compression."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _text_format(path: Path, lines: Sequence[str], suffix: str, options: Options) -> str | None:
    filled_lines = [line.strip() for line in lines if line.strip()]
    first, second = [*filled_lines, "", ""][:2]
    if suffix in JSON or (is_json(first, second) and suffix not in TABLES):
        return "json"
    if sum(PREFIX in line for line in filled_lines) > len(filled_lines) / 2:
        return "fasttext"
    if suffix == ".csv":
        return "table"
    sentences = list(islice(read_sentences(path, options), N_LINES))
    tokens = [line for lines in sentences for line in lines if not line.text.startswith("#")]
    if sum(map(is_conllu, tokens)) > len(tokens) / 2:
        return "conllu"
    is_header = bool(tokens) and bool(HEADER & {name.lower() for name in tokens[0].fields})
    if _are_tokens(sentences) and (not is_header or len(sentences) > 1):
        return "tokens"
    if suffix in TOKENS:
        return "tokens"
    if suffix in TABLES:
        return "table"
    even = [d for d in DELIMITERS if {line.count(d) for line in filled_lines} in ({1}, {2}, {3})]
    return "table" if even or is_header else None


def _are_tokens(sentences: Sequence[Sequence[Line]]) -> bool:
    """RETURNS (bool): Whether lines are of tokens: their fields are single words, and either some
    column holds tags of entities or blank lines are between lines of the same number of fields."""
    lines = [line for lines in sentences for line in lines if not line.text.startswith("#")]
    kinds = find_kinds([[line.fields for line in lines] for lines in sentences])
    if len(kinds) < 2 or any(" " in field for line in lines for field in line.fields):
        return False
    is_even = len(sentences) > 1 and len({len(line.fields) for line in lines}) == 1
    return is_even or bool({TAGS, CHUNK_TAGS, LABELS} & set(kinds))


def read_fasttext(path: Path, options: Options = OPTIONS) -> Table:
    """RETURNS (Table): The texts of a file for fastText, with the columns text and labels."""

    def read(columns: Collection[str]) -> Iterator[Row]:
        for number, line in enumerate(read_lines(path, options), 1):
            words = line.split()
            if words:
                labels = [word.removeprefix(PREFIX) for word in words if word.startswith(PREFIX)]
                text = " ".join(word for word in words if not word.startswith(PREFIX))
                yield Row(f"{path}, line {number}", {"text": text, "labels": labels})

    return Table(str(path), "fasttext", ("text", "labels"), read)


def read_parallel(texts: Path, labels: Path | None, names: Path | None, options: Options) -> Table:
    """Read a text a line from one file, and its label from the same line of another.

    texts (Path): The file of texts.
    labels (Optional[Path]): The file of labels, if there is one.
    names (Optional[Path]): A file with the number and the name of a label on each line.
    options (Options): Their compression and encoding.
    RETURNS (Table): The rows, with the columns text and label.
    """

    def read(columns: Collection[str]) -> Iterator[Row]:
        others = read_lines(labels, options) if labels else repeat("", 0)
        for number, (text, label) in enumerate(zip_longest(read_lines(texts, options), others), 1):
            if labels and (text is None or label is None):
                short, long = (texts, labels) if text is None else (labels, texts)
                raise CorpusError(
                    f"{short} ends before line {number}, expected as many lines as {long} has: "
                    f"correct the files."
                )
            values = {"text": text.strip("\r\n"), "label": (label or "").strip()}
            yield Row(f"{texts}, line {number}", values)

    if labels is None:
        return filled(Table(str(texts), "parallel", ("text",), read))
    pairs = [line.split(None, 1) for line in read_lines(names, options)] if names else []
    found = [pair[1].strip() for pair in pairs if len(pair) == 2]
    is_numbered = [pair[0] for pair in pairs] == [str(i) for i in range(len(found))]
    table = Table(
        str(texts),
        "parallel",
        ("text", "label"),
        read,
        names={"label": found} if found and is_numbered else {},
        notes=[f"labels from the lines of {labels.name}"],
    )
    return filled(table)
