"""Which values training has seen, and how often, in a bounded memory."""

from typing import cast

import torch
from torch import Tensor, nn

BITS = 2**24
# So many bits are set at most: of values never seen, 0.3 ** 4 pass for seen.
MOST_BITS = int(0.3 * BITS)
COUNTERS = 2**18


class SeenValues(nn.Module):
    """Values by their hashes: four of each, of 32 bits.

    A Bloom filter (Bloom 1970) tells which values were added, and a count-min sketch (Cormode &
    Muthukrishnan 2005) with conservative update (Estan & Varghese 2002) how often. Both are stored
    with the weights, in 3 MiB.

    A value that was added is known, while there is room for it. Of those that were not, so many
    pass for known: less than one in a million after 10^5 distinct values, 0.2 % after 10^6, and
    never more than 0.81 %, which 1.5 million reach. Values that come up later stay unknown.
    Frequencies are exact where values are few. However many there are, and were each as rare as the
    next, frequencies are too high by less than 2 / 2^18 for each feature.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filter", torch.zeros(BITS // 8, dtype=torch.uint8))
        self.register_buffer("bits", torch.zeros((), dtype=torch.int64))
        self.register_buffer("counts", torch.zeros(COUNTERS, dtype=torch.int32))
        self.register_buffer("total", torch.zeros((), dtype=torch.int64))

    def clear(self) -> None:
        """Forget all values."""
        for buffer in self.buffers():
            buffer.zero_()

    def add(self, hashes: Tensor) -> None:
        """Add the values of a batch. A value that occurs several times in it counts once.

        hashes (Tensor): The hashes of each token's values. Shape (tokens, features, 4).
        """
        self._add_bits((hashes % BITS).unique())
        counts, keys = cast(Tensor, self.counts), hashes % COUNTERS
        increased = counts[keys].amin(dim=2, keepdim=True) + 1
        counts.scatter_reduce_(0, keys.flatten(), increased.expand_as(keys).flatten(), "amax")
        cast(Tensor, self.total).add_(len(hashes))

    def _add_bits(self, keys: Tensor) -> None:
        bits = cast(Tensor, self.bits)
        keys = keys[~self._is_set(keys)][: MOST_BITS - int(bits)]
        cast(Tensor, self.filter).index_add_(0, keys >> 3, (1 << (keys & 7)).to(torch.uint8))
        bits.add_(len(keys))

    def _is_set(self, keys: Tensor) -> Tensor:
        return (cast(Tensor, self.filter)[keys >> 3] >> (keys & 7)) & 1 == 1

    def known(self, hashes: Tensor) -> Tensor:
        """RETURNS (Tensor): Which values were added. Shape (tokens, features)."""
        return self._is_set(hashes % BITS).all(dim=2)

    def frequencies(self, hashes: Tensor) -> Tensor:
        """RETURNS (Tensor): The number of batches in which each value occurred, divided by that of
        all tokens. Shape (tokens, features), of float64.
        """
        counts = cast(Tensor, self.counts)[hashes % COUNTERS].amin(dim=2)
        return counts.double() / cast(Tensor, self.total).clamp(min=1)
