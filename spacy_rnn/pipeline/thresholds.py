"""Thresholds of labels."""

from typing import Any

import numpy
from numpy.typing import NDArray


def best_threshold(scores: NDArray[Any], truth: NDArray[Any]) -> float | None:
    """Find the threshold of a label with the highest F1.

    scores (NDArray[float]): Scores of the label, which counts as predicted from the threshold on.
        Shape (documents,).
    truth (NDArray[bool]): Which documents have the label. Shape (documents,).
    RETURNS (Optional[float]): The threshold, halfway between two scores; None if all documents or
        none have the label, which leaves nothing to choose by.
    """
    if truth.all() or not truth.any():
        return None
    order = numpy.argsort(-scores, kind="stable")
    ranked = numpy.append(scores[order].astype("float64"), 0.0)
    hits = truth[order].cumsum()
    f1 = 2 * hits / (numpy.arange(1, len(hits) + 1) + truth.sum())
    f1[ranked[:-1] == ranked[1:]] = -1.0  # no threshold parts equal scores
    last = int(f1.argmax())
    return float(ranked[last : last + 2].mean())


def rescale(score: float, threshold: float) -> float:
    """Move the threshold of a score to 0.5, with 0, 1 and the order of scores as they are."""
    if score in (0.0, 1.0):
        return score
    if score < threshold:
        return 0.5 * score / threshold
    return 0.5 + 0.5 * (score - threshold) / (1.0 - threshold)
