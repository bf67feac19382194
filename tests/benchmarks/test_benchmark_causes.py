"""Steps from a support vector machine to the branch of n-grams; the solver of the machines."""

import json
from pathlib import Path

import numpy
import pytest
import spacy
import torch
from spacy.tokens import DocBin

N_ROWS, N_COLUMNS, N_LABELS = 100, 40, 3


@pytest.fixture
def margins(module):
    return module("margins")


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


@pytest.fixture
def sparse(dense, margins):
    columns = [numpy.flatnonzero(row) for row in dense]
    starts = numpy.concatenate(([0], numpy.cumsum([len(each) for each in columns])))
    values = [row[each] for row, each in zip(dense, columns, strict=True)]
    return margins.Rows(numpy.concatenate(columns), numpy.concatenate(values), starts)


def minimum(dense: numpy.ndarray, truth: numpy.ndarray, cost: float) -> torch.Tensor:
    """RETURNS: The weights of least loss, found in double precision; the last is the bias."""
    X = torch.from_numpy(numpy.pad(dense, ((0, 0), (0, 1)), constant_values=1.0)).double()
    Y = torch.from_numpy(truth).double()
    W = torch.zeros(X.shape[1], Y.shape[1], dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([W], max_iter=500, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        search.zero_grad()
        errors = Y.abs() * (1 - Y * (X @ W)).clamp_min(0) ** 2
        loss = (W**2).sum() / 2 + cost * errors.sum()
        loss.backward()
        return loss

    search.step(closure)
    return W.detach()


@pytest.mark.parametrize("cost", [0.3, 3.0])
def test_machines_are_the_minimum(margins, sparse, dense, truth, cost):
    truth[::9, 0] = 0.0  # not known
    machines = margins.Machines(sparse, truth, N_COLUMNS)
    for _ in range(40):
        machines.train(numpy.arange(N_ROWS), cost)
    expected = minimum(dense, truth, cost)
    numpy.testing.assert_allclose(machines.weights, expected[:-1], atol=5e-3)
    numpy.testing.assert_allclose(machines.bias, expected[-1], atol=5e-3)


def test_machines_are_the_same_in_blocks_of_labels(margins, sparse, truth, monkeypatch):
    monkeypatch.setattr(margins, "EPOCHS", 100)
    vectors, directions, bias = margins.solve(sparse, truth, N_COLUMNS, 1.0, N_LABELS)
    monkeypatch.setattr(margins, "MAX_WEIGHTS", 2 * N_COLUMNS)
    found = margins.solve(sparse, truth, N_COLUMNS, 1.0, N_LABELS)
    numpy.testing.assert_allclose(found[0] @ found[1].T, vectors @ directions.T, atol=5e-3)
    numpy.testing.assert_allclose(found[2], bias, atol=5e-3)


def test_a_low_rank_keeps_what_it_can(margins, sparse, dense, truth):
    """Labels that repeat others need no rank of their own."""
    doubled = numpy.hstack((truth[:, :2], -truth[:, :2]))
    vectors, directions, _ = margins.solve(sparse, doubled, N_COLUMNS, 1.0, 2)
    assert vectors.shape == (N_COLUMNS, 2)
    scores = dense @ vectors @ directions.T
    numpy.testing.assert_allclose(scores[:, :2], -scores[:, 2:], atol=1e-3)


@pytest.mark.parametrize("exclusive", [True, False])
def test_calibrated_scores_are_probabilities(margins, exclusive):
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
    _, scale, shift = margins.calibrate(scores, truth, exclusive)
    assert scale == pytest.approx(3.0, rel=0.2)
    assert shift == pytest.approx(0.0 if exclusive else -1.0, abs=0.3)


def test_steps_from_one_to_the_other(program, tmp_path: Path):
    nlp, docs = spacy.blank("en"), []
    for i in range(40):
        label = ("bread", "soup", "tea")[i % 3]
        doc = nlp(f"{['some', 'good', 'one', 'the'][i % 4]} {label} please")
        doc.cats = {each: float(each == label) for each in ("bread", "soup", "tea")}
        docs.append(doc)
    for split in ("train", "dev"):
        DocBin(docs=docs).to_disk(tmp_path / f"{split}.spacy")
    output = tmp_path / "causes.json"
    arguments = [tmp_path, "--rows", 5000, "--widths", 3, 1, "--output", output]
    code, _, messages = program("causes.py", *arguments)
    assert code == 0, messages
    found = {name: s["cats_micro_f"] for name, s in json.loads(output.read_text())["dev"].items()}
    *full, last = found.values()
    assert full == [100.0] * 5
    assert last < 100.0
