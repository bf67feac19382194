"""Long sequences as sequences of windows."""

from collections.abc import Callable

import numpy
from numpy.typing import NDArray
from thinc.api import Model
from thinc.types import Floats2d, Ragged


def with_windows(layer: Model[Ragged, Floats2d], size: int) -> Model[Ragged, Ragged]:
    """Apply a pooling layer to windows of each sequence, one after the other: what comes out is a
    sequence of windows.

    layer (Model[Ragged, Floats2d]): The layer.
    size (int): The most tokens in a window.
    RETURNS (Model[Ragged, Ragged]): The wrapped layer.
    """
    return Model(
        f"with_windows({layer.name})",
        forward,
        init=init,
        attrs={"size": size},
        dims={"nO": layer.get_dim("nO")},
        layers=[layer],
    )


def forward(
    model: Model[Ragged, Ragged], X: Ragged, is_train: bool
) -> tuple[Ragged, Callable[[Ragged], Ragged]]:
    sizes, counts = window_lengths(model.ops.to_numpy(X.lengths), model.attrs["size"])
    windows = Ragged(X.dataXd, model.ops.asarray1i(sizes.tolist()))
    Y, get_dX = model.layers[0](windows, is_train)

    def backprop(dY: Ragged) -> Ragged:
        return Ragged(get_dX(dY.dataXd).dataXd, X.lengths)

    return Ragged(Y, model.ops.asarray1i(counts.tolist())), backprop


def init(model: Model[Ragged, Ragged], X: Ragged | None = None, Y: Ragged | None = None) -> None:
    model.layers[0].initialize()


def window_lengths(lengths: NDArray, size: int) -> tuple[NDArray, NDArray]:
    """Cut sequences into windows, all but the last of a sequence of the full size.

    lengths (NDArray): Tokens of each sequence. Shape (sequences,).
    size (int): The most tokens in a window.
    RETURNS (Tuple[NDArray, NDArray]): Tokens of each window, shape (windows,); and windows of each
        sequence, shape (sequences,).
    """
    counts = -(-lengths // size)
    sizes = numpy.full(counts.sum(), size)
    last = counts.cumsum()[counts > 0] - 1
    sizes[last] -= (counts * size - lengths)[counts > 0]
    return sizes, counts
