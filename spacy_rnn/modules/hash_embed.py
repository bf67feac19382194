"""Embedding of values by their hashes."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from .seen import SeenValues

# Of a value that is one of so many tokens, every other occurrence passes for unknown in training.
RARE = 100_000


class HashEmbed(nn.Module):
    """Embed the values of several attributes, each by a table of its own: a value's vector is the
    sum of four rows (Serrà & Karatzoglou 2017), as in spaCy's `MultiHashEmbed`.

    The rows of a value that training never saw are those of others. With `learn_unknown`, it has
    the vector of an unknown value instead, which is learned because rare values pass for unknown in
    training, the rarer the more often (Kiperwasser & Goldberg 2016): at a frequency of f, `1 / (1 +
    RARE * f)` of the occurrences, whatever the dropout.

    table: The tables of all attributes, one after the other; then, with `learn_unknown`, the vector
        of an unknown value of each attribute, and a row of zeros.

    rows (Sequence[int]): Number of rows for each attribute.
    width (int): Width of the vector of an attribute.
    learn_unknown (bool): Whether each attribute has a vector for unknown values.
    """

    def __init__(self, rows: Sequence[int], width: int, learn_unknown: bool = False) -> None:
        super().__init__()
        sizes = torch.tensor(rows)[:, None]
        self.register_buffer("sizes", sizes, persistent=False)
        self.register_buffer("starts", sizes.cumsum(0) - sizes, persistent=False)
        self.seen: SeenValues | None = None
        padding = None
        if learn_unknown:
            self.seen = SeenValues()
            padding = sum(rows) + len(rows)
            unknown = torch.full((len(rows), 4), padding)
            unknown[:, 0] = sum(rows) + torch.arange(len(rows))
            self.register_buffer("unknown", unknown, persistent=False)
        n_rows = sum(rows) if padding is None else padding + 1
        self.table = nn.EmbeddingBag(n_rows, width, mode="sum", padding_idx=padding)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw new weights, and forget all values."""
        nn.init.uniform_(self.table.weight, -0.1, 0.1)
        if self.seen is not None:
            self.table.weight[-1] = 0.0
            self.seen.clear()

    def forward(self, hashes: Tensor, pass_rare: bool = False) -> Tensor:
        """Embed the attributes of tokens.

        hashes (Tensor): Four of each value. Shape (tokens, attributes, 4).
        pass_rare (bool): Whether rare values are to pass for unknown.
        RETURNS (Tensor): The vectors of a token's attributes side by side. Shape (tokens,
            attributes * width).
        """
        keys = hashes % cast(Tensor, self.sizes) + cast(Tensor, self.starts)
        if self.seen is not None:
            unknown = ~self.seen.known(hashes)
            if pass_rare:
                share = 1 / (1 + RARE * self.seen.frequencies(hashes))
                unknown |= torch.rand_like(share) < share
            keys = torch.where(unknown[:, :, None], cast(Tensor, self.unknown), keys)
        vectors: Tensor = self.table(keys.flatten(0, 1))
        return vectors.view(len(keys), keys.shape[1] * self.table.embedding_dim)

    def count(self, hashes: Tensor) -> None:
        """Count values that weights have been trained on.

        hashes (Tensor): See `forward`.
        """
        if self.seen is not None:
            self.seen.add(hashes)
