"""Documents as the features of their unique tokens: the numpy side of an embedding."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy
from numpy.typing import NDArray
from spacy.attrs import LOWER, ORTH
from spacy.tokens import Doc
from spacy.vectors import Mode
from spacy.vocab import Vocab
from thinc.api import NumpyOps, get_array_module
from thinc.util import to_numpy

from .errors import UserError
from .spelling import MULTIPLIER, hash_ngrams, spell
from .vectors import SubwordVectors

Hashes = NDArray[numpy.uint64]
OPS = NumpyOps()
SEED = 8


@dataclass(frozen=True)
class Features:
    """Which features of a token are embedded.

    attrs (Tuple[int]): The IDs of lexical attributes.
    ngram_rows (int): The number of rows that its character n-grams are hashed to, 0 for none.
    characters (bool): Whether its characters are read.
    vectors (bool): Whether it is looked up in the vectors table.
    """

    attrs: tuple[int, ...] = ()
    ngram_rows: int = 0
    characters: bool = False
    vectors: bool = False

    def tokens(self, docs: Sequence[Doc]) -> "Tokens":
        """RETURNS (Tokens): The tokens of documents that share a vocab, at least one document,
        without static vectors.
        """
        vocab = docs[0].vocab
        keys = (vectors_attr(vocab), LOWER) if self.vectors and vocab.vectors_length else ()
        attrs = [*dict.fromkeys([*self.attrs, ORTH, *keys])]
        return Tokens(vocab, attrs, attribute_values(docs, attrs))

    def unique_tokens(self, docs: Sequence[Doc]) -> tuple["Tokens", NDArray[numpy.int64]]:
        """Find the unique tokens of documents that share a vocab.

        docs (Sequence[Doc]): The documents, at least one.
        RETURNS (Tuple[Tokens, NDArray]): The tokens that differ in any attribute, with their static
            vectors if these can change without notice; and which of them each token of the
            documents is. Shape (tokens,).
        RAISES (ValueError): If vectors are asked for and the vocab has none.
        """
        tokens = self.tokens(docs)
        first, inverse = unique_rows(tokens.values)
        unique = tokens[first]
        changeable = self.vectors and not subwords(unique.vocab)
        return (unique.with_vectors() if changeable else unique), inverse

    def version(self, vocab: Vocab) -> int | None:
        """RETURNS (Optional[int]): A number that differs from earlier ones once tokens that are the
        same by their keys have other features.
        """
        return vocab.vectors.version if self.vectors and subwords(vocab) else None

    def arrays(self, tokens: "Tokens") -> dict[str, NDArray[Any]]:
        """RETURNS (Dict[str, NDArray]): The arguments of `TokenEmbedding.forward` for tokens."""
        arrays: dict[str, NDArray[Any]] = {}
        if self.attrs:
            arrays["hashes"] = hash_attributes(tokens, self.attrs)
        words = tokens.words() if self.ngram_rows or self.characters else []
        if self.ngram_rows:
            arrays["ngrams"], arrays["ngram_starts"] = hash_ngrams(words, self.ngram_rows)
        if self.characters:
            arrays["symbols"], arrays["symbol_lengths"] = spell(words)
        if self.vectors:
            arrays["vectors"] = look_up(tokens) if tokens.vectors is None else tokens.vectors
        return arrays


@dataclass(frozen=True)
class Tokens:
    """Tokens, and all that the embedding of them depends on besides weights.

    vocab (Vocab): Where their strings are.
    attrs (Sequence[int]): The IDs of lexical attributes, ORTH among them.
    values (NDArray[uint64]): The values of these attributes. Shape (tokens, attributes).
    vectors (Optional[NDArray[float32]]): Their static vectors, where these can change without
        notice. Shape (tokens, any).
    """

    vocab: Vocab
    attrs: Sequence[int]
    values: Hashes
    vectors: NDArray[numpy.float32] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: NDArray[numpy.int64]) -> "Tokens":
        vectors = None if self.vectors is None else self.vectors[index]
        return Tokens(self.vocab, self.attrs, self.values[index], vectors)

    def with_vectors(self) -> "Tokens":
        """RETURNS (Tokens): The same, looked up in the vectors table of the vocab."""
        return Tokens(self.vocab, self.attrs, self.values, look_up(self))

    def column(self, attr: int) -> Hashes:
        """RETURNS (NDArray[uint64]): The values of an attribute. Shape (tokens,)."""
        return numpy.ascontiguousarray(self.values[:, self.attrs.index(attr)])

    def words(self) -> list[str]:
        """RETURNS (List[str]): The texts of the tokens."""
        return [self.vocab.strings[orth] for orth in self.column(ORTH).tolist()]

    def keys(self) -> list[bytes]:
        """RETURNS (List[bytes]): What differs where the attributes or vectors do."""
        if self.vectors is None:
            return row_keys(self.values)
        return row_keys(numpy.hstack((self.values.view("uint32"), self.vectors.view("uint32"))))


def attribute_values(docs: Sequence[Doc], attrs: Sequence[int | str]) -> Hashes:
    """RETURNS (NDArray[uint64]): Attributes of all tokens. Shape (tokens, attributes)."""
    arrays: list[Any] = [doc.to_array(list(attrs)).reshape((-1, len(attrs))) for doc in docs]
    return numpy.concatenate(arrays) if arrays else numpy.zeros((0, len(attrs)), dtype="uint64")


def hash_attributes(tokens: Tokens, attrs: Sequence[int]) -> NDArray[numpy.int64]:
    """RETURNS (NDArray[int64]): Four hashes of each attribute. Shape (tokens, attributes, 4)."""
    hashes = [OPS.hash(tokens.column(attr), SEED + i) for i, attr in enumerate(attrs)]
    return numpy.stack(hashes, axis=1).astype("int64")


def unique_rows(rows: Hashes) -> tuple[NDArray[numpy.int64], NDArray[numpy.int64]]:
    """Find the distinct rows of an array.

    rows (NDArray[uint64]): Shape (rows, columns).
    RETURNS (Tuple[NDArray, NDArray]): Where each distinct row occurs first, and which of them each
        row is, so that `rows[first][inverse]` equals `rows`.
    """
    # One sort of hashes is many times faster than a sort of rows.
    hashes = numpy.zeros(len(rows), dtype=numpy.uint64)
    for column in rows.T:
        hashes = (hashes ^ (hashes >> numpy.uint64(32)) ^ column) * MULTIPLIER
    _, first, inverse = numpy.unique(hashes, return_index=True, return_inverse=True)
    if not numpy.array_equal(rows[first][inverse], rows):
        _, first, inverse = numpy.unique(rows, axis=0, return_index=True, return_inverse=True)
    return first, inverse.reshape(-1)


def row_keys(rows: NDArray[Any]) -> list[bytes]:
    """RETURNS (List[bytes]): The bytes of each row."""
    return rows.view(f"V{rows.itemsize * rows.shape[1]}")[:, 0].tolist()


def vectors_attr(vocab: Vocab) -> int:
    """RETURNS (int): The attribute by which the vectors table is looked up."""
    return getattr(vocab.vectors, "attr", ORTH)


def subwords(vocab: Vocab) -> bool:
    """RETURNS (bool): Whether the vectors follow from the words, and are as they were loaded."""
    return isinstance(vocab.vectors, SubwordVectors)


def look_up(tokens: Tokens) -> NDArray[numpy.float32]:
    """Look tokens up in the vectors table. Those that it lacks get the vectors of their lower case,
    as at the start of a sentence; those that it lacks as well get zeros.

    RETURNS (NDArray[float32]): Shape (tokens, any).
    RAISES (ValueError): If there is no table.
    """
    table = tokens.vocab.vectors
    if not tokens.vocab.vectors_length:
        raise UserError(
            "include_static_vectors = true needs a table of word vectors: got a vocab without "
            "one. Name a pipeline or folder that has one in [initialize] vectors, or set "
            "include_static_vectors = false."
        )
    keys = tokens.column(vectors_attr(tokens.vocab))
    if getattr(table, "mode", None) != Mode.default:
        return to_numpy(table.get_batch(keys)).astype("float32")
    rows, lower = (to_numpy(table.find(keys=k)) for k in (keys, tokens.column(LOWER)))
    rows = numpy.where(rows < 0, lower, rows)
    found = to_numpy(table.data[get_array_module(table.data).asarray(rows)]).astype("float32")
    found[rows < 0] = 0.0
    return found


def strings_of(docs: Sequence[Doc], hashes: Sequence[Any]) -> list[str]:
    """RETURNS (List[str]): Strings of documents, each from the vocab of one that has it."""
    stores = [*{id(doc.vocab): doc.vocab.strings for doc in docs}.values()]
    if len(stores) == 1:
        return [stores[0][key] for key in hashes]
    return [next(store[key] for store in stores if key in store) for key in hashes]


def by_vocab(docs: Sequence[Doc]) -> list[list[int]]:
    """RETURNS (List[List[int]]): Which documents share a vocab, with its strings and vectors."""
    groups: dict[int, list[int]] = {}
    for i, doc in enumerate(docs):
        groups.setdefault(id(doc.vocab), []).append(i)
    return list(groups.values())
