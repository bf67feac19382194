"""Sigmoid output for labels that do not exclude each other."""

from collections.abc import Callable

from thinc.api import Model
from thinc.types import Floats2d


def sigmoid_output() -> Model[Floats2d, Floats2d]:
    """Turn scores into probabilities, one label independent of the next.

    The counterpart of `thinc.api.Softmax`: the gradient that it takes, `probability - truth`, is
    that of the cross-entropy with respect to the scores and goes through as it is. A rare label
    thus learns as fast as it should, which squared error through a sigmoid prevents.

    RETURNS (Model[Floats2d, Floats2d]): The layer.
    """
    return Model("sigmoid_output", forward)


def forward(
    model: Model[Floats2d, Floats2d], X: Floats2d, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    return model.ops.sigmoid(X), lambda dY: dY
