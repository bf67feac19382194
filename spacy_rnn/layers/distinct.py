"""Distinct rows of an integer array."""

import numpy
from numpy.typing import NDArray

# An odd constant with well-mixed bits: 2^64 divided by the golden ratio (Knuth 1998, 6.4).
MULTIPLIER = numpy.uint64(0x9E3779B97F4A7C15)


def distinct_rows(
    rows: NDArray[numpy.uint64],
) -> tuple[NDArray[numpy.intp], NDArray[numpy.intp]]:
    """Find the distinct rows of an array.

    rows (NDArray[uint64]): Shape (rows, columns).
    RETURNS (Tuple[NDArray, NDArray]): Where each distinct row occurs first, and which of them each
        row is, so that `rows[first][inverse]` equals `rows`.
    """
    # One sort of hashes is many times faster than a sort of rows.
    hashes = numpy.zeros(len(rows), dtype=numpy.uint64)
    for column in rows.T:
        hashes = (hashes ^ (hashes >> numpy.uint64(32)) ^ column) * MULTIPLIER
    _, first, inverse = numpy.unique(hashes, return_index=True, return_inverse=True)
    if not numpy.array_equal(rows[first][inverse], rows):
        _, first, inverse = numpy.unique(rows, axis=0, return_index=True, return_inverse=True)
    return first, inverse.reshape(-1)
