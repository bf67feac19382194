"""Pooling layer: one vector for each sequence of a ragged batch."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from thinc.api import Model
from thinc.types import ArrayXd, Floats2d, Ragged
from thinc.util import xp2torch

from ..modules.pooling import Pool, Pooling
from .shim import TorchShim, init_shim, no_backprop, torch_shim


def pooling(
    width: int, pools: Sequence[Pool], *, bidirectional: bool = True, heads: int = 1
) -> Model[Ragged, Floats2d]:
    """Pool the tokens of each sequence in one or several ways, side by side.

    width (int): Width of the tokens' vectors.
    pools (Sequence[str]): Any of "attention", "max", "mean" and "last".
    bidirectional (bool): Whether the second half of a vector was read backward.
    heads (int): Number of attention heads.
    RETURNS (Model[Ragged, Floats2d]): The layer, with the module in a shim.
    RAISES (ValueError): See `Pooling`.
    """
    return Model(
        "pooling",
        forward,
        init=init_shim,
        dims={"nI": width, "nO": width * len(pools)},
        shims=[TorchShim(Pooling(width, pools, bidirectional, heads))],
    )


def forward(
    model: Model[Ragged, Floats2d], X: Ragged, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Ragged]]:
    shim = torch_shim(model)
    if not is_train and shim.device.type == "cpu" and len(X.lengths) == 1 and len(X.dataXd):
        return cast(Any, shim.module).alone(X.dataXd), no_backprop
    lengths = xp2torch(X.lengths, device=shim.device).to(torch.int64)
    tokens: ArrayXd = X.dataXd if len(lengths) else model.ops.alloc2f(0, model.get_dim("nI"))
    Y, get_dX = shim(tokens, is_train, lengths=lengths)

    def backprop(dY: Floats2d) -> Ragged:
        return Ragged(get_dX(dY), X.lengths)

    return Y, backprop
