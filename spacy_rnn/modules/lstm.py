"""LSTM on oneDNN's fused kernel, on CPU."""

import torch
from torch import Tensor


def fused_lstm(X: Tensor, weights: list[Tensor]) -> Tensor:
    """Run one direction of one layer of `torch.nn.LSTM` over padded input: what torch gives to the
    kernel, as it does neither with packed input nor with several layers or directions at once.

    X (Tensor): Shape (time, sequences, input width).
    weights (List[Tensor]): Input weights, hidden weights and their biases, as in `torch.nn.LSTM`.
    RETURNS (Tensor): The states. Shape (time, sequences, width).
    """
    state = X.new_zeros((1, X.shape[1], weights[1].shape[1]))
    train = torch.is_grad_enabled()
    return torch.lstm(X, (state, state), weights, True, 1, 0.0, train, False, False)[0]
