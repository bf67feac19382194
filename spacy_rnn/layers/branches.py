"""Branches of a model that are trained apart and predict together."""

from collections.abc import Callable, Sequence
from typing import cast

import numpy
from thinc.api import Model
from thinc.types import Floats2d


def one_branch(widths: Sequence[int]) -> Model[Floats2d, Floats2d]:
    """In training, keep one part of each vector, drawn at random, and drop the others.

    Of several branches under one output layer, the one that learns fastest leaves the others
    little to learn. Dropped like this, as in Neverova et al. 2016, each learns to do without the
    others, and the scores of a prediction are the mean of what they would give alone. Being
    dropout, it is off where spaCy's dropout is 0.

    widths (Sequence[int]): The width of each branch's part.
    RETURNS (Model[Floats2d, Floats2d]): The layer.
    """
    return Model("one_branch", forward, attrs={"widths": list(widths), "dropout_rate": 0.0})


def forward(
    model: Model[Floats2d, Floats2d], X: Floats2d, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Floats2d]]:
    if not (is_train and model.attrs["dropout_rate"]):
        return X, lambda dY: dY
    widths = model.attrs["widths"]
    kept = numpy.random.randint(len(widths), size=len(X))
    scale = numpy.repeat(numpy.eye(len(widths))[kept] * len(widths), widths, axis=1)
    mask = model.ops.asarray2f(cast(Floats2d, scale))
    return X * mask, lambda dY: dY * mask
