"""minGRU, a recurrence without a loop over time."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from .linear import linear


class MinGRU(nn.Module):
    """One layer of minGRU (Feng et al. 2024) over ragged batches:

        z = sigmoid(W x + b)
        n = V x + c
        h = (1 - z) * h' + z * n

    where h' is the state before. Gate and new state depend on the input alone, so that a layer is
    one product and one scan, whose steps grow with the logarithm of the number of tokens. The scan
    multiplies and adds as the equations do, not in logarithms, so that a new state can be negative
    and a long sequence is as precise as a short one.

    Nothing is padded: the first token of a sequence keeps nothing of what stands before it.

    input_size (int): Width of the input vectors.
    hidden_size (int): Width of the states of one direction.
    bidirectional (bool): Read each sequence in both directions.
    """

    def __init__(self, input_size: int, hidden_size: int, bidirectional: bool = False) -> None:
        super().__init__()
        self.bidirectional = bidirectional
        self.gates = 4 if bidirectional else 2
        # W and V, for each direction.
        self.input = nn.Linear(input_size, self.gates * hidden_size)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw new weights: Glorot-uniform (Glorot & Bengio 2010), zero biases but for z, where
        they start at minus one, so that a state lasts as behind the open forget gate of an LSTM.
        """
        for i in range(self.gates):
            nn.init.xavier_uniform_(self.input.weight.chunk(self.gates)[i])
            nn.init.constant_(self.input.bias.chunk(self.gates)[i], -1.0 if i % 2 == 0 else 0.0)

    def forward(self, X: Tensor, lengths: Tensor) -> Tensor:
        """Encode a batch of sequences.

        X (Tensor): The vectors of all sequences, one after the other. Shape (tokens, input_size).
        lengths (Tensor): Tokens of each sequence, in order; zeros are allowed. Shape (sequences,).
        RETURNS (Tensor): The states, both directions side by side. Shape (tokens, width).
        """
        starts = torch.zeros(len(X) + 1, 1, dtype=torch.bool, device=X.device)
        starts[0] = True
        starts[lengths.cumsum(0)] = True
        parts = linear(X, self.input.weight, self.input.bias).chunk(self.gates, dim=1)
        states = _states(parts[0], parts[1], starts[:-1])
        if self.bidirectional:
            # Read backward, a sequence starts where the next one does.
            backward = _states(parts[2].flip(0), parts[3].flip(0), starts[1:].flip(0))
            states = torch.cat((states, backward.flip(0)), dim=1)
        if len(lengths) > 1 and not states.sum().isfinite():
            # Nothing is kept by a product with zero, which NaN survives.
            alone = zip(X.split(lengths.tolist()), lengths[:, None], strict=True)
            return torch.cat([self(x, length) for x, length in alone])
        return states


def _states(gate: Tensor, new: Tensor, start: Tensor) -> Tensor:
    z = gate.sigmoid()
    states: Tensor = LinearScan.apply((1.0 - z).masked_fill(start, 0.0), z * new)
    return states


class LinearScan(torch.autograd.Function):
    """The recurrence `h[t] = a[t] * h[t - 1] + b[t]`, from zero; see `scan`."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        h = scan(a, b)
        ctx.save_for_backward(a, h)
        return h

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dh: Tensor) -> tuple[Tensor, Tensor]:
        a, h = ctx.saved_tensors
        zero = torch.zeros_like(a[:1])
        # The same recurrence, from the last row to the first.
        db = scan(torch.cat((a[1:], zero)).flip(0), dh.flip(0)).flip(0)
        return db * torch.cat((zero, h[:-1])), db


def scan(a: Tensor, b: Tensor) -> Tensor:
    """Find all `h[t] = a[t] * h[t - 1] + b[t]`, from zero, by cyclic reduction (Blelloch 1990):
    every second row follows the same kind of recurrence, whose coefficients are those of two steps.

    a (Tensor): What is kept of the row before. Shape (rows, width).
    b (Tensor): What is added. Shape (rows, width).
    RETURNS (Tensor): Shape (rows, width).
    """
    if len(b) < 2:
        return b
    even, odd = slice(0, len(b) // 2 * 2, 2), slice(1, None, 2)
    h = torch.empty_like(b)
    h[0] = b[0]
    h[odd] = scan(a[odd] * a[even], torch.addcmul(b[odd], a[odd], b[even]))
    h[2::2] = torch.addcmul(b[2::2], a[2::2], h[1:-1:2])
    return h
