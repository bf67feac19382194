"""Annotated Docs in .spacy files as rows."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from .errors import CorpusError, first_line
from .tables import Row, Table

COLUMNS = ("text", "tokens", "tags", "entities", "cats")


def read_docbin(path: Path) -> Table:
    """Read the annotation of a file in spaCy's binary format.

    path (Path): The file.
    RETURNS (Table): The docs, with the columns text, tokens, tags, entities and cats. Tokens of
        nothing but whitespace are left out, as none of them is annotated.
    RAISES (CorpusError): If the file cannot be read.
    """
    doc_bin = _load(path)

    def read(columns: Collection[str]) -> Iterator[Row]:
        docs = doc_bin.get_docs(Vocab())
        for number in range(1, len(doc_bin) + 1):
            where = f"{path}, doc {number}"
            try:
                doc = next(docs)
            except Exception as error:  # numpy, msgpack and spaCy raise what they like
                raise _damaged(path, error) from error
            try:
                yield Row(where, {c: _column(doc, c, where) for c in columns if c in COLUMNS})
            except CorpusError as error:
                yield Row(where, error=error)

    return Table(str(path), "spacy", COLUMNS, read, len(doc_bin))


def _load(path: Path) -> DocBin:
    try:
        doc_bin = DocBin().from_disk(path)
        parts = (doc_bin.tokens, doc_bin.spaces, doc_bin.cats, doc_bin.flags)
        if len({len(part) for part in parts}) > 1:
            raise ValueError("its parts have different lengths")
        return doc_bin
    except Exception as error:  # zlib, msgpack and numpy raise what they like
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> CorpusError:
    return CorpusError(
        f"Can't read {path} ({first_line(error)}): expected a file in spaCy's binary format, "
        f"as spacy convert writes it: make or copy it again."
    )


def _column(doc: Doc, column: str, where: str) -> Any:
    if column == "text":
        return doc.text
    if column == "cats":
        return dict(doc.cats)
    words = [token for token in doc if not token.text.isspace()]
    if column == "tokens":
        return [token.text for token in words]
    if column == "tags":
        tags = [token.tag_ for token in words if token.tag_]
        _require(len(tags) == len(words), where, len(tags), "tags", len(words))
        return tags
    n_known = sum(token.ent_iob != 0 for token in words)
    _require(n_known == len(words), where, n_known, "tokens with ent_iob", len(words))
    return [{"start": e.start_char, "end": e.end_char, "label": e.label_} for e in doc.ents]


def _require(condition: bool, where: str, got: int, what: str, n_tokens: int) -> None:
    if not condition:
        raise CorpusError(
            f"{where}: got {got} {what}, expected one for each of {n_tokens} tokens: annotate or "
            f"remove the doc."
        )
