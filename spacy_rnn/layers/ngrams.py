"""Embedding of tokens by character n-grams."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from thinc.api import Model
from thinc.types import Floats2d

from ..modules.embedding import Table
from .distinct import MULTIPLIER
from .feature import feature
from .tokens import Tokens

SIZES = range(2, 6)
# Of a longer word, as many characters at either end count.
MAX_CHARACTERS = 20


def ngram_embedding(width: int, rows: int) -> Model[Tokens, Floats2d]:
    """Embed tokens by the mean of the vectors of their n-grams (Bojanowski et al. 2017).

    width (int): Width of the output vectors.
    rows (int): Number of rows in the n-grams' table.
    RETURNS (Model[Tokens, Floats2d]): The layer.
    """
    return feature(
        "ngram_embedding", Table(rows, width, mode="mean"), width, partial(ngram_keys, rows)
    )


def ngram_keys(rows: int, tokens: Tokens) -> tuple[NDArray[numpy.int64], dict[str, Any]]:
    """RETURNS (Tuple[NDArray, Dict]): The rows of all n-grams, one token after the other, and
    where each token's start.
    """
    ngrams, starts = hash_ngrams(tokens.words(), rows)
    return ngrams, {"starts": torch.from_numpy(starts)}


def hash_ngrams(
    words: Sequence[str], rows: int
) -> tuple[NDArray[numpy.int64], NDArray[numpy.int64]]:
    """Hash the n-grams of 2 to 5 characters of each word, its boundaries counting as characters
    (Bojanowski et al. 2017).

    words (Sequence[str]): The words, of any script and length.
    rows (int): Number of values to hash to.
    RETURNS (Tuple[NDArray, NDArray]): The n-grams of all words, one word after the other; and
        where each word starts, shape (words,). Every word has at least one n-gram.
    """
    marked = [f"\x02{clip(word)}\x03" for word in words]
    characters = numpy.frombuffer(
        "".join(marked).encode("utf-32-le", errors="surrogatepass"), dtype=numpy.uint32
    ).astype(numpy.uint64)
    owner = numpy.repeat(numpy.arange(len(words)), [len(word) for word in marked])
    hashes, owners = [], []
    rolling = characters
    for size in SIZES:
        rolling = rolling[:-1] * MULTIPLIER ^ characters[size - 1 :]
        inside = owner[: len(rolling)] == owner[size - 1 :]
        hashes.append(rolling[inside])
        owners.append(owner[: len(rolling)][inside])
    order = numpy.argsort(numpy.concatenate(owners), kind="stable")
    mixed = numpy.concatenate(hashes)[order] * MULTIPLIER
    ngrams = (mixed ^ (mixed >> numpy.uint64(32))) % numpy.uint64(rows)
    counts = numpy.bincount(numpy.concatenate(owners), minlength=len(words))
    return ngrams.astype(numpy.int64), numpy.cumsum(counts) - counts


def clip(word: str) -> str:
    """RETURNS (str): The word, or both ends of a long one."""
    if len(word) <= 2 * MAX_CHARACTERS:
        return word
    return word[:MAX_CHARACTERS] + word[-MAX_CHARACTERS:]
