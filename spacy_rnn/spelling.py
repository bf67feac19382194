"""Words as their character n-grams, and as their bytes."""

from collections.abc import Sequence
from typing import AnyStr

import numpy
from numpy.typing import NDArray

Integers = NDArray[numpy.int64]

# An odd constant with well-mixed bits: 2^64 divided by the golden ratio (Knuth 1998, 6.4).
MULTIPLIER = numpy.uint64(0x9E3779B97F4A7C15)
NGRAM_SIZES = numpy.arange(2, 6)
# Of a longer word, as many characters, or bytes, at either end count.
MAX_CHARACTERS = 20
MAX_BYTES = 32
# Bytes that UTF-8 does not use.
START, END = b"\xfe", b"\xff"


def hash_ngrams(words: Sequence[str], rows: int) -> tuple[Integers, Integers]:
    """Hash the n-grams of 2 to 5 characters of each word, its boundaries counting as characters
    (Bojanowski et al. 2017).

    words (Sequence[str]): The words, of any script and length.
    rows (int): Number of values to hash to.
    RETURNS (Tuple[NDArray, NDArray]): The n-grams of all words, one word after the other; and
        where each word starts, shape (words,). Every word has at least one n-gram.
    """
    marked = [f"\x02{_ends(word, MAX_CHARACTERS)}\x03" for word in words]
    characters = numpy.frombuffer(
        "".join(marked).encode("utf-32-le", errors="surrogatepass"), dtype=numpy.uint32
    ).astype(numpy.uint64)
    lengths = numpy.array([len(word) for word in marked], dtype=numpy.int64)
    # By first character, and by size: an n-gram is inside as far as its word has so many left.
    hashes = numpy.empty((len(characters), len(NGRAM_SIZES)), dtype=numpy.uint64)
    rolling = characters
    for column, size in zip(hashes.T, NGRAM_SIZES, strict=True):
        rolling = rolling[:-1] * MULTIPLIER ^ characters[size - 1 :]
        column[: len(rolling)] = rolling
    left = lengths.cumsum().repeat(lengths) - numpy.arange(len(characters))
    inside = left[:, None] >= NGRAM_SIZES
    counts = numpy.maximum(lengths[:, None] - NGRAM_SIZES + 1, 0).sum(axis=1)
    return hash_rows(hashes[inside], rows), counts.cumsum() - counts


def hash_rows(values: NDArray[numpy.uint64], rows: int) -> Integers:
    """RETURNS (NDArray[int64]): The values, spread over so many rows."""
    mixed = values * MULTIPLIER
    return ((mixed ^ (mixed >> numpy.uint64(32))) % numpy.uint64(rows)).astype(numpy.int64)


def spell(words: Sequence[str]) -> tuple[Integers, Integers]:
    """Spell words as bytes, between a start and an end.

    words (Sequence[str]): The words, of any script and length.
    RETURNS (Tuple[NDArray, NDArray]): The symbols of all words, one word after the other; and how
        many each word has, shape (words,).
    """
    spelled = (word.encode("utf8", errors="surrogatepass") for word in words)
    marked = [START + _ends(word, MAX_BYTES) + END for word in spelled]
    lengths = numpy.array([len(word) for word in marked], dtype=numpy.int64)
    return numpy.frombuffer(b"".join(marked), dtype=numpy.uint8).astype(numpy.int64), lengths


def _ends(word: AnyStr, size: int) -> AnyStr:
    """RETURNS (Union[str, bytes]): The word, or both ends of a long one."""
    return word if len(word) <= 2 * size else word[:size] + word[-size:]
