"""How much the encoder of a classifier counts, and how much its n-grams do."""

from collections.abc import Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from ..modules.margins import calibrate, log_losses
from .evidence import ROUNDS

# Shares of n-grams to choose from, the least daring first: with 1, they are all that is left.
CANDIDATES = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9, 0.0, 1.0)


def fit_share(scores: Sequence[NDArray[Any]], truth: NDArray[Any], exclusive: bool) -> float:
    """Find how much the second of two branches is to count.

    It is the mean of the shares that are best in bootstrap samples of the documents (bagging,
    Breiman 1996): near the best one where documents agree, and near one half where they do not.
    A share is judged by the cross-entropy of the scores that it gives, on the scale that is best
    for them: of two branches, one is not to count more for being surer of itself.

    scores (Sequence[NDArray[float]]): The scores of either branch. Shape (documents, labels).
    truth (NDArray[float]): What is known of labels, see `signed_truth`. Shape (documents, labels).
    exclusive (bool): Whether a document has exactly one label.
    RETURNS (float): The share of the second branch.
    """
    losses = []
    for share in CANDIDATES:
        mean = (1.0 - share) * scores[0] + share * scores[1]
        _, scale, shift = calibrate(mean, truth, exclusive)
        losses.append(log_losses(scale * mean + shift, truth, exclusive))
    n_documents = len(truth)
    even = numpy.full(n_documents, 1.0 / n_documents)
    times = numpy.random.default_rng(0).multinomial(n_documents, even, size=ROUNDS)
    best = (times @ numpy.stack(losses, axis=1)).argmin(axis=1)
    return float(numpy.take(CANDIDATES, best).mean().round(3))
