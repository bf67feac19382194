"""Embeddings of tokens by their features, and what makes one vector of several."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from .linear import linear

PIECES = 3


class Table(nn.EmbeddingBag):
    """A table of vectors, several of which make up that of a feature: their sum (Serrà &
    Karatzoglou 2017) or their mean (Bojanowski et al. 2017).

    rows (int): Number of rows.
    width (int): Width of the vectors.
    mode (str): "sum" or "mean".
    """

    def __init__(self, rows: int, width: int, mode: str) -> None:
        super().__init__(rows, width, mode=mode)

    def reset_parameters(self) -> None:
        """Draw new weights."""
        nn.init.uniform_(self.weight, -0.1, 0.1)

    def forward(self, keys: Tensor, starts: Tensor | None = None) -> Tensor:  # type: ignore[override]
        """Embed the features of tokens.

        keys (Tensor): The rows of all features, one after the other. Shape (rows,); or
            (tokens, features, rows of a feature).
        starts (Optional[Tensor]): In the former case, where the rows of each token start. Shape
            (tokens,).
        RETURNS (Tensor): The vectors of a token's features side by side. Shape (tokens, features *
            width).
        """
        if starts is not None:
            return super().forward(keys, starts.to(keys.device))
        return (
            super().forward(keys.flatten(0, 1)).view(len(keys), keys.shape[1] * self.embedding_dim)
        )


class Projection(nn.Module):
    """A linear product of vectors whose width is found in the data.

    width (int): Width of the output.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.linear: nn.Linear = nn.LazyLinear(width, bias=False)

    def reset_parameters(self, input_width: int | None = None) -> None:
        """Draw new weights, Glorot-uniform (Glorot & Bengio 2010).

        input_width (Optional[int]): Width of the vectors, where it is known.
        """
        if input_width is not None:
            device = self.linear.weight.device
            self.linear = nn.Linear(input_width, self.width, bias=False, device=device)
            nn.init.xavier_uniform_(self.linear.weight)

    def forward(self, X: Tensor) -> Tensor:
        """Project vectors.

        X (Tensor): Shape (vectors, input width).
        RETURNS (Tensor): Shape (vectors, width).
        RAISES (ValueError): If they are of another width than before.
        """
        weight = self.linear.weight
        if not is_lazy(weight) and weight.shape[1] != X.shape[1]:
            raise ValueError(
                f"The table of word vectors is not the one of training: got vectors of width "
                f"{X.shape[1]}, expected {weight.shape[1]}. Give the vocab the table that the "
                "model was trained with, or train the model again with this one."
            )
        return cast(Tensor, self.linear(X))


class Mixture(nn.Module):
    """Make one vector of the features of a token, by a maxout layer (Goodfellow et al. 2013) and
    layer normalisation (Ba et al. 2016), as spaCy's `MultiHashEmbed` does.

    widths (Sequence[int]): Widths of the features, which stand side by side.
    width (int): Width of the output.
    """

    def __init__(self, widths: Sequence[int], width: int) -> None:
        super().__init__()
        self.width = width
        self.register_buffer("widths", torch.tensor(widths), persistent=False)
        self.mix = nn.Linear(sum(widths), width * PIECES)
        self.norm = nn.LayerNorm(width)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights, Glorot-uniform (Glorot & Bengio 2010)."""
        nn.init.xavier_uniform_(self.mix.weight)
        nn.init.zeros_(self.mix.bias)
        self.norm.reset_parameters()

    def forward(self, X: Tensor, dropout: float = 0.0) -> Tensor:
        """Mix the features of tokens.

        X (Tensor): Shape (tokens, sum of widths).
        dropout (float): Rate at which features of a token are dropped, each as a whole, so that
            the others learn to stand in for it (Gal & Ghahramani 2016). An only feature is kept.
        RETURNS (Tensor): Shape (tokens, width).
        """
        widths = cast(Tensor, self.widths)
        if dropout and len(widths) > 1:
            kept = nn.functional.dropout(X.new_ones(len(X), len(widths)), dropout)
            X = X * kept.repeat_interleave(widths, dim=1)
        mixed = linear(X, self.mix.weight, self.mix.bias).view(-1, self.width, PIECES).amax(dim=2)
        return cast(Tensor, self.norm(mixed))
