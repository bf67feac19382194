"""Put the annotation of several corpora together: documents with the same tokens become one.

python benchmarks/merge.py corpus/sample/tagger corpus/sample/ner corpus/sample/joint
"""

import sys
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import spacy
from spacy.tokens import Doc, DocBin

from spacy_rnn.files import replacing

SPLITS = ("train", "dev", "test")
# What is put together, and the attributes that hold it.
ANNOTATION = {"TAG": ["TAG"], "ENT_IOB": ["ENT_IOB", "ENT_TYPE"]}


def merge(corpora: Iterable[Iterable[Doc]]) -> list[Doc]:
    """RETURNS (List[Doc]): The documents of all corpora, where those with the same tokens are one
    that has the annotation of each. Where several of a corpus are alike, its first goes with the
    first of another.
    """
    docs: list[Doc] = []
    for corpus in corpora:
        waiting: dict[tuple[str, ...], list[Doc]] = defaultdict(list)
        for doc in reversed(docs):
            waiting[words(doc)].append(doc)
        for doc in corpus:
            if not (alike := waiting[words(doc)]):
                docs.append(doc)
                continue
            merged = alike.pop()
            for kind, attributes in ANNOTATION.items():
                if doc.has_annotation(kind):
                    merged.from_array(attributes, doc.to_array(attributes))
    return docs


def words(doc: Doc) -> tuple[str, ...]:
    """RETURNS (Tuple[str, ...]): The tokens."""
    return tuple(token.text for token in doc)


def main(args: Sequence[str] | None = None) -> int:
    options = ArgumentParser(description=__doc__)
    options.add_argument("corpora", type=Path, nargs="+", help="folders of 'spacy rnn convert'")
    options.add_argument("output", type=Path, help="folder for the merged corpus")
    values = options.parse_args(args)
    vocab = spacy.blank("xx").vocab
    with replacing(values.output) as (part,):
        part.mkdir()
        for split in SPLITS:
            parts = [DocBin().from_disk(path / f"{split}.spacy") for path in values.corpora]
            docs = merge(each.get_docs(vocab) for each in parts)
            DocBin(docs=docs, store_user_data=True).to_disk(part / f"{split}.spacy")
            counts = " and ".join(f"{len(each):,}" for each in parts)
            print(f"{split}: {len(docs):,} documents out of {counts}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
