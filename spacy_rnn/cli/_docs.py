"""Docs from the rows of a split, and to files."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Literal

import srsly
from spacy.language import Language
from spacy.tokens import Doc

from .. import corpus
from ..corpus import Record
from ..corpus.errors import read_each
from ..corpus.rows import make_row
from ..corpus.shards import write_docs, write_shards
from ..corpus.splits import Split
from ._summary import Summary


def make_docs(
    split: Split, nlp: Language, labels: list[str], summary: Summary
) -> Iterator[tuple[Doc, list[Record]]]:
    """Make the docs of a split.

    split (Split): The split.
    nlp (Language): Gives the tokenizer and the vocab.
    labels (list[str]): All labels.
    summary (Summary): Where docs and rows are counted.
    YIELDS (tuple[Doc, list[Record]]): A doc and the rows that it is made of.
    RAISES (CorpusError): If the data cannot be read or is not annotated for the task.
    """

    def read(record: Record) -> tuple[Record, Doc]:
        return record, corpus.make_doc(record, nlp, split.task, labels)

    for records in split.read(summary.report):
        found = list(read_each(records, read, summary.report))
        if found:
            used, docs = [record for record, _ in found], [doc for _, doc in found]
            doc = docs[0] if split.n_sents == 1 else join_sentences(docs)
            summary.add(doc, used, split.task)
            yield doc, used


def join_sentences(docs: list[Doc]) -> Doc:
    """RETURNS (Doc): One doc, with a sentence for each doc given."""
    for doc in docs:
        for token in doc:
            token.is_sent_start = token.i == 0
    return Doc.from_docs(docs)


def write(
    path: Path,
    docs: Iterable[tuple[Doc, list[Record]]],
    split: Split,
    to: Literal["spacy", "jsonl"],
    shard_size: int,
) -> None:
    """Write a split.

    path (Path): The file, or the folder of shards.
    docs (Iterable[tuple[Doc, list[Record]]]): Docs and the rows that they are made of.
    split (Split): The split.
    to (Literal["spacy", "jsonl"]): The format.
    shard_size (int): Number of docs or rows per file of a folder. 0 for one file and no folder.
    """
    if to == "spacy":
        write_file = partial(write_docs, task=split.task)
        write_shards(path, (doc for doc, _ in docs), write_file, shard_size, ".spacy")
    else:
        rows = (make_row(row, split.task, split.columns) for _, rows in docs for row in rows)
        write_shards(path, rows, srsly.write_jsonl, shard_size, ".jsonl")
