"""minGRU against its published equations, one token after the other."""

import numpy
import pytest
import torch
from torch import Tensor, nn

from spacy_rnn.modules.mingru import LinearScan, MinGRU, scan

LENGTHS = torch.tensor([3, 0, 1, 7, 7, 0, 2, 40, 1, 0])


def sequences(X: Tensor) -> list[Tensor]:
    return [x for x in X.split(LENGTHS.tolist()) if len(x)]


def one_direction(x: numpy.ndarray, W: numpy.ndarray, b: numpy.ndarray) -> numpy.ndarray:
    gate, new = numpy.split(x @ W.T + b, 2, axis=1)
    h, states = numpy.zeros(new.shape[1]), []
    for z, n in zip(1 / (1 + numpy.exp(-gate)), new, strict=True):
        h = (1 - z) * h + z * n
        states.append(h)
    return numpy.array(states)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_agrees_with_the_equations_in_float64(bidirectional):
    layer = MinGRU(3, 2, bidirectional).double()
    for weight in layer.parameters():
        nn.init.normal_(weight)
    X = torch.randn(int(LENGTHS.sum()), 3, dtype=torch.float64)
    directions = 2 if bidirectional else 1
    weights = [
        (W.detach().numpy(), b.detach().numpy())
        for W, b in zip(
            layer.input.weight.chunk(directions), layer.input.bias.chunk(directions), strict=True
        )
    ]
    expected = []
    for x in (x.numpy() for x in sequences(X)):
        halves = [one_direction(x, *weights[0])]
        if bidirectional:
            halves.append(one_direction(x[::-1], *weights[1])[::-1])
        expected.append(numpy.hstack(halves))
    Y = layer(X, LENGTHS).detach().numpy()
    numpy.testing.assert_allclose(Y, numpy.concatenate(expected), atol=1e-12)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_gradients_in_float64(bidirectional):
    layer = MinGRU(3, 2, bidirectional).double()
    lengths = torch.tensor([2, 0, 4, 1])
    X = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)

    def run(X: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        weights = {"input.weight": weight, "input.bias": bias}
        return torch.func.functional_call(layer, weights, (X, lengths))

    assert torch.autograd.gradcheck(run, (X, layer.input.weight, layer.input.bias))


def test_a_sequence_is_read_as_if_it_were_alone():
    layer = MinGRU(5, 4, bidirectional=True)
    X = torch.randn(int(LENGTHS.sum()), 5)
    alone = torch.cat([layer(x, torch.tensor([len(x)])) for x in sequences(X)])
    torch.testing.assert_close(layer(X, LENGTHS), alone, atol=1e-6, rtol=0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_sequence_that_is_not_finite_reaches_no_other(value):
    layer = MinGRU(5, 4, bidirectional=True)
    X = torch.randn(int(LENGTHS.sum()), 5)
    expected = layer(X, LENGTHS)
    X[14] = value  # in the fourth of those that are not empty
    finite = torch.ones(len(X), dtype=torch.bool)
    finite[11:18] = False
    found = layer(X, LENGTHS)
    assert found[14].isnan().any()
    torch.testing.assert_close(found[finite], expected[finite])
    X.requires_grad_()
    (gradient,) = torch.autograd.grad(layer(X, LENGTHS)[finite].sum(), X)
    assert gradient[finite].isfinite().all()


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 5, 8, 31, 100])
def test_a_scan_is_a_loop(rows):
    a, b = (torch.randn(rows, 3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    h, states = torch.zeros(3, dtype=torch.float64), [torch.zeros(0, 3, dtype=torch.float64)]
    for row in range(rows):
        h = a[row] * h + b[row]
        states.append(h[None])
    torch.testing.assert_close(scan(a.detach(), b.detach()), torch.cat(states))
    if rows:
        expected = torch.autograd.grad(torch.cat(states).square().sum(), (a, b))
        found = torch.autograd.grad(LinearScan.apply(a, b).square().sum(), (a, b))
        torch.testing.assert_close(found, expected)


def test_a_long_sequence_is_as_precise_as_a_short_one():
    layer = MinGRU(2, 2)
    X, lengths = torch.randn(100_000, 2), torch.tensor([100_000])
    with torch.inference_mode():
        Y = layer(X, lengths)
        expected = layer.double()(X.double(), lengths)
    torch.testing.assert_close(Y.double(), expected, atol=1e-5, rtol=0)


def test_states_last_at_first():
    layer = MinGRU(3, 2, bidirectional=True)
    assert layer.input.bias.tolist() == [-1.0, -1.0, 0.0, 0.0] * 2
