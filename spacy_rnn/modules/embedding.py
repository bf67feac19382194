"""Hash embeddings of lexical features."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

PIECES = 3


class HashEmbedding(nn.Module):
    """Embed tokens by lexical features, character n-grams and static vectors.

    Each feature has a table of its own, in which a value's vector is the sum of a few rows
    (Serrà & Karatzoglou 2017); the n-grams' vector is the mean of their rows (Bojanowski et al.
    2017). All are concatenated, mixed by a maxout layer (Goodfellow et al. 2013) and normalised
    (Ba et al. 2016). spaCy's `MultiHashEmbed` has the same form, without the n-grams.

    width (int): Width of the tables and of the output.
    rows (Sequence[int]): Number of rows in each feature's table.
    ngram_rows (int): Number of rows in the n-grams' table, 0 for none.
    static_vectors (bool): Whether static vectors are given, projected to `width`.
    """

    def __init__(
        self,
        width: int,
        rows: Sequence[int],
        ngram_rows: int = 0,
        static_vectors: bool = False,
    ) -> None:
        super().__init__()
        self.width = width
        self.tables = nn.ModuleList(nn.EmbeddingBag(n, width, mode="sum") for n in rows)
        self.static: nn.Linear | None = None
        if static_vectors:
            self.static = nn.LazyLinear(width, bias=False)
        self.ngrams = nn.EmbeddingBag(ngram_rows, width, mode="mean") if ngram_rows else None
        n_features = len(rows) + bool(ngram_rows) + static_vectors
        self.mix = nn.Linear(width * n_features, width * PIECES)
        self.norm = nn.LayerNorm(width)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self, vectors_width: int | None = None) -> None:
        """Draw new weights: uniform tables, Glorot-uniform products (Glorot & Bengio 2010).

        vectors_width (Optional[int]): Width of the static vectors.
        """
        for table in (*self.tables, *([self.ngrams] if self.ngrams else [])):
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
        inverse: Tensor | None = None,
        ngrams: Sequence[Tensor] | None = None,
        vectors: Tensor | None = None,
        dropout: float = 0.0,
    ) -> Tensor:
        """Embed the distinct tokens of a batch, then repeat each wherever it occurs.

        keys (Tensor): Rows to sum, by distinct token and feature. Shape (distinct, features,
            rows to sum).
        inverse (Optional[Tensor]): Which distinct token each token is, shape (tokens,). By default
            the distinct tokens are what is wanted.
        ngrams (Optional[Sequence[Tensor]]): Rows of all n-grams, one token after the other,
            and where each distinct token's start, shape (distinct,).
        vectors (Optional[Tensor]): Static vectors of the distinct tokens. Shape (distinct, any).
        dropout (float): Rate at which the features of a distinct token are dropped, each as a
            whole, so that the others learn to stand in for it (Gal & Ghahramani 2016).
        RETURNS (Tensor): Shape (tokens, width).
        """
        features = [table(keys[:, i]) for i, table in enumerate(self.tables)]
        if self.ngrams is not None and ngrams is not None:
            features.append(self.ngrams(*ngrams))
        if self.static is not None:
            features.append(self.static(vectors))
        X = nn.functional.dropout1d(torch.stack(features, dim=1), dropout)
        mixed = self.mix(X.flatten(1)).view(-1, self.width, PIECES).amax(dim=2)
        Y = cast(Tensor, self.norm(mixed))
        return Y if inverse is None else Y.index_select(0, inverse)
