"""Embedding of tokens by the vectors table of the vocab."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy
from spacy.attrs import LOWER, ORTH
from spacy.vectors import Mode
from thinc.api import Model, get_array_module
from thinc.types import Floats2d
from thinc.util import to_numpy

from ..modules.embedding import Projection
from .feature import feature
from .shim import torch_shim
from .tokens import Tokens


def lookup_vectors() -> Model[Tokens, Tokens]:
    """Look the tokens up in the vectors table. Those that it lacks get the vectors of their lower
    case, as at the start of a sentence; those that it lacks as well get zeros.

    RETURNS (Model[Tokens, Tokens]): The layer.
    RAISES (ValueError): On use, if there is no table.
    """
    return Model("lookup_vectors", lookup)


def lookup(
    model: Model[Tokens, Tokens], tokens: Tokens, is_train: bool
) -> tuple[Tokens, Callable[[list], list]]:
    table = tokens.vocab.vectors
    if not tokens.vocab.vectors_length:
        raise ValueError(
            "include_static_vectors = true needs a table of word vectors: got a vocab without "
            "one. Name a pipeline or folder that has one in [initialize] vectors, or set "
            "include_static_vectors = false."
        )
    keys = tokens.column(getattr(table, "attr", ORTH))
    if getattr(table, "mode", None) == Mode.default:
        rows, lower = (to_numpy(table.find(keys=k)) for k in (keys, tokens.column(LOWER)))
        rows = numpy.where(rows < 0, lower, rows)
        found = to_numpy(table.data[get_array_module(table.data).asarray(rows)]).astype("float32")
        found[rows < 0] = 0.0
    else:
        found = to_numpy(table.get_batch(keys)).astype("float32")
    return replace(tokens, vectors=found), lambda d_tokens: d_tokens


def static_vectors(width: int) -> Model[Tokens, Floats2d]:
    """Project the static vectors of tokens to another width. The table itself is not trained.

    width (int): Width of the output vectors.
    RETURNS (Model[Tokens, Floats2d]): The layer.
    RAISES (ValueError): On use, if the vectors are not as wide as those of training.
    """
    model = feature("static_vectors", Projection(width), width, vectors)
    model.init = init
    return model


def vectors(tokens: Tokens) -> tuple[Any, dict[str, Any]]:
    """RETURNS (Tuple[NDArray, Dict]): The tokens' vectors, shape (tokens, any)."""
    return tokens.vectors, {}


def init(
    model: Model[Tokens, Floats2d], X: Tokens | None = None, Y: Floats2d | None = None
) -> None:
    sizes = {} if X is None or X.vectors is None else {"input_width": X.vectors.shape[1]}
    torch_shim(model).initialize(**sizes)
