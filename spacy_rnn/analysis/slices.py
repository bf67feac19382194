"""Scores on parts of the data: by length, unknown words and how frequent labels are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy
from spacy.training import Example

from .decisions import Array, Decisions
from .scores import Bootstrap, Counts, interval

LENGTHS = (5, 10, 20, 40, 80, 160, 320, 640, 1280)
FREQUENCIES = (5, 20, 100, 500, 2500)


@dataclass(frozen=True)
class Part:
    """The F-score on a part of the data. Where each text or token has one label, it is the
    accuracy.

    name (str): Which part.
    support (int): How much the annotation has there.
    f (float): The F-score, from 0 to 1.
    low (float): Where its interval begins.
    high (float): Where it ends.
    """

    name: str
    support: int
    f: float
    low: float
    high: float


@dataclass(frozen=True)
class Slices:
    """Parts of the data by one property.

    title (str): The property.
    parts (List[Part]): The parts that are not empty.
    """

    title: str
    parts: list[Part]


def slices(
    decisions: Decisions,
    examples: Sequence[Example],
    bootstrap: Bootstrap,
    words: set[str] | None,
    frequencies: Mapping[str, int] | None,
) -> list[Slices]:
    """Score parts of the data.

    decisions (Decisions): The decisions.
    examples (Sequence[Example]): The examples that they are of.
    bootstrap (Bootstrap): Resamples of the documents.
    words (Optional[Set[str]]): The words of the training data, in lower case, if it is known.
    frequencies (Optional[Mapping[str, int]]): How often the training data has each label, if it
        is known. Otherwise labels are as frequent as in the test set.
    RETURNS (List[Slices]): By length, unknown words if the words are known, and frequency.
    """
    docs = [examples[source].predicted for source in decisions.sources.tolist()]
    lengths = numpy.array([len(doc) for doc in docs])[decisions.docs]
    names, groups = _bins(lengths, LENGTHS)
    found = [Slices("tokens in the text", _parts(decisions, bootstrap, names, groups))]
    if words is not None:
        names, groups = _unknown(decisions, docs, words)
        titles = {"tagger": "unknown word", "ner": "unknown word in the entity"}
        title = titles.get(decisions.kind, "unknown words in the text")
        found.append(Slices(title, _parts(decisions, bootstrap, names, groups)))
    found.append(_by_frequency(decisions, bootstrap, frequencies))
    return [each for each in found if len(each.parts) > 1]


def _parts(
    decisions: Decisions, bootstrap: Bootstrap, names: list[str], groups: Array
) -> list[Part]:
    parts = []
    for i, name in enumerate(names):
        which = groups == i
        if which.any():
            once = Counts.of(decisions, which)
            many = Counts.resampled(decisions, bootstrap, which)
            parts.append(_part(name, once, many))
    return parts


def _part(name: str, once: Counts, many: Counts) -> Part:
    bounds = interval(many.total.f[:, 0])
    return Part(name, int(once.support.sum()), float(once.total.f[0]), *bounds)


def _bins(values: Array, edges: Sequence[int]) -> tuple[list[str], Array]:
    """RETURNS (Tuple[List[str], NDArray[int64]]): Names of the bins, and the bin of each value."""
    lows = [0, *(edge + 1 for edge in edges)]
    names = [f"{low:,} to {edge:,}" for low, edge in zip(lows, edges, strict=False)]
    return [*names, f"more than {edges[-1]:,}"], numpy.searchsorted(edges, values)


def _unknown(decisions: Decisions, docs: Sequence[Any], words: set[str]) -> tuple[list[str], Array]:
    strange = [[token for token in doc if token.lower_ not in words] for doc in docs]
    if decisions.kind in ("textcat", "textcat_multilabel"):
        counts = numpy.array([len(tokens) for tokens in strange])[decisions.docs]
        return ["none", "1", "2", "3 or more"], counts.clip(max=3)
    places = [numpy.array([token.idx for token in tokens], dtype="int64") for tokens in strange]
    starts, ends = decisions.spans.T
    rows = zip(decisions.docs.tolist(), starts, ends, strict=True)
    inside = [bool(((places[doc] >= low) & (places[doc] < high)).any()) for doc, low, high in rows]
    return ["no", "yes"], numpy.array(inside, dtype="int64")


def _by_frequency(
    decisions: Decisions, bootstrap: Bootstrap, frequencies: Mapping[str, int] | None
) -> Slices:
    once, many = Counts.of(decisions), Counts.resampled(decisions, bootstrap)
    of_test = dict(zip(decisions.labels, once.support.astype("int64").tolist(), strict=True))
    known = of_test if frequencies is None else frequencies
    values = numpy.array([known.get(label, 0) for label in decisions.labels])
    names, groups = _bins(values, FREQUENCIES)
    parts = []
    for i, name in enumerate(names):
        chosen = groups == i
        if (once.support + once.predicted)[chosen].any():
            parts.append(_part(name, _only(once, chosen), _only(many, chosen)))
    place = "test set" if frequencies is None else "training data"
    return Slices(f"how often the {place} has the label", parts)


def _only(counts: Counts, which: Array) -> Counts:
    parts = (counts.right, counts.predicted, counts.support)
    return Counts(*(part[..., which] for part in parts))
