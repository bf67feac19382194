"""Losses over questions whose answers exclude each other.

That is what labels come down to: of exclusive labels, each document has to answer the one question
which of them it has; of others, it has to answer for each whether it has it, with a yes or a no.
"""

import math
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import numpy
from numpy.typing import NDArray
from spacy.training import Example
from thinc.api import get_array_module

from ..errors import UserError

Array = NDArray[Any]

# Where a document's weight is in `user_data`.
SAMPLE_WEIGHT = "sample_weight"


def focal_loss(probabilities: Array, truth: Array, gamma: float) -> tuple[float, Array]:
    """Find the focal loss (Lin et al. 2017), which is the cross-entropy if `gamma` is 0.

    probabilities (NDArray[float]): Probabilities of the answers to each question. Shape (...,
        answers).
    truth (NDArray[float]): The weight of each answer's truth: all zeros where nothing is known.
        Shape (..., answers).
    gamma (float): How much less an answer counts that is already probable.
    RETURNS (Tuple[float, NDArray[float]]): The summed loss, and its gradient with respect to the
        scores that a softmax over the answers, or the sigmoid of two, turned into probabilities.
    """
    wrong = (1.0 - probabilities).clip(1e-20)
    logs = get_array_module(probabilities).log(probabilities.clip(1e-20))
    focus = truth * wrong**gamma
    pull = focus * (1.0 - gamma * probabilities * logs / wrong)
    gradient = probabilities * pull.sum(axis=-1, keepdims=True) - pull
    return 0.0 - float((focus * logs).sum()), gradient


def smooth(truth: Array, smoothing: float) -> Array:
    """Spread a share of the truth evenly over the other answers (Szegedy et al. 2016).

    truth (NDArray[float]): 1 for the right answers. Shape (..., answers).
    smoothing (float): The share.
    RETURNS (NDArray[float]): Shape (..., answers).
    """
    others = truth.sum(axis=-1, keepdims=True) - truth
    return (1.0 - smoothing) * truth + smoothing / max(truth.shape[-1] - 1, 1) * others


def signed_truth(gold: Array, weights: Array, exclusive: bool) -> Array:
    """Find what is known of labels, as a number each.

    gold (NDArray[float]): The probability that documents have labels, 1 or 0 where that is certain,
        and NaN for what is not known. Shape (documents, labels).
    weights (NDArray[float]): How much labels count. Shape (labels,).
    exclusive (bool): Whether a document has exactly one label: one without tells nothing, and any
        other counts as much as its label.
    RETURNS (NDArray[float]): How much it counts that a document has a label, negated where it has
        not. Shape (documents, labels).
    """
    signs = numpy.nan_to_num(2.0 * gold - 1.0)
    if exclusive:
        return signs * (numpy.nan_to_num(gold) @ weights)[:, None]
    return signs * numpy.where(signs > 0, weights, 1.0)


def sample_weights(examples: Iterable[Example]) -> Array:
    """RETURNS (NDArray[float]): How much each example counts, as its reference says in
    `user_data["sample_weight"]`; 1 by default, 0 for an empty document. Shape (examples,).
    RAISES (ValueError): If a weight is negative or not a number.
    """
    weights = [example.reference.user_data.get(SAMPLE_WEIGHT, 1.0) for example in examples]
    for weight in weights:
        require_weight(weight, f'user_data["{SAMPLE_WEIGHT}"]')
    return numpy.array(weights) * [len(example.predicted) > 0 for example in examples]


def require_weight(weight: Any, where: str) -> None:
    """RAISES (ValueError): If a weight is negative or not a number."""
    if not isinstance(weight, Real) or not 0.0 <= float(weight) < math.inf:
        raise UserError(
            f"Invalid weight in {where}: got {weight!r}, expected a finite number from 0. Leave it "
            "out for a weight of 1."
        )


def require_probabilities(cats: Mapping[str, float], values: Iterable[float]) -> None:
    """Make sure that labels are known, or as probable as a teacher finds them.

    cats (Mapping[str, float]): All labels of a document.
    values (Iterable[float]): The values of those that count.
    RAISES (ValueError): If a value is no probability.
    """
    for value in values:
        if not 0.0 <= value <= 1.0:
            raise UserError(
                f"Invalid value in cats: got {value!r} ({dict(cats)}), expected 1 for a label that "
                "the document has, 0 for one that it has not, or a probability from 0 to 1."
            )


def require_loss_settings(
    class_weights: Mapping[str, float] | str | None, label_smoothing: float, focal_gamma: float
) -> None:
    """RAISES (ValueError): If a setting is out of range."""
    if isinstance(class_weights, Mapping):
        for label, weight in class_weights.items():
            require_weight(weight, f"class_weights, for label {label!r}")
    if not 0.0 <= label_smoothing < 1.0:
        raise UserError(
            f"Invalid label_smoothing: got {label_smoothing}, expected a share from 0 and below 1."
        )
    if not 0.0 <= focal_gamma < math.inf:
        raise UserError(
            f"Invalid focal_gamma: got {focal_gamma}, expected a number from 0, which leaves the "
            "cross-entropy as it is."
        )
