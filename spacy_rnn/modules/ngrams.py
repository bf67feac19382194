"""Bags of n-grams."""

import torch
from torch import Tensor, nn


class NgramBag(nn.Module):
    """Embed each document by its n-grams, whatever their order: a low-rank linear model of them,
    as in fastText (Joulin et al. 2017).

    A document's vector is the weighted sum of its n-grams'. Weights grow with the logarithm of an
    n-gram's count in the document (Manning et al. 2008, 6.4.1), and those of a document have the
    length 1.

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

    def forward(
        self, ngrams: Tensor, counts: Tensor, sizes: Tensor, dropout: float = 0.0
    ) -> Tensor:
        """Embed a batch.

        ngrams (Tensor): Rows of the distinct n-grams of each document, one document after the
            other. Shape (n-grams,).
        counts (Tensor): How often each occurs in its document. Shape (n-grams,).
        sizes (Tensor): How many each document has. Shape (documents,).
        dropout (float): Rate at which n-grams are dropped.
        RETURNS (Tensor): Shape (documents, width).
        """
        weights = 1.0 + counts.to(self.table.weight).log()
        owners = torch.repeat_interleave(sizes)
        squares = weights.new_zeros(len(sizes)).index_add(0, owners, weights**2)
        weights = nn.functional.dropout(weights * squares.rsqrt()[owners], dropout)
        bags: Tensor = self.table(ngrams, sizes.cumsum(0) - sizes, per_sample_weights=weights)
        return bags
