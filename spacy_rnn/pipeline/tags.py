"""Tags for labelled segments: BILUO as arrays."""

from functools import cache
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

Array = NDArray[Any]
# Of each label: begin, inside, last, and unit, a segment of one token.
ACTIONS = "BILU"

# What is known of a token, beside its label: indices from 0.
UNKNOWN = -2
OUTSIDE = -1


class Segments(NamedTuple):
    """Labelled segments of flat tokens.

    starts (NDArray[int64]): First tokens.
    ends (NDArray[int64]): The tokens behind the last.
    labels (NDArray[int64]): Indices of labels.
    """

    starts: Array
    ends: Array
    labels: Array

    def select(self, which: Array) -> "Segments":
        return Segments(self.starts[which], self.ends[which], self.labels[which])

    def occur_in(self, others: "Segments") -> Array:
        """RETURNS (NDArray[bool]): Which segments are among the others. Shape (segments,)."""
        known = set(zip(*(part.tolist() for part in others), strict=True))
        segments = zip(*(part.tolist() for part in self), strict=True)
        return numpy.array([segment in known for segment in segments], dtype=bool)


class TagSet:
    """The tags of the BILUO scheme (Ratinov & Roth 2009): `O`, then `B`, `I`, `L` and `U` of each
    label.

    n_labels (int): Number of labels.
    """

    def __init__(self, n_labels: int) -> None:
        labels = numpy.repeat(numpy.arange(n_labels), len(ACTIONS))
        self.labels = numpy.append(OUTSIDE, labels)
        letters = numpy.array(["O", *(list(ACTIONS) * n_labels)])
        self.continues = numpy.isin(letters, ["I", "L"])
        self.open = numpy.isin(letters, ["B", "I"])

    def __len__(self) -> int:
        return len(self.labels)

    def legal(self) -> Array:
        """RETURNS (NDArray[bool]): Which tag (column) may follow which (row); the last ones stand
        for the boundary. Shape (tags + 1, tags + 1).
        """
        labels, is_open = numpy.append(self.labels, OUTSIDE), numpy.append(self.open, False)
        continues = numpy.append(self.continues, False)
        same = is_open[:, None] & (labels[:, None] == labels)
        return numpy.where(continues, same, ~is_open[:, None])

    def allowed(self, labels: Array, inside: Array, cut: Array) -> Array:
        """Find the tags that agree with what is known.

        labels (NDArray[int64]): Label of each token, `OUTSIDE` or `UNKNOWN`. Shape (tokens,).
        inside (NDArray[bool]): Whether a token is in one segment with the token before it. Shape
            (tokens,).
        cut (NDArray[bool]): Whether it is not. Shape (tokens,).
        RETURNS (NDArray[bool]): Shape (tokens, tags).
        """
        mask: Array = (labels[:, None] == UNKNOWN) | (labels[:, None] == self.labels)
        mask &= ~cut[:, None] | ~self.continues
        mask &= ~inside[:, None] | self.continues
        return mask

    def decode(self, tags: Array) -> Segments:
        """Find the segments that legal tags stand for.

        tags (NDArray[int64]): Tags, -1 where there are none. Shape (tokens,).
        """
        tags = tags.clip(min=0)
        return find_segments(self.labels[tags], self.continues[tags])

    def encode(self, segments: Segments) -> tuple[Array, Array]:
        """Find the tags that stand for segments.

        RETURNS (Tuple[NDArray, NDArray]): The tags of all segments, one after the other, and the
            number of each.
        """
        sizes = segments.ends - segments.starts
        last = sizes.cumsum() - 1
        first = last - sizes + 1
        actions = numpy.ones(int(sizes.sum()), dtype="int64")
        actions[last] = 2
        actions[first] = 0
        actions[first[sizes == 1]] = 3
        return 1 + numpy.repeat(segments.labels, sizes) * len(ACTIONS) + actions, sizes


@cache
def tag_set(n_labels: int) -> TagSet:
    """RETURNS (TagSet): The tags of so many labels, which every prediction asks for."""
    return TagSet(n_labels)


def find_segments(labels: Array, inside: Array) -> Segments:
    """Find the segments of flat tokens.

    labels (NDArray[int64]): Label of each token, or below 0. Shape (tokens,).
    inside (NDArray[bool]): Whether a token is in a segment with the one before. Shape (tokens,).
    """
    labelled = labels >= 0
    starts = numpy.flatnonzero(labelled & ~inside)
    ends = numpy.flatnonzero(labelled & ~numpy.append(inside[1:], False)) + 1
    return Segments(starts, ends, labels[starts])
