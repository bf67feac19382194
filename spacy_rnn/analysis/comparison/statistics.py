"""Differences between systems that were tested on the same documents."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy

from ..decisions import Array, Decisions
from ..scores import Bootstrap, Counts, Measure, interval, measure_of

RESAMPLES = 2000


@dataclass(frozen=True)
class Difference:
    """How much better one system is than another.

    value (float): The difference of their scores, from -1 to 1.
    low (float): Where its 95 % interval begins.
    high (float): Where it ends.
    p (float): How probable a difference as large is where there is none, on either side.
    """

    value: float
    low: float
    high: float
    p: float

    @property
    def is_clear(self) -> bool:
        """RETURNS (bool): Whether the interval is on one side of no difference."""
        return self.low > 0 or self.high < 0


def resampled_scores(
    runs: Sequence[Decisions], bootstrap: Bootstrap, seed: int, measure: Measure | None = None
) -> Array:
    """Resample the score of a system: its documents, and, where it was trained with several seeds,
    its trainings, of which the score is the mean.

    runs (Sequence[Decisions]): The decisions of each training.
    bootstrap (Bootstrap): Resamples of the documents, the same for all systems.
    seed (int): Seed of the choice of trainings, which differs between systems.
    measure (Optional[Callable]): The score. By default the one to look at first for the task.
    RETURNS (NDArray[float64]): Shape (resamples,).
    """
    found = measure or measure_of(runs[0].kind)[2]
    scores = numpy.array([found(Counts.resampled(run, bootstrap)) for run in runs])
    chosen = numpy.random.default_rng(seed + 1).integers(
        0, len(runs), size=(len(runs), bootstrap.resamples)
    )
    return numpy.take_along_axis(scores, chosen, axis=0).mean(axis=0)


def difference(value: float, one: Array, other: Array) -> Difference:
    """Compare two systems by the paired bootstrap (Efron and Tibshirani 1993, chapter 16): on how
    many resamples of the same documents is one better?

    value (float): The difference of their scores.
    one (NDArray[float64]): Resampled scores of one. Shape (resamples,).
    other (NDArray[float64]): Those of the other, on the same resamples. Shape (resamples,).
    RETURNS (Difference): How much better the one is.
    """
    differences = one - other
    # With the data itself as one more resample, so that p is never 0 (Davison and Hinkley 1997).
    below, above = ((differences <= 0).sum() + 1), ((differences >= 0).sum() + 1)
    p = min(1.0, 2.0 * min(below, above) / (len(differences) + 1))
    return Difference(value, *interval(differences), float(p))
