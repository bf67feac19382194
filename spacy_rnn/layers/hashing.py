"""Embedding of tokens by lexical attributes."""

from collections.abc import Callable, Sequence
from typing import cast

import numpy
import torch
from numpy.typing import NDArray
from thinc.api import Model, NumpyOps
from thinc.types import Floats2d

from ..modules.hashing import HashEmbedding
from .shim import TorchShim, init_shim, torch_shim
from .tokens import Tokens

OPS = NumpyOps()
SEED = 8


def hash_embedding(
    width: int, attrs: Sequence[int], rows: Sequence[int], learn_unknown: bool = False
) -> Model[Tokens, Floats2d]:
    """Embed tokens by lexical attributes, the vectors of which stand side by side.

    width (int): Width of the vector of each attribute.
    attrs (Sequence[int]): The attributes.
    rows (Sequence[int]): Number of rows for each attribute.
    learn_unknown (bool): Whether values that training never saw share a vector, which rare ones
        teach.
    RETURNS (Model[Tokens, Floats2d]): The layer, with the tables in a shim.
    """
    return Model(
        "hash_embedding",
        forward,
        init=init_shim,
        attrs={"attrs": list(attrs)},
        dims={"nO": width * len(rows)},
        shims=[TorchShim(HashEmbedding(rows, width, learn_unknown))],
    )


def forward(
    model: Model[Tokens, Floats2d], tokens: Tokens, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], list]]:
    shim = torch_shim(model)
    hashes = hash_values(model.attrs["attrs"], tokens)
    Y, collect_gradients = shim(hashes, is_train, pass_rare=is_train)

    def backprop(dY: Floats2d) -> list:
        collect_gradients(dY)
        cast(HashEmbedding, shim._model).count(torch.from_numpy(hashes).to(shim.device))
        return []

    return Y, backprop


def hash_values(attrs: Sequence[int], tokens: Tokens) -> NDArray[numpy.int64]:
    """RETURNS (NDArray[int64]): Hashes of the attributes. Shape (tokens, attributes, 4)."""
    hashes = [OPS.hash(tokens.column(attr), SEED + i) for i, attr in enumerate(attrs)]
    return numpy.stack(hashes, axis=1).astype("int64")
