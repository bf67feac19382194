"""Embedding of words by their characters."""

from typing import cast

import torch
from torch import Tensor, nn

from .pooling import Pooling
from .recurrent import RecurrentStack

# Bytes, of which UTF-8 leaves some for the start and the end of a word.
SYMBOLS = 256
SYMBOL_WIDTH = 32
# Words that are read at a time, which bounds the memory that prediction takes.
MAX_WORDS = 2048


class CharEmbed(nn.Module):
    """Embed each word by the last state of each direction of a bidirectional LSTM over its
    characters (Ling et al. 2015; Lample et al. 2016), which are read as UTF-8 bytes, so that no
    character of any script is unknown.

    width (int): Width of the output; half of it for each direction.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.symbols = nn.Embedding(SYMBOLS, SYMBOL_WIDTH)
        self.encode = RecurrentStack(SYMBOL_WIDTH, width)
        self.pool = Pooling(width, ["last"])
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: bytes' vectors are uniform and have length 1 on average."""
        bound = (3 / SYMBOL_WIDTH) ** 0.5
        nn.init.uniform_(self.symbols.weight, -bound, bound)
        self.encode.reset_parameters()

    def forward(self, symbols: Tensor, lengths: Tensor) -> Tensor:
        """Embed a batch of words.

        symbols (Tensor): The symbols of all words, one word after the other. Shape (symbols,).
        lengths (Tensor): Symbols of each word, at least 1. Shape (words,), on the CPU.
        RETURNS (Tensor): Shape (words, width).
        """
        parts = lengths.split(MAX_WORDS)
        symbols_by_part = symbols.split([int(part.sum()) for part in parts])
        return torch.cat([self._read(*part) for part in zip(symbols_by_part, parts, strict=True)])

    def _read(self, symbols: Tensor, lengths: Tensor) -> Tensor:
        encoded = self.encode(self.symbols(symbols), lengths)
        return cast(Tensor, self.pool(encoded, lengths.to(symbols.device)))
