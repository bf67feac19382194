"""Bag-of-n-grams layer: one vector for each document, from its words and their spelling."""

from collections.abc import Callable, Iterable, Sequence
from typing import cast

import numpy
import torch
from numpy.typing import NDArray
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d
from torch import Tensor

from ..features import attribute_values, strings_of, unique_rows
from ..modules.ngrams import NgramBag, squared_log_ratios
from ..spelling import MULTIPLIER, hash_ngrams, hash_rows
from .shim import TorchShim, init_shim, torch_shim

Hashes = NDArray[numpy.uint64]
Integers = NDArray[numpy.int64]

# How many numbers of rows times labels are counted at once.
MAX_COUNTS = 2**26


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
    get_batches: Callable[[], Iterable[tuple[Sequence[Doc], NDArray]]],
    n_labels: int,
) -> None:
    """Let n-grams weigh by what they tell about the labels of documents, see `NgramBag.weigh`.

    Takes at most 256 MiB for `MAX_COUNTS` numbers, and 64 MiB to work with. Where rows
    times labels are more, the documents are read several times, each for a part of the labels.

    model (Model[List[Doc], Floats2d]): An `ngram_bag`.
    get_batches (Callable): Gives documents, and whether they have each label: a label that is not
        annotated counts as one that they do not have. Shape (documents, labels).
    n_labels (int): The number of labels.
    """
    bag, rows = cast(NgramBag, torch_shim(model).module), model.attrs["rows"]
    told, n_told = torch.zeros(rows), 0
    at_once = max(1, MAX_COUNTS // rows)
    for start in range(0, n_labels, at_once):
        labels = slice(start, min(start + at_once, n_labels))
        counts = torch.zeros(rows, labels.stop - labels.start)
        seen, documents, total = torch.zeros(rows), torch.zeros(counts.shape[1]), torch.zeros(())
        for docs, has_label in get_batches():
            ngrams, _, sizes = document_ngrams(docs, rows)
            has = torch.from_numpy(has_label[:, labels])
            count_ngrams(counts, torch.from_numpy(ngrams), torch.from_numpy(sizes.sum(axis=1)), has)
            seen += torch.bincount(torch.from_numpy(ngrams), minlength=rows)
            documents += has.sum(dim=0)
            total += len(docs)
        told += squared_log_ratios(counts, seen, documents, total)
        n_told += int(((documents > 0) & (documents < total)).sum())
    if n_told:
        bag.weigh((told / n_told).to(bag.table.weight), seen.to(bag.table.weight))


def count_ngrams(counts: Tensor, ngrams: Tensor, sizes: Tensor, has_label: Tensor) -> None:
    """Count in how many documents of each label n-grams occur.

    counts (Tensor): Where to add them. Shape (rows, labels).
    ngrams (Tensor): The distinct n-grams of each document, one after the other. Shape (n-grams,).
    sizes (Tensor): How many each document has. Shape (documents,).
    has_label (Tensor): Shape (documents, labels).
    """
    for label in has_label.any(dim=0).nonzero()[:, 0].tolist():
        with_label = ngrams[has_label[:, label].repeat_interleave(sizes)]
        counts[:, label].index_add_(0, with_label, torch.ones(len(with_label)))


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
