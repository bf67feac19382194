"""Bags of n-grams."""

from typing import cast

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

# The weight of an n-gram that tells nothing, or was never seen. Those that were seen weigh 1 on
# average over documents.
LEAST = 0.3
TINY = 1e-6
# Rows times labels to work on at a time.
BLOCK = 2**20


class NgramBag(nn.Module):
    """Embed each document by its n-grams, whatever their order: a low-rank linear model of them,
    as in fastText (Joulin et al. 2017).

    A document's vector is the weighted sum of its n-grams'. Weights grow with the logarithm of an
    n-gram's count in the document (Manning et al. 2008, 6.4.1) and, once that is known, with what
    it tells about labels or how rare it is, see `weigh`. Those of each kind, be it words or
    characters, have the same length, so that the many n-grams of characters do not drown the words.

    rows (int): Number of rows in the n-grams' table.
    width (int): Width of the output.
    """

    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(rows, width, mode="sum")
        self.register_buffer("weights", torch.ones(rows))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new vectors, and let all n-grams weigh the same."""
        nn.init.uniform_(self.table.weight, -0.05, 0.05)
        nn.init.ones_(cast(Tensor, self.weights))

    def set_vectors(self, vectors: Tensor) -> None:
        """Take vectors of n-grams that were found elsewhere. What they lack of the width is zeros.

        vectors (Tensor): Shape (rows, up to the width).
        """
        with torch.no_grad():
            self.table.weight.zero_()[:, : vectors.shape[1]] = vectors

    def weigh(self, weights: Tensor) -> None:
        """Weigh n-grams, by `label_weights` or `rarity_weights`.

        weights (Tensor): Shape (rows,).
        """
        cast(Tensor, self.weights).copy_(weights)

    def forward(
        self, ngrams: Tensor, counts: Tensor, sizes: Tensor, dropout: float = 0.0
    ) -> Tensor:
        """Embed a batch.

        ngrams (Tensor): Rows of the distinct n-grams of each document, one document and one kind
            after the other. Shape (n-grams,).
        counts (Tensor): How often each occurs in its document. Shape (n-grams,).
        sizes (Tensor): How many each document has of each kind. Shape (documents, kinds).
        dropout (float): Rate at which n-grams are dropped.
        RETURNS (Tensor): Shape (documents, width).
        """
        weights = nn.functional.dropout(self.normalize(ngrams, counts, sizes), dropout)
        sizes = sizes.sum(dim=1)
        bags: Tensor = self.table(ngrams, sizes.cumsum(0) - sizes, per_sample_weights=weights)
        return bags

    def predict(
        self,
        ngrams: NDArray[numpy.int64],
        counts: NDArray[numpy.int64],
        sizes: NDArray[numpy.int64],
    ) -> NDArray[numpy.float32]:
        """Embed a batch on CPU, with the arguments of `forward` as arrays. Of those of one text,
        torch takes several times as long.
        """
        table, ends = self.table.weight.detach().numpy(), sizes.ravel().cumsum()
        weights = cast(Tensor, self.weights).numpy().take(ngrams)
        weights *= 1.0 + numpy.log(counts, dtype=numpy.float32)
        # One more, where the n-grams of a last document without any begin.
        squares = numpy.append(weights * weights, numpy.float32(0.0))
        squares = numpy.add.reduceat(squares, ends - sizes.ravel())
        weights /= numpy.sqrt(squares * sizes.shape[1]).repeat(sizes.ravel())
        Y, end = numpy.empty((len(sizes), table.shape[1]), dtype=numpy.float32), 0
        for y, size in zip(Y, sizes.sum(axis=1).tolist(), strict=True):
            start, end = end, end + size
            numpy.matmul(weights[start:end], table.take(ngrams[start:end], axis=0), out=y)
        return Y

    def normalize(self, ngrams: Tensor, counts: Tensor, sizes: Tensor) -> Tensor:
        """RETURNS (Tensor): What n-grams weigh in their documents, each of which has the length 1
        if it has all kinds of them. Shape (n-grams,).
        """
        weights = cast(Tensor, self.weights)[ngrams] * (1.0 + counts.to(self.table.weight).log())
        kinds = torch.repeat_interleave(sizes.flatten(), output_size=len(ngrams))
        squares = weights.new_zeros(sizes.numel()).index_add(0, kinds, weights**2)
        lengths = (squares * sizes.shape[1]).sqrt()
        return weights / lengths[kinds]


def rarity_weights(seen: Tensor, total: Tensor) -> Tensor:
    """Find how rare n-grams are: their inverse document frequency, as scikit-learn has it.

    seen (Tensor): In how many documents each n-gram occurs. Shape (rows,).
    total (Tensor): How many there are at all. Shape ().
    RETURNS (Tensor): The weights of n-grams. Shape (rows,).
    """
    rarity = ((1 + total) / (1 + seen)).log() + 1
    usual = (rarity * seen).sum() / seen.sum().clamp_min(1)
    return torch.where(seen > 0, rarity / usual.clamp_min(TINY), LEAST)


def label_weights(told: Tensor, seen: Tensor) -> Tensor:
    """Find what n-grams tell about labels.

    told (Tensor): What `squared_log_ratios` found, as a mean over labels. Shape (rows,).
    seen (Tensor): In how many documents each n-gram occurs. Shape (rows,).
    RETURNS (Tensor): The weights of n-grams. Shape (rows,).
    """
    usual = (told * seen).sum() / seen.sum().clamp_min(1)
    return (told / usual.clamp_min(TINY) + LEAST**2).sqrt()


def squared_log_ratios(
    occurrences: Tensor, seen: Tensor, documents: Tensor, total: Tensor
) -> Tensor:
    """Find what n-grams tell about labels: by how much more likely they are with a label than
    without it, or less, as the log-count ratio of Wang & Manning 2012 has it.

    A rare n-gram tells little: each is taken to have occurred in one document more, with labels as
    they are on average. Labels that all documents have, or none, tell nothing.

    occurrences (Tensor): In how many documents of each label an n-gram occurs. Shape (rows,
        labels).
    seen (Tensor): In how many documents it occurs at all. Shape (rows,).
    documents (Tensor): How many documents there are of each label. Shape (labels,).
    total (Tensor): How many there are at all. Shape ().
    RETURNS (Tensor): The sum over labels of the squared logarithm. Shape (rows,).
    """
    told = (documents > 0) & (documents < total)
    of_label = documents[told]
    share = of_label / total
    rows = max(1, BLOCK // max(1, len(documents)))
    parts = []
    for counts, at_all in zip(occurrences.split(rows), seen.split(rows), strict=True):
        seen_with = counts[:, told]
        likely_with = (seen_with + share) / of_label
        likely_without = (at_all[:, None] - seen_with + 1 - share) / (total - of_label)
        parts.append((likely_with / likely_without).log().square().sum(dim=1))
    return torch.cat(parts)
