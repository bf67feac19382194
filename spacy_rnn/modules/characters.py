"""Encoders of words as sequences of characters."""

from typing import Literal, cast

import torch
from torch import Tensor, nn

from .pooling import Pooling
from .recurrent import RecurrentStack

Characters = Literal["lstm", "gru", "cnn"]
CHARACTERS: tuple[Characters, ...] = ("lstm", "gru", "cnn")

# Bytes, of which UTF-8 leaves some for the start and the end of a word.
SYMBOLS = 256

# Words that are read at a time, which bounds the memory that prediction takes.
MAX_WORDS = 2048


class CharacterEncoder(nn.Module):
    """Embed each word by its characters, which are read as UTF-8 bytes, so that no character of
    any script is unknown.

    - lstm, gru: the last state of each direction of a bidirectional layer (Ling et al. 2015;
      Lample et al. 2016).
    - cnn: the maximum over windows of three (dos Santos & Zadrozny 2014; Ma & Hovy 2016).

    width (int): Width of the output; half of it for each direction.
    characters (str): "lstm", "gru" or "cnn".
    symbol_width (int): Width of the vectors of single bytes.
    RAISES (ValueError): If `characters` is unknown, or `width` is odd and there are directions.
    """

    def __init__(self, width: int, characters: Characters = "lstm", symbol_width: int = 32) -> None:
        super().__init__()
        if characters not in CHARACTERS:
            raise ValueError(
                f"Invalid characters: got {characters!r}, expected one of {list(CHARACTERS)} to "
                "read them."
            )
        self.symbols = nn.Embedding(SYMBOLS, symbol_width)
        self.encode: RecurrentStack | Windows
        if characters == "cnn":
            self.encode = Windows(symbol_width, width)
        else:
            self.encode = RecurrentStack(symbol_width, width, cell=characters)
        self.pool = Pooling(width, ["max" if characters == "cnn" else "last"])
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: bytes' vectors are uniform and have length 1 on average."""
        bound = (3 / self.symbols.embedding_dim) ** 0.5
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


class Windows(nn.Module):
    """A convolution over windows of three, with zeros before and after each sequence.

    input_width (int): Width of the input vectors.
    width (int): Width of the output vectors.
    """

    def __init__(self, input_width: int, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(3 * input_width, width)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights, Glorot-uniform (Glorot & Bengio 2010)."""
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, X: Tensor, lengths: Tensor) -> Tensor:
        """Encode a batch of sequences, none of which is padded.

        X (Tensor): The vectors of all sequences, one after the other. Shape (vectors,
            input_width).
        lengths (Tensor): Vectors of each sequence, at least 1. Shape (sequences,), on the CPU.
        RETURNS (Tensor): Shape (vectors, width).
        """
        ends = lengths.cumsum(0).to(X.device)
        starts = ends - lengths.to(X.device)
        previous = X.roll(1, dims=0).index_fill(0, starts, 0.0)
        following = X.roll(-1, dims=0).index_fill(0, ends - 1, 0.0)
        outputs: Tensor = self.linear(torch.cat((previous, X, following), dim=1))
        return outputs.relu()
