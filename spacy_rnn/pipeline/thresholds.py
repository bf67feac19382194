"""Thresholds of labels."""

from typing import Any

import numpy
from numpy.typing import NDArray

from .evidence import f_score, held_out_gains

# Thresholds to choose from where it is asked what the choice is worth.
CANDIDATES = (0.01, 0.02, 0.05, *numpy.arange(0.1, 0.95, 0.05).round(2), 0.95, 0.98, 0.99)


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


def threshold_gains(scores: NDArray[Any], truth: NDArray[Any], default: float) -> NDArray[Any]:
    """Find what a fitted threshold of a label gains in F1 over another, see `held_out_gains`.

    scores (NDArray[float]): Scores of the label. Shape (documents,).
    truth (NDArray[float]): 1 for documents that have the label, NaN where it is unknown. Shape
        (documents,).
    default (float): The other threshold.
    RETURNS (NDArray[float]): By round. Shape (rounds,).
    """
    known, has = ~numpy.isnan(truth)[:, None], (truth == 1.0)[:, None]
    predicted = known & (scores[:, None] >= [default, *CANDIDATES])
    counts = numpy.stack((predicted & has, predicted.astype("int64") + has), axis=-1)
    return held_out_gains(counts, f_score)


def rescale(score: float, threshold: float) -> float:
    """Move the threshold of a score to 0.5, with 0, 1 and the order of scores as they are."""
    if score in (0.0, 1.0):
        return score
    if score < threshold:
        return 0.5 * score / threshold
    return 0.5 + 0.5 * (score - threshold) / (1.0 - threshold)
