"""Texts of a test set that are nearly in the training data."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy

from .decisions import Array

SHINGLE = 4
BANDS, ROWS = 24, 5
THRESHOLD = 0.8
# Texts whose signatures are found at a time.
BLOCK = 256
# Multiply-shift hashing modulo 2 ** 64, of which the upper bits are the best (Dietzfelbinger et al.
# 1997): of characters to shingles, and of shingles to the numbers whose least makes the signature.
POWERS = numpy.array([0x9E3779B97F4A7C15**i % 2**64 for i in range(1, SHINGLE + 1)], dtype="uint64")
UPPER = numpy.uint64(32)
FACTORS, SHIFTS = numpy.random.default_rng(0).integers(
    0, 2**64, size=(2, BANDS * ROWS, 1), dtype="uint64"
)


@dataclass(frozen=True)
class Duplicate:
    """A text of the test set that is nearly one of the training data.

    test (int): Which text of the test set.
    train (int): Which text of the training data is most like it.
    similarity (float): Jaccard index of their sets of shingles: four characters in a row, without
        case and punctuation.
    """

    test: int
    train: int
    similarity: float


def near_duplicates(
    test: Sequence[str], train: Sequence[str], threshold: float = THRESHOLD
) -> list[Duplicate]:
    """Find texts that are nearly in the training data, by MinHash with locality-sensitive hashing
    (Broder 1997; Leskovec, Rajaraman and Ullman 2014, chapter 3), each candidate being checked.

    test (Sequence[str]): The texts to look for.
    train (Sequence[str]): The texts to look in.
    threshold (float): Similarity from which on a text counts. Recommended values are 0.8 to 1; of
        pairs at 0.8, one in 10,000 is overlooked.
    RETURNS (List[Duplicate]): For each such text, the one that is most like it.
    """
    sets = [shingles(text) for text in (*test, *train)]
    keys = signatures(sets)
    candidates: list[set[int]] = [set() for _ in test]
    for band in range(BANDS):
        table: dict[bytes, list[int]] = defaultdict(list)
        for j, row in enumerate(keys[len(test) :, band]):
            table[row.tobytes()].append(j)
        for i, row in enumerate(keys[: len(test), band]):
            candidates[i].update(table.get(row.tobytes(), ()))
    result = []
    for i, found in enumerate(candidates):
        scored = [(similarity(sets[i], sets[len(test) + j]), -j) for j in found]
        best, j = max(scored, default=(0.0, 0))
        if best >= threshold:
            result.append(Duplicate(i, -j, best))
    return result


def similarity(one: Array, other: Array) -> float:
    """RETURNS (float): Jaccard index of two sets of shingles."""
    shared = len(numpy.intersect1d(one, other, assume_unique=True))
    return shared / max(len(one) + len(other) - shared, 1)


def shingles(text: str) -> Array:
    """RETURNS (NDArray[uint64]): Distinct hashes of four characters in a row, without case and
    punctuation. None for a text without words.
    """
    words = re.sub(r"\W+", " ", text.casefold()).strip()
    if not words:
        return numpy.zeros(0, dtype="uint64")
    codes = numpy.frombuffer(f" {words} ".ljust(SHINGLE).encode("utf-32-le"), dtype="uint32")
    windows = numpy.lib.stride_tricks.sliding_window_view(codes.astype("uint64"), SHINGLE)
    return numpy.unique((windows * POWERS).sum(axis=1) >> UPPER)


def signatures(sets: Sequence[Array]) -> Array:
    """RETURNS (NDArray[uint32]): By set of shingles, bands of numbers: two sets have one of them in
    common with a probability of their similarity. Shape (sets, bands, rows).
    """
    result = numpy.zeros((len(sets), BANDS * ROWS), dtype="uint32")
    filled = [i for i, found in enumerate(sets) if len(found)]
    for start in range(0, len(filled), BLOCK):
        block = filled[start : start + BLOCK]
        offsets = numpy.cumsum([0, *(len(sets[i]) for i in block[:-1])])
        joined = numpy.concatenate([sets[i] for i in block])
        hashed = ((FACTORS * joined + SHIFTS) >> UPPER).astype("uint32")
        result[block] = numpy.minimum.reduceat(hashed, offsets, axis=1).T
    return result.reshape(len(sets), BANDS, ROWS)
