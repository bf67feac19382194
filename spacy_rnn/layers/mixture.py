"""Layer that makes one vector of several features."""

from collections.abc import Callable, Sequence

from thinc.api import Model
from thinc.types import Floats2d

from ..modules.embedding import Mixture
from .shim import TorchShim, init_shim, torch_shim


def mixture(widths: Sequence[int], width: int) -> Model[Floats2d, Floats2d]:
    """Make one vector of a token's features. spaCy's dropout drops features as a whole.

    widths (Sequence[int]): Widths of the features, which stand side by side.
    width (int): Width of the output vectors.
    RETURNS (Model[Floats2d, Floats2d]): The layer, with the weights in a shim.
    """
    return Model(
        "mixture",
        forward,
        init=init_shim,
        attrs={"dropout_rate": 0.0},
        dims={"nI": sum(widths), "nO": width},
        shims=[TorchShim(Mixture(widths, width))],
    )


def forward(
    model: Model[Floats2d, Floats2d], X: Floats2d, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    return torch_shim(model)(X, is_train, dropout=model.attrs["dropout_rate"] if is_train else 0.0)
