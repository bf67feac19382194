"""What data is annotated for, and the recipe that suits it."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple, get_args

import spacy
from spacy.tokens import Doc, DocBin

from ...recipes.choice import Choice, choose
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


class TrainingData(NamedTuple):
    """What training data holds.

    docs (int): The number of documents.
    tokens (int): The number of their tokens.
    labels (Dict[str, int]): How often each label is annotated.
    """

    docs: int
    tokens: int
    labels: dict[str, int]

    @classmethod
    def of(cls, path: Path, kind: Kind) -> "TrainingData":
        """RETURNS (TrainingData): What a .spacy file holds for a task."""
        docs = read_docs(path)
        if kind == "ner":
            labels = Counter(ent.label_ for doc in docs for ent in doc.ents)
        elif kind == "tagger":
            labels = Counter(token.tag_ for doc in docs for token in doc if token.tag)
        else:
            labels = Counter(k for doc in docs for k, value in doc.cats.items() if value > 0)
        return cls(len(docs), sum(map(len, docs)), dict(labels))

    def suitable_recipe(self, kind: Kind) -> Choice:
        """RETURNS (Choice): The recipe that `spacy rnn fit` chooses.
        RAISES (UnlearnableError): If nothing can be learned from the data.
        """
        return choose(kind, docs=self.docs, tokens=self.tokens, labels=self.labels)
