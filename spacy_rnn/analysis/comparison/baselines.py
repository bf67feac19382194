"""Rivals that are no pipelines: what is most frequent, and a linear model of n-grams."""

import math
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy
from spacy.tokens import Doc

from ..decisions import Kind
from ..problems import AnalysisError

# Inverse strengths of the regularization, of which the best on dev is taken.
STRENGTHS = (0.1, 0.3, 1.0, 3.0)
WORD = r"(?u)\b\w\w+\b"  # in scikit-learn


class Baseline(ABC):
    """Annotates documents as a component does.

    kind (str): The task.
    train (Sequence[Doc]): Annotated documents.
    """

    def __init__(self, kind: Kind, train: Sequence[Doc]) -> None:
        self.kind = kind
        self.cfg = {"threshold": 0.5}
        found = {label for doc in train for label in doc.cats}
        if kind == "tagger":
            found = {token.tag_ for doc in train for token in doc if token.tag_}
        self.labels = tuple(sorted(found))

    @abstractmethod
    def annotate(self, docs: Sequence[Doc]) -> None:
        """Annotate documents."""

    @property
    @abstractmethod
    def weights(self) -> int:
        """RETURNS (int): How many numbers were found in training."""


class Majority(Baseline):
    """Predicts what is most frequent: the label of texts, or the tag of each word."""

    def __init__(self, kind: Kind, train: Sequence[Doc], dev: Sequence[Doc]) -> None:
        super().__init__(kind, train)
        counts = Counter(k for doc in train for k, value in doc.cats.items() if value > 0)
        self.shares = {label: counts[label] / max(len(train), 1) for label in self.labels}
        tags: dict[str, Counter[str]] = defaultdict(Counter)
        for token in (token for doc in train for token in doc):
            tags[token.lower_][token.tag_] += 1
            tags[""][token.tag_] += 1
        self.tags = {word: found.most_common(1)[0][0] for word, found in tags.items()}

    def annotate(self, docs: Sequence[Doc]) -> None:
        for doc in docs:
            if self.kind == "tagger":
                for token in doc:
                    token.tag_ = self.tags.get(token.lower_, self.tags[""])
            else:
                doc.cats = dict(self.shares)

    @property
    def weights(self) -> int:
        return len(self.tags) if self.kind == "tagger" else len(self.shares)


class TfIdf(Baseline):
    """A support vector machine a label over TF-IDF of n-grams: of one and two words and, within
    words, of two to five characters. Its strength is chosen on dev. In a language that is written
    without spaces, words are the tokens of spaCy, as they are for all other systems."""

    def __init__(self, kind: Kind, train: Sequence[Doc], dev: Sequence[Doc]) -> None:
        super().__init__(kind, train)
        try:
            from sklearn.multiclass import OneVsRestClassifier
            from sklearn.svm import LinearSVC
        except ImportError as error:
            raise AnalysisError(
                "The system 'tfidf' needs scikit-learn: run pip install scikit-learn, or leave it "
                "out of --systems."
            ) from error
        tokens = [token for doc in train for token in doc]
        self.has_spaces = 2 * sum(bool(token.whitespace_) for token in tokens) >= len(tokens)
        self.vectorizer = features(WORD if self.has_spaces else r"\S+")
        vectors = self.vectorizer.fit_transform(self._texts(train))
        gold, dev_gold = self._gold(train), self._gold(dev)
        dev_vectors = self.vectorizer.transform(self._texts(dev))
        tried = []
        for strength in STRENGTHS:
            model = OneVsRestClassifier(LinearSVC(C=strength)).fit(vectors, gold)
            tried.append((self._f(model.decision_function(dev_vectors), dev_gold), model))
        self.model = max(tried, key=lambda each: each[0])[1]

    def _texts(self, docs: Sequence[Doc]) -> list[str]:
        if self.has_spaces:
            return [doc.text for doc in docs]
        return [" ".join(token.text for token in doc) for doc in docs]

    def _gold(self, docs: Sequence[Doc]) -> Any:
        return numpy.array(
            [[doc.cats.get(label, 0.0) > 0 for label in self.labels] for doc in docs]
        )

    def _f(self, scores: Any, gold: Any) -> float:
        predicted = scores > 0
        if self.kind == "textcat":
            predicted = scores == scores.max(axis=1, keepdims=True)
        return float(2 * (predicted & gold).sum() / max(predicted.sum() + gold.sum(), 1))

    def annotate(self, docs: Sequence[Doc]) -> None:
        scores = self.model.decision_function(self.vectorizer.transform(self._texts(docs)))
        if scores.ndim == 1:  # of two labels
            scores = numpy.stack((-scores, scores), axis=1)
        for doc, row in zip(docs, scores.tolist(), strict=True):
            values = (1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score)))) for score in row)
            doc.cats = dict(zip(self.labels, values, strict=True))

    @property
    def weights(self) -> int:
        return sum(each.coef_.size for each in self.model.estimators_)


def features(word: str = WORD) -> Any:
    """Find what turns texts into TF-IDF of n-grams.

    word (str): Pattern of a word. By default scikit-learn's.
    RETURNS (Any): It, by scikit-learn.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    words = TfidfVectorizer(token_pattern=word, ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    return make_union(words, characters)


KINDS: dict[str, type[Majority] | type[TfIdf]] = {"majority": Majority, "tfidf": TfIdf}
