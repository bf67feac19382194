"""Bag-of-n-grams layer: one vector for each document, from its words and their spelling."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, cast

import numpy
import torch
from numpy.typing import NDArray
from spacy.attrs import NORM
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ..features import attribute_values, strings_of
from ..modules.ngrams import NgramBag
from ..spelling import MULTIPLIER, hash_ngrams, hash_rows
from .shim import TorchShim, init_shim, no_backprop, torch_shim

Integers = NDArray[numpy.int64]

# Words whose n-grams are kept, in up to 30 MiB. More than that start anew.
MAX_WORDS = 2**16


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
    if not is_train and shim.device.type == "cpu":
        found: Any = cast(NgramBag, shim.module).predict(ngrams, counts, sizes)
        return found, no_backprop
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
    words = attribute_values(docs, [NORM])[:, 0]
    pairs = words[:-1] * MULTIPLIER ^ words[1:]
    hashed = hash_rows(numpy.concatenate((words, pairs)), rows // 2)
    spelled = spelling(rows).of(docs, words.tolist())
    parts, bounds, end = [], [0], 0
    for doc in docs:
        start, end = end, end + len(doc)
        of_two = hashed[len(words) + start : len(words) + end - 1]
        part = numpy.concatenate((hashed[start:end], of_two, *spelled[start:end]))
        part.sort()
        parts.append(part)
        bounds += [bounds[-1] + len(doc) + len(of_two), bounds[-1] + len(part)]
    ngrams = numpy.concatenate(parts or [hashed])
    # One place more, behind the last, where the n-grams of none begin.
    is_new = numpy.ones(len(ngrams) + 1, dtype=bool)
    numpy.not_equal(ngrams[1:], ngrams[:-1], out=is_new[1:-1])
    is_new[bounds] = True
    places = is_new.nonzero()[0]
    ends = places.searchsorted(bounds)
    sizes = (ends[1:] - ends[:-1]).reshape(-1, 2)
    return ngrams[places[:-1]], places[1:] - places[:-1], sizes


class Spelling:
    """The n-grams of characters of words, kept from one batch to the next.

    rows (int): Number of values to hash all n-grams to, see `document_ngrams`.
    """

    def __init__(self, rows: int) -> None:
        self._first_row, self._rows = rows // 2, rows - rows // 2
        self._known: dict[int, Integers] = {}

    def of(self, docs: Sequence[Doc], words: Sequence[int]) -> list[Integers]:
        """RETURNS (List[NDArray]): The n-grams of each word of documents, given by its hash."""
        known = self._known
        new = list({word for word in words if word not in known})
        if new:
            if len(known) + len(new) > MAX_WORDS:
                # Another one, in case that another thread reads the old one.
                known = self._known = {}
                new = list(set(words))
            ngrams, starts = hash_ngrams(strings_of(docs, new), self._rows)
            ngrams += self._first_row
            ends = [*starts[1:].tolist(), len(ngrams)]
            for word, start, end in zip(new, starts.tolist(), ends, strict=True):
                known[word] = ngrams[start:end]
        return [known[word] for word in words]


@cache
def spelling(rows: int) -> Spelling:
    """RETURNS (Spelling): What is known of words, which depends on nothing but them."""
    return Spelling(rows)
