"""Embedding of documents by what their tokens are."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy
import torch
from numpy.typing import NDArray
from spacy.attrs import IDS
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d, Ragged
from torch import Tensor

from ..errors import UserError
from ..features import Features, by_vocab
from ..modules.embedding import TokenEmbedding
from ..modules.linear import whole_rows
from .cache import cache_of, in_whole_rows
from .shim import TorchShim, no_backprop, torch_shim


def token_embedding(
    width: int,
    attrs: Sequence[str] = (),
    rows: Sequence[int] = (),
    *,
    learn_unknown: bool = False,
    ngram_rows: int = 0,
    characters: bool = False,
    include_static_vectors: bool = False,
    cache_mib: int = 64,
) -> Model[list[Doc], Ragged]:
    """Embed the tokens of a batch of documents, each unique token once.

    In prediction on CPU, what unique tokens got is cached, as long as the weights last. It equals
    what would be computed again but for rounding, within 1e-6: products of another number of rows
    may sum in another order. Within `reproducible` the last bits are equal too.

    width (int): Width of the output vectors.
    attrs (Sequence[str]): Lexical attributes to embed, such as "NORM" or "SUFFIX".
    rows (Sequence[int]): Number of rows in the hash table of each attribute.
    learn_unknown (bool): Whether attributes that training never saw share a vector, which rare
        ones teach.
    ngram_rows (int): Number of rows in the hash table of character n-grams, 0 for none.
    characters (bool): Whether a bidirectional LSTM reads the characters.
    include_static_vectors (bool): Whether to also use the vectors table of the vocab.
    cache_mib (int): How many MiB the cache may take, 0 for none.
    RETURNS (Model[List[Doc], Ragged]): The layer, with the module in a shim.
    RAISES (ValueError): If `attrs` and `rows` differ in length, an attribute is unknown, a number
        of rows is too low, nothing is to be embedded, or `cache_mib` is below 0; on first use, if
        static vectors are asked for where the vocab has none.
    """
    if ngram_rows < 0:
        raise UserError(f"Invalid ngram_rows: got {ngram_rows}, expected 1 or more, or 0 for none.")
    if cache_mib < 0:
        raise UserError(
            f"Invalid cache_mib: got {cache_mib}, expected how many MiB of embedded tokens may be "
            "cached, or 0 for none."
        )
    ids = attribute_ids(attrs, rows)
    features = Features(ids, ngram_rows, characters, include_static_vectors)
    module = TokenEmbedding(
        width, rows, learn_unknown, ngram_rows, characters, include_static_vectors
    )
    return Model(
        "token_embedding",
        forward,
        init=init,
        attrs={"features": features, "dropout_rate": 0.0},  # features are not stored
        dims={"nO": width},
        shims=[TorchShim(module, {"cache_bytes": cache_mib * 2**20})],
    )


def forward(
    model: Model[list[Doc], Ragged], docs: Sequence[Doc], is_train: bool
) -> tuple[Ragged, Callable[[Ragged], list[Doc]]]:
    groups = by_vocab(docs)
    if len(groups) > 1:
        return _apart(model, docs, groups, is_train)
    lengths = model.ops.asarray1i([len(doc) for doc in docs])
    if not lengths.sum():
        return Ragged(model.ops.alloc2f(0, model.get_dim("nO")), lengths), lambda dY: []
    features, shim = model.attrs["features"], torch_shim(model)
    if not is_train:
        return Ragged(_predict(shim, features, docs), lengths), no_backprop
    tokens, inverse = features.unique_tokens(docs)
    inputs = to_tensors(features.arrays(tokens), shim.device)
    dropout = model.attrs["dropout_rate"]
    Y, collect_gradients = shim(inverse, True, **inputs, dropout=dropout, pass_rare=True)

    def backprop(dY: Ragged) -> list[Doc]:
        collect_gradients(cast(Floats2d, dY.dataXd))
        cast(TokenEmbedding, shim.module).count(**inputs)
        return []

    return Ragged(Y, lengths), backprop


def _predict(shim: TorchShim, features: Features, docs: Sequence[Doc]) -> Any:
    max_bytes = shim.cfg["cache_bytes"]
    if not max_bytes or shim.device.type != "cpu":
        tokens, inverse = features.unique_tokens(docs)
        return shim(inverse, False, **to_tensors(features.arrays(tokens), shim.device))[0]

    def compute(index: NDArray[numpy.int64]) -> Any:
        size = whole_rows(len(index)) if in_whole_rows.get() else len(index)
        inputs = to_tensors(features.arrays(tokens[numpy.resize(index, size)]), shim.device)
        return shim(numpy.arange(len(index)), False, **inputs)[0]

    version = shim.version, features.version(docs[0].vocab), in_whole_rows.get()
    cache = cache_of(shim)
    if features.vectors:
        tokens, inverse = features.unique_tokens(docs)
        return cache.get(tokens.keys(), version, compute, max_bytes)[inverse]
    # A token takes less time to be found in the cache than to be told from others.
    tokens = features.tokens(docs)
    return cache.get(tokens.keys(), version, compute, max_bytes)


def to_tensors(arrays: dict[str, NDArray[Any]], device: torch.device) -> dict[str, Tensor]:
    """RETURNS (Dict[str, Tensor]): The arrays on a device. Lengths stay on the CPU, where it is
    decided how sequences are batched.
    """
    return {
        name: torch.from_numpy(array).to("cpu" if name.endswith("lengths") else device)
        for name, array in arrays.items()
    }


def _apart(
    model: Model[list[Doc], Ragged],
    docs: Sequence[Doc],
    groups: Sequence[Sequence[int]],
    is_train: bool,
) -> tuple[Ragged, Callable[[Ragged], list[Doc]]]:
    """Embed groups of documents, each as if it were alone."""
    ops = model.ops
    lengths = [len(doc) for doc in docs]
    tokens = numpy.split(numpy.arange(sum(lengths)), numpy.cumsum(lengths)[:-1])
    Y: Any = ops.alloc2f(sum(lengths), model.get_dim("nO"))
    parts: list[tuple[Any, Callable[[Ragged], list[Doc]], Any]] = []
    for group in groups:
        rows: Any = ops.asarray1i(cast(Any, numpy.concatenate([tokens[i] for i in group])))
        found, backprop_part = forward(model, [docs[i] for i in group], is_train)
        Y[rows] = found.dataXd
        parts.append((rows, backprop_part, found.lengths))

    def backprop(dY: Ragged) -> list[Doc]:
        for rows, backprop_part, part in parts:
            backprop_part(Ragged(cast(Floats2d, dY.dataXd)[rows], part))
        return []

    return Ragged(Y, ops.asarray1i(lengths)), backprop


def init(
    model: Model[list[Doc], Ragged], X: list[Doc] | None = None, Y: Ragged | None = None
) -> None:
    sizes = {}
    if X and model.attrs["features"].vectors:
        docs = [X[i] for i in by_vocab(X)[0]]
        tokens, _ = model.attrs["features"].unique_tokens(docs)
        sizes["vector_width"] = model.attrs["features"].arrays(tokens)["vectors"].shape[1]
    torch_shim(model).initialize(**sizes)


def attribute_ids(attrs: Sequence[str], rows: Sequence[int]) -> tuple[int, ...]:
    """RETURNS (Tuple[int]): The IDs of lexical attributes.
    RAISES (ValueError): If one is unknown, or has no table with at least one row.
    """
    if len(attrs) != len(rows):
        raise UserError(
            f"Every attribute needs a table: got {len(attrs)} attrs ({', '.join(attrs)}) and "
            f"{len(rows)} rows ({', '.join(map(str, rows))}), expected as many of each."
        )
    if min(rows, default=1) < 1:
        raise UserError(f"Invalid rows: got {min(rows)}, expected 1 or more for each attribute.")
    unknown = [attr for attr in attrs if attr not in IDS]
    if unknown:
        raise UserError(
            f"Unknown attrs: got {', '.join(unknown)}, expected spaCy's names of token attributes, "
            "such as NORM, LOWER, PREFIX, SUFFIX or SHAPE."
        )
    return tuple(IDS[attr] for attr in attrs)
