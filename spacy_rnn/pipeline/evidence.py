"""How far data can tell which setting is the best."""

from collections.abc import Callable
from typing import NamedTuple

import numpy

from .losses import Array

ROUNDS = 200
FOLDS = 5
INTERVAL = (5, 95)


class Fit(NamedTuple):
    """Settings that were fitted on data, and what they are worth on other data.

    best (Dict[str, float]): The best settings on the data, by name.
    kept (Dict[str, float]): Those that are in force: the best, where they are better than none with
        a probability of 95 %.
    gain (float): By how much the score is higher with them, on data that they were not fitted on.
    low (float): The 5th percentile of that gain.
    high (float): Its 95th.
    """

    best: dict[str, float]
    kept: dict[str, float]
    gain: float
    low: float
    high: float

    @classmethod
    def of(cls, best: dict[str, float], gains: Array) -> "Fit":
        """Keep settings if data speak for them.

        best (Dict[str, float]): The settings.
        gains (NDArray[float]): What `held_out_gains` found. Shape (rounds,).
        """
        low, high = numpy.percentile(gains, INTERVAL).tolist()
        return cls(best, best if low > 0.0 else {}, float(gains.mean()), low, high)


def held_out_gains(table: Array, score: Callable[[Array], Array]) -> Array:
    """Find what it gains to choose a setting on data, by bootstrap (Efron 1979).

    In each round, documents are drawn with replacement and dealt into folds. The setting is chosen
    on all folds but one, and scored on that one; so its choice costs as much as it would in use.

    table (NDArray[float]): What is counted of documents under each candidate, of which the first is
        to leave the setting as it is. Shape (documents, candidates, counts).
    score (Callable[[NDArray], NDArray]): Finds scores, higher ones being better, from sums of
        counts. Shapes (..., counts) and (...,).
    RETURNS (NDArray[float]): The gains in score, by round: 0 where there are too few documents.
    """
    n_documents, _, n_counts = table.shape
    gains = numpy.zeros(ROUNDS)
    if n_documents < FOLDS:
        return gains
    draw = numpy.random.default_rng(0)
    flat = table.reshape(n_documents, -1).astype("float64")
    even = numpy.full(n_documents, 1.0 / n_documents)
    folds = numpy.arange(FOLDS)
    for i in range(ROUNDS):
        times = draw.multinomial(n_documents, even)
        dealt = draw.integers(FOLDS, size=n_documents) == folds[:, None]
        held_out = ((dealt * times) @ flat).reshape(FOLDS, -1, n_counts)
        chosen = score(held_out.sum(axis=0) - held_out).argmax(axis=1)
        gains[i] = score(held_out[folds, chosen].sum(axis=0)) - score(held_out[:, 0].sum(axis=0))
    return gains


def f_score(counts: Array) -> Array:
    """RETURNS (NDArray[float]): F1, from the number of right answers, and that of predicted and
    true ones together. Shapes (..., 2) and (...,).
    """
    return 2 * counts[..., 0] / counts[..., 1].clip(1)


def certainty(counts: Array) -> Array:
    """RETURNS (NDArray[float]): The mean log-probability of what is true, from the cross-entropy
    and the number of answers. Shapes (..., 2) and (...,).
    """
    return -counts[..., 0] / counts[..., 1].clip(1)
