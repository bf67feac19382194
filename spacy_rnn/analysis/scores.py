"""Precision, recall and F-score, with bootstrap intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy

from .decisions import NONE, Array, Decisions, Kind
from .problems import AnalysisError

RESAMPLES = 1000
LEVEL = 0.95
# Numbers of a table of counts by document that are held at once.
BLOCK = 20_000_000


@dataclass(frozen=True)
class Score:
    """A score, from 0 to 1, with an interval that holds it in 95 of 100 samples of documents.

    name (str): What it is, named as spaCy names it where spaCy has it.
    value (Optional[float]): The score. None if there is nothing to score.
    low (Optional[float]): Where the interval begins: the 2.5th percentile of resamples.
    high (Optional[float]): Where it ends: the 97.5th.
    title (str): What a reader calls it.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    title: str = ""


@dataclass(frozen=True)
class LabelScore:
    """How well a label is predicted.

    label (str): The label.
    support (int): How often the annotation has it.
    predicted (int): How often it is predicted.
    right (int): How often both.
    precision (float): Share of predictions that are right, 0 if there are none.
    recall (float): Share of the annotation that is predicted, 0 if there is none.
    f (float): Their harmonic mean.
    low (Optional[float]): Where the interval of the F-score begins.
    high (Optional[float]): Where it ends.
    """

    label: str
    support: int
    predicted: int
    right: int
    precision: float
    recall: float
    f: float
    low: float | None
    high: float | None


