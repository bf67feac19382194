"""Pooling of ragged batches: one vector for each sequence."""

from collections.abc import Sequence
from typing import Literal

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..errors import UserError
from .linear import linear

Pool = Literal["attention", "max", "mean", "last"]
POOLS: tuple[Pool, ...] = ("attention", "max", "mean", "last")


class Pooling(nn.Module):
    """Pool the tokens of each sequence in one or several ways, side by side.

    - attention: the mean weighted by a learned softmax over the sequence (Yang et al. 2016, eq.
      5 to 7). Of several heads, each weighs its own part of the vectors (Vaswani et al. 2017).
    - max, mean: over the tokens, value by value.
    - last: the last state of each direction, which for the backward one is at the first token.

    An empty sequence gets a vector of zeros.

    width (int): Width of the tokens' vectors.
    pools (Sequence[str]): Any of "attention", "max", "mean" and "last".
    bidirectional (bool): Whether the second half of a vector was read backward.
    heads (int): Number of attention heads.
    RAISES (ValueError): If `pools` is empty or has an unknown member, or `heads` does not divide
        `width`.
    """

    def __init__(
        self, width: int, pools: Sequence[Pool], bidirectional: bool = True, heads: int = 1
    ) -> None:
        super().__init__()
        if not pools or not set(pools) <= set(POOLS):
            raise UserError(
                f"Invalid pooling: got {list(pools)}, expected one or several of {list(POOLS)}."
            )
        if heads < 1 or width % heads:
            raise UserError(
                f"Invalid heads: got {heads}, expected a number that divides the width, {width}."
            )
        self.width = width
        self.heads = heads
        self.pools = tuple(pools)
        self.bidirectional = bidirectional
        if "attention" in pools:
            self.key = nn.Linear(width, width)
            self.query = nn.Linear(width, heads, bias=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights; attention starts out as the mean."""
        if "attention" in self.pools:
            nn.init.xavier_uniform_(self.key.weight)
            nn.init.zeros_(self.key.bias)
            nn.init.zeros_(self.query.weight)

    def forward(self, X: Tensor, lengths: Tensor) -> Tensor:
        """Pool a batch.

        X (Tensor): The vectors of all sequences, one after the other. Shape (tokens, width).
        lengths (Tensor): Tokens of each sequence. Shape (sequences,), on the device of `X`.
        RETURNS (Tensor): Shape (sequences, width * number of pools).
        """
        return torch.cat([getattr(self, f"_{pool}")(X, lengths) for pool in self.pools], dim=1)

    def alone(self, X: NDArray[numpy.float32]) -> NDArray[numpy.float32]:
        """Pool one sequence on CPU, as `forward` does. Of a short one, torch takes several times as
        long.

        X (NDArray[float32]): The vectors of its tokens, at least one. Shape (tokens, width).
        RETURNS (NDArray[float32]): Shape (1, width * number of pools).
        """
        parts = []
        for pool in self.pools:
            if pool == "attention":
                keys = _numpy(self.key.weight) @ X.T
                keys += _numpy(self.key.bias)[:, None]
                scores = _numpy(self.query.weight) @ numpy.tanh(keys, out=keys)
                weights = numpy.exp(scores - scores.max(axis=1, keepdims=True))
                weights /= weights.sum(axis=1, keepdims=True)
                heads = X.reshape(len(X), self.heads, -1).transpose(1, 0, 2)
                parts.append((weights[:, None] @ heads).ravel())
            elif pool == "max":
                parts.append(X.max(axis=0))
            elif pool == "mean":
                parts.append(X.mean(axis=0, dtype="float64").astype("float32"))
            else:
                half = self.width // 2 if self.bidirectional else self.width
                parts += [X[-1, :half], X[0, half:]]
        return numpy.concatenate(parts)[None]

    def attention_weights(self, X: Tensor, lengths: Tensor) -> Tensor:
        """RETURNS (Tensor): What each token counts for each head. Shape (tokens, heads)."""
        # tanh(x) = 2 sigmoid(2 x) - 1, of which torch's sigmoid takes a tenth of the time.
        keys = 2.0 * torch.sigmoid(2.0 * linear(X, self.key.weight, self.key.bias)) - 1.0
        scores = self.query(keys)
        owner = owners(lengths, len(X))
        weights = (scores - self._max(scores.detach(), lengths)[owner]).exp()
        return weights / self._sum(weights, lengths)[owner]

    def _attention(self, X: Tensor, lengths: Tensor) -> Tensor:
        weights = self.attention_weights(X, lengths)
        return self._sum(X * weights.repeat_interleave(self.width // self.heads, dim=1), lengths)

    @staticmethod
    def _max(X: Tensor, lengths: Tensor) -> Tensor:
        pooled = X.new_zeros((len(lengths), X.shape[1]))
        owner = owners(lengths, len(X))[:, None].expand_as(X)
        return pooled.scatter_reduce(0, owner, X, "amax", include_self=False)

    @staticmethod
    def _sum(X: Tensor, lengths: Tensor) -> Tensor:
        return X.new_zeros((len(lengths), X.shape[1])).index_add(0, owners(lengths, len(X)), X)

    def _mean(self, X: Tensor, lengths: Tensor) -> Tensor:
        return self._sum(X, lengths) / lengths.clamp(min=1)[:, None]

    def _last(self, X: Tensor, lengths: Tensor) -> Tensor:
        if not len(X):
            return X.new_zeros((len(lengths), self.width))
        ends = lengths.cumsum(0)
        last = X[(ends - 1).clamp(min=0)]
        if self.bidirectional:
            first = X[(ends - lengths).clamp(max=len(X) - 1)]
            half = self.width // 2
            last = torch.cat((last[:, :half], first[:, half:]), dim=1)
        return last * (lengths > 0)[:, None]


def _numpy(weight: Tensor) -> NDArray[numpy.float32]:
    return weight.detach().numpy()


def owners(lengths: Tensor, tokens: int) -> Tensor:
    """RETURNS (Tensor): The sequence that each token belongs to. Shape (tokens,)."""
    return torch.repeat_interleave(lengths, output_size=tokens)
