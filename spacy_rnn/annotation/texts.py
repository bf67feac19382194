"""Texts in files and datasets, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from spacy.tokens import DocBin
from spacy.vocab import Vocab

from .errors import AnnotationError

# File suffix -> builder of the datasets library and its options. Without na_filter, texts such as
# "NA" or "null" would be read as missing.
BUILDERS: dict[str, tuple[str, dict[str, Any]]] = {
    ".csv": ("csv", {"na_filter": False}),
    ".jsonl": ("json", {}),
    ".parquet": ("parquet", {}),
    ".tsv": ("csv", {"na_filter": False, "sep": "\t"}),
    ".txt": ("text", {}),
}
DOCS = ".spacy"
FORMS = (
    f"a {', '.join(sorted(BUILDERS))} or {DOCS} file, a folder of files of one of these kinds, or "
    "the name of a dataset on the Hugging Face hub"
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
        if not files or files[0].suffix == DOCS:
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

        YIELDS (Row): Texts with ids.
        RAISES (AnnotationError): If there are none, or they cannot be read.
        """
        files = self._files()
        number = 0
        for values in self._docs(files) if files and files[0].suffix == DOCS else self._read(files):
            self._require_columns(values)
            number_or_id = values[self.id_column] if self.id_column else number
            yield Row(number_or_id, values[self.text_column])
            number += 1
        if not number:
            raise AnnotationError(f"{self.name} has no texts, expected at least one.")

    def _files(self) -> list[Path]:
        path = Path(self.name)
        if path.is_dir():
            files = sorted(f for f in path.rglob("*") if f.suffix in BUILDERS or f.suffix == DOCS)
            kinds = sorted({file.suffix for file in files})
            if len(kinds) != 1:
                got = f"files of several kinds ({', '.join(kinds)})" if kinds else "none"
                raise AnnotationError(f"Can't read {path}: got {got}, expected {FORMS}.")
            return files
        if path.is_file() and (path.suffix in BUILDERS or path.suffix == DOCS):
            return [path]
        if path.exists() or path.suffix in BUILDERS or path.suffix == DOCS:
            got = "another kind of file" if path.exists() else "no such file"
            raise AnnotationError(f"Can't read {path}: got {got}, expected {FORMS}.")
        return []

    def _docs(self, files: list[Path]) -> Iterator[dict[str, Any]]:
        vocab = Vocab()
        for file in files:
            try:
                docs = DocBin().from_disk(file).get_docs(vocab)
            except Exception as error:  # zlib and msgpack raise what they like
                raise AnnotationError(f"Can't read {file}: {_words(error)}") from error
            for doc in docs:
                yield {
                    self.text_column: doc.text,
                    **{k: v for k, v in doc.user_data.items() if isinstance(k, str)},
                }

    def _read(self, files: list[Path]) -> Iterator[dict[str, Any]]:
        try:
            from datasets import load_dataset
        except ImportError as error:
            raise AnnotationError(
                "The datasets library is not installed: run pip install 'spacy-rnn[datasets]'."
            ) from error
        try:
            if files:
                builder, options = BUILDERS[files[0].suffix]
                names = [*map(str, files)]
                data = load_dataset(
                    builder, data_files=names, split="train", streaming=True, **options
                )
            else:
                data = load_dataset(
                    self.name, split=self.split, revision=self.revision, streaming=True
                )
            yield from data
        except AnnotationError:
            raise
        except Exception as error:  # the builders raise what their parsers raise
            raise AnnotationError(
                f"Can't read {self.name}: {_words(error)}. Expected {FORMS}."
            ) from error

    def _require_columns(self, values: dict[str, Any]) -> None:
        for name in (self.text_column, self.id_column):
            if name is not None and name not in values:
                raise AnnotationError(
                    f"{self.name} has no column '{name}': got {', '.join(map(str, values))}. Name "
                    "the columns with --text-column and --id-column."
                )


def _words(error: BaseException) -> str:
    error = error.__cause__ or error
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
