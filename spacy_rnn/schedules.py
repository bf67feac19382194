"""Schedules of the learning rate, registered as `spacy-rnn.*` in pyproject.toml."""

from collections.abc import Iterator
from itertools import count

from .errors import UserError


def warmup_linear(initial_rate: float, warmup_steps: int, total_steps: int) -> Iterator[float]:
    """Rise to a rate, and fall from there to 0, both linearly: `spacy-rnn.warmup_linear.v1`.

    Unlike `warmup_linear.v1` of Thinc, the first step already has a part of the rate, so that no
    step is without effect.

    initial_rate (float): The highest rate. Recommended values are between 0.001 and 0.005.
    warmup_steps (int): The step that has it. Recommended values are a tenth of all.
    total_steps (int): The last step that has a rate above 0.
    YIELDS (float): The rate of each step.
    RAISES (ValueError): If `warmup_steps` is below 0 or `total_steps` below 1.
    """
    if warmup_steps < 0 or total_steps < 1:
        raise UserError(
            f"Invalid schedule: got warmup_steps = {warmup_steps} and total_steps = {total_steps}, "
            "expected 0 or more, and 1 or more."
        )
    return _warmup_linear(initial_rate, warmup_steps, total_steps)


def _warmup_linear(initial_rate: float, warmup_steps: int, total_steps: int) -> Iterator[float]:
    for step in count(1):
        if step <= warmup_steps:
            yield initial_rate * step / warmup_steps
        else:
            left = max(0, total_steps + 1 - step)
            yield initial_rate * left / max(1, total_steps - warmup_steps)
