"""GRU with the reset gate before the product, against the published equations."""

import numpy
import pytest
import torch
from torch import Tensor, nn

from spacy_rnn.modules import linear
from spacy_rnn.modules.recurrent import RecurrentStack

LENGTHS = torch.tensor([3, 0, 1, 7, 7, 2, 40, 1])
KINDS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def stack(
    input_width: int, width: int, depth: int = 1, bidirectional: bool = True
) -> RecurrentStack:
    found = RecurrentStack(
        input_width, width, depth, "gru", bidirectional=bidirectional, reset_after=False
    )
    for weight in found.parameters():
        nn.init.normal_(weight, std=len(weight) ** -0.5)
    return found


def states(layer: nn.GRU, X: Tensor, suffix: str = "") -> numpy.ndarray:
    """RETURNS (ndarray): The states of one direction, by the equations in float64."""
    weights = (getattr(layer, f"{kind}_l0{suffix}").detach().double().numpy() for kind in KINDS)
    W, U, b, d = (numpy.split(weight, 3) for weight in weights)
    h, found = numpy.zeros(layer.hidden_size), []
    for x in X.detach().double().numpy():
        r, z = (1 / (1 + numpy.exp(-(W[i] @ x + b[i] + U[i] @ h + d[i]))) for i in (0, 1))
        n = numpy.tanh(W[2] @ x + b[2] + U[2] @ (r * h) + d[2])
        h = (1 - z) * n + z * h
        found.append(h)
    return numpy.array(found)


@pytest.mark.parametrize(
    ("width", "dtype", "tolerance"),
    [(4, torch.float64, 1e-12), (4, torch.float32, 1e-6), (256, torch.float32, 2e-5)],
)
def test_agrees_with_the_equations_in_any_batch(width, dtype, tolerance):
    encode = stack(width, width).to(dtype)
    X = torch.randn(int(LENGTHS.sum()), width, dtype=dtype)
    expected = []
    for x in X.split(LENGTHS.tolist()):
        if len(x):
            backward = states(encode.layers[0], x.flip(0), "_reverse")[::-1]
            expected.append(numpy.hstack([states(encode.layers[0], x), backward]))
    for training in (True, False):
        with torch.set_grad_enabled(training):
            Y = encode(X, LENGTHS).detach().numpy()
        numpy.testing.assert_allclose(Y, numpy.concatenate(expected), atol=tolerance)


def test_differs_from_a_gru_with_the_reset_gate_after_the_product():
    before, after = stack(4, 4), RecurrentStack(4, 4, 1, "gru")
    after.load_state_dict(before.state_dict())
    X, lengths = torch.randn(5, 4), torch.tensor([5])
    assert (before(X, lengths) - after(X, lengths)).abs().max() > 0.01


@pytest.mark.parametrize("bidirectional", [True, False])
def test_gradients_in_float64(bidirectional):
    encode = stack(3, 4, 2, bidirectional=bidirectional).double()
    lengths = torch.tensor([2, 4, 0, 1])
    X = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    names, weights = zip(*encode.named_parameters(), strict=True)

    def run(X: Tensor, *weights: Tensor) -> Tensor:
        settings = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(encode, settings, (X, lengths))

    assert torch.autograd.gradcheck(run, (X, *weights))


def test_gradients_of_large_products_are_those_of_plain_ones(monkeypatch):
    encode, lengths = stack(256, 256), torch.randint(1, 30, (70,))
    X = torch.randn(int(lengths.sum()), 256, requires_grad=True)
    found = []
    for product in (linear.onednn_product, lambda: None):
        monkeypatch.setattr(linear, "onednn_product", product)
        Y = encode(X, lengths)
        found.append((Y, *torch.autograd.grad(Y.square().mean(), (X, *encode.parameters()))))
    for ours, plain in zip(*found, strict=True):
        torch.testing.assert_close(ours, plain, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("cell", ["lstm", "mingru"])
def test_other_cells_have_no_reset_gate(cell):
    message = f"Invalid reset_after: got false for the cell '{cell}', expected 'gru'.* leave reset"
    with pytest.raises(ValueError, match=message):
        RecurrentStack(4, 4, 1, cell, reset_after=False)
