"""Character n-grams of words."""

from collections.abc import Sequence

import numpy
from numpy.typing import NDArray

from .distinct import MULTIPLIER

SIZES = range(2, 6)
# Of a longer word, as many characters at either end count.
MAX_CHARACTERS = 20


def hash_ngrams(
    words: Sequence[str], rows: int
) -> tuple[NDArray[numpy.int64], NDArray[numpy.int64]]:
    """Hash the n-grams of 2 to 5 characters of each word, its boundaries counting as characters
    (Bojanowski et al. 2017).

    words (Sequence[str]): The words, of any script and length.
    rows (int): Number of values to hash to.
    RETURNS (Tuple[NDArray, NDArray]): The n-grams of all words, one word after the other; and
        where each word starts, shape (words,). Every word has at least one n-gram.
    """
    marked = [f"\x02{clip(word)}\x03" for word in words]
    characters = numpy.frombuffer(
        "".join(marked).encode("utf-32-le", errors="surrogatepass"), dtype=numpy.uint32
    ).astype(numpy.uint64)
    owner = numpy.repeat(numpy.arange(len(words)), [len(word) for word in marked])
    hashes, owners = [], []
    rolling = characters
    for size in SIZES:
        rolling = rolling[:-1] * MULTIPLIER ^ characters[size - 1 :]
        inside = owner[: len(rolling)] == owner[size - 1 :]
        hashes.append(rolling[inside])
        owners.append(owner[: len(rolling)][inside])
    order = numpy.argsort(numpy.concatenate(owners), kind="stable")
    mixed = numpy.concatenate(hashes)[order] * MULTIPLIER
    ngrams = (mixed ^ (mixed >> numpy.uint64(32))) % numpy.uint64(rows)
    counts = numpy.bincount(numpy.concatenate(owners), minlength=len(words))
    return ngrams.astype(numpy.int64), numpy.cumsum(counts) - counts


def clip(word: str) -> str:
    """RETURNS (str): The word, or both ends of a long one."""
    if len(word) <= 2 * MAX_CHARACTERS:
        return word
    return word[:MAX_CHARACTERS] + word[-MAX_CHARACTERS:]
