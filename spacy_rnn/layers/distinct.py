"""Combinator that runs a layer on the distinct tokens of a batch."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy
from numpy.typing import NDArray
from spacy.attrs import LOWER, ORTH
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d, Ints1d, Ragged

from .tokens import Tokens, lexical_features

# An odd constant with well-mixed bits: 2^64 divided by the golden ratio (Knuth 1998, 6.4).
MULTIPLIER = numpy.uint64(0x9E3779B97F4A7C15)


def with_distinct(layer: Model[Tokens, Floats2d], attrs: Sequence[int]) -> Model[list[Doc], Ragged]:
    """Run a layer once for each distinct token of a batch of documents, and repeat its output
    wherever the token occurs. Gradients of all occurrences are summed.

    layer (Model[Tokens, Floats2d]): A function of single tokens.
    attrs (Sequence[int]): The lexical attributes that the layer looks at. It is also given ORTH,
        and what words are looked up by in the vectors table.
    RETURNS (Model[List[Doc], Ragged]): The layer over documents.
    """
    return Model(
        f"with_distinct({layer.name})",
        forward,
        init=init,
        attrs={"attrs": list(attrs)},
        dims={"nO": layer.maybe_get_dim("nO")},
        layers=[layer],
    )


def forward(
    model: Model[list[Doc], Ragged], docs: Sequence[Doc], is_train: bool
) -> tuple[Ragged, Callable[[Ragged], list[Doc]]]:
    groups = by_vocab(docs)
    if len(groups) > 1:
        return apart(model, docs, groups, is_train)
    ops, layer = model.ops, model.layers[0]
    lengths = ops.asarray1i([len(doc) for doc in docs])
    if not any(len(doc) for doc in docs):
        return Ragged(ops.alloc2f(0, model.get_dim("nO")), lengths), lambda dY: []
    tokens, inverse = distinct_tokens(docs, model.attrs["attrs"])
    Y, backprop_layer = layer(tokens, is_train)
    occurrences = ops.asarray1i(cast(Ints1d, inverse))

    def backprop(dY: Ragged) -> list[Doc]:
        d_distinct = ops.alloc2f(*Y.shape)
        ops.scatter_add(d_distinct, occurrences, cast(Floats2d, dY.dataXd))
        backprop_layer(d_distinct)
        return []

    return Ragged(Y[occurrences], lengths), backprop


def init(
    model: Model[list[Doc], Ragged], X: list[Doc] | None = None, Y: Ragged | None = None
) -> None:
    docs = [X[i] for i in by_vocab(X)[0]] if X else None
    model.layers[0].initialize(X=distinct_tokens(docs, model.attrs["attrs"])[0] if docs else None)


def by_vocab(docs: Sequence[Doc]) -> list[list[int]]:
    """RETURNS (List[List[int]]): Which documents share a vocab, with its strings and vectors."""
    groups: dict[int, list[int]] = {}
    for i, doc in enumerate(docs):
        groups.setdefault(id(doc.vocab), []).append(i)
    return list(groups.values())


def apart(
    model: Model[list[Doc], Ragged],
    docs: Sequence[Doc],
    groups: Sequence[Sequence[int]],
    is_train: bool,
) -> tuple[Ragged, Callable[[Ragged], list[Doc]]]:
    """Run the layer on groups of documents, each as if it were alone."""
    ops = model.ops
    lengths = [len(doc) for doc in docs]
    tokens = numpy.split(numpy.arange(sum(lengths)), numpy.cumsum(lengths)[:-1])
    Y: Any = ops.alloc2f(sum(lengths), model.get_dim("nO"))
    parts: list[tuple[Ints1d, Callable[[Ragged], list[Doc]], Ints1d]] = []
    for group in groups:
        rows = ops.asarray1i(cast(Ints1d, numpy.concatenate([tokens[i] for i in group])))
        found, backprop_part = forward(model, [docs[i] for i in group], is_train)
        Y[rows] = found.dataXd
        parts.append((rows, backprop_part, found.lengths))

    def backprop(dY: Ragged) -> list[Doc]:
        for rows, backprop_part, part in parts:
            backprop_part(Ragged(dY.dataXd[rows], part))
        return []

    return Ragged(Y, ops.asarray1i(lengths)), backprop


def distinct_tokens(docs: Sequence[Doc], attrs: Sequence[int]) -> tuple[Tokens, NDArray]:
    """RETURNS (Tuple[Tokens, NDArray]): The distinct tokens of documents, and which of them each
    token is.
    """
    vocab = docs[0].vocab
    keys = (getattr(vocab.vectors, "attr", ORTH), LOWER) if vocab.vectors_length else ()
    attrs = [*dict.fromkeys([*attrs, ORTH, *keys])]
    rows = lexical_features(docs, attrs)
    first, inverse = distinct_rows(rows)
    return Tokens(vocab, attrs, rows[first]), inverse


def distinct_rows(
    rows: NDArray[numpy.uint64],
) -> tuple[NDArray[numpy.intp], NDArray[numpy.intp]]:
    """Find the distinct rows of an array.

    rows (NDArray[uint64]): Shape (rows, columns).
    RETURNS (Tuple[NDArray, NDArray]): Where each distinct row occurs first, and which of them each
        row is, so that `rows[first][inverse]` equals `rows`.
    """
    # One sort of hashes is many times faster than a sort of rows.
    hashes = numpy.zeros(len(rows), dtype=numpy.uint64)
    for column in rows.T:
        hashes = (hashes ^ (hashes >> numpy.uint64(32)) ^ column) * MULTIPLIER
    _, first, inverse = numpy.unique(hashes, return_index=True, return_inverse=True)
    if not numpy.array_equal(rows[first][inverse], rows):
        _, first, inverse = numpy.unique(rows, axis=0, return_index=True, return_inverse=True)
    return first, inverse.reshape(-1)
