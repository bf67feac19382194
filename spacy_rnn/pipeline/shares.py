"""How much the encoder of a classifier counts, and how much its n-grams do."""

from collections.abc import Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from ..modules.margins import calibrate, log_losses
from .evidence import Fit, certainty, held_out_gains

# Shares of n-grams to choose from: with 1, they are all that is left.
CANDIDATES = numpy.linspace(0.0, 1.0, 11).round(1).tolist()


def fit_share(
    scores: Sequence[NDArray[Any]], truth: NDArray[Any], exclusive: bool, last: float
) -> Fit:
    """Find how much the second of two branches is to count.

    Each share is judged by the cross-entropy of the scores that it gives, on the scale that is best
    for them: of two branches, one is not to count more for being surer of itself.

    scores (Sequence[NDArray[float]]): The scores of either branch. Shape (documents, labels).
    truth (NDArray[float]): What is known of labels, see `signed_truth`. Shape (documents, labels).
    exclusive (bool): Whether a document has exactly one label.
    last (float): The share that it has had so far.
    RETURNS (Fit): The "share", and by how much the mean log-probability of the truth is higher with
        it than with the last.
    """
    known = truth.any(axis=1)
    first, second, truth = scores[0][known], scores[1][known], truth[known]
    losses = []
    for share in (last, *CANDIDATES):
        mean = (1.0 - share) * first + share * second
        _, scale, shift = calibrate(mean, truth, exclusive)
        losses.append(log_losses(scale * mean + shift, truth, exclusive))
    table = numpy.stack(losses, axis=1)
    counts = numpy.stack((table, numpy.ones_like(table)), axis=-1)
    best = CANDIDATES[int(table[:, 1:].sum(axis=0).argmin())] if known.any() else last
    return Fit.of({"share": best}, held_out_gains(counts, certainty))
