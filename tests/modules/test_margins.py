"""Support vector machines against a plain minimization of the same objective."""

import numpy
import pytest
import torch

from spacy_rnn.modules import margins
from spacy_rnn.modules.margins import COSTS, Machines, Rows, calibrate, choose, solve

N_ROWS, N_COLUMNS, N_LABELS = 150, 60, 5


@pytest.fixture
def dense() -> numpy.ndarray:
    random = numpy.random.RandomState(0)
    values = random.rand(N_ROWS, N_COLUMNS) * (random.rand(N_ROWS, N_COLUMNS) < 0.2)
    values[:, 0] = 0.5
    values[7] = 0.0  # a row without entries
    return values.astype("float32")


@pytest.fixture
def truth(dense) -> numpy.ndarray:
    random = numpy.random.RandomState(1)
    scores = dense @ random.randn(N_COLUMNS, N_LABELS) + 0.3 * random.randn(N_ROWS, N_LABELS)
    return numpy.where(scores > numpy.median(scores, axis=0), 1.0, -1.0).astype("float32")


def sparse(dense: numpy.ndarray) -> Rows:
    columns = [numpy.flatnonzero(row) for row in dense]
    starts = numpy.concatenate(([0], numpy.cumsum([len(each) for each in columns])))
    values = [row[each] for row, each in zip(dense, columns, strict=True)]
    return Rows(numpy.concatenate(columns), numpy.concatenate(values), starts)


def minimum(dense: numpy.ndarray, truth: numpy.ndarray, cost: float) -> torch.Tensor:
    """RETURNS: The weights of least loss, found in double precision; the last is the bias."""
    X = torch.from_numpy(numpy.pad(dense, ((0, 0), (0, 1)), constant_values=1.0)).double()
    Y = torch.from_numpy(truth).double()
    W = torch.zeros(X.shape[1], Y.shape[1], dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS(
        [W], max_iter=500, tolerance_grad=1e-9, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        search.zero_grad()
        errors = Y.abs() * (1 - Y.sign() * (X @ W)).clamp_min(0) ** 2
        loss = (W**2).sum() / 2 + cost * errors.sum()
        loss.backward()
        return loss

    search.step(closure)
    return W.detach()


@pytest.mark.parametrize("cost", COSTS)
def test_finds_the_minimum(dense, truth, cost):
    truth[::9, 0] = 0.0  # not known
    truth[:, 1] *= 2.5  # counts more
    machines = Machines(sparse(dense), truth, N_COLUMNS)
    for _ in range(100):
        machines.train(numpy.arange(N_ROWS), cost)
    expected = minimum(dense, truth, cost)
    numpy.testing.assert_allclose(machines.weights, expected[:-1], atol=2e-3)
    numpy.testing.assert_allclose(machines.bias, expected[-1], atol=2e-3)


def test_few_passes_are_near_it(dense, truth):
    machines = Machines(sparse(dense), truth, N_COLUMNS)
    machines.train(numpy.arange(N_ROWS), 1.0)
    expected = dense @ minimum(dense, truth, 1.0)[:-1].numpy()
    scores = dense @ machines.weights
    assert numpy.corrcoef(scores.ravel(), expected.ravel())[0, 1] > 0.98


def test_the_same_seed_gives_the_same_to_the_bit(dense, truth):
    found = []
    for _ in range(2):
        numpy.random.seed(3)
        found.append(solve(sparse(dense), truth, N_COLUMNS, 1.0, N_LABELS))
    for one, other in zip(*found, strict=True):
        assert (one == other).all()


def test_blocks_of_labels_change_nothing(dense, truth, monkeypatch):
    """They differ by the order of rows, which hardly matters, and are joined at full rank."""
    rows = sparse(dense)
    monkeypatch.setattr(margins, "EPOCHS", 100)
    vectors, directions, bias = solve(rows, truth, N_COLUMNS, 1.0, N_LABELS)
    monkeypatch.setattr(margins, "MAX_WEIGHTS", 2 * N_COLUMNS)
    found = solve(rows, truth, N_COLUMNS, 1.0, N_LABELS)
    numpy.testing.assert_allclose(found[0] @ found[1].T, vectors @ directions.T, atol=5e-3)
    numpy.testing.assert_allclose(found[2], bias, atol=5e-3)
    assert choose(rows, truth, numpy.arange(N_ROWS) % 5 == 4, N_COLUMNS, False).cost in COSTS


def test_a_cost_is_chosen_by_some_of_many_rows(dense, truth, monkeypatch):
    asked, train = [], Machines.train

    def recorded(machines: Machines, which: numpy.ndarray, cost: float) -> None:
        asked.append(which)
        train(machines, which, cost)

    monkeypatch.setattr(margins, "MOST_TO_CHOOSE", 7)
    monkeypatch.setattr(Machines, "train", recorded)
    held = numpy.arange(N_ROWS) % 5 == 4
    assert choose(sparse(dense), truth, held, N_COLUMNS, False).cost in COSTS
    for which in asked:
        assert 3 < len(which) <= 7
        assert which[-1] > 0.7 * N_ROWS
        assert not held[which].any()


def test_a_low_rank_keeps_what_it_can(dense, truth):
    """Labels that repeat others need no rank of their own."""
    doubled = numpy.hstack((truth[:, :2], -truth[:, :2], truth[:, 1:2]))
    vectors, directions, _ = solve(sparse(dense), doubled, N_COLUMNS, 1.0, 2)
    assert vectors.shape == (N_COLUMNS, 2)
    scores = dense @ vectors @ directions.T
    numpy.testing.assert_allclose(scores[:, :2], -scores[:, 2:4], atol=1e-3)
    assert (numpy.sign(scores[:, :2]) == truth[:, :2]).mean() > 0.8


@pytest.mark.parametrize("exclusive", [True, False])
def test_calibrated_scores_are_probabilities(exclusive):
    random = numpy.random.RandomState(0)
    scores = random.randn(4000, 4).astype("float32")
    if exclusive:
        odds = numpy.exp(3 * scores)
        chances = odds / odds.sum(axis=1, keepdims=True)
        drawn = (random.rand(len(scores), 1) > chances.cumsum(axis=1)).sum(axis=1)
        truth = numpy.where(numpy.arange(4) == drawn[:, None], 1.0, -1.0)
    else:
        chances = 1 / (1 + numpy.exp(-3 * scores + 1))
        truth = numpy.where(random.rand(*scores.shape) < chances, 1.0, -1.0)
    _, scale, shift = calibrate(scores, truth, exclusive)
    assert scale == pytest.approx(3.0, rel=0.2)
    assert shift == pytest.approx(0.0 if exclusive else -1.0, abs=0.3)
