"""Embedding of documents by lexical features."""

from collections.abc import Callable, Sequence

import numpy
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.vectors import Mode
from thinc.api import Model, NumpyOps
from thinc.types import Ragged
from thinc.util import to_numpy

from ..modules.embedding import HashEmbedding
from .distinct import distinct_rows
from .shim import TorchShim, torch_shim

OPS = NumpyOps()
SEED = 8


def hash_embedding(
    width: int,
    attrs: Sequence[str],
    rows: Sequence[int],
    *,
    include_static_vectors: bool = False,
) -> Model[list[Doc], Ragged]:
    """Embed the tokens of a batch of documents, each distinct token once.

    width (int): Width of the output vectors.
    attrs (Sequence[str]): Lexical attributes to embed, such as "NORM" or "SUFFIX".
    rows (Sequence[int]): Number of rows in each attribute's table.
    include_static_vectors (bool): Whether to also use the vectors table of the vocab.
    RETURNS (Model[List[Doc], Ragged]): The layer, with the tables in a shim.
    RAISES (ValueError): If `attrs` and `rows` differ in length, or static vectors are asked for
        where the vocab has none.
    """
    if len(attrs) != len(rows):
        raise ValueError(
            f"Every attribute needs a table: got {len(attrs)} attrs ({', '.join(attrs)}) and "
            f"{len(rows)} rows ({', '.join(map(str, rows))}), expected as many of each."
        )
    return Model(
        "hash_embedding",
        forward,
        init=init,
        attrs={
            "attrs": list(attrs),
            "rows": list(rows),
            "include_static_vectors": include_static_vectors,
            "dropout_rate": 0.0,
        },
        dims={"nO": width},
        shims=[TorchShim(HashEmbedding(width, rows, include_static_vectors))],
    )


def forward(
    model: Model[list[Doc], Ragged], docs: Sequence[Doc], is_train: bool
) -> tuple[Ragged, Callable[[Ragged], list[Doc]]]:
    shim, static = torch_shim(model), model.attrs["include_static_vectors"]
    features = lexical_features(docs, [*model.attrs["attrs"], *(["ORTH"] if static else [])])
    first, inverse = distinct_rows(features)
    tokens = features[first]
    Y, collect_gradients = shim(
        hash_keys(tokens, model.attrs["rows"]),
        is_train,
        inverse=torch.from_numpy(inverse).to(shim.device),
        vectors=static_vectors(docs, tokens[:, -1]).to(shim.device) if static else None,
        dropout=model.attrs["dropout_rate"] if is_train else 0.0,
    )

    def backprop(dY: Ragged) -> list[Doc]:
        collect_gradients(dY.dataXd)
        return []

    return Ragged(Y, model.ops.asarray1i([len(doc) for doc in docs])), backprop


def init(
    model: Model[list[Doc], Ragged], X: list[Doc] | None = None, Y: Ragged | None = None
) -> None:
    if X and model.attrs["include_static_vectors"]:
        width = X[0].vocab.vectors_length
        if not width:
            raise ValueError(
                "include_static_vectors = true needs a table of word vectors: got a vocab without "
                "one. Name a pipeline or folder that has one in [initialize] vectors, or set "
                "include_static_vectors = false."
            )
        torch_shim(model).initialize(vectors_width=width)
    else:
        torch_shim(model).initialize()


def lexical_features(docs: Sequence[Doc], attrs: list[int | str]) -> NDArray[numpy.uint64]:
    """RETURNS (NDArray[uint64]): Attributes of all tokens. Shape (tokens, attrs)."""
    arrays = [doc.to_array(attrs).reshape((-1, len(attrs))) for doc in docs]
    return numpy.concatenate(arrays) if arrays else numpy.zeros((0, len(attrs)), dtype="uint64")


def hash_keys(tokens: NDArray[numpy.uint64], rows: Sequence[int]) -> NDArray[numpy.int64]:
    """Find the rows that make up the vector of each feature of each token.

    tokens (NDArray[uint64]): Feature values. Shape (tokens, at least as many as tables).
    rows (Sequence[int]): Number of rows in each feature's table.
    RETURNS (NDArray[int64]): Shape (tokens, tables, 4).
    """
    keys = [
        OPS.hash(numpy.ascontiguousarray(tokens[:, i]), SEED + i) % size
        for i, size in enumerate(rows)
    ]
    return numpy.stack(keys, axis=1).astype("int64")


def static_vectors(docs: Sequence[Doc], orths: NDArray[numpy.uint64]) -> torch.Tensor:
    """RETURNS (Tensor): Vectors of words, zero where the table has none. Shape (words, any)."""
    if not len(orths):
        return torch.zeros(0, docs[0].vocab.vectors_length if docs else 0)
    vectors = docs[0].vocab.vectors
    found = to_numpy(vectors.get_batch(orths))
    if vectors.mode == Mode.default:
        found[to_numpy(vectors.find(keys=orths)) < 0] = 0.0
    return torch.from_numpy(found.astype("float32"))
