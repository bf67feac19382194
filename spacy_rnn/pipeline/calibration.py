"""Calibration of probabilities."""

import math
from collections.abc import Callable
from typing import Any

import numpy
from numpy.typing import NDArray

GOLDEN_RATIO = (math.sqrt(5) - 1) / 2
MAX_TEMPERATURE = 8.0


def expected_calibration_error(
    probabilities: NDArray[Any], outcomes: NDArray[Any], bins: int = 10
) -> float:
    """Find how far probabilities lie from the frequencies of what they promise, on average
    (Naeini et al. 2015).

    probabilities (NDArray[float]): Shape (predictions,).
    outcomes (NDArray[bool]): Whether each prediction came true. Shape (predictions,).
    bins (int): Number of equal intervals in which probabilities are compared with frequencies.
    RETURNS (float): From 0 to 1; 0 if there are no predictions.
    """
    if not len(probabilities):
        return 0.0
    which = (probabilities * bins).astype("int64").clip(0, bins - 1)
    gaps = numpy.bincount(which, weights=probabilities - outcomes)
    return float(numpy.abs(gaps).sum() / len(probabilities))


def cross_entropy(probabilities: NDArray[Any], outcomes: NDArray[Any]) -> float:
    """RETURNS (float): Summed negative log-probability of the outcomes."""
    chances = numpy.where(outcomes, probabilities, 1.0 - probabilities)
    return float(-numpy.log(chances.clip(1e-12)).sum())


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


def fit_temperature(loss: Callable[[float], float]) -> float:
    """Find the temperature with the least loss.

    loss (Callable[[float], float]): The loss under a temperature.
    RETURNS (float): The temperature, from 1/8 to 8.
    """
    limit = math.log(MAX_TEMPERATURE)
    return round(math.exp(minimize(lambda log: loss(math.exp(log)), -limit, limit)), 4)
