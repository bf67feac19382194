"""Bag-of-n-grams layer: one vector for each document, from its words and their spelling."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ..features import attribute_values, strings_of, unique_rows
from ..modules.ngrams import NgramBag
from ..spelling import MULTIPLIER, hash_ngrams, hash_rows
from .shim import TorchShim, init_shim, torch_shim

Hashes = NDArray[numpy.uint64]
Integers = NDArray[numpy.int64]


def ngram_bag(rows: int, width: int, solve: bool = True) -> Model[list[Doc], Floats2d]:
    """Embed documents by their n-grams of words and of characters, in any order.

    Its attribute "solved" tells that its vectors were found by `solve_ngrams`: training leaves them
    alone.

    rows (int): Number of rows in the n-grams' table, 2 or more.
    width (int): Width of the output vectors.
    solve (bool): Whether `solve_ngrams` is to find them.
    RETURNS (Model[List[Doc], Floats2d]): The layer, with the table in a shim.
    """
    return Model(
        "ngram_bag",
        forward,
        init=init,
        attrs={"rows": rows, "dropout_rate": 0.0, "solve": solve, "solved": False},
        dims={"nO": width},
        shims=[TorchShim(NgramBag(rows, width))],
    )


def forward(
    model: Model[list[Doc], Floats2d], docs: Sequence[Doc], is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], list[Doc]]]:
    shim = torch_shim(model)
    ngrams, counts, sizes = document_ngrams(docs, model.attrs["rows"])
    Y, collect_gradients = shim(
        ngrams,
        is_train,
        counts=torch.from_numpy(counts).to(shim.device),
        sizes=torch.from_numpy(sizes).to(shim.device),
        dropout=model.attrs["dropout_rate"] if is_train else 0.0,
    )

    def backprop(dY: Floats2d) -> list[Doc]:
        collect_gradients(dY)
        return []

    return Y, backprop


def init(model: Model[list[Doc], Floats2d], X: Any = None, Y: Any = None) -> None:
    model.attrs["solved"] = False
    init_shim(model)


def document_ngrams(docs: Sequence[Doc], rows: int) -> tuple[Integers, Integers, Integers]:
    """Hash the n-grams of documents: of one and two words, and of the characters of each word.
    Words count by their NORM.

    docs (Sequence[Doc]): The documents.
    rows (int): Number of values to hash to: those of words are in the lower half, those of
        characters in the upper.
    RETURNS (Tuple[NDArray, NDArray, NDArray]): The distinct n-grams of each document, one document
        after the other, of words first; how often each occurs in its document; and how many of
        words and how many of characters each document has, shape (documents, 2).
    """
    words = attribute_values(docs, ["NORM"])[:, 0]
    owner = numpy.repeat(numpy.arange(len(docs)), [len(doc) for doc in docs])
    neighbours = owner[:-1] == owner[1:]
    pairs = (words[:-1] * MULTIPLIER ^ words[1:])[neighbours]
    word_rows = rows // 2
    spelling, counts = spell(docs, words, rows - word_rows)
    ngrams = numpy.concatenate(
        (hash_rows(words, word_rows), hash_rows(pairs, word_rows), word_rows + spelling)
    )
    owners = numpy.concatenate((owner, owner[1:][neighbours], numpy.repeat(owner, counts)))
    distinct, occurrences = numpy.unique(owners * rows + ngrams, return_counts=True)
    owners, ngrams = numpy.divmod(distinct, rows)
    sizes = numpy.bincount(2 * owners + (ngrams >= word_rows), minlength=2 * len(docs))
    return ngrams, occurrences, sizes.reshape(-1, 2)


def spell(docs: Sequence[Doc], words: Hashes, rows: int) -> tuple[Integers, Integers]:
    """RETURNS (Tuple[NDArray, NDArray]): The n-grams of characters of all words, one word after
    the other; and how many each word has, shape (words,).
    """
    first, inverse = unique_rows(words[:, None])
    ngrams, starts = hash_ngrams(strings_of(docs, words[first]), rows)
    counts = numpy.diff(starts, append=len(ngrams))[inverse]
    shift = starts[inverse] - (counts.cumsum() - counts)
    return ngrams[numpy.repeat(shift, counts) + numpy.arange(counts.sum())], counts
