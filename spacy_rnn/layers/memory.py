"""Combinator that remembers what a layer gave for tokens, from one batch to the next."""

import os
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from threading import Lock
from typing import cast
from weakref import WeakKeyDictionary

import numpy
from numpy.typing import NDArray
from thinc.api import Model
from thinc.types import Floats2d

from .shim import TorchShim, no_backprop
from .tokens import Tokens

Vectors = NDArray[numpy.float32]

# What Python takes for the slot of a key, in bytes.
SLOT_BYTES = 200


def with_memory(layer: Model[Tokens, Floats2d], mebibytes: int) -> Model[Tokens, Floats2d]:
    """Remember what a layer gives for tokens in prediction, as long as its weights last. On a GPU
    nothing is remembered.

    What is remembered equals what would be computed again but for rounding, within 1e-6: products
    of another number of rows may sum in another order.

    layer (Model[Tokens, Floats2d]): A function of single tokens, all of whose weights are in
        shims of type `TorchShim`.
    mebibytes (int): What the memory may take, in MiB; 0 remembers nothing.
    RETURNS (Model[Tokens, Floats2d]): The layer with a memory.
    RAISES (ValueError): If `mebibytes` is below 0.
    """
    if mebibytes < 0:
        raise ValueError(
            f"Invalid memory: got {mebibytes}, expected how many MiB of embedded tokens may be "
            "remembered, or 0 to remember none."
        )
    # No attribute of the model: those are stored with it, and loading would bring them back.
    bounded = partial(forward, mebibytes * 2**20)
    bounded.__name__ = forward.__name__  # type: ignore[attr-defined]  # Thinc's validation asks
    return Model(
        f"with_memory({layer.name})",
        bounded,
        init=init,
        dims={"nO": layer.maybe_get_dim("nO")},
        layers=[layer],
    )


def forward(
    max_bytes: int, model: Model[Tokens, Floats2d], tokens: Tokens, is_train: bool
) -> tuple[Floats2d, Callable[[Floats2d], Tokens]]:
    layer = model.layers[0]
    shims = [cast(TorchShim, shim) for node in layer.walk() for shim in node.shims]
    on_cpu = all(shim.device.type == "cpu" for shim in shims)
    if is_train or not (max_bytes and len(tokens) and on_cpu):
        return layer(tokens, is_train)
    version = tuple(shim.version for shim in shims)
    vectors = row_memory(shims[0]).recall(
        tokens.keys(), version, lambda index: cast(Vectors, layer.predict(tokens[index])), max_bytes
    )
    return cast(Floats2d, vectors), no_backprop


def init(
    model: Model[Tokens, Floats2d], X: Tokens | None = None, Y: Floats2d | None = None
) -> None:
    model.layers[0].initialize(X)


class RowMemory:
    """The vectors of rows that were computed before, while their version lasts.

    A new version forgets everything, and so do rows that would exceed the bound: most of what is
    worth remembering, the frequent words, comes back with the next batch.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._version: Hashable = None
        self._forget()

    def _forget(self) -> None:
        self._slots: dict[bytes, int] = {}
        self._vectors: Vectors | None = None

    def __len__(self) -> int:
        return len(self._slots)

    def recall(
        self,
        keys: Sequence[bytes],
        version: Hashable,
        compute: Callable[[NDArray[numpy.int64]], Vectors],
        max_bytes: int,
    ) -> Vectors:
        """Get the vectors of rows, computing those that are not known.

        keys (Sequence[bytes]): What tells the rows apart, all of one length and no two the same.
        version (Hashable): Changes whenever `compute` would give other vectors.
        compute (Callable): Takes indices of some of the rows and returns their vectors.
        max_bytes (int): What all that is remembered may take.
        RETURNS (NDArray[float32]): Shape (rows, width).
        """
        with self._lock:
            if version != self._version:
                self._forget()
                self._version = version
            slots = numpy.array([self._slots.get(key, -1) for key in keys], dtype=numpy.int64)
            unknown = numpy.flatnonzero(slots < 0)
            if self._vectors is None or len(unknown):
                vectors = compute(unknown)
                most = max_bytes // (vectors[:1].nbytes + len(keys[0]) + SLOT_BYTES)
                if len(self._slots) + len(unknown) > most:
                    self._forget()
                    everything = numpy.arange(len(keys))
                    return vectors if len(unknown) == len(keys) else compute(everything)
                slots[unknown] = self._add([keys[i] for i in unknown.tolist()], vectors, most)
            return cast(Vectors, self._vectors)[slots]

    def _add(self, keys: list[bytes], vectors: Vectors, most: int) -> NDArray[numpy.int64]:
        start, end = len(self._slots), len(self._slots) + len(keys)
        if self._vectors is None or end > len(self._vectors):
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
    """RETURNS (RowMemory): The memory of a layer, by its first shim."""
    return _memories.setdefault(shim, RowMemory())


def forget() -> None:
    """Forget what all layers remember, so that what they give depends, to the last bit, on nothing
    that came before."""
    _memories.clear()
