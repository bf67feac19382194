"""The recurrent stack against torch's own modules and against the published equations."""

import numpy
import pytest
import torch
from torch import Tensor, nn

from spacy_rnn.modules import gru, recurrent
from spacy_rnn.modules.recurrent import CELLS, RecurrentStack, reversal, sub_batches

LENGTHS = torch.tensor([3, 0, 1, 7, 7, 2, 40, 1])
SHAPES = [(1, True), (2, True), (1, False), (3, False)]


def reference(stack: RecurrentStack) -> nn.RNNBase:
    """RETURNS (nn.RNNBase): torch's module of `depth` layers with the weights of the stack."""
    first = stack.layers[0]
    module = CELLS[stack.cell](
        first.input_size,
        first.hidden_size,
        num_layers=len(stack.layers),
        bidirectional=stack.bidirectional,
        batch_first=True,
    ).to(first.weight_ih_l0.dtype)
    for name, weight in stack.named_parameters():
        _, layer, name = name.split(".")
        module.get_parameter(name.replace("_l0", f"_l{layer}")).data.copy_(weight.data)
    return module


def one_by_one(module: nn.RNNBase, X: Tensor, lengths: Tensor) -> Tensor:
    return torch.cat([module(x[None])[0][0] for x in X.split(lengths.tolist()) if len(x)])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("depth", "bidirectional"), SHAPES)
def test_agrees_with_torch_one_sequence_at_a_time(cell, depth, bidirectional):
    stack = RecurrentStack(5, 8, depth, cell, bidirectional)
    oracle = reference(stack)
    X = torch.randn(int(LENGTHS.sum()), 5, requires_grad=True)
    X_oracle = X.detach().clone().requires_grad_()
    Y, Y_oracle = stack(X, LENGTHS), one_by_one(oracle, X_oracle, LENGTHS)
    torch.testing.assert_close(Y, Y_oracle, atol=1e-6, rtol=0)
    with torch.inference_mode():
        torch.testing.assert_close(stack(X, LENGTHS), Y_oracle, atol=1e-6, rtol=0)
    dY = torch.randn_like(Y)
    Y.backward(dY)
    Y_oracle.backward(dY)
    torch.testing.assert_close(X.grad, X_oracle.grad, atol=1e-5, rtol=1e-5)
    for name, weight in stack.named_parameters():
        _, layer, name = name.split(".")
        expected = oracle.get_parameter(name.replace("_l0", f"_l{layer}")).grad
        torch.testing.assert_close(weight.grad, expected, atol=1e-5, rtol=1e-4)


def sigmoid(x: numpy.ndarray) -> numpy.ndarray:
    return 1 / (1 + numpy.exp(-x))


def lstm_step(x, h, c, W, U, b, d):
    i, f, g, o = numpy.split(W @ x + b + U @ h + d, 4)
    c = sigmoid(f) * c + sigmoid(i) * numpy.tanh(g)
    return sigmoid(o) * numpy.tanh(c), c


def gru_step(x, h, c, W, U, b, d):
    (r, z, n), (hr, hz, hn) = numpy.split(W @ x + b, 3), numpy.split(U @ h + d, 3)
    n = numpy.tanh(n + sigmoid(r + hr) * hn)
    z = sigmoid(z + hz)
    return (1 - z) * n + z * h, c


