"""Linear support vector machines over sparse rows, one a label, all solved together."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

Array = NDArray[Any]
# Passes over the rows. The solution hardly moves after so many.
EPOCHS = 5
# Costs of errors against large weights, of which the best on rows held out is taken.
COSTS = (0.3, 1.0, 3.0)
# Of more rows, so many are enough to choose a cost by.
MOST_TO_CHOOSE = 20_000
# How many weights there are at a time, in 64 MiB.
MAX_WEIGHTS = 2**24
# What counts less than this counts as much as this, which is nothing.
TINY = 1e-6
# What scores are multiplied by to become those of a softmax or sigmoid, of which the best is taken.
SCALES = numpy.geomspace(0.1, 16.0, 26).tolist()
SHIFTS = numpy.linspace(-3.0, 3.0, 25).tolist()


@dataclass(frozen=True)
class Rows:
    """Sparse rows, one after the other.

    columns (NDArray[int]): The distinct columns of each row. Shape (entries,).
    values (NDArray[float32]): Their values. Shape (entries,).
    starts (NDArray[int64]): Where each row starts, and the last one ends. Shape (rows + 1,).
    """

    columns: Array
    values: Array
    starts: Array

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> tuple[Array, Array]:
        part = slice(self.starts[row], self.starts[row + 1])
        return self.columns[part], self.values[part]

    def scores(self, which: Array, weights: Array, bias: Array) -> Array:
        """RETURNS (NDArray[float32]): The scores of some rows. Shape (rows, labels)."""
        found = numpy.empty((len(which), len(bias)), dtype="float32")
        for i, row in enumerate(which.tolist()):
            columns, values = self[row]
            found[i] = values @ weights[columns]
        return found + bias


class Machines:
    """The machines of some labels: those of least squared weights and squared hinge losses (the L2
    loss of Hsieh et al. 2008), found by dual coordinate descent, their algorithm 1.

    A row takes one step for all labels, whose problems do not depend on each other.

    rows (Rows): The rows.
    truth (NDArray[float32]): How much it counts that a row has a label; if it has not, negated. 0
        where nothing is known. Shape (rows, labels).
    n_columns (int): The number of columns.
    """

    def __init__(self, rows: Rows, truth: Array, n_columns: int) -> None:
        self.rows, self.signs, self.counting = rows, numpy.sign(truth), numpy.abs(truth)
        self.weights = numpy.zeros((n_columns, truth.shape[1]), dtype="float32")
        self.bias = numpy.zeros(truth.shape[1], dtype="float32")
        self.pressures = numpy.zeros(truth.shape, dtype="float32")

    def train(self, which: Array, cost: float) -> None:
        """Go on from what was found before, `EPOCHS` times over some of the rows, in an order that
        numpy's random number generator draws.

        which (NDArray[int]): The rows.
        cost (float): What a squared loss counts against half the squared weights.
        """
        for _ in range(EPOCHS):
            for row in numpy.random.permutation(which).tolist():
                columns, values = self.rows[row]
                signs, before = self.signs[row], self.pressures[row]
                slack = 0.5 / (cost * self.counting[row]).clip(TINY)
                weights = self.weights[columns]
                slope = signs * (values @ weights + self.bias) - 1 + slack * before
                curvature = values @ values + 1 + slack
                after = numpy.maximum(before - slope / curvature, 0)
                step = (after - before) * signs
                self.pressures[row] = after
                self.weights[columns] = weights + values[:, None] * step
                self.bias += step


class Choice(NamedTuple):
    """What makes probabilities of rows, and how well.

    loss (float): The cross-entropy of rows held out, summed.
    cost (float): What errors cost, see `Machines.train`.
    scale (float): What scores are multiplied by.
    shift (float): What is added then, before the softmax or sigmoid.
    """

    loss: float
    cost: float
    scale: float
    shift: float


def choose(rows: Rows, truth: Array, held: Array, n_columns: int, exclusive: bool) -> Choice:
    """Choose the cost of errors, and what makes probabilities of scores, by rows held out. Of the
    others, `MOST_TO_CHOOSE` are used at most, evenly.

    rows (Rows): The rows.
    truth (NDArray[float32]): See `Machines`.
    held (NDArray[bool]): Which rows are held out. Shape (rows,).
    n_columns (int): The number of columns.
    exclusive (bool): Whether a row has exactly one label.
    RETURNS (Choice): The one of the least loss.
    """
    others, judged = numpy.flatnonzero(~held), numpy.flatnonzero(held)
    others = others[:: max(1, -(-len(others) // MOST_TO_CHOOSE))]
    scores = numpy.empty((len(COSTS), len(judged), truth.shape[1]), dtype="float32")
    for labels in blocks(n_columns, truth.shape[1]):
        machines = Machines(rows, truth[:, labels], n_columns)
        for i, cost in enumerate(COSTS):
            machines.train(others, cost)
            scores[i, :, labels] = rows.scores(judged, machines.weights, machines.bias)
    choices = []
    for found, cost in zip(scores, COSTS, strict=True):
        loss, scale, shift = calibrate(found, truth[judged], exclusive)
        choices.append(Choice(loss, cost, scale, shift))
    return min(choices)


def solve(
    rows: Rows, truth: Array, n_columns: int, cost: float, width: int
) -> tuple[Array, Array, Array]:
    """Find the machines of all labels, as a product of two matrices.

    Where there are more labels than the width, the scores of the rows are the nearest to the
    machines' that such a product has (Eckart & Young 1936).

    rows (Rows): The rows.
    truth (NDArray[float32]): See `Machines`.
    n_columns (int): The number of columns.
    cost (float): See `Machines.train`.
    width (int): The highest rank.
    RETURNS (Tuple[NDArray, NDArray, NDArray]): The vectors of columns, shape (columns, rank); what
        labels make of them, shape (labels, rank); and the bias of labels, shape (labels,).
    """
    n_labels, every = truth.shape[1], numpy.arange(len(rows))
    bias = numpy.empty(n_labels, dtype="float32")
    forces, scores = numpy.empty_like(truth), numpy.empty_like(truth)
    for labels in blocks(n_columns, n_labels):
        machines = Machines(rows, truth[:, labels], n_columns)
        machines.train(every, cost)
        if n_labels <= min(width, labels.stop - labels.start):
            return machines.weights, numpy.eye(n_labels, dtype="float32"), machines.bias
        forces[:, labels] = machines.pressures * machines.signs
        scores[:, labels] = rows.scores(every, machines.weights, machines.bias) - machines.bias
        bias[labels] = machines.bias
    directions = numpy.linalg.eigh(scores.T @ scores)[1][:, ::-1][:, :width].astype("float32")
    forces = forces @ directions
    vectors = numpy.zeros((n_columns, forces.shape[1]), dtype="float32")
    for row in every.tolist():
        columns, values = rows[row]
        vectors[columns] += values[:, None] * forces[row]
    return vectors, directions, bias


def blocks(n_columns: int, n_labels: int) -> Iterator[slice]:
    """YIELDS (slice): Labels whose machines have at most `MAX_WEIGHTS` weights together."""
    size = max(1, MAX_WEIGHTS // n_columns)
    for start in range(0, n_labels, size):
        yield slice(start, min(start + size, n_labels))


def calibrate(scores: Array, truth: Array, exclusive: bool) -> tuple[float, float, float]:
    """RETURNS (Tuple[float, float, float]): The least cross-entropy; and what scores are multiplied
    by for it, and what is then added.
    """
    shifts = [0.0] if exclusive else SHIFTS
    _, scale = min((_log_loss(scale * scores, truth, exclusive), scale) for scale in SCALES)
    return min(
        (_log_loss(scale * factor * scores + shift, truth, exclusive), scale * factor, shift)
        for factor in (0.8, 1.0, 1.25)
        for shift in shifts
    )


def log_losses(scores: Array, truth: Array, exclusive: bool) -> Array:
    """RETURNS (NDArray[float]): The cross-entropy of each row, its scores becoming probabilities by
    a softmax or, if labels do not exclude each other, by sigmoids. Shape (rows,).
    """
    if not exclusive:
        losses = numpy.logaddexp(0.0, -numpy.sign(truth) * scores) * numpy.abs(truth)
        return losses.sum(axis=1)
    shifted = scores - scores.max(axis=1, keepdims=True)
    logs = shifted - numpy.log(numpy.exp(shifted).sum(axis=1, keepdims=True))
    return -(logs * truth.clip(min=0)).sum(axis=1)


def _log_loss(scores: Array, truth: Array, exclusive: bool) -> float:
    return float(log_losses(scores, truth, exclusive).sum())
