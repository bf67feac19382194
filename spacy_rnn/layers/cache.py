"""Cache of what an embedding gave for tokens, from one batch to the next."""

import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import cast
from weakref import WeakKeyDictionary

import numpy
from numpy.typing import NDArray

from ..modules.embedding import TokenEmbedding
from .shim import TorchShim

Vectors = NDArray[numpy.float32]

# What Python takes for the slot of a key, in bytes.
SLOT_BYTES = 200


class VectorCache:
    """The vectors of tokens that were computed before, while their version lasts.

    A new version clears it, and so do tokens that would exceed the bound: most of what is worth
    keeping, the frequent words, comes back with the next batch.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._version: Hashable = None
        self._clear()

    def _clear(self) -> None:
        self._slots: dict[bytes, int] = {}
        self._vectors: Vectors | None = None

    def __len__(self) -> int:
        return len(self._slots)

    def get(
        self,
        keys: Sequence[bytes],
        version: Hashable,
        compute: Callable[[NDArray[numpy.int64]], Vectors],
        max_bytes: int,
    ) -> Vectors:
        """Get the vectors of tokens, computing those that are not cached.

        keys (Sequence[bytes]): What tells the tokens apart, all of one length.
        version (Hashable): Changes whenever `compute` would give other vectors.
        compute (Callable): Takes indices of some of the tokens, no two of which are the same, and
            returns their vectors.
        max_bytes (int): What the cache may take.
        RETURNS (NDArray[float32]): Shape (tokens, width).
        """
        with self._lock:
            if version != self._version:
                self._clear()
                self._version = version
            slots = [*map(self._slots.get, keys)]
            if None in slots:
                # Finding out by the way where each of the same tokens stands takes no sort.
                places = dict(zip(keys, range(len(keys)), strict=True))
                new = [key for key in places if key not in self._slots]
                vectors = compute(numpy.array([places[key] for key in new]))
                most = max_bytes // (vectors[:1].nbytes + len(keys[0]) + SLOT_BYTES)
                if len(self._slots) + len(new) > most:
                    self._clear()
                    if len(new) < len(places):
                        vectors = compute(numpy.array([*places.values()]))
                    rows = dict(zip(places, range(len(places)), strict=True))
                    return vectors[[rows[key] for key in keys]]
                self._add(new, vectors, most)
                slots = [*map(self._slots.get, keys)]
            return cast(Vectors, self._vectors).take(cast(list[int], slots), axis=0)

    def _add(self, keys: list[bytes], vectors: Vectors, most: int) -> None:
        start, end = len(self._slots), len(self._slots) + len(keys)
        if self._vectors is None:
            # Systems hand out memory once it is written to.
            self._vectors = numpy.empty((most, vectors.shape[1]), dtype=vectors.dtype)
        self._vectors[start:end] = vectors
        self._slots.update(zip(keys, range(start, end), strict=True))


# Beside the layers, not in them: no cache is pickled, copied or stored with a pipeline, nor does
# one go to forked processes, where its lock might never be released.
_caches: WeakKeyDictionary[TorchShim, VectorCache] = WeakKeyDictionary()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_caches.clear)


def cache_of(shim: TorchShim) -> VectorCache:
    """RETURNS (VectorCache): The cache of an embedding."""
    return _caches.get(shim) or _caches.setdefault(shim, VectorCache())


# Whether tokens are computed in whole rows, of which each is the same in any company.
in_whole_rows: ContextVar[bool] = ContextVar("in_whole_rows", default=False)


@contextmanager
def reproducible() -> Iterator[None]:
    """Let predictions within the context depend, to the last bit, on nothing that came before it.
    What embeddings have cached in earlier such contexts is kept where it cannot matter.
    """
    for shim in [*_caches]:
        if not cast(TokenEmbedding, shim.module).has_exact_rows():
            del _caches[shim]
    before = in_whole_rows.set(True)
    try:
        yield
    finally:
        in_whole_rows.reset(before)


def clear_caches() -> None:
    """Clear the caches of all embeddings, so that what they give depends, to the last bit, on
    nothing that came before."""
    _caches.clear()
