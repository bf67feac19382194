"""Which labels are taken for which, in an order that shows where."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy

from .decisions import NONE, Array, Decisions


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix.

    labels (List[str]): The labels that occur, ordered so that those that are taken for each other
        are neighbours.
    has_none (bool): Whether there is also a last row and column for what only one side has.
    cells (List[Tuple[int, int, int]]): Row (what the annotation has), column (what is predicted)
        and how often, where it occurs.
    """

    labels: list[str]
    has_none: bool
    cells: list[tuple[int, int, int]]


def confusion(decisions: Decisions) -> Confusion:
    """Count which labels are taken for which.

    decisions (Decisions): The decisions.
    RETURNS (Confusion): The counts.
    """
    size = len(decisions.labels) + 1  # NONE is the last
    pairs = (decisions.gold % size) * size + decisions.predicted % size
    counts = numpy.bincount(pairs, minlength=size * size).reshape(size, size)
    inner = counts[:-1, :-1]
    there = numpy.flatnonzero(counts[:-1].sum(axis=1) + counts[:, :-1].sum(axis=0))
    order = there[seriate(inner[numpy.ix_(there, there)])]
    has_none = bool(counts[-1].any() or counts[:, -1].any())
    kept = numpy.append(order, [size + NONE] if has_none else []).astype("int64")
    shown = counts[numpy.ix_(kept, kept)]
    cells = [(int(i), int(j), int(shown[i, j])) for i, j in zip(*shown.nonzero(), strict=True)]
    return Confusion([decisions.labels[i] for i in order], has_none, cells)


def seriate(counts: Array) -> Array:
    """Order labels so that those that are often taken for each other are close: those that are
    not connected by any error apart, the largest group first, and within a group by the Fiedler
    vector of its graph of errors (Atkins, Boman and Hendrickson 1998).

    counts (NDArray[int64]): Shape (labels, labels).
    RETURNS (NDArray[int64]): The order. Shape (labels,).
    """
    errors = (counts + counts.T).astype("float64")
    numpy.fill_diagonal(errors, 0.0)
    groups = sorted(_groups(errors > 0), key=lambda group: (-len(group), group[0]))
    order = [part for group in groups for part in _line_up(errors, group)]
    return numpy.array(order, dtype="int64")


def _groups(linked: Array) -> Iterator[Array]:
    """YIELDS (NDArray[int64]): The connected components of a graph."""
    open_ = numpy.ones(len(linked), dtype=bool)
    for start in range(len(linked)):
        if not open_[start]:
            continue
        group = numpy.zeros(len(linked), dtype=bool)
        edge = group.copy()
        edge[start] = True
        while edge.any():
            group |= edge
            edge = linked[edge].any(axis=0) & ~group
        open_ &= ~group
        yield numpy.flatnonzero(group)


def _line_up(errors: Array, group: Array) -> list[int]:
    if len(group) < 3:
        return group.tolist()
    weights = errors[numpy.ix_(group, group)]
    # The normalized Laplacian, so that frequent labels do not push all others aside.
    roots = numpy.sqrt(weights.sum(axis=1))
    laplacian = numpy.eye(len(group)) - weights / roots[:, None] / roots
    _, vectors = numpy.linalg.eigh(laplacian)
    fiedler = vectors[:, 1] / roots
    # An eigenvector's sign is arbitrary.
    fiedler *= numpy.sign(fiedler[numpy.abs(fiedler).argmax()])
    return group[numpy.argsort(fiedler, kind="stable")].tolist()
