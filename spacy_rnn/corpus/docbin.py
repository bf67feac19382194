"""Annotated Docs in .spacy files as records."""

from collections.abc import Iterator
from pathlib import Path

from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from .errors import CorpusError, OnError, first_line, read_each
from .records import Record, Task

SUFFIXES = (".spacy",)


def read_docbin(path: Path, task: Task, on_error: OnError | None = None) -> Iterator[Record]:
    """Read the annotation of a file in spaCy's binary format.

    path (Path): The file.
    task (Task): Which annotation to read.
    on_error (Optional[OnError]): Called with what is wrong with a doc, which
        is then left out. Without it, the error is raised.
    YIELDS (Record): One record per doc.
    RAISES (CorpusError): If the file cannot be read, or a doc is not annotated for the task.
    """
    try:
        doc_bin = DocBin().from_disk(path)
    except Exception as error:  # zlib and msgpack raise what they like
        raise CorpusError(
            f"Can't read {path} ({first_line(error)}): expected a file in spaCy's binary format, "
            f"as spacy convert writes it."
        ) from error
    docs = enumerate(doc_bin.get_docs(Vocab()), 1)
    yield from read_each(
        docs, lambda doc: _read_doc(doc[1], f"{path}, doc {doc[0]}", task), on_error
    )


def _read_doc(doc: Doc, where: str, task: Task) -> Record:
    if not doc.text.strip():
        raise CorpusError(f"{where}: got a doc without text, expected words: leave it out.")
    words = [token for token in doc if not token.text.isspace()]
    tokens = [token.text for token in words]
    cats = [label for label, value in doc.cats.items() if value]
    if task == "textcat":
        _require(len(cats) == 1, where, f"{len(cats)} labels in doc.cats", "exactly one")
        return Record(where, doc.text, None, cats, [])
    if task == "textcat_multilabel":
        _require(bool(doc.cats), where, "no labels in doc.cats", "a value for each label")
        return Record(where, doc.text, None, cats, [])
    if task == "tagger":
        tags = [token.tag_ for token in words if token.tag_]
        _require(
            len(tags) == len(words),
            where,
            f"{len(tags)} tags",
            f"one for each of {len(words)} tokens",
        )
        return Record(where, doc.text, tokens, tags, [])
    missing = sum(token.ent_iob == 0 for token in words)
    _require(
        not missing, where, f"{missing} tokens without ent_iob", "entities or none for each token"
    )
    spans = [(ent.start_char, ent.end_char) for ent in doc.ents]
    return Record(where, doc.text, tokens, [ent.label_ for ent in doc.ents], spans)


def _require(condition: bool, where: str, got: str, expected: str) -> None:
    if not condition:
        raise CorpusError(f"{where}: got {got}, expected {expected}: annotate or remove the doc.")
