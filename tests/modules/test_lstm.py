"""The fused kernel with weights in torch's layout and in its own."""

import pytest
import torch
from torch import nn

from spacy_rnn.modules import lstm
from spacy_rnn.modules.lstm import FusedLSTM, has_layout


@pytest.mark.parametrize(("width", "time", "sequences"), [(4, 1, 1), (8, 7, 3), (64, 5, 32)])
@pytest.mark.parametrize("n_calls", [1, 2])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_agrees_with_torch(width, time, sequences, n_calls, dtype):
    module = nn.LSTM(width + 1, width).to(dtype)
    X = torch.randn(time, sequences, width + 1, dtype=dtype)
    with torch.inference_mode():
        kernel = FusedLSTM(module._flat_weights, n_calls)
        assert kernel.laid_out == (n_calls > 1 and has_layout(dtype))
        torch.testing.assert_close(kernel(X), module(X)[0], atol=1e-6, rtol=0)
        torch.testing.assert_close(kernel(X[:1]), module(X[:1])[0], atol=1e-6, rtol=0)


def test_gradients_need_torchs_layout():
    module = nn.LSTM(3, 4)
    kernel = FusedLSTM(module._flat_weights, n_calls=2)
    assert not kernel.laid_out
    kernel(torch.randn(5, 2, 3)).sum().backward()
    assert all(weight.grad is not None for weight in module.parameters())


def missing(*args):
    raise RuntimeError("no such operator")


def wrong(X, state, weights):
    return torch.zeros(*X.shape[:2], state.shape[2])


@pytest.mark.parametrize(("name", "operator"), [("lay_out", missing), ("fused", wrong)])
def test_without_right_operators_torchs_layout(name, operator, monkeypatch):
    monkeypatch.setattr(lstm, name, operator)
    assert not has_layout.__wrapped__(torch.float32)
    assert not has_layout.__wrapped__(torch.float64)
