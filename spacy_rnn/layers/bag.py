"""Bag-of-n-grams layer: one vector for each document, from its words and their spelling."""

from collections.abc import Callable, Iterable, Sequence
from typing import cast

import numpy
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from ..modules.ngrams import NgramBag
from .distinct import MULTIPLIER, distinct_rows
from .ngrams import hash_ngrams
from .shim import TorchShim, init_shim, torch_shim
from .tokens import lexical_features

Hashes = NDArray[numpy.uint64]
Integers = NDArray[numpy.int64]


def ngram_bag(rows: int, width: int) -> Model[list[Doc], Floats2d]:
    """Embed documents by their n-grams of words and of characters, in any order.

    rows (int): Number of rows in the n-grams' table, 2 or more.
    width (int): Width of the output vectors.
    RETURNS (Model[List[Doc], Floats2d]): The layer, with the table in a shim.
    """
    return Model(
        "ngram_bag",
        forward,
        init=init_shim,
        attrs={"rows": rows, "dropout_rate": 0.0},
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


def weigh_ngrams(
    model: Model[list[Doc], Floats2d],
    batches: Iterable[tuple[Sequence[Doc], NDArray]],
    n_labels: int,
) -> None:
    """Let n-grams weigh by what they tell about the labels of documents, see `NgramBag.weigh`.

    model (Model[List[Doc], Floats2d]): An `ngram_bag`.
    batches (Iterable[Tuple[List[Doc], NDArray]]): Documents, and whether they have each label: a
        label that is not annotated counts as one that they do not have. Shape (documents, labels).
    n_labels (int): The number of labels.
    """
    shim, rows = torch_shim(model), model.attrs["rows"]
    occurrences, documents = torch.zeros(rows, n_labels + 1), torch.zeros(n_labels + 1)
    for docs, has_label in batches:
        ngrams, _, sizes = document_ngrams(docs, rows)
        counted = torch.from_numpy(numpy.pad(has_label, ((0, 0), (0, 1)), constant_values=True))
        of_ngrams = counted.float().repeat_interleave(torch.from_numpy(sizes.sum(axis=1)), dim=0)
        occurrences.index_add_(0, torch.from_numpy(ngrams), of_ngrams)
        documents += counted.sum(dim=0)
    cast(NgramBag, shim._model).weigh(occurrences, documents)


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
    words = lexical_features(docs, ["NORM"])[:, 0]
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


def hash_rows(hashes: Hashes, rows: int) -> Integers:
    mixed = hashes * MULTIPLIER
    return ((mixed ^ (mixed >> numpy.uint64(32))) % numpy.uint64(rows)).astype(numpy.int64)


def spell(docs: Sequence[Doc], words: Hashes, rows: int) -> tuple[Integers, Integers]:
    """RETURNS (Tuple[NDArray, NDArray]): The n-grams of characters of all words, one word after
    the other; and how many each word has, shape (words,).
    """
    first, inverse = distinct_rows(words[:, None])
    ngrams, starts = hash_ngrams([docs[0].vocab.strings[w] for w in words[first].tolist()], rows)
    counts = numpy.diff(starts, append=len(ngrams))[inverse]
    shift = starts[inverse] - (counts.cumsum() - counts)
    return ngrams[numpy.repeat(shift, counts) + numpy.arange(counts.sum())], counts
