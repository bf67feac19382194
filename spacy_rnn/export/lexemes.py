"""Words as the numbers that an exported graph reads, as spaCy's vocabulary has them, with numpy
alone.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy
from numpy.typing import NDArray

from ..spelling import MULTIPLIER, hash_ngrams, hash_rows, spell

Array = NDArray[Any]
MASK = 2**64 - 1
LONG_WORD, LONG_RUN = 100, 4


def feeds(
    words: Sequence[str], settings: Mapping[str, Any], norms: Sequence[str] | None = None
) -> dict[str, Array]:
    """Get the inputs of an exported graph for a text.

    words (Sequence[str]): Its tokens, at least one.
    settings (Mapping[str, Any]): What model.json holds.
    norms (Optional[Sequence[str]]): Their NORM, where a tokenizer sets it, as spaCy's does for the
        parts of "can't". By default that of the vocabulary.
    RETURNS (Dict[str, NDArray]): The inputs by name.
    """
    norms = [norm(word, settings) for word in words] if norms is None else norms
    found: dict[str, Array] = {}
    if settings["attrs"]:
        columns = [attribute_ids(words, norms, attr, settings) for attr in settings["attrs"]]
        hashed = [hash_ids(ids, settings["seed"] + i) for i, ids in enumerate(columns)]
        found["hashes"] = numpy.stack(hashed, axis=1)
    if settings["ngram_rows"]:
        ngrams, starts = hash_ngrams(words, settings["ngram_rows"])
        found["ngrams"] = padded(ngrams, numpy.diff(starts, append=len(ngrams)))
    if settings["characters"]:
        found["symbols"] = padded(*spell(words))
    if attr := settings["vectors_attr"]:
        keys = (attribute_ids(words, norms, each, settings).tolist() for each in (attr, "LOWER"))
        rows = settings["vector_rows"]
        found["vectors"] = numpy.array(
            [rows.get(str(key), rows.get(str(lower), -1)) for key, lower in zip(*keys, strict=True)]
        )
    if rows := settings["text_ngram_rows"]:
        ids, half = attribute_ids(words, norms, "NORM", settings), rows // 2
        pairs = ids[:-1] * MULTIPLIER ^ ids[1:]
        spelled = half + hash_ngrams(norms, rows - half)[0]
        every = numpy.concatenate((hash_rows(ids, half), hash_rows(pairs, half), spelled))
        found["text_ngrams"], found["counts"] = numpy.unique(every, return_counts=True)
    return found


def padded(values: Array, counts: Array) -> Array:
    """RETURNS (NDArray): So many values of each word in a row, then -1. Shape (words, any)."""
    places = numpy.arange(counts.max())
    found = numpy.full((len(counts), len(places)), -1)
    found[places < counts[:, None]] = values
    return found


def norm(word: str, settings: Mapping[str, Any]) -> str:
    """RETURNS (str): The NORM of a word: its lower case, if the vocabulary has no other."""
    return settings["norms"].get(str(string_id(word, settings)), word.lower())


def attribute_ids(
    words: Sequence[str], norms: Sequence[str], attr: str, settings: Mapping[str, Any]
) -> NDArray[numpy.uint64]:
    """RETURNS (NDArray[uint64]): The values of an attribute. Shape (words,)."""
    strings = norms if attr == "NORM" else map(ATTRIBUTES[attr], words)
    return numpy.array([string_id(each, settings) for each in strings], dtype=numpy.uint64)


def word_shape(word: str) -> str:
    """RETURNS (str): A word with letters as x or X and digits as d, no run of which goes on for
    long.
    """
    if len(word) >= LONG_WORD:
        return "LONG"
    kinds = [
        "X" if c.isalpha() and c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c
        for c in word
    ]
    return "".join(
        k for i, k in enumerate(kinds) if kinds[max(0, i - LONG_RUN) : i] != [k] * LONG_RUN
    )


ATTRIBUTES: dict[str, Callable[[str], str]] = {
    "ORTH": str,
    "NORM": str,
    "LOWER": str.lower,
    "PREFIX": lambda word: word[:1],
    "SUFFIX": lambda word: word[-3:],
    "SHAPE": word_shape,
}


def string_id(text: str, settings: Mapping[str, Any]) -> int:
    """RETURNS (int): What spaCy calls a string: one of its symbols, or MurmurHash64A (Appleby
    2008).
    """
    symbol = settings["symbols"].get(text)
    if symbol is not None or not text:
        return symbol or 0
    data, multiplier = text.encode("utf8"), 0xC6A4A7935BD1E995
    found = 1 ^ len(data) * multiplier & MASK
    whole = len(data) - len(data) % 8
    for start in range(0, whole, 8):
        part = int.from_bytes(data[start : start + 8], "little") * multiplier & MASK
        part = (part ^ part >> 47) * multiplier & MASK
        found = (found ^ part) * multiplier & MASK
    if whole < len(data):
        found = (found ^ int.from_bytes(data[whole:], "little")) * multiplier & MASK
    found = (found ^ found >> 47) * multiplier & MASK
    return found ^ found >> 47


def hash_ids(ids: NDArray[numpy.uint64], seed: int) -> NDArray[numpy.int64]:
    """RETURNS (NDArray[int64]): Four hashes of each value, by what Thinc made of MurmurHash3
    (Appleby 2011). Shape (values, 4).
    """

    def mix(x: Array) -> Array:
        x = (x ^ (x >> numpy.uint64(33))) * numpy.uint64(0xFF51AFD7ED558CCD)
        x = (x ^ (x >> numpy.uint64(33))) * numpy.uint64(0xC4CEB9FE1A85EC53)
        return x ^ (x >> numpy.uint64(33))

    first = ids * numpy.uint64(0x87C37B91114253D5)
    first = (first << numpy.uint64(31) | first >> numpy.uint64(33)) * numpy.uint64(
        0x4CF5AD432745937F
    )
    second = numpy.full_like(first, seed ^ 8)
    first = (first ^ second) + second
    first, second = mix(first), mix(second + first)
    first = first + second
    both = numpy.stack((first, second + first), axis=1)
    low, high = both & numpy.uint64(0xFFFFFFFF), both >> numpy.uint64(32)
    return numpy.stack((low, high), axis=2).reshape(-1, 4).astype(numpy.int64)
