"""Embedding of tokens by their characters."""

from collections.abc import Sequence
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from thinc.api import Model
from thinc.types import Floats2d

from ..modules.characters import CharacterEncoder, Characters
from .feature import feature
from .tokens import Tokens

# Of a longer word, as many bytes at either end count.
MAX_BYTES = 32
# Bytes that UTF-8 does not use.
START, END = b"\xfe", b"\xff"


def character_embedding(width: int, characters: Characters) -> Model[Tokens, Floats2d]:
    """Embed tokens by their characters.

    width (int): Width of the output vectors.
    characters (str): "lstm", "gru" or "cnn".
    RETURNS (Model[Tokens, Floats2d]): The layer.
    """
    module = CharacterEncoder(width, characters)
    return feature(f"character_{characters}", module, width, symbols)


def symbols(tokens: Tokens) -> tuple[NDArray[numpy.int64], dict[str, Any]]:
    """RETURNS (Tuple[NDArray, Dict]): The symbols of all tokens, one token after the other, and
    how many each token has.
    """
    spelled, lengths = spell(tokens.words())
    return spelled, {"lengths": torch.from_numpy(lengths)}


def spell(words: Sequence[str]) -> tuple[NDArray[numpy.int64], NDArray[numpy.int64]]:
    """Spell words as bytes, between a start and an end.

    words (Sequence[str]): The words, of any script and length.
    RETURNS (Tuple[NDArray, NDArray]): The symbols of all words, one word after the other; and how
        many each word has, shape (words,).
    """
    marked = [START + clip(word.encode("utf8", errors="surrogatepass")) + END for word in words]
    lengths = numpy.array([len(word) for word in marked], dtype=numpy.int64)
    return numpy.frombuffer(b"".join(marked), dtype=numpy.uint8).astype(numpy.int64), lengths


def clip(word: bytes) -> bytes:
    """RETURNS (bytes): The word, or both ends of a long one."""
    return word if len(word) <= 2 * MAX_BYTES else word[:MAX_BYTES] + word[-MAX_BYTES:]
