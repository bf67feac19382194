"""Entities of documents as arrays."""

from typing import NamedTuple

import numpy
from spacy.attrs import ENT_IOB, ENT_TYPE, IS_SPACE, ORTH, SENT_START
from spacy.tokens import Doc, Span
from spacy.training import Example

from .tags import Array

# Values of ENT_IOB.
MISSING, INSIDE, OUT, BEGIN = range(4)


class Entities(NamedTuple):
    """Entities of a batch of documents, in order.

    docs (NDArray[int64]): Which document each entity is in.
    starts (NDArray[int64]): Its first token in the document.
    ends (NDArray[int64]): The token behind its last.
    labels (NDArray[int64]): Index of its label.
    is_best (NDArray[bool]): Whether it is predicted, and not only an alternative.
    scores (Optional[NDArray[float64]]): Its probability, if asked for.
    """

    docs: Array
    starts: Array
    ends: Array
    labels: Array
    is_best: Array
    scores: Array | None


class Tokens(NamedTuple):
    """The tokens of a batch of documents.

    sizes (NDArray[int64]): How many each document has. Shape (documents,).
    kept (NDArray[int64]): Which are not whitespace, the others being of no account for entities.
        Shape (kept tokens,).
    lengths (NDArray[int64]): How many of these each document has. Shape (documents,).
    iob (NDArray[uint64]): ENT_IOB. Shape (tokens,).
    types (NDArray[uint64]): ENT_TYPE. Shape (tokens,).
    boundary (NDArray[bool]): Whether a sentence starts within the document. Shape (tokens,).
    """

    sizes: Array
    kept: Array
    lengths: Array
    iob: Array
    types: Array
    boundary: Array

    @classmethod
    def of(cls, docs: list[Doc]) -> "Tokens":
        attrs = [ENT_IOB, ENT_TYPE, SENT_START, IS_SPACE]
        values = numpy.concatenate([doc.to_array(attrs) for doc in docs])
        sizes = numpy.array([len(doc) for doc in docs])
        kept = numpy.flatnonzero(values[:, 3] == 0)
        owners = numpy.repeat(numpy.arange(len(docs)), sizes)
        boundary = values[:, 2] == 1
        boundary[(sizes.cumsum() - sizes)[sizes > 0]] = False
        lengths = numpy.bincount(owners[kept], minlength=len(docs))
        return cls(sizes, kept, lengths, values[:, 0], values[:, 1], boundary)


def aligned_entities(example: Example) -> Array:
    """RETURNS (NDArray[uint64]): ENT_IOB and ENT_TYPE of the reference for each predicted token,
    both 0 where they are missing or do not fit the tokens. Shape (tokens, 2).
    """
    predicted, reference = example.predicted, example.reference
    if numpy.array_equal(predicted.to_array(ORTH), reference.to_array(ORTH)):
        found: Array = reference.to_array([ENT_IOB, ENT_TYPE])
        found[(found[:, 0] == BEGIN) & (found[:, 1] == 0), 0] = MISSING  # blocked
        return found
    entities, tags = example.get_aligned_ents_and_ner()
    found = numpy.zeros((len(predicted), 2), dtype="uint64")
    found[[tag == "O" for tag in tags], 0] = OUT
    for entity in entities:
        found[entity.start : entity.end] = INSIDE, entity.label
        found[entity.start, 0] = BEGIN
    return found


def find_known(
    iob: Array, labels: Array, boundary: Array | bool, kept: Array
) -> tuple[Array, Array, Array]:
    """Find what is known of the kept tokens.

    iob (NDArray): ENT_IOB. Shape (tokens,).
    labels (NDArray[int64]): Index of a label, or `OUTSIDE` or `UNKNOWN`. Shape (tokens,).
    boundary (NDArray[bool]): Where an entity may not go on, unless it is known to. Shape (tokens,).
    kept (NDArray[int64]): Shape (kept tokens,).
    RETURNS (Tuple[NDArray, NDArray, NDArray]): What `TagSet.allowed` takes.
    """
    inside = iob == INSIDE
    in_entity = inside | (iob == BEGIN)
    behind = numpy.append(False, in_entity[:-1])
    cuts = ((boundary | behind | in_entity) & ~inside).cumsum()
    cut = numpy.diff(cuts[kept], prepend=0) > 0
    return labels[kept], inside[kept] & ~cut & (labels[kept] >= 0), cut


def set_entities(doc: Doc, entities: list[Span]) -> None:
    """Set the entities of a document. Those that are already there stay, and so do blocked tokens.

    doc (Doc): The document.
    entities (List[Span]): The entities. They may include those that are already there.
    """
    if doc.has_annotation("ENT_IOB"):
        iob, types = doc.to_array([ENT_IOB, ENT_TYPE]).T
        free = (iob == MISSING) | (iob == OUT)
        kept = [*doc.ents, *(entity for entity in entities if free[entity.start])]
        blocked = numpy.flatnonzero((iob == BEGIN) & (types == 0)).tolist()
        doc.set_ents(kept, blocked=[doc[i : i + 1] for i in blocked])
    else:
        doc.set_ents(entities)
