"""Bags of n-grams."""

import torch
from torch import Tensor, nn


class NgramBag(nn.Module):
    """Embed each document by its n-grams, whatever their order: a low-rank linear model of them,
    as in fastText (Joulin et al. 2017).

    A document's vector is the sum of its n-grams' over the square root of their number, which is
    the length of its vector of counts where each n-gram occurs once.

    rows (int): Number of rows in the n-grams' table.
    width (int): Width of the output.
    """

    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(rows, width, mode="sum")
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights."""
        nn.init.uniform_(self.table.weight, -0.05, 0.05)

    def forward(self, ngrams: Tensor, starts: Tensor, dropout: float = 0.0) -> Tensor:
        """Embed a batch.

        ngrams (Tensor): Rows of all n-grams, one document after the other. Shape (n-grams,).
        starts (Tensor): Where each document's start. Shape (documents,).
        dropout (float): Rate at which n-grams are dropped.
        RETURNS (Tensor): Shape (documents, width).
        """
        counts = torch.diff(starts, append=starts.new_tensor([len(ngrams)]))
        weights = counts.to(self.table.weight).rsqrt().repeat_interleave(counts)
        weights = nn.functional.dropout(weights, dropout)
        bags: Tensor = self.table(ngrams, starts, per_sample_weights=weights)
        return bags
