"""Probabilities of labels."""

from collections.abc import Callable

from thinc.api import Model
from thinc.types import Floats2d


def probabilities(exclusive: bool) -> Model[Floats2d, Floats2d]:
    """Turn scores into probabilities: by a softmax, or label by label by a sigmoid.

    The gradient that it takes, `probability - truth`, is that of the cross-entropy with respect to
    the scores and goes through as it is. A rare label thus learns as fast as it should, which
    squared error through a sigmoid prevents.

    exclusive (bool): Whether exactly one of the labels is right.
    RETURNS (Model[Floats2d, Floats2d]): The layer.
    """
    return Model("probabilities", forward, attrs={"exclusive": exclusive})


def forward(
    model: Model[Floats2d, Floats2d], X: Floats2d, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    turn = model.ops.softmax if model.attrs["exclusive"] else model.ops.sigmoid
    return turn(X), lambda dY: dY
