"""Layers that embed tokens by one thing that is known of them."""

from collections.abc import Callable
from typing import Any

from thinc.api import Model
from thinc.types import Floats2d
from torch import nn

from .shim import TorchShim, init_shim, torch_shim
from .tokens import Tokens

# What a module is given for tokens: an array, and further arguments by name.
Inputs = Callable[[Tokens], tuple[Any, dict[str, Any]]]


def feature(name: str, module: nn.Module, width: int, inputs: Inputs) -> Model[Tokens, Floats2d]:
    """Embed tokens with a module.

    name (str): The layer's name.
    module (nn.Module): The module.
    width (int): Width of its output.
    inputs (Callable): Takes tokens and returns what the module is given for them.
    RETURNS (Model[Tokens, Floats2d]): The layer, with the module in a shim.
    """
    return Model(
        name,
        forward,
        init=init_shim,
        attrs={"inputs": inputs},  # a function is not stored
        dims={"nO": width},
        shims=[TorchShim(module)],
    )


def forward(
    model: Model[Tokens, Floats2d], tokens: Tokens, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], list]]:
    X, options = model.attrs["inputs"](tokens)
    Y, collect_gradients = torch_shim(model)(X, is_train, **options)

    def backprop(dY: Floats2d) -> list:
        collect_gradients(dY)
        return []

    return Y, backprop