@pytest.mark.parametrize(("cell", "step"), [("lstm", lstm_step), ("gru", gru_step)])
def test_agrees_with_the_equations_in_float64(cell, step):
    stack = RecurrentStack(3, 4, 1, cell).double()
    for weight in stack.parameters():
        nn.init.normal_(weight)
    X = torch.randn(6, 3, dtype=torch.float64)
    layer = stack.layers[0]
    halves = []
    for suffix, order in (("", range(6)), ("_reverse", range(5, -1, -1))):
        weights = [
            getattr(layer, f"{kind}_l0{suffix}").detach().numpy()
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        h = c = numpy.zeros(2)
        states = numpy.zeros((6, 2))
        for t in order:
            h, c = step(X[t].numpy(), h, c, *weights)
            states[t] = h
        halves.append(states)
    Y = stack(X, torch.tensor([6])).detach().numpy()
    numpy.testing.assert_allclose(Y, numpy.hstack(halves), atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_in_float64(cell):
    stack = RecurrentStack(3, 4, 2, cell).double()
    lengths = torch.tensor([2, 4, 1])
    X = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    names, weights = zip(*stack.named_parameters(), strict=True)

    def run(X: Tensor, *weights: Tensor) -> Tensor:
        return torch.func.functional_call(
            stack, dict(zip(names, weights, strict=True)), (X, lengths)
        )

    assert torch.autograd.gradcheck(run, (X, *weights))


@pytest.mark.parametrize("cell", CELLS)
def test_a_small_budget_changes_nothing(cell, monkeypatch):
    stack = RecurrentStack(5, 8, 2, cell)
    X = torch.randn(int(LENGTHS.sum()), 5)
    Y = stack(X, LENGTHS)
    monkeypatch.setattr(recurrent, "PADDED_TOKENS", 4)
    torch.testing.assert_close(stack(X, LENGTHS), Y, atol=1e-6, rtol=0)


def test_steps_computed_twice_give_the_same(monkeypatch):
    stack = RecurrentStack(5, 8, 2, "gru")
    X = torch.randn(int(LENGTHS.sum()), 5, requires_grad=True)
    found = []
    for steps in (1024, 3):
        monkeypatch.setattr(gru, "CHECKPOINT_STEPS", steps)
        stack.zero_grad()
        X.grad = None
        Y = stack(X, LENGTHS)
        Y.square().sum().backward()
        found.append((Y, X.grad, *(weight.grad for weight in stack.parameters())))
    for once, twice in zip(*found, strict=True):
        torch.testing.assert_close(once, twice, atol=1e-5, rtol=1e-5)


def test_sub_batches_cover_every_token_once_within_the_budget():
    lengths = torch.randint(0, 60, (500,))
    seen = []
    for sizes, index in sub_batches(lengths, max_sequences=32):
        assert len(sizes) <= 32
        assert index.numel() <= recurrent.PADDED_TOKENS
        assert index.shape == (sizes.max(), len(sizes))
        seen.append(index[torch.arange(len(index))[:, None] < sizes])
    assert sorted(torch.cat(seen).tolist()) == list(range(int(lengths.sum())))


def test_a_long_sequence_gets_a_sub_batch_of_its_own():
    lengths = torch.tensor([5] * 255 + [100_000])
    sizes, index = next(sub_batches(lengths, max_sequences=256))
    assert sizes.tolist() == [100_000]
    assert index.shape == (100_000, 1)


def test_reversal_is_its_own_inverse_and_leaves_padding():
    index = reversal(torch.tensor([4, 2, 1]))
    assert index.view(4, 3).tolist() == [[9, 4, 2], [6, 1, 5], [3, 7, 8], [0, 10, 11]]
    assert index[index].tolist() == list(range(12))


@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
@pytest.mark.parametrize("cell", CELLS)
def test_without_tokens(cell, lengths):
    Y = RecurrentStack(5, 8, 1, cell)(torch.zeros(0, 5), torch.tensor(lengths, dtype=torch.int64))
    assert Y.shape == (0, 8)


@pytest.mark.parametrize("cell", CELLS)
def test_dropout_acts_after_every_layer(cell):
    stack = RecurrentStack(5, 8, 1, cell)
    Y = stack(torch.randn(200, 5), torch.tensor([200]), dropout=0.5)
    assert 0.4 < (Y == 0).float().mean() < 0.6


def test_forget_gates_start_open_and_recurrent_weights_orthogonal():
    stack = RecurrentStack(5, 8, 1, "lstm")
    weights = stack.state_dict()
    assert weights["layers.0.bias_ih_l0"].tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8
    assert not weights["layers.0.bias_hh_l0_reverse"].any()
    for gate in weights["layers.0.weight_hh_l0_reverse"].split(4):
        torch.testing.assert_close(gate @ gate.T, torch.eye(4), atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 7}, "Invalid width: got 7, expected an even number.* Use 6 or 8"),
        ({"width": 0}, "Invalid width: got 0, expected 1 or more"),
        ({"depth": 0}, "Invalid depth: got 0, expected 1 or more recurrent layers"),
        ({"cell": "rnn"}, r"Unknown recurrent cell: got 'rnn', expected one of \['gru', 'lstm'\]"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        RecurrentStack(**{"input_width": 4, "width": 4, **settings})
