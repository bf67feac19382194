"""What the `cfg` of a component may hold."""

import math
from collections.abc import Callable, Collection
from numbers import Real
from typing import Any, NamedTuple

from ..errors import UserError


class Setting(NamedTuple):
    """A kind of values.

    holds (Callable[[Any, Collection[str]], bool]): Whether it has a value, given the names that
        thresholds and weights may be of.
    expected (str): What it is, in words.
    """

    holds: Callable[[Any, Collection[str]], bool]
    expected: str


def is_number(value: Any, low: float = -math.inf) -> bool:
    return (
        isinstance(value, Real) and not isinstance(value, bool) and low <= float(value) < math.inf
    )


def are_labels(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(label, str) for label in value)
        and len(set(value)) == len(value)
    )


def are_numbers(value: Any, names: Collection[str]) -> bool:
    return (
        isinstance(value, dict)
        and all(is_number(number) for number in value.values())
        and set(value) <= set(names)
    )


NUMBERS = "numbers by label, of labels that there are"
SETTINGS = {
    "labels": Setting(lambda value, _: are_labels(value), "a list of distinct strings"),
    "temperature": Setting(
        lambda value, _: is_number(value, 0.0) and value > 0.0, "a finite number above 0"
    ),
    "thresholds": Setting(are_numbers, NUMBERS),
    "class_weights": Setting(are_numbers, NUMBERS),
    "threshold": Setting(lambda value, _: is_number(value, 0.0), "a finite number from 0"),
    "label_smoothing": Setting(lambda value, _: is_number(value, 0.0), "a finite number from 0"),
    "overwrite": Setting(lambda value, _: isinstance(value, bool), "true or false"),
    "neg_prefix": Setting(lambda value, _: isinstance(value, str), "a string"),
    "positive_label": Setting(
        lambda value, names: value is None or value in names, "a label that there is, or null"
    ),
}


def require_settings(cfg: dict[str, Any], names: Collection[str]) -> None:
    """Check the settings of a component.

    cfg (Dict[str, Any]): The settings.
    names (Collection[str]): What thresholds and weights may be of.
    RAISES (ValueError): If one has a value that it cannot have.
    """
    for name, value in cfg.items():
        setting = SETTINGS.get(name)
        if setting is not None and not setting.holds(value, names):
            raise UserError(f"for {name}, got {value!r}, expected {setting.expected}")
