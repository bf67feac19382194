"""Tokens by their lexical attributes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from numpy.typing import NDArray
from spacy.attrs import ORTH
from spacy.tokens import Doc
from spacy.vocab import Vocab


@dataclass(frozen=True)
class Tokens:
    """Tokens, and all that embeddings of them depend on besides weights.

    vocab (Vocab): Where their strings are.
    attrs (Sequence[int]): The IDs of lexical attributes, ORTH among them.
    rows (NDArray[uint64]): The values of these attributes. Shape (tokens, attributes).
    vectors (Optional[NDArray[float32]]): Their static vectors. Shape (tokens, any).
    """

    vocab: Vocab
    attrs: Sequence[int]
    rows: NDArray[numpy.uint64]
    vectors: NDArray[numpy.float32] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: NDArray[numpy.int64]) -> "Tokens":
        vectors = None if self.vectors is None else self.vectors[index]
        return Tokens(self.vocab, self.attrs, self.rows[index], vectors)

    def column(self, attr: int) -> NDArray[numpy.uint64]:
        """RETURNS (NDArray[uint64]): The values of an attribute. Shape (tokens,)."""
        return numpy.ascontiguousarray(self.rows[:, self.attrs.index(attr)])

    def words(self) -> list[str]:
        """RETURNS (List[str]): The texts of the tokens."""
        return [self.vocab.strings[orth] for orth in self.column(ORTH).tolist()]

    def keys(self) -> list[bytes]:
        """RETURNS (List[bytes]): What differs where the rows or vectors do."""
        rows = self.rows
        if self.vectors is not None:
            rows = numpy.hstack((rows.view("uint32"), self.vectors.view("uint32")))
        return rows.view(f"V{rows.itemsize * rows.shape[1]}")[:, 0].tolist()


def lexical_features(docs: Sequence[Doc], attrs: Sequence[int | str]) -> NDArray[numpy.uint64]:
    """RETURNS (NDArray[uint64]): Attributes of all tokens. Shape (tokens, attributes)."""
    arrays = [doc.to_array(list(attrs)).reshape((-1, len(attrs))) for doc in docs]
    return numpy.concatenate(arrays) if arrays else numpy.zeros((0, len(attrs)), dtype="uint64")


def look_up(docs: Sequence[Doc], hashes: NDArray[numpy.uint64]) -> list[str]:
    """RETURNS (List[str]): Strings of documents, each from the vocab of one that has it."""
    stores = [*{id(doc.vocab): doc.vocab.strings for doc in docs}.values()]
    if len(stores) == 1:
        return [stores[0][key] for key in hashes.tolist()]
    return [next(store[key] for store in stores if key in store) for key in hashes.tolist()]
