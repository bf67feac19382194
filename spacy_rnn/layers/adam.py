"""Thinc's Adam for all weights of a module at once, on CPU."""

from collections.abc import Sequence
from typing import Any

import numpy
import torch
from thinc.api import Optimizer
from torch import Tensor, nn
from torch.optim.adam import adam

Key = tuple[int, str]


def is_adam(optimizer: Any) -> bool:
    """RETURNS (bool): Whether an optimizer is Thinc's, set to Adam, and its settings all of those
    that `adam_step` knows.
    """
    return type(optimizer) is Optimizer and not optimizer.use_radam and optimizer.b1 > 0.0


@torch.no_grad()
def adam_step(optimizer: Optimizer, keys: Sequence[Key], weights: Sequence[nn.Parameter]) -> None:
    """Update weights by their gradients, as a call of the optimizer with each of them does: with
    its settings, moments, averages and counts, equal up to rounding.

    Thinc's own step goes through a table of weights ten times, torch's fused one a few, which small
    batches gain most by.

    optimizer (Optimizer): See `is_adam`.
    keys (Sequence[Tuple[int, str]]): What the optimizer knows the weights by.
    weights (Sequence[Parameter]): The weights, all with gradients, on CPU.
    """
    by_count: dict[int, list[tuple[Key, nn.Parameter]]] = {}
    for key, weight in zip(keys, weights, strict=True):
        optimizer.nr_update[key] += 1
        by_count.setdefault(optimizer.nr_update[key], []).append((key, weight))
    for count, group in by_count.items():
        _step(optimizer, count, *map(list, zip(*group, strict=True)))


def _step(
    optimizer: Optimizer, count: int, keys: list[Key], parameters: list[nn.Parameter]
) -> None:
    weights: list[Tensor] = [weight.data for weight in parameters]
    gradients = [weight.grad for weight in parameters if weight.grad is not None]
    rate, decay = float(optimizer.learn_rate), float(optimizer.L2)
    if decay and not optimizer.L2_is_weight_decay:
        torch._foreach_add_(gradients, weights, alpha=decay)
    if optimizer.grad_clip:
        for gradient, norm in zip(gradients, torch._foreach_norm(gradients), strict=True):
            if norm >= optimizer.grad_clip:
                gradient.mul_(float(optimizer.grad_clip) / norm)
    adam(
        weights,
        gradients,
        exp_avgs=_state(optimizer.mom1, keys, weights, flat=True),
        exp_avg_sqs=_state(optimizer.mom2, keys, weights, flat=True),
        max_exp_avg_sqs=[],
        # It counts on by one.
        state_steps=[torch.tensor(float(count - 1)) for _ in weights],
        fused=True,
        amsgrad=False,
        beta1=optimizer.b1,
        beta2=optimizer.b2,
        lr=rate,
        weight_decay=0.0,
        # Thinc adds it to the root of a moment that is not yet corrected.
        eps=optimizer.eps / (1.0 - optimizer.b2**count) ** 0.5,
        maximize=False,
    )
    if decay and optimizer.L2_is_weight_decay:
        torch._foreach_mul_(weights, 1.0 - rate * decay)
    if optimizer.averages is not None:
        averages = _state(optimizer.averages, keys, weights)
        torch._foreach_lerp_(averages, weights, 1.0 - min((1.0 + count) / (10.0 + count), 0.9999))


def _state(table: Any, keys: list[Key], weights: list[Tensor], flat: bool = False) -> list[Tensor]:
    """RETURNS (List[Tensor]): The optimizer's arrays for weights, themselves, not copies."""
    for key, weight in zip(keys, weights, strict=True):
        if key not in table:
            shape = weight.numel() if flat else tuple(weight.shape)
            table[key] = numpy.zeros(shape, dtype="float32")
    return [torch.from_numpy(table[k]).view(w.shape) for k, w in zip(keys, weights, strict=True)]
