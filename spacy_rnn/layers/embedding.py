"""Embedding of documents by lexical features."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.vectors import Mode
from thinc.api import Model, NumpyOps
from thinc.types import Floats2d, Ragged
from thinc.util import to_numpy

from ..modules.embedding import HashEmbedding
from .distinct import distinct_rows
from .memory import row_memory
from .ngrams import hash_ngrams
from .shim import TorchShim, no_backprop, torch_shim

OPS = NumpyOps()
SEED = 8


def hash_embedding(
    width: int,
    attrs: Sequence[str],
    rows: Sequence[int],
    *,
    ngram_rows: int = 0,
    include_static_vectors: bool = False,
) -> Model[list[Doc], Ragged]:
    """Embed the tokens of a batch of documents, each distinct token once.

    width (int): Width of the output vectors.
    attrs (Sequence[str]): Lexical attributes to embed, such as "NORM" or "SUFFIX".
    rows (Sequence[int]): Number of rows in each attribute's table.
    ngram_rows (int): Number of rows in the table of character n-grams, 0 for none.
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
            "ngram_rows": ngram_rows,
            "include_static_vectors": include_static_vectors,
            "dropout_rate": 0.0,
        },
        dims={"nO": width},
        shims=[TorchShim(HashEmbedding(width, rows, ngram_rows, include_static_vectors))],
    )


def forward(
    model: Model[list[Doc], Ragged], docs: Sequence[Doc], is_train: bool
) -> tuple[Ragged, Callable[[Ragged], list[Doc]]]:
    features = lexical_features(docs, [*model.attrs["attrs"], "ORTH"])
    first, inverse = distinct_rows(features)
    tokens = features[first]
    lengths = model.ops.asarray1i([len(doc) for doc in docs])
    shim = torch_shim(model)
    # What a vectors table holds can change unnoticed, and a GPU's arrays are not worth the way.
    if not (is_train or model.attrs["include_static_vectors"] or shim.device.type != "cpu"):

        def embed(tokens: NDArray[numpy.uint64]) -> NDArray[numpy.float32]:
            keys, options = module_inputs(model, docs, tokens)
            return shim(keys, is_train=False, **options)[0]

        vectors = row_memory(shim).recall(tokens, shim.version, embed)
        return Ragged(cast(Floats2d, vectors[inverse]), lengths), no_backprop
    keys, options = module_inputs(model, docs, tokens)
    Y, collect_gradients = shim(
        keys,
        is_train,
        inverse=torch.from_numpy(inverse).to(shim.device),
        dropout=model.attrs["dropout_rate"] if is_train else 0.0,
        **options,
    )

    def backprop(dY: Ragged) -> list[Doc]:
        collect_gradients(dY.dataXd)
        return []

    return Ragged(Y, lengths), backprop


def module_inputs(
    model: Model, docs: Sequence[Doc], tokens: NDArray[numpy.uint64]
) -> tuple[NDArray[numpy.int64], dict[str, Any]]:
    """Prepare what `HashEmbedding.forward` takes.

    tokens (NDArray[uint64]): Features of distinct tokens, their ORTH last. Shape (distinct, any).
    RETURNS (Tuple[NDArray, Dict[str, Any]]): The keys, and by name the n-grams and vectors.
    """
    device, orths = torch_shim(model).device, tokens[:, -1]
    options: dict[str, Any] = {}
    if model.attrs["ngram_rows"]:
        words = [docs[0].vocab.strings[orth] for orth in orths.tolist()]
        ngrams = hash_ngrams(words, model.attrs["ngram_rows"])
        options["ngrams"] = [torch.from_numpy(array).to(device) for array in ngrams]
    if model.attrs["include_static_vectors"]:
        options["vectors"] = static_vectors(docs, orths).to(device)
    return hash_keys(tokens, model.attrs["rows"]), options


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
