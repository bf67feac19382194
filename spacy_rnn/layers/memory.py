"""Memory of embedded rows, from one batch to the next."""

import os
from collections.abc import Callable, Hashable
from threading import Lock
from typing import cast
from weakref import WeakKeyDictionary

import numpy
from numpy.typing import NDArray

from .shim import TorchShim

Rows = NDArray[numpy.uint64]
Vectors = NDArray[numpy.float32]

# What one memory may take, in bytes. Set it to 0 to remember nothing.
MAX_BYTES = 64 * 2**20


class RowMemory:
    """What a function of rows gave for the rows that it has seen, while its version lasts.

    A new version forgets everything, and so do rows that would exceed `MAX_BYTES`: most of what
    is worth remembering, the frequent words, comes back with the next batch.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._version: Hashable = None
        self._forget()

    def _forget(self) -> None:
        self._slots: dict[bytes, int] = {}
        self._vectors: Vectors | None = None

    @property
    def nbytes(self) -> int:
        """RETURNS (int): What the vectors take, in bytes."""
        return 0 if self._vectors is None else self._vectors.nbytes

    def recall(self, rows: Rows, version: Hashable, compute: Callable[[Rows], Vectors]) -> Vectors:
        """Get the vectors of rows, computing those that are not known.

        rows (NDArray[uint64]): Distinct rows. Shape (rows, columns).
        version (Hashable): Changes whenever `compute` would give other vectors.
        compute (Callable): Takes some of the rows and returns their vectors.
        RETURNS (NDArray[float32]): Shape (rows, width).
        """
        keys = rows.view(f"V{rows.itemsize * rows.shape[1]}")[:, 0].tolist()
        with self._lock:
            if version != self._version:
                self._forget()
                self._version = version
            slots = numpy.array([self._slots.get(key, -1) for key in keys], dtype=numpy.int64)
            unknown = numpy.flatnonzero(slots < 0)
            if self._vectors is None or len(unknown):
                vectors = compute(rows[unknown])
                if (len(self._slots) + len(unknown)) * vectors[:1].nbytes > MAX_BYTES:
                    self._forget()
                    return vectors if len(unknown) == len(rows) else compute(rows)
                slots[unknown] = self._add([keys[i] for i in unknown], vectors)
            return cast(Vectors, self._vectors)[slots]

    def _add(self, keys: list[bytes], vectors: Vectors) -> NDArray[numpy.int64]:
        start, end = len(self._slots), len(self._slots) + len(keys)
        if self._vectors is None or end > len(self._vectors):
            most = MAX_BYTES // vectors.itemsize // vectors.shape[1]
            grown = numpy.empty((min(2 * end, most), vectors.shape[1]), dtype=vectors.dtype)
            if self._vectors is not None:
                grown[:start] = self._vectors[:start]
            self._vectors = grown
        self._vectors[start:end] = vectors
        slots = numpy.arange(start, end)
        self._slots.update(zip(keys, slots.tolist(), strict=True))
        return slots


# Beside the layers, not in them: no memory is pickled, copied or stored with a pipeline, nor does
# one go to forked processes, where its lock might never be released.
_memories: WeakKeyDictionary[TorchShim, RowMemory] = WeakKeyDictionary()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_memories.clear)


def row_memory(shim: TorchShim) -> RowMemory:
    """RETURNS (RowMemory): The memory of a layer, by its shim."""
    return _memories.setdefault(shim, RowMemory())
