"""Branches of a model that are trained apart and predict together."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model, concatenate
from thinc.types import Floats2d

Branch = Model[list[Doc], Floats2d]


def branches(layers: Sequence[Branch], shares: Sequence[float]) -> Branch:
    """Run layers side by side; in training, each on a part of the documents, drawn at random, and
    zeros for the others.

    Of several branches under one output layer, the one that learns fastest leaves the others
    little to learn. Kept apart like this, as in Neverova et al. 2016, each learns to do without the
    others, and the scores of a prediction are the weighted mean of what they would give alone. It
    is a dropout, and off where spaCy's dropout is 0.

    layers (Sequence[Model[List[Doc], Floats2d]]): Two or more layers, which know their width.
    shares (Sequence[float]): The weights of their scores, which sum to 1.
    RETURNS (Model[List[Doc], Floats2d]): The combined layer.
    """
    widths = [layer.get_dim("nO") for layer in layers]
    factors = [len(layers) * share for share in shares]
    return Model(
        "branches",
        forward,
        init=init,
        attrs={"dropout_rate": 0.0, "factors": numpy.repeat(factors, widths).tolist()},
        dims={"nO": sum(widths)},
        layers=[concatenate(*layers)],
    )


def forward(
    model: Branch, docs: list[Doc], is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], list[Doc]]]:
    together: Model[Any, Any] = model.layers[0]
    if not (is_train and model.attrs["dropout_rate"]):
        return weigh(together, docs, is_train, model.ops.asarray1f(model.attrs["factors"]))
    layers = together.layers
    drawn = numpy.random.randint(len(layers), size=len(docs))
    Y: Any = model.ops.alloc2f(len(docs), model.get_dim("nO"))
    parts: list[tuple[Any, slice, Callable[[Any], Any]]] = []
    start = 0
    for i, layer in enumerate(layers):
        end = start + layer.get_dim("nO")
        rows = numpy.flatnonzero(drawn == i)
        Y[rows, start:end], backprop_part = train_on(layer, docs, rows)
        parts.append((rows, slice(start, end), backprop_part))
        start = end

    def backprop(dY: Any) -> list[Doc]:
        for rows, columns, backprop_part in parts:
            backprop_part(dY[rows, columns] * len(parts))
        return []

    return Y * len(layers), backprop


def weigh(
    together: Model[Any, Any], docs: Sequence[Doc], is_train: bool, factors: Any
) -> tuple[Any, Callable[[Any], list[Doc]]]:
    """Run all layers on all documents, their vectors times how much they count."""
    Y, backprop_layers = together(docs, is_train)

    def backprop(dY: Any) -> list[Doc]:
        backprop_layers(dY * factors)
        return []

    return Y * factors, backprop


def train_on(layer: Branch, docs: Sequence[Doc], rows: NDArray) -> tuple[Any, Callable[[Any], Any]]:
    """Run a layer on some of the documents of a batch.

    RETURNS (Tuple[Floats2d, Callable]): The vectors of these documents, and the callback.
    """
    if not any(isinstance(node, Tok2VecListener) for node in layer.walk()):
        if not len(rows):  # not every layer can go back from no documents
            return layer.ops.alloc2f(0, layer.get_dim("nO")), lambda d_rows: []
        return layer([docs[row] for row in rows], True)
    # A listener has what another component computed for the whole batch.
    Y: Any
    Y, backprop_layer = layer(list(docs), True)

    def backprop(d_rows: Any) -> list[Doc]:
        dY: Any = layer.ops.alloc2f(*Y.shape)
        dY[rows] = d_rows
        return backprop_layer(dY)

    return Y[rows], backprop


def init(model: Branch, X: list[Doc] | None = None, Y: Floats2d | None = None) -> None:
    model.layers[0].initialize(X=X)
