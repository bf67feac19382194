"""Hash embeddings of lexical features."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

PIECES = 3


class HashEmbedding(nn.Module):
    """Embed tokens by their lexical features and, optionally, static vectors.

    Each feature has a table of its own, in which a value's vector is the sum of a few rows
    (Serrà & Karatzoglou 2017). The features' vectors are concatenated, mixed by a maxout layer
    (Goodfellow et al. 2013) and normalised (Ba et al. 2016). spaCy's `MultiHashEmbed` has the same
    form.

    width (int): Width of the tables and of the output.
    rows (Sequence[int]): Number of rows in each feature's table.
    static_vectors (bool): Whether static vectors are given, projected to `width`.
    """

    def __init__(self, width: int, rows: Sequence[int], static_vectors: bool = False) -> None:
        super().__init__()
        self.width = width
        self.tables = nn.ModuleList(nn.EmbeddingBag(n, width, mode="sum") for n in rows)
        self.static: nn.Linear | None = None
        if static_vectors:
            self.static = nn.LazyLinear(width, bias=False)
        self.mix = nn.Linear(width * (len(rows) + static_vectors), width * PIECES)
        self.norm = nn.LayerNorm(width)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self, vectors_width: int | None = None) -> None:
        """Draw new weights: uniform tables, Glorot-uniform products (Glorot & Bengio 2010).

        vectors_width (Optional[int]): Width of the static vectors.
        """
        for table in self.tables:
            nn.init.uniform_(cast(Tensor, table.weight), -0.1, 0.1)
        if self.static is not None and vectors_width is not None:
            self.static = nn.Linear(vectors_width, self.width, bias=False).to(self.mix.weight)
            nn.init.xavier_uniform_(self.static.weight)
        nn.init.xavier_uniform_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)
        self.norm.reset_parameters()

    def forward(
        self,
        keys: Tensor,
        inverse: Tensor,
        vectors: Tensor | None = None,
        dropout: float = 0.0,
    ) -> Tensor:
        """Embed the distinct tokens of a batch, then repeat each wherever it occurs.

        keys (Tensor): Rows to sum, by distinct token and feature. Shape (distinct, features,
            rows to sum).
        inverse (Tensor): Which distinct token each token is. Shape (tokens,).
        vectors (Optional[Tensor]): Static vectors of the distinct tokens. Shape (distinct, any).
        dropout (float): Rate at which the features of a distinct token, each as a whole, and the
            values of the output are dropped.
        RETURNS (Tensor): Shape (tokens, width).
        """
        features = [table(keys[:, i]) for i, table in enumerate(self.tables)]
        if self.static is not None:
            features.append(self.static(vectors))
        X = torch.stack(features, dim=1)
        X = self.mix(X.flatten(1)).view(-1, self.width, PIECES).amax(dim=2)
        X = self.norm(X).index_select(0, inverse)
        return nn.functional.dropout(X, dropout)
