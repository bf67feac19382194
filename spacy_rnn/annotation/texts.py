"""Texts in files and datasets, one after the other."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from ..corpus.formats import JSON, TABLES, open_table, suffix_of
from ..corpus.hub import load_hub
from ..corpus.sources import select_split
from ..corpus.tables import Row as TableRow
from ..corpus.tables import Table, filled
from ..corpus.text import COMPRESSED, read_lines
from .errors import AnnotationError

LINES = ".txt"
DOCS = ".spacy"
SUFFIXES = (LINES, *TABLES, *JSON, ".parquet", DOCS)
FORMS = (
    f"a {', '.join(SUFFIXES)} file, a folder of files of one of these kinds, or the name of a "
    "dataset on the Hugging Face hub"
)
SAMPLE = 2**20


class Row(NamedTuple):
    """A text.

    id (Any): What the row is known by: a string or integer.
    text (Any): The text, or whatever is in its place.
    """

    id: Any
    text: Any


@dataclass(frozen=True)
class Source:
    """Where texts are from.

    name (str): A local file or folder, or a dataset of the hub.
    text_column (str): The column of the text. Files of type txt have a text per line, and those of
        type spacy the texts of their docs.
    id_column (Optional[str]): The column of what rows are known by, by default their number,
        counted from 0.
    split (str): The split of a dataset of the hub.
    revision (Optional[str]): Its git revision.
    """

    name: str
    text_column: str = "text"
    id_column: str | None = None
    split: str = "train"
    revision: str | None = None

    def identity(self) -> str:
        """RETURNS (str): Differs for other texts. Of files, their size, beginning and end tell."""
        if not (files := self._files()):
            return f"{self.name} {self.split} {self.revision or ''}".strip()
        total = blake2b(digest_size=8)
        for file in files:
            size = file.stat().st_size
            with file.open("rb") as stream:
                total.update(f"{file.name} {size}".encode() + stream.read(SAMPLE))
                stream.seek(max(size - SAMPLE, 0))
                total.update(stream.read())
        return f"{Path(self.name).name} {total.hexdigest()}"

    def size(self) -> int | None:
        """RETURNS (Optional[int]): About how many texts there are, if it is easily known."""
        files = self._files()
        if not files or files[0].suffix in (DOCS, *COMPRESSED):
            return None
        if files[0].suffix == ".parquet":
            from pyarrow.parquet import read_metadata

            return sum(read_metadata(file).num_rows for file in files)
        with files[0].open("rb") as stream:
            sample = stream.read(SAMPLE)
        lines = max(sample.count(b"\n"), 1)
        return round(sum(file.stat().st_size for file in files) * lines / max(len(sample), 1))

    def rows(self) -> Iterator[Row]:
        """Read the texts.

        YIELDS (Row): Texts with ids. What is wrong with a row takes the place of its text.
        RAISES (CorpusError): If there are none, or they cannot be read.
        """
        number = 0
        for table in self._tables():
            for name in filter(None, (self.text_column, self.id_column)):
                if name not in table.columns:
                    raise AnnotationError(
                        f"{table.source} has no column '{name}': got {', '.join(table.columns)}. "
                        "Name the columns with --text-column and --id-column."
                    )
            columns = [self.text_column, self.id_column or self.text_column]
            for row in table.rows(columns):
                id = row.values.get(self.id_column) if self.id_column else number
                yield Row(id, row.error or row.values.get(self.text_column))
                number += 1

    def _tables(self) -> Iterator[Table]:
        """YIELDS (Table): The rows of each file, or of the split of a dataset on the hub."""
        files = self._files()
        if not files:
            splits = load_hub(self.name, revision=self.revision, streaming=True)
            found = {name: [table] for name, table in splits.items()}
            yield from select_split(found, self.split, self.name)
        for file in files:
            yield lines(file, self.text_column) if suffix_of(file) == LINES else open_table(file)

    def _files(self) -> list[Path]:
        path = Path(self.name)
        if path.is_dir():
            files = sorted(f for f in path.rglob("*") if suffix_of(f) in SUFFIXES)
            kinds = sorted({suffix_of(file) for file in files})
            if len(kinds) != 1:
                got = f"files of several kinds ({', '.join(kinds)})" if kinds else "none"
                raise AnnotationError(f"Can't read {path}: got {got}, expected {FORMS}.")
            return files
        if path.is_file() and suffix_of(path) in SUFFIXES:
            return [path]
        if path.exists() or suffix_of(path) in SUFFIXES:
            got = "another kind of file" if path.exists() else "no such file"
            raise AnnotationError(f"Can't read {path}: got {got}, expected {FORMS}.")
        return []


def lines(path: Path, column: str) -> Table:
    """RETURNS (Table): A file with a text on each line."""

    def read(_: Collection[str]) -> Iterator[TableRow]:
        for number, line in enumerate(read_lines(path), 1):
            yield TableRow(f"{path}, line {number}", {column: line.rstrip("\r\n")})

    return filled(Table(str(path), "lines", [column], read))