class Bootstrap:
    """Resamples of documents (Efron 1979): how often each counts in each of them.

    n_docs (int): Number of documents.
    resamples (int): Number of resamples.
    seed (int): Seed of the random numbers, so that systems can be compared on the same resamples.
    """

    def __init__(self, n_docs: int, resamples: int = RESAMPLES, seed: int = 0) -> None:
        random = numpy.random.default_rng(seed)
        self.n_docs, self.resamples = n_docs, resamples
        chances = numpy.full(n_docs, 1.0 / max(n_docs, 1))
        # Counts are small, and their sums exact in single precision.
        self.weights = random.multinomial(n_docs, chances, size=resamples).astype("float32")

    def sums(self, docs: Array, columns: Array, n_columns: int) -> Array:
        """Count rows by column, in each resample.

        docs (NDArray[int64]): The document of each row. Shape (rows,).
        columns (NDArray[int64]): The column of each row; negative for none. Shape (rows,).
        n_columns (int): Number of columns.
        RETURNS (NDArray[float64]): Shape (resamples, columns).
        """
        result = numpy.zeros((self.resamples, n_columns))
        width = max(1, BLOCK // max(self.n_docs, 1))
        for start in range(0, n_columns, width):
            stop = min(start + width, n_columns)
            here = (columns >= start) & (columns < stop)
            cells = docs[here] * (stop - start) + columns[here] - start
            table = numpy.bincount(cells, minlength=self.n_docs * (stop - start))
            table = table.reshape(self.n_docs, stop - start).astype("float32")
            result[:, start:stop] = self.weights @ table
        return result


@dataclass(frozen=True)
class Counts:
    """Counts by label, once or by resample.

    right (NDArray[float64]): Shape (..., labels).
    predicted (NDArray[float64]): Shape (..., labels).
    support (NDArray[float64]): Shape (..., labels).
    """

    right: Array
    predicted: Array
    support: Array

    @classmethod
    def of(cls, decisions: Decisions, which: Array | None = None) -> "Counts":
        """Count decisions.

        which (Optional[NDArray[bool]]): Which of them. All by default. Shape (decisions,).
        """
        chosen = numpy.ones(len(decisions.docs), dtype=bool) if which is None else which
        gold, predicted = decisions.gold[chosen], decisions.predicted[chosen]
        n_labels = len(decisions.labels)
        columns = (numpy.where(gold == predicted, gold, NONE), predicted, gold)
        return cls(*(numpy.bincount(c[c >= 0], minlength=n_labels).astype(float) for c in columns))

    @classmethod
    def resampled(
        cls, decisions: Decisions, bootstrap: Bootstrap, which: Array | None = None
    ) -> "Counts":
        """Count decisions in each resample."""
        chosen = numpy.ones(len(decisions.docs), dtype=bool) if which is None else which
        docs, gold = decisions.docs[chosen], decisions.gold[chosen]
        predicted, n_labels = decisions.predicted[chosen], len(decisions.labels)
        columns = (numpy.where(gold == predicted, gold, NONE), predicted, gold)
        return cls(*(bootstrap.sums(docs, column, n_labels) for column in columns))

    @property
    def total(self) -> "Counts":
        """RETURNS (Counts): The counts of all labels together. Shape (..., 1)."""
        parts = (self.right, self.predicted, self.support)
        return Counts(*(part.sum(axis=-1, keepdims=True) for part in parts))

    @property
    def precision(self) -> Array:
        return _share(self.right, self.predicted)

    @property
    def recall(self) -> Array:
        return _share(self.right, self.support)

    @property
    def f(self) -> Array:
        return _share(2.0 * self.right, self.predicted + self.support)


Measure = Callable[[Counts], Array]


def _share(part: Array, whole: Array) -> Array:
    return numpy.divide(part, whole, out=numpy.zeros_like(whole), where=whole > 0)


def interval(values: Array, level: float = LEVEL) -> tuple[float, float]:
    """RETURNS (Tuple[float, float]): The percentiles of resampled scores between which a share of
    them lies (Efron 1979).
    """
    tail = 100.0 * (1.0 - level) / 2.0
    low, high = numpy.percentile(values, [tail, 100.0 - tail])
    return float(low), float(high)


def scores(decisions: Decisions, bootstrap: Bootstrap) -> list[Score]:
    """Find the scores that stand for a component, the one to look at first in front.

    decisions (Decisions): The decisions.
    bootstrap (Bootstrap): Resamples of its documents.
    RETURNS (List[Score]): The scores.
    """
    once, many = Counts.of(decisions), Counts.resampled(decisions, bootstrap)
    if not len(decisions.docs):
        return [Score(name, None, None, None, title) for name, title, _ in SCORES[decisions.kind]]
    return [
        Score(name, float(measure(once)), *interval(measure(many)), title)
        for name, title, measure in SCORES[decisions.kind]
    ]


def _macro(part: str) -> Measure:
    def mean(counts: Counts) -> Array:
        """The mean over labels. In a resample, those that happen not to be in it do not count."""
        values: Array = getattr(counts, part)
        if values.ndim == 1:
            return values.mean()
        there = (counts.support + counts.predicted) > 0
        return there.any(axis=0).mean() * values.sum(axis=-1) / there.sum(axis=-1).clip(min=1)

    return mean


def _micro(part: str) -> Measure:
    def share(counts: Counts) -> Array:
        return getattr(counts.total, part)[..., 0]

    return share


SCORES: dict[Kind, tuple[tuple[str, str, Measure], ...]] = {
    "textcat": (
        ("cats_micro_f", "accuracy", _micro("recall")),
        ("cats_macro_f", "macro F", _macro("f")),
        ("cats_macro_p", "macro precision", _macro("precision")),
        ("cats_macro_r", "macro recall", _macro("recall")),
    ),
    "textcat_multilabel": (
        ("cats_micro_f", "micro F", _micro("f")),
        ("cats_macro_f", "macro F", _macro("f")),
        ("cats_micro_p", "micro precision", _micro("precision")),
        ("cats_micro_r", "micro recall", _micro("recall")),
    ),
    "tagger": (
        ("tag_acc", "accuracy", _micro("f")),
        ("tag_macro_f", "macro F", _macro("f")),
    ),
    "ner": (
        ("ents_f", "F", _micro("f")),
        ("ents_p", "precision", _micro("precision")),
        ("ents_r", "recall", _micro("recall")),
        ("ents_macro_f", "macro F", _macro("f")),
    ),
}


def measure_of(kind: Kind, name: str | None = None) -> tuple[str, str, Measure]:
    """Find a score of a task.

    kind (str): The task.
    name (Optional[str]): The score, as spaCy names it. By default the one to look at first.
    RETURNS (Tuple[str, str, Callable]): Its name, what a reader calls it, and how it is found.
    RAISES (AnalysisError): If the task has no such score.
    """
    found = {each[0]: each for each in SCORES[kind]}
    if name is None:
        return SCORES[kind][0]
    if name not in found:
        raise AnalysisError(
            f"Unknown score: got '{name}', expected one of {', '.join(found)} for {kind}."
        )
    return found[name]


def label_scores(decisions: Decisions, bootstrap: Bootstrap) -> list[LabelScore]:
    """Find how well each label is predicted.

    decisions (Decisions): The decisions.
    bootstrap (Bootstrap): Resamples of its documents.
    RETURNS (List[LabelScore]): By label, in the order of `decisions.labels`.
    """
    once, many = Counts.of(decisions), Counts.resampled(decisions, bootstrap).f
    found = []
    for i, label in enumerate(decisions.labels):
        counts = (int(part[i]) for part in (once.support, once.predicted, once.right))
        values = (float(part[i]) for part in (once.precision, once.recall, once.f))
        there = once.support[i] + once.predicted[i] > 0
        bounds: Sequence[float | None] = interval(many[:, i]) if there else (None, None)
        found.append(LabelScore(label, *counts, *values, *bounds))
    return found
