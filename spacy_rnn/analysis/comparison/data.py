"""What data is annotated for, and the recipe that suits it."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import spacy
from spacy.tokens import Doc, DocBin

from ...recipes.choice import Choice, UnlearnableError, choose
from ..decisions import Kind
from ..problems import AnalysisError

KINDS: tuple[Kind, ...] = get_args(Kind)


def read_docs(path: Path) -> list[Doc]:
    """RETURNS (List[Doc]): The documents of a .spacy file."""
    return list(DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))


def find_kind(path: Path) -> Kind:
    """RETURNS (str): The task that data is annotated for.
    RAISES (AnalysisError): If it is annotated for none, or several.
    """
    docs = read_docs(path)
    found: list[Kind] = []
    if any(doc.cats for doc in docs):
        one = all(sum(value > 0 for value in doc.cats.values()) == 1 for doc in docs)
        found.append("textcat" if one else "textcat_multilabel")
    if any(doc.ents for doc in docs):
        found.append("ner")
    if any(token.tag for doc in docs for token in doc):
        found.append("tagger")
    if len(found) != 1:
        raise AnalysisError(
            f"Can't tell the task from {path}: it has {len(docs):,} texts with annotation for "
            f"{' and '.join(found) or 'no task'}. Give the task (--task), one of "
            f"{', '.join(KINDS)}, or other data."
        )
    return found[0]


def suitable_recipe(path: Path, kind: Kind) -> Choice:
    """RETURNS (Choice): The recipe that suits training data, as `spacy rnn fit` chooses it.
    RAISES (AnalysisError): If nothing can be learned from the data.
    """
    docs = read_docs(path)
    try:
        return choose(
            kind,
            docs=len(docs),
            tokens=sum(map(len, docs)),
            labels=_count_labels(docs, kind),
        )
    except UnlearnableError as error:
        raise AnalysisError(f"Can't train on {path}. {error}") from error


def _count_labels(docs: Sequence[Doc], kind: Kind) -> Counter[str]:
    if kind == "ner":
        return Counter(ent.label_ for doc in docs for ent in doc.ents)
    if kind == "tagger":
        return Counter(token.tag_ for doc in docs for token in doc if token.tag)
    return Counter(label for doc in docs for label, value in doc.cats.items() if value > 0)
