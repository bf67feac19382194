"""What a component decided, and what it should have: the rows that every analysis is made of."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy
import srsly
from numpy.typing import NDArray

Array = NDArray[Any]
Kind = Literal["textcat", "textcat_multilabel", "tagger", "ner"]

# Index of a label where there is none.
NONE = -1
# Probability where it is not known.
UNKNOWN = math.nan
# What is stored of decisions as arrays, and as JSON.
ARRAYS = ("docs", "gold", "predicted", "probability", "spans", "sources")
REST = ("component", "kind", "labels", "n_docs", "n_known", "notes")


@dataclass(frozen=True)
class Decisions:
    """The decisions of a component on annotated documents.

    What is decided is the label of a text or token, or whether a text has a label, or an entity.
    Where both sides have a label on the same text, token or stretch of tokens, they are one
    decision, right or wrong; what only one side has is a decision against none. So a label's rows
    are its support, its columns how often it is predicted.

    component (str): The name of the component.
    kind (str): What it decides.
    labels (List[str]): The labels: the component's, then those that only the annotation has.
    n_docs (int): Number of documents with annotation.
    docs (NDArray[int64]): The document of each decision, from 0, in order. Shape (decisions,).
    gold (NDArray[int64]): Index of the label that the annotation has, or `NONE`. Shape
        (decisions,).
    predicted (NDArray[int64]): Index of the label that is predicted, or `NONE`. Shape (decisions,).
    probability (NDArray[float64]): That of what was decided: of the predicted label, or, where
        none is predicted, that the label of the annotation is absent. NaN where it is not known.
        Shape (decisions,).
    spans (NDArray[int64]): Where in the text it is, in characters. Shape (decisions, 2).
    sources (NDArray[int64]): Which of the examples each document is. Shape (documents,).
    answers (Tuple[NDArray[float64], NDArray[bool]]): Probabilities that were given, and which came
        true, for their reliability. Shape (answers,).
    n_known (int): Number of labels that the component has.
    notes (List[str]): What a reader has to know.
    """

    component: str
    kind: Kind
    labels: list[str]
    n_docs: int
    docs: Array
    gold: Array
    predicted: Array
    probability: Array
    spans: Array
    sources: Array
    answers: tuple[Array, Array]
    n_known: int
    notes: list[str] = field(default_factory=list)

    @property
    def right(self) -> Array:
        """RETURNS (NDArray[bool]): Shape (decisions,)."""
        return self.gold == self.predicted

    @property
    def unit(self) -> str:
        """RETURNS (str): What support counts."""
        units = {"textcat": "texts", "tagger": "tokens", "ner": "entities"}
        return units.get(self.kind, "labels of texts")

    def to_disk(self, path: Path) -> None:
        """Write all but the answers to a file, of numpy's format npz."""
        rest = numpy.array(srsly.json_dumps({name: getattr(self, name) for name in REST}))
        arrays = {name: getattr(self, name) for name in ARRAYS}
        numpy.savez_compressed(path, rest=rest, **arrays)

    @classmethod
    def from_disk(cls, path: Path) -> "Decisions":
        """RETURNS (Decisions): Those that were written to a file, without answers."""
        with numpy.load(path) as found:
            rest: Any = srsly.json_loads(str(found["rest"]))
            arrays = {name: found[name] for name in ARRAYS}
        return cls(**rest, **arrays, answers=(numpy.zeros(0), numpy.zeros(0, dtype=bool)))


class Collector:
    """Collects decisions document by document.

    labels (Iterable[str]): The labels of the component.
    """

    def __init__(self, labels: Any) -> None:
        self.columns = {label: i for i, label in enumerate(labels)}
        self.n_known = len(self.columns)
        self.rows: list[tuple[int, int, int, float, int, int]] = []
        self.sources: list[int] = []

    def column(self, label: str) -> int:
        """RETURNS (int): The index of a label, which may be new."""
        return self.columns.setdefault(label, len(self.columns))

    def start(self, source: int) -> None:
        """Begin with the next document, which is the example of this number."""
        self.sources.append(source)

    def add(
        self,
        gold: str | None,
        predicted: str | None,
        probability: float,
        span: tuple[int, int],
    ) -> None:
        """Add a decision on the current document. See `Decisions` for the arguments."""
        columns = (NONE if label is None else self.column(label) for label in (gold, predicted))
        self.rows.append((len(self.sources) - 1, *columns, probability, *span))  # type: ignore[arg-type]

    def collect(
        self,
        component: str,
        kind: Kind,
        answers: tuple[Array, Array] | None = None,
        notes: list[str] | None = None,
    ) -> Decisions:
        """RETURNS (Decisions): All that was added. Unless told otherwise, the answers are what is
        predicted with a known probability.
        """
        rows = numpy.array(self.rows, dtype="float64").reshape(-1, 6)
        docs, gold, predicted = rows[:, :3].astype("int64").T
        probability = rows[:, 3]
        if answers is None:
            known = (predicted != NONE) & ~numpy.isnan(probability)
            answers = (probability[known], (gold == predicted)[known])
        notes = list(notes or ())
        new = list(self.columns)[self.n_known :]
        if new:
            n = int(numpy.isin(gold, numpy.arange(self.n_known, len(self.columns))).sum())
            notes.append(
                f"The model lacks {len(new)} of the annotation's labels ({_some(new)}), which "
                f"{n:,} of {int((gold != NONE).sum()):,} have: none of these can be right."
            )
        return Decisions(
            component,
            kind,
            list(self.columns),
            len(self.sources),
            docs,
            gold,
            predicted,
            probability,
            rows[:, 4:].astype("int64"),
            numpy.array(self.sources, dtype="int64"),
            answers,
            self.n_known,
            notes,
        )


def _some(labels: list[str]) -> str:
    return ", ".join(labels[:5]) + (", …" if len(labels) > 5 else "")


def left_out(n: int, what: str) -> list[str]:
    """RETURNS (List[str]): What a reader has to know of texts that are not judged, if there are."""
    return [f"{n:,} {what}: left out."] if n else []
