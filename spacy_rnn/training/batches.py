"""Batches of training data that can be drawn again."""

from collections.abc import Iterator
from zlib import crc32

from spacy.attrs import ORTH
from spacy.training import Example

from .random_state import RandomState


class Batches(Iterator[tuple[int, list[Example]]]):
    """Batches with random numbers of their own: what shuffles and augments the data draws nothing
    that training draws as well. So the data depend on the seed only, and the position in them is
    a number of batches, whatever the reader, its buffer or the batcher.

    batches (Iterator[tuple[int, list[Example]]]): Epochs and batches, as of spaCy's
        `create_train_batches`.
    start (RandomState): Where the random numbers begin.
    """

    def __init__(self, batches: Iterator[tuple[int, list[Example]]], start: RandomState) -> None:
        self._batches = batches
        self._state = start
        self.count = 0
        self.checksum = 0

    def __next__(self) -> tuple[int, list[Example]]:
        others = RandomState.capture()
        self._state.restore()
        try:
            epoch, batch = next(self._batches)
        finally:
            self._state = RandomState.capture()
            others.restore()
        self.count += 1
        for example in batch:
            self.checksum = crc32(example.reference.to_array([ORTH]).tobytes(), self.checksum)
        return epoch, batch
