"""The recurrent stack against torch's own modules and against the published equations."""

import numpy
import pytest
import torch
from torch import Tensor, nn

from spacy_rnn.modules import linear
from spacy_rnn.modules.recurrent import CELLS, RecurrentStack

LENGTHS = torch.tensor([3, 0, 1, 7, 7, 2, 40, 1])
SHAPES = [(1, True), (2, True), (1, False), (3, False)]
# Each way to compute a cell on CPU.
PATHS = ["fused lstm", "packed lstm", "unrolled gru", "packed gru"]


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """RETURNS (str): A cell, which takes one path only."""
    way, cell = request.param.split()
    monkeypatch.setattr(RecurrentStack, "path", lambda stack, device: way)
    return cell


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


@pytest.mark.parametrize(("depth", "bidirectional"), SHAPES)
def test_agrees_with_torch_one_sequence_at_a_time(path, depth, bidirectional):
    stack = RecurrentStack(5, 8, depth, path, bidirectional)
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


STEPS = {"lstm": lstm_step, "gru": gru_step}


def equations(stack: RecurrentStack, X: Tensor) -> numpy.ndarray:
    """RETURNS (ndarray): What one layer makes of one sequence, by the equations in float64."""
    layer, halves = stack.layers[0].double(), []
    for suffix, order in (("", range(len(X))), ("_reverse", range(len(X) - 1, -1, -1))):
        weights = [
            getattr(layer, f"{kind}_l0{suffix}").detach().numpy()
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        h = c = numpy.zeros(layer.hidden_size)
        states = numpy.zeros((len(X), layer.hidden_size))
        for t in order:
            h, c = STEPS[stack.cell](X[t].double().numpy(), h, c, *weights)
            states[t] = h
        halves.append(states)
    return numpy.hstack(halves)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_agrees_with_the_equations_in_float64(path, dtype, tolerance):
    stack = RecurrentStack(3, 4, 1, path).to(dtype)
    for weight in stack.parameters():
        nn.init.normal_(weight)
    X = torch.randn(6, 3, dtype=dtype)
    for training in (True, False):
        with torch.set_grad_enabled(training):
            Y = stack(X, torch.tensor([6])).detach().numpy()
        expected = equations(stack, X)
        stack.to(dtype)
        numpy.testing.assert_allclose(Y, expected, atol=tolerance)


@pytest.mark.parametrize("cell", STEPS)
def test_wide_layers_agree_with_the_equations_in_any_batch(cell, monkeypatch):
    stack = RecurrentStack(256, 256, 1, cell)
    lengths = torch.cat((torch.randint(1, 40, (70,)), torch.tensor([150])))
    X = torch.randn(int(lengths.sum()), 256)
    with torch.inference_mode():
        batch = stack(X, lengths)
        alone = torch.cat([stack(x, torch.tensor([len(x)])) for x in X.split(lengths.tolist())])
        monkeypatch.setattr(linear, "onednn_product", lambda: None)
        plain = stack(X, lengths)
    torch.testing.assert_close(batch, alone, atol=5e-6, rtol=0)
    torch.testing.assert_close(batch, plain, atol=5e-6, rtol=0)
    long = batch[-150:].numpy()
    numpy.testing.assert_allclose(long, equations(stack, X[-150:]), atol=5e-6)


def test_gradients_in_float64(path):
    stack = RecurrentStack(3, 4, 2, path).double()
    lengths = torch.tensor([2, 4, 1])
    X = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    names, weights = zip(*stack.named_parameters(), strict=True)

    def run(X: Tensor, *weights: Tensor) -> Tensor:
        return torch.func.functional_call(
            stack, dict(zip(names, weights, strict=True)), (X, lengths)
        )

    assert torch.autograd.gradcheck(run, (X, *weights))


@pytest.mark.parametrize("way", [*PATHS, "scanned mingru"])
@pytest.mark.parametrize("input_width", [8, 5])
def test_residual_layers_give_the_sum_of_what_they_read_and_find(way, input_width, monkeypatch):
    path, cell = way.split()
    monkeypatch.setattr(RecurrentStack, "path", lambda stack, device: path)
    stack = RecurrentStack(input_width, 8, 3, cell, residual=True)
    X = torch.randn(int(LENGTHS.sum()), input_width, requires_grad=True)
    expected = X
    for i, weights in enumerate(stack.layers):
        layer = RecurrentStack(input_width if i == 0 else 8, 8, 1, cell)
        layer.layers[0] = weights
        found = layer(expected, LENGTHS)
        expected = found if input_width == 5 and i == 0 else expected + found
    found = stack(X, LENGTHS)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    gradients = [torch.autograd.grad(Y.square().sum(), X)[0] for Y in (found, expected)]
    torch.testing.assert_close(*gradients, atol=1e-5, rtol=1e-4)
    with torch.inference_mode():
        torch.testing.assert_close(stack(X, LENGTHS), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("width", [8, 256])
def test_gradients_of_many_sequences_agree_with_torch(width, monkeypatch):
    lengths = torch.randint(1, 30, (70,))
    X = torch.randn(int(lengths.sum()), width, requires_grad=True)
    stack = RecurrentStack(width, width, 1, "gru")
    found = []
    assert stack.path(X.device) == "unrolled"
    for way in ("unrolled", "packed"):
        monkeypatch.setattr(RecurrentStack, "path", lambda stack, device, way=way: way)
        stack.zero_grad()
        X.grad = None
        Y = stack(X, lengths)
        Y.square().mean().backward()
        found.append((Y, X.grad, *(weight.grad for weight in stack.parameters())))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_a_small_budget_changes_nothing(path):
    stack = RecurrentStack(5, 8, 2, path)
    frugal = RecurrentStack(5, 8, 2, path, token_budget=4)
    frugal.load_state_dict(stack.state_dict())
    X = torch.randn(int(LENGTHS.sum()), 5)
    for training in (True, False):
        with torch.set_grad_enabled(training):
            torch.testing.assert_close(frugal(X, LENGTHS), stack(X, LENGTHS), atol=1e-6, rtol=0)


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


def test_dropout_leaves_what_a_residual_layer_reads():
    stack, X = RecurrentStack(8, 8, 1, residual=True), torch.randn(200, 8)
    Y = stack(X, torch.tensor([200]), dropout=0.5)
    assert 0.4 < (Y == X).float().mean() < 0.6


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
        ({"token_budget": 0}, "Invalid token_budget: got 0, expected 1 or more tokens"),
        ({"token_budget": -1}, "Invalid token_budget: got -1, expected 1 or more tokens"),
        (
            {"cell": "rnn"},
            r"Unknown recurrent cell: got 'rnn', expected one of \['gru', 'lstm', 'mingru'\]",
        ),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        RecurrentStack(**{"input_width": 4, "width": 4, **settings})
