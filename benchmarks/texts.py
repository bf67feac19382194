"""Texts to run on, and what is made up to be learnt from them."""

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import spacy
from harness import ROOT, BenchmarkError
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.training import Example

SAMPLE = ROOT / "assets" / "sample" / "test.jsonl"
TAGS = [f"T{i}" for i in range(49)]
LABELS = [f"L{i}" for i in range(4)]
ENTITIES = [f"E{i}" for i in range(4)]


def treebank() -> Path:
    """RETURNS (Path): The development part of UD English EWT.
    RAISES (BenchmarkError): If it is not there.
    """
    found = sorted((ROOT / "data" / "ud").rglob("*ewt*dev*.conllu"))
    if not found:
        raise BenchmarkError(
            "Can't find UD English EWT below data/ud: run python -m spacy project run ud-assets, "
            "or give other texts with --texts. In those of the sample hardly a word is new."
        )
    return found[0]


def read_texts(path: Path) -> list[str]:
    """Read one text a document, line or sentence, in the order of the file.

    path (Path): A .spacy, .conllu, .jsonl (with "text") or .txt file (a text a line).
    RETURNS (List[str]): The texts, without empty ones.
    RAISES (BenchmarkError): If the file is missing, of another kind, or has no texts.
    """
    if not path.is_file():
        raise BenchmarkError(f"Can't find the texts {path}: give a file with --texts.")
    if path.suffix == ".spacy":
        docs = DocBin().from_disk(path).get_docs(spacy.blank("en").vocab)
        texts = [doc.text for doc in docs]
    else:
        lines = path.read_text(encoding="utf8").splitlines()
        if path.suffix == ".txt":
            texts = lines
        elif path.suffix == ".jsonl":
            texts = [json.loads(line)["text"] for line in lines if line.strip()]
        elif path.suffix == ".conllu":
            texts = [line.partition("=")[2] for line in lines if line.startswith("# text =")]
        else:
            raise BenchmarkError(
                f"Can't read texts from {path}: expected a .spacy, .conllu, .jsonl or .txt file."
            )
    texts = [text.strip() for text in texts if text.strip()]
    if not texts:
        raise BenchmarkError(f"No texts in {path}: expected one a document, line or sentence.")
    return texts


def count_words(texts: Sequence[str]) -> int:
    nlp = spacy.blank("en")
    return sum(len(nlp.make_doc(text)) for text in texts)


def references(texts: Sequence[str], nlp: Language) -> list[Doc]:
    """RETURNS (List[Doc]): Docs with made-up tags, dependencies and categories, each of which
    occurs, and with capitalized words as entities.
    """
    docs, tags = [], count()
    for i, text in enumerate(texts):
        tokens = nlp.make_doc(text)
        size = range(len(tokens))
        doc = Doc(
            nlp.vocab,
            words=[token.text for token in tokens],
            spaces=[bool(token.whitespace_) for token in tokens],
            tags=[TAGS[next(tags) % len(TAGS)] for _ in size],
            # Of three words the second is on the left of its head.
            heads=[min(max(0, n + (-3, 1, -2)[n % 3]), len(tokens) - 1) for n in size],
            deps=[f"D{n % 3}" if n else "ROOT" for n in size],
        )
        doc.set_ents(
            [
                Span(doc, token.i, token.i + 1, ENTITIES[len(token) % len(ENTITIES)])
                for token in doc
                if token.is_title and token.i
            ]
        )
        doc.cats = {label: float(j == i % len(LABELS)) for j, label in enumerate(LABELS)}
        docs.append(doc)
    return docs


def examples(texts: Sequence[str], nlp: Language) -> list[Example]:
    """RETURNS (List[Example]): New ones, so that nothing about them is computed yet."""
    docs = references(texts, nlp)
    return [Example(nlp.make_doc(doc.text), doc) for doc in docs]
