"""Calibration of probabilities."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from .evidence import Fit, certainty, held_out_gains

GOLDEN_RATIO = (math.sqrt(5) - 1) / 2
MAX_TEMPERATURE = 8.0
# Temperatures to choose from where it is asked what the choice is worth.
CANDIDATES = 19
BINS = 10
Z = 1.959964  # the normal deviate of a 95 percent interval


class Reliability(NamedTuple):
    """How probabilities compare with the frequencies of what they promise, in bins of equal width
    from 0 to 1.

    counts (NDArray[int64]): Number of predictions. Shape (bins,).
    probabilities (NDArray[float64]): Their mean probability, 0 where there are none. Shape (bins,).
    frequencies (NDArray[float64]): The share that came true. Shape (bins,).
    error (float): The expected calibration error (Naeini et al. 2015): how far the two lie from
        each other, on average over predictions. From 0 to 1; 0 if there are no predictions.
    """

    counts: NDArray[Any]
    probabilities: NDArray[Any]
    frequencies: NDArray[Any]
    error: float

    @classmethod
    def of(cls, probabilities: NDArray[Any], outcomes: NDArray[Any]) -> "Reliability":
        """Compare probabilities with outcomes.

        probabilities (NDArray[float]): Shape (predictions,).
        outcomes (NDArray[bool]): Whether each prediction came true. Shape (predictions,).
        """
        which = (probabilities * BINS).astype("int64").clip(0, BINS - 1)
        counts = numpy.bincount(which, minlength=BINS)
        promised = numpy.bincount(which, weights=probabilities, minlength=BINS)
        true = numpy.bincount(which, weights=outcomes, minlength=BINS)
        error = float(numpy.abs(promised - true).sum() / max(counts.sum(), 1))
        sizes = counts.clip(min=1)
        return cls(counts, promised / sizes, true / sizes, error)

    def intervals(self) -> NDArray[Any]:
        """RETURNS (NDArray[float64]): The ends of the 95 percent interval of each frequency
        (Wilson 1927). Shape (bins, 2).
        """
        counts = self.counts.clip(min=1)
        middle = self.frequencies + Z**2 / (2 * counts)
        half = Z * numpy.sqrt(
            self.frequencies * (1 - self.frequencies) / counts + Z**2 / (4 * counts**2)
        )
        ends = numpy.stack([middle - half, middle + half], axis=1) / (1 + Z**2 / counts)[:, None]
        return ends.clip(0.0, 1.0)

    def to_json(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The fields and the intervals, as lists."""
        found = {
            name: value if name == "error" else value.tolist()
            for name, value in self._asdict().items()
        }
        return {**found, "intervals": self.intervals().tolist()}


def expected_calibration_error(probabilities: NDArray[Any], outcomes: NDArray[Any]) -> float:
    """RETURNS (float): The error that `Reliability` describes."""
    return Reliability.of(probabilities, outcomes).error


def cross_entropy(probabilities: NDArray[Any], outcomes: NDArray[Any]) -> NDArray[Any]:
    """RETURNS (NDArray[float]): Negative log-probability of each outcome. Shape (predictions,)."""
    chances = numpy.where(outcomes, probabilities, 1.0 - probabilities)
    return -numpy.log(chances.clip(1e-12))


def minimize(
    function: Callable[[float], float], low: float, high: float, tolerance: float = 1e-3
) -> float:
    """Find the minimum of a function that falls and then rises (golden-section search, Kiefer
    1953).

    function (Callable[[float], float]): The function.
    low (float): Where to begin.
    high (float): Where to end.
    tolerance (float): How far the result may be from the minimum.
    RETURNS (float): Where the minimum is.
    """
    left, right = high - GOLDEN_RATIO * (high - low), low + GOLDEN_RATIO * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > tolerance:
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN_RATIO * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN_RATIO * (high - low)
            at_right = function(right)
    return (low + high) / 2


def temper(probabilities: NDArray[Any], temperature: float) -> NDArray[Any]:
    """Divide the scores that a softmax turned into probabilities by a temperature (Guo et al.
    2017).

    probabilities (NDArray[float]): Shape (..., answers).
    temperature (float): Above 1 for less extreme probabilities.
    RETURNS (NDArray[float]): Shape (..., answers).
    """
    powers = probabilities ** (1.0 / temperature)
    return powers / powers.sum(axis=-1, keepdims=True)


def fit_temperature(losses: Callable[[float], NDArray[Any]], documents: NDArray[Any]) -> Fit:
    """Find the temperature with the least loss, from 1/8 to 8, and what it gains.

    losses (Callable[[float], NDArray[float]]): The cross-entropy of each answer under a
        temperature. Shape (answers,).
    documents (NDArray[int64]): Index of the document that each answer is in. Shape (answers,).
    RETURNS (Fit): The "temperature", and by how much the mean log-probability of the truth is
        higher with it.
    """
    limit = math.log(MAX_TEMPERATURE)
    best = minimize(lambda log: float(losses(math.exp(log)).sum()), -limit, limit)
    candidates = [0.0, *numpy.linspace(-limit, limit, CANDIDATES).tolist()]
    counts = numpy.stack(
        [
            numpy.bincount(documents, weights=weights)
            for log in candidates
            for weights in (losses(math.exp(log)), None)
        ],
        axis=-1,
    ).reshape(-1, len(candidates), 2)
    counts = counts[counts[:, 0, 1] > 0]
    return Fit.of({"temperature": round(math.exp(best), 4)}, held_out_gains(counts, certainty))
