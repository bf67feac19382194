"""Embedding of values by their hashes."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from .embedding import Table

COUNTERS = 2**18
# Of a value that occurs once in so many, every other occurrence passes for unknown in training.
RARE = 100_000


class HashEmbedding(nn.Module):
    """Embed the values of several features, each by a table of its own: a value's vector is the sum
    of a few rows (Serrà & Karatzoglou 2017).

    The rows of a value that training never saw are those of others. With `learn_unknown`, it has
    the vector of an unknown value instead, which is learned because rare values pass for unknown in
    training, the rarer the more often (Kiperwasser & Goldberg 2016). How often values occur is
    counted in a count-min sketch (Cormode & Muthukrishnan 2005), which is stored with the weights.

    rows (Sequence[int]): Number of rows for each feature.
    width (int): Width of the vectors.
    learn_unknown (bool): Whether each feature has a vector for unknown values.
    """

    def __init__(self, rows: Sequence[int], width: int, learn_unknown: bool = False) -> None:
        super().__init__()
        sizes = torch.tensor(rows)[:, None]
        self.register_buffer("sizes", sizes, persistent=False)
        self.register_buffer("starts", sizes.cumsum(0) - sizes, persistent=False)
        self.table = Table(sum(rows), width, mode="sum")
        self.unknown: nn.Parameter | None = None
        if learn_unknown:
            self.unknown = nn.Parameter(torch.empty(len(rows), width))
            self.register_buffer("counts", torch.zeros(COUNTERS, dtype=torch.int32))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights, and forget all values."""
        self.table.reset_parameters()
        if self.unknown is not None:
            nn.init.uniform_(self.unknown, -0.1, 0.1)
            cast(Tensor, self.counts).zero_()

    def forward(self, hashes: Tensor, dropout: float = 0.0) -> Tensor:
        """Embed the features of tokens.

        hashes (Tensor): Several of each value. Shape (tokens, features, hashes).
        dropout (float): Unless 0, rare values are to pass for unknown.
        RETURNS (Tensor): The vectors of a token's features side by side. Shape (tokens, features *
            width).
        """
        keys = hashes % cast(Tensor, self.sizes) + cast(Tensor, self.starts)
        vectors: Tensor = self.table(keys)
        if self.unknown is None:
            return vectors
        unknown = self._unknown(hashes, bool(dropout))[:, :, None]
        known = vectors.view(len(keys), *self.unknown.shape)
        return torch.where(unknown, self.unknown, known).flatten(1)

    def _unknown(self, hashes: Tensor, or_rare: bool) -> Tensor:
        """RETURNS (Tensor): Which values are unknown, or pass for it. Shape (tokens, features)."""
        counters = cast(Tensor, self.counts)
        counts = counters[hashes % COUNTERS].amin(dim=2)
        if not or_rare:
            return counts == 0
        total = counters.sum() / max(hashes[:1].numel(), 1)
        return torch.rand_like(counts, dtype=torch.float32) * (total + RARE * counts) <= total

    def count(self, hashes: Tensor) -> None:
        """Count values that weights have been trained on.

        hashes (Tensor): See `forward`.
        """
        if self.unknown is not None:
            counters = (hashes % COUNTERS).flatten()
            cast(Tensor, self.counts).index_add_(0, counters, torch.ones_like(counters).int())
