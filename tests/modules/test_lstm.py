"""The fused kernel against torch's module."""

import pytest
import torch
from torch import nn

from spacy_rnn.modules.lstm import fused_lstm


@pytest.mark.parametrize(("width", "time", "sequences"), [(4, 1, 1), (8, 7, 3), (64, 5, 32)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_agrees_with_torch(width, time, sequences, dtype):
    module = nn.LSTM(width + 1, width).to(dtype)
    X = torch.randn(time, sequences, width + 1, dtype=dtype)
    with torch.inference_mode():
        found = fused_lstm(X, module._flat_weights)
        torch.testing.assert_close(found, module(X)[0], atol=1e-6, rtol=0)
    fused_lstm(X, module._flat_weights).sum().backward()
    gradients = [weight.grad.clone() for weight in module.parameters()]
    module.zero_grad()
    module(X)[0].sum().backward()
    for gradient, weight in zip(gradients, module.parameters(), strict=True):
        torch.testing.assert_close(gradient, weight.grad)
