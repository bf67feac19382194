"""Ensembles whose members, called branches, learn apart and predict together."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

Scorer = Model[list[Doc], Floats2d]


def ensemble(layers: Sequence[Scorer], shares: Sequence[float]) -> Scorer:
    """Score documents by several layers, side by side; in training, each document by one of them,
    drawn at random.

    Of several branches that learn from one loss, the one that learns fastest leaves the others
    little to learn. Kept apart like this, as in Neverova et al. 2016, each learns to do without the
    others, and the scores of a prediction are the weighted mean of what they give alone. It is a
    dropout, and off where spaCy's dropout is 0. A layer with a node whose attribute "solved" is set
    learns nothing more, and leaves all documents to the others.

    layers (Sequence[Model[List[Doc], Floats2d]]): Two or more layers that score labels.
    shares (Sequence[float]): The weights of their scores, which sum to 1.
    RETURNS (Model[List[Doc], Floats2d]): The combined layer. Its attribute "shares" has the shares.
    """
    return Model(
        "ensemble",
        forward,
        init=init,
        attrs={"dropout_rate": 0.0, "shares": list(shares)},
        dims={"nO": None},
        layers=[*layers],
    )


def forward(
    model: Scorer, docs: list[Doc], is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], list[Doc]]]:
    learning = [layer for layer in model.layers if not is_solved(layer)] if is_train else []
    if learning and model.attrs["dropout_rate"]:
        return draw(model, learning, docs)
    parts: list[Any] = []
    callbacks = []
    for share, layer in zip(model.attrs["shares"], model.layers, strict=True):
        learns = layer in learning
        scores, backprop_layer = layer(docs, learns)
        parts.append(share * scores)
        if learns:
            callbacks.append((share, backprop_layer))

    def backprop(dY: Any) -> list[Doc]:
        for share, backprop_layer in callbacks:
            backprop_layer(share * dY)
        return []

    return sum(parts[1:], start=parts[0]), backprop


def is_solved(layer: Model[Any, Any]) -> bool:
    return any(node.attrs.get("solved", False) for node in layer.walk())


def draw(
    model: Scorer, layers: Sequence[Scorer], docs: list[Doc]
) -> tuple[Floats2d, Callable[[Floats2d], list[Doc]]]:
    """Run each of the layers on a part of the documents."""
    drawn = numpy.random.randint(len(layers), size=len(docs))
    Y: Any = model.ops.alloc2f(len(docs), model.get_dim("nO"))
    parts: list[tuple[Any, Callable[[Any], Any]]] = []
    for i, layer in enumerate(layers):
        rows = numpy.flatnonzero(drawn == i)
        Y[rows], backprop_part = train_on(layer, docs, rows)
        parts.append((rows, backprop_part))

    def backprop(dY: Any) -> list[Doc]:
        for rows, backprop_part in parts:
            backprop_part(dY[rows])
        return []

    return Y, backprop


def train_on(layer: Scorer, docs: Sequence[Doc], rows: NDArray) -> tuple[Any, Callable[[Any], Any]]:
    """Run a layer on some of the documents of a batch.

    RETURNS (Tuple[Floats2d, Callable]): The scores of these documents, and the callback.
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


def init(model: Scorer, X: list[Doc] | None = None, Y: Floats2d | None = None) -> None:
    for layer in model.layers:
        layer.initialize(X=X, Y=Y)
    model.set_dim("nO", model.layers[0].get_dim("nO"))
