"""From documents and scores to what a CRF decodes or learns."""

from abc import ABC
from typing import Any

import numpy
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Ragged

from ..layers.crf import Lattice
from .entities import BEGIN, MISSING, OUT, Tokens, aligned_entities, find_known
from .tags import OUTSIDE, UNKNOWN, Array, TagSet, tag_set


class EntityLattices(ABC):
    """Mixin for entity recognizers: the tags that the scores, the sentences and entities of
    documents and their annotation allow.
    """

    vocab: Vocab
    model: Model[Any, Any]
    cfg: dict[str, Any]
    labels: Any
    find_labels: Any
    _refuse: Any

    @property
    def tags(self) -> TagSet:
        return tag_set(len(self.labels))

    def _columns(self, types: Array) -> Array:
        """RETURNS (NDArray[int64]): Indices of labels, `OUTSIDE` where there is none."""
        columns = {self.vocab.strings[label]: i for i, label in enumerate(self.labels)}
        found, which = numpy.unique(types, return_inverse=True)
        return numpy.array([columns.get(t, OUTSIDE) for t in found.tolist()], dtype="int64")[which]

    def lattice(
        self, scores: Ragged, tokens: Tokens, *, use_presets: bool, margin: float | None = None
    ) -> Lattice:
        """Put together what is to be decoded.

        scores (Ragged): Scores of tags. Shape (tokens, tags).
        tokens (Tokens): The tokens.
        use_presets (bool): Whether entities that are already there are to stay.
        margin (Optional[float]): What the scores of `O` lose. As fitted by default.
        RETURNS (Lattice): The scores, with what sentence starts and presets allow.
        """
        iob = numpy.where(use_presets & (tokens.iob != OUT), tokens.iob, MISSING)
        allowed = None
        if iob.any() or tokens.boundary.any():
            labels = numpy.where(iob == MISSING, UNKNOWN, self._columns(tokens.types))
            known = find_known(iob, labels, tokens.boundary, tokens.kept)
            allowed = self.tags.allowed(*known)
        emissions: Any = scores.dataXd
        if len(tokens.kept) < len(emissions):
            emissions = emissions[kept_index(self.model, tokens)]
        margin = self.cfg["thresholds"].get("O", 0.0) if margin is None else margin
        if margin:
            emissions = emissions.copy()
            emissions[:, 0] -= margin
        return Lattice(emissions, tokens.lengths, allowed)

    def gold(self, examples: list[Example]) -> tuple[Array, Array]:
        """RETURNS (Tuple[NDArray, NDArray]): ENT_IOB of the reference, and indices of labels.
        Shape (tokens,).
        """
        iob, types = numpy.concatenate([aligned_entities(example) for example in examples]).T
        labels = self._columns(types)
        if ((labels == OUTSIDE) & (types != 0)).any():
            raise self._refuse("entity label", self.find_labels(examples) - set(self.labels))
        return iob, numpy.where(iob == MISSING, UNKNOWN, labels)

    def _gold_tags(self, examples: list[Example], tokens: Tokens, allowed: Array | None) -> Array:
        """RETURNS (NDArray[bool]): Tags that agree with the gold. Shape (kept tokens, tags)."""
        iob, labels = self.gold(examples)
        gold = self.tags.allowed(*find_known(iob, labels, False, tokens.kept))
        if allowed is None:
            return gold
        entities = (iob == BEGIN).cumsum() * (labels >= 0)
        clash = entities[tokens.kept][~(gold & allowed).any(axis=1)]
        missing = numpy.isin(entities, clash)
        iob, labels = numpy.where(missing, MISSING, iob), numpy.where(missing, UNKNOWN, labels)
        return self.tags.allowed(*find_known(iob, labels, False, tokens.kept))


def kept_index(model: Model[Any, Any], tokens: Tokens) -> Any:
    """RETURNS (Ints1d): Which tokens are kept, where the model computes."""
    return model.ops.xp.asarray(tokens.kept)
