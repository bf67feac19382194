"""Embedding of values by their hashes."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from .embedding import Table
from .seen import SeenValues

# Of a value that is one of so many tokens, every other occurrence passes for unknown in training.
RARE = 100_000


class HashEmbedding(nn.Module):
    """Embed the values of several features, each by a table of its own: a value's vector is the sum
    of a few rows (Serrà & Karatzoglou 2017).

    The rows of a value that training never saw are those of others. With `learn_unknown`, it has
    the vector of an unknown value instead, which is learned because rare values pass for unknown in
    training, the rarer the more often (Kiperwasser & Goldberg 2016): at a frequency of f, `1 / (1 +
    RARE * f)` of the occurrences, whatever the dropout.

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
            self.seen = SeenValues()
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights, and forget all values."""
        self.table.reset_parameters()
        if self.unknown is not None:
            nn.init.uniform_(self.unknown, -0.1, 0.1)
            self.seen.clear()

    def forward(self, hashes: Tensor, pass_rare: bool = False) -> Tensor:
        """Embed the features of tokens.

        hashes (Tensor): Four of each value. Shape (tokens, features, 4).
        pass_rare (bool): Whether rare values are to pass for unknown.
        RETURNS (Tensor): The vectors of a token's features side by side. Shape (tokens, features *
            width).
        """
        keys = hashes % cast(Tensor, self.sizes) + cast(Tensor, self.starts)
        vectors: Tensor = self.table(keys)
        if self.unknown is None:
            return vectors
        unknown = ~self.seen.known(hashes)
        if pass_rare:
            share = 1 / (1 + RARE * self.seen.frequencies(hashes))
            unknown |= torch.rand_like(share) < share
        known = vectors.view(len(keys), *self.unknown.shape)
        return torch.where(unknown[:, :, None], self.unknown, known).flatten(1)

    def count(self, hashes: Tensor) -> None:
        """Count values that weights have been trained on.

        hashes (Tensor): See `forward`.
        """
        if self.unknown is not None:
            self.seen.add(hashes)
