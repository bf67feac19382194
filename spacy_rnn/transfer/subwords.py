"""Vectors of word pieces, and of words, out of an encoder."""

from collections.abc import Sequence
from typing import Literal

import numpy
from numpy.typing import NDArray
from spacy import util
from spacy.language import Language
from spacy.vectors import Vectors

from ..vectors import NAME, SubwordVectors
from .encoders import Encoder, Floats
from .errors import TransferError

# Of the weights of pieces: those that are much more frequent than this hardly count.
SMOOTHING = 1e-3
Precision = Literal["float16", "float32"]
# What asks for [nlp.vectors] where these vectors are loaded.
REQUIRE = "spacy-rnn.require_subword_vectors.v1"


def subwords(
    encoder: Encoder,
    width: int = 256,
    dtype: Precision = "float16",
    lang: str = "en",
    silent: bool = True,
) -> tuple[Language, float]:
    """Make vectors of the pieces that an encoder divides words into: its input embeddings beside
    its states of each piece alone, reduced to fewer dimensions. The more frequent a piece is, the
    less it weighs in the mean of a word (Arora et al. 2017); how frequent it is is told from its
    place in the table, as pieces are sorted.

    encoder (Encoder): The encoder.
    width (int): The width of the vectors. Recommended values are from 128 to 256.
    dtype (str): "float16" or "float32".
    lang (str): The language of the pipelines that the vectors are for.
    silent (bool): Whether to show no progress.
    RETURNS (Tuple[Language, float]): A pipeline without components, and the share of the variance
        that the vectors keep.
    RAISES (TransferError): If the vectors of the encoder are narrower.
    """
    known = encoder.is_known()
    states = encoder.states([[piece] for piece in range(len(known))], silent=silent)
    both = [standardize(table, known) for table in (encoder.input_embeddings(), states)]
    vectors, kept = reduce_width(numpy.hstack(both), known, width)
    vectors = standardize(vectors * rarity(len(known))[:, None], known)
    settings = {"vectors": {"@vectors": NAME}, "after_creation": {"@callbacks": REQUIRE}}
    nlp = util.get_lang_class(lang).from_config({"nlp": settings})
    nlp.vocab.vectors = SubwordVectors(
        strings=nlp.vocab.strings,
        tokenizer=encoder.word_tokenizer(),
        data=numpy.where(known[:, None], vectors, 0.0).astype(dtype),
    )
    return nlp, kept


def word_vectors(
    encoder: Encoder, words: Sequence[str], width: int = 256, lang: str = "en", silent: bool = True
) -> tuple[Language, float]:
    """Make an ordinary vectors table of words, each the mean of the states that an encoder has of
    the word's pieces when it reads the word alone. Words that it knows no piece of have none.

    encoder (Encoder): The encoder.
    words (Sequence[str]): The words.
    width (int): The width of the vectors.
    lang (str): The language of the pipelines that the vectors are for.
    silent (bool): Whether to show no progress.
    RETURNS (Tuple[Language, float]): A pipeline without components, and the share of the variance
        that the vectors keep.
    RAISES (TransferError): If the vectors of the encoder are narrower, or there are fewer words
        that it knows.
    """
    encode, known = encoder.word_tokenizer().encode, encoder.is_known()
    pieces = {word: encode(word, add_special_tokens=False).ids for word in words}
    pieces = {word: each for word, each in pieces.items() if known[each].any()}
    states = encoder.states([*pieces.values()], silent=silent)
    vectors, kept = reduce_width(states, numpy.ones(len(states), dtype=bool), width)
    nlp = util.get_lang_class(lang)()
    keys = [nlp.vocab.strings.add(word) for word in pieces]
    data = vectors.astype("float32")
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=data, keys=keys)
    return nlp, kept


def standardize(vectors: Floats, known: NDArray[numpy.bool_]) -> Floats:
    """RETURNS (NDArray[float32]): Vectors with a mean of 0 and a mean square of 1. Shape (vectors,
    width).
    """
    vectors = vectors - vectors[known].mean(axis=0)
    return vectors / numpy.sqrt((vectors[known] ** 2).mean())


def rarity(n_pieces: int) -> Floats:
    """RETURNS (NDArray[float32]): Weights of pieces that are sorted by frequency, which is taken to
    be that of Zipf's law. Shape (pieces,).
    """
    frequency = 1.0 / numpy.arange(1, n_pieces + 1, dtype="float32")
    return SMOOTHING / (SMOOTHING + frequency / frequency.sum())


def reduce_width(vectors: Floats, known: NDArray[numpy.bool_], width: int) -> tuple[Floats, float]:
    """Keep the principal components of vectors, and standardize them.

    vectors (NDArray[float32]): The vectors. Shape (vectors, any).
    known (NDArray[bool]): Which of them count. Shape (vectors,).
    width (int): The number of components.
    RETURNS (Tuple[NDArray[float32], float]): The components, shape (vectors, width), and the share
        of the variance that they keep.
    RAISES (TransferError): If there are fewer dimensions, or fewer vectors.
    """
    if not 1 <= width <= min(vectors.shape[1], known.sum()):
        raise TransferError(
            f"Can't make vectors of width {width}: got {known.sum()} vectors of width "
            f"{vectors.shape[1]} from the encoder, expected at least as many and as wide. Choose "
            "another width (--width)."
        )
    vectors = standardize(vectors, known)
    square = vectors[known].T @ vectors[known] / known.sum()
    variances, directions = numpy.linalg.eigh(square.astype("float64"))
    variances, directions = variances[::-1], directions[:, ::-1][:, :width].astype("float32")
    # Either sign would do: the same everywhere.
    directions *= numpy.sign(directions[abs(directions).argmax(0), range(width)])
    kept = variances[:width].sum() / variances.sum()
    return standardize(vectors @ directions, known), float(kept)
