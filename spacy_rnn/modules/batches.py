"""Sub-batches of similar length."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from operator import neg

import torch
from torch import Tensor

# For a padded kernel of torch: see `similar`.
MIN_SHARE = 0.7


def sub_batches(
    lengths: Tensor, least: int, most: int, token_budget: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Cut a batch into sub-batches of similar length, longest first. Empty sequences are left out.

    lengths (Tensor): Tokens of each sequence. Shape (sequences,).
    least (int): See `similar`.
    most (int): See `similar`.
    token_budget (int): See `similar`.
    YIELDS (Tuple[Tensor, Tensor]): The lengths in the sub-batch, falling, shape (sequences,); and
        where in the flat batch each token of the padded, time-major sub-batch stands, padding
        repeating the last token of its sequence, shape (time, sequences).
    """
    starts = lengths.cumsum(0) - lengths
    order = lengths.argsort(descending=True, stable=True)
    order = order[: int((lengths > 0).sum())]
    sizes, starts = lengths[order], starts[order]
    for part in similar(sizes.tolist(), least, most, MIN_SHARE, token_budget):
        steps = torch.arange(padded_length(int(sizes[part.start])))[:, None]
        yield sizes[part], starts[part] + steps.minimum(sizes[part] - 1)


def similar(
    sizes: Sequence[int], least: int, most: int, share: float, token_budget: int
) -> Iterator[slice]:
    """Cut sequences that are sorted by length, longest first, into sub-batches of similar length.

    sizes (Sequence[int]): Tokens of each sequence, none empty.
    least (int): A sub-batch has a multiple of so many sequences, if there are as many.
    most (int): The most sequences in a sub-batch.
    share (float): The least share of the longest's length that all but the first `least` have.
    token_budget (int): The most tokens in a sub-batch of several sequences, padding included.
    YIELDS (slice): The sequences of a sub-batch.
    """
    start = 0
    while start < len(sizes):
        longest, end = sizes[start], min(start + most, len(sizes))
        count = bisect_right(sizes, -share * longest, start, end, key=neg) - start
        count = max(count // least, 1) * least
        count = max(1, min(count, token_budget // padded_length(longest), len(sizes) - start))
        yield slice(start, start + count)
        start += count


def padded_length(length: int) -> int:
    """RETURNS (int): One of the few lengths that sub-batches have, at least `length` and less than
    an eighth above it: oneDNN compiles a kernel for each.
    """
    step = 2 ** max(0, length.bit_length() - 4)
    return -(-length // step) * step


def reversal(lengths: Tensor, time: int) -> Tensor:
    """Find the permutation that reverses each sequence of a padded batch within its own length.

    lengths (Tensor): Tokens of each sequence. Shape (sequences,).
    time (int): Padded length.
    RETURNS (Tensor): Indices into the flattened (time * sequences) positions. Padding stays where
        it is, so that the permutation is its own inverse. Shape (time, sequences).
    """
    steps = torch.arange(time)[:, None]
    source = torch.where(steps < lengths, lengths - 1 - steps, steps)
    return source * len(lengths) + torch.arange(len(lengths))
