"""Sub-batches of similar length."""

from collections.abc import Iterator

import torch
from torch import Tensor

# The least share of the longest's length that sequences of one sub-batch should have.
MIN_SHARE = 0.7


def sub_batches(
    lengths: Tensor, least: int, most: int, token_budget: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Cut a batch into sub-batches of similar length, longest first. Empty sequences are left out.

    lengths (Tensor): Tokens of each sequence. Shape (sequences,).
    least (int): A sub-batch has a multiple of so many sequences, if there are as many. Those after
        the first have at least `MIN_SHARE` of the length of the longest.
    most (int): The most sequences in a sub-batch.
    token_budget (int): The most tokens in a sub-batch of several sequences, padding included.
    YIELDS (Tuple[Tensor, Tensor]): The lengths in the sub-batch, falling, shape (sequences,); and
        where in the flat batch each token of the padded, time-major sub-batch stands, padding
        repeating the last token of its sequence, shape (time, sequences).
    """
    starts = lengths.cumsum(0) - lengths
    order = lengths.argsort(descending=True, stable=True)
    order = order[: int((lengths > 0).sum())]
    while len(order):
        sizes = lengths[order[:most]]
        time = padded_length(int(sizes[0]))
        similar = int((sizes >= MIN_SHARE * sizes[0]).sum())
        size = max(1, min(max(similar // least, 1) * least, token_budget // time))
        batch, sizes, order = order[:most][:size], sizes[:size], order[size:]
        yield sizes, starts[batch] + torch.arange(time)[:, None].minimum(sizes - 1)


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
