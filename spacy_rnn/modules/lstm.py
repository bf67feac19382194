"""LSTM on oneDNN's fused kernel, on CPU."""

from functools import cache
from math import prod
from typing import cast

import torch
from torch import Tensor

# torch's number for this cell.
LSTM = 2


class FusedLSTM:
    """One direction of one layer of `torch.nn.LSTM`, over padded input.

    torch brings the weights into the kernel's own layout in every call. For several calls without
    a gradient they are brought into it once.

    weights (List[Tensor]): Input weights, hidden weights and their biases, as in `torch.nn.LSTM`.
    n_calls (int): How many calls there will be.
    """

    def __init__(self, weights: list[Tensor], n_calls: int = 1) -> None:
        self.weights = weights
        self.width = weights[1].shape[1]
        self.laid_out = n_calls > 1 and not torch.is_grad_enabled() and has_layout(weights[0].dtype)
        if self.laid_out:
            self.weights = [*lay_out(weights), *weights[2:]]

    def __call__(self, X: Tensor) -> Tensor:
        """X (Tensor): Shape (time, sequences, input width).
        RETURNS (Tensor): The states. Shape (time, sequences, width).
        """
        state = X.new_zeros((1, X.shape[1], self.width))
        if self.laid_out:
            return fused(X, state, self.weights)
        train = torch.is_grad_enabled()
        return torch.lstm(X, (state, state), self.weights, True, 1, 0.0, train, False, False)[0]


def lay_out(weights: list[Tensor]) -> list[Tensor]:
    """RETURNS (List[Tensor]): Input and hidden weights in the kernel's layout, opaque to torch."""
    width, reorder = weights[1].shape[1], torch.ops.mkldnn._reorder_mkldnn_rnn_layer_weight
    return cast(list[Tensor], reorder(weights[0], weights[1], width, False, True, False))


def fused(X: Tensor, state: Tensor, weights: list[Tensor]) -> Tensor:
    """Call the kernel with weights in its layout."""
    h, width = state[0], state.shape[2]
    layer = torch.ops.aten.mkldnn_rnn_layer
    found = layer(X, *weights, h, h, False, [], LSTM, width, 1, True, False, False, False)
    return cast(Tensor, found[0])


@cache
def has_layout(dtype: torch.dtype) -> bool:
    """RETURNS (bool): Whether torch's operators for the kernel's layout, which are private, are
    there and right.
    """
    shapes = [(32, 4), (32, 8), (32,), (32,)]
    weights = [torch.linspace(-1, 1, prod(s)).to(dtype).view(s) for s in shapes]
    X, state = torch.linspace(-1, 1, 24).to(dtype).view(3, 2, 4), torch.zeros(1, 2, 8).to(dtype)
    try:
        found = fused(X, state, [*lay_out(weights), *weights[2:]])
    except (AttributeError, RuntimeError, TypeError):
        return False
    expected = torch.lstm(X, (state, state), weights, True, 1, 0.0, False, False, False)[0]
    return torch.allclose(found, expected, atol=1e-6 if dtype == torch.float32 else 1e-2)
