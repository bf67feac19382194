"""What can be explained: a category of a document, the tag of a token, an entity."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, cast

import numpy
from numpy.typing import NDArray
from spacy.pipeline import Tagger, TextCategorizer
from spacy.tokens import Doc
from thinc.types import Floats2d, Ragged
from thinc.util import to_numpy

from ..errors import UserError
from ..layers.crf import Lattice, marginals
from ..pipeline.calibration import temper
from ..pipeline.entities import BEGIN, INSIDE, MISSING, Tokens, find_known
from ..pipeline.ner import RNNEntityRecognizer
from ..pipeline.tags import UNKNOWN, Segments, TagSet

Array = NDArray[Any]
Bounds = tuple[int, int]
NONE = "none"  # where an annotation says that there is no label


class Target(ABC):
    """A label that a component may give, to a whole document or to some of its tokens.

    pipe (TrainablePipe): The component.
    label (str): The label.
    span (Optional[Tuple[int, int]]): The first token that the label is for, and the one behind the
        last. None for the whole document.
    RAISES (ValueError): If the component does not have the label.
    """

    def __init__(self, pipe: Any, label: str, span: Bounds | None = None) -> None:
        require_label(pipe, label)
        self.pipe = pipe
        self.label = label
        self.span = span
        self.column = pipe.labels.index(label)

    @classmethod
    @abstractmethod
    def predicted(cls, pipe: Any, doc: Doc) -> "list[Target]":
        """RETURNS (List[Target]): What the component predicts; of categories, the most probable."""

    @abstractmethod
    def distribution(self, docs: list[Doc], spans: list[Bounds]) -> Array:
        """Find how probable each label is in the place of this one.

        docs (List[Doc]): Documents through which the components before this one have run.
        spans (List[Tuple[int, int]]): The tokens of each that the label is for, at least one.
        RETURNS (NDArray[float]): Shape (documents, labels).
        """

    def probabilities(self, docs: list[Doc], spans: list[Bounds]) -> Array:
        """Find how probable the label is. The arguments are those of `distribution`.

        RETURNS (NDArray[float]): Shape (documents,).
        """
        return self.distribution(docs, spans)[:, self.column]

    @abstractmethod
    def gold(self, doc: Doc) -> str | None:
        """RETURNS (Optional[str]): What an annotated document has in the place of the label, in
        words. None where it is not annotated.
        """

    @abstractmethod
    def differentiate(self, outputs: Any, docs: list[Doc]) -> tuple[Array, Any]:
        """Find how probable the label is, and the gradient.

        outputs (Any): What a model like the component's gave in training.
        docs (List[Doc]): The documents, in which the label is for the same tokens.
        RETURNS (Tuple[NDArray[float], Any]): The probabilities, shape (documents,), and what the
            callback of the model takes.
        """


class Category(Target):
    """A category of a text categorizer."""

    @classmethod
    def predicted(cls, pipe: TextCategorizer, doc: Doc) -> list[Target]:
        return [cls(pipe, pipe.labels[int(pipe.predict([doc])[0].argmax())])]

    def distribution(self, docs: list[Doc], spans: list[Bounds]) -> Array:
        return to_numpy(self.pipe.predict(docs))

    def gold(self, doc: Doc) -> str | None:
        true = [label for label, value in doc.cats.items() if value >= 0.5]
        return ", ".join(true) or NONE if doc.cats else None

    def differentiate(self, outputs: Floats2d, docs: list[Doc]) -> tuple[Array, Floats2d]:
        model, temperature = self.pipe.model, self.pipe.cfg.get("temperature", 1.0)
        scores, truth = to_numpy(outputs), numpy.zeros(outputs.shape, dtype="float32")
        truth[:, self.column] = 1.0
        if not model.attrs["multi_label"]:
            scores = temper(scores, temperature)
            gradient = scores[:, [self.column]] * (truth - scores)
        else:
            scores = temper(numpy.stack((scores, 1.0 - scores), axis=2), temperature)[:, :, 0]
            # This package's output layer takes the gradient before the sigmoid, Thinc's the one
            # behind.
            behind = any(node.name == "logistic" for node in model.walk())
            gradient = truth if behind else truth * scores * (1.0 - scores)
        return scores[:, self.column], cast(Floats2d, model.ops.asarray2f(gradient / temperature))


class Tag(Target):
    """A tag of a tagger."""

    span: Bounds

    @classmethod
    def predicted(cls, pipe: Tagger, doc: Doc) -> list[Target]:
        tags = pipe.predict([doc])[0].tolist()
        return [cls(pipe, pipe.labels[tag], (i, i + 1)) for i, tag in enumerate(tags)]

    def distribution(self, docs: list[Doc], spans: list[Bounds]) -> Array:
        model = self.pipe.model
        outputs = zip(model.predict(docs), spans, strict=True)
        scores = model.ops.xp.stack([doc_scores[start] for doc_scores, (start, _) in outputs])
        if not model.get_ref("softmax").attrs["softmax_normalize"]:
            scores = model.ops.softmax(scores)
        return to_numpy(scores)

    def gold(self, doc: Doc) -> str | None:
        return doc[self.span[0]].tag_ or None

    def differentiate(self, outputs: Any, docs: list[Doc]) -> tuple[Array, Any]:
        ops, token = self.pipe.model.ops, self.span[0]
        gradients = [ops.xp.zeros_like(scores) for scores in outputs]
        for gradient, scores in zip(gradients, outputs, strict=True):
            gradient[token] = -scores[token, self.column] * scores[token]
            gradient[token, self.column] += scores[token, self.column]
        return to_numpy(ops.xp.stack([s[token, self.column] for s in outputs])), gradients


class CRFTag(Tag):
    """A tag of a tagger with a CRF."""

    def distribution(self, docs: list[Doc], spans: list[Bounds]) -> Array:
        return self._distribution(self._lattice(self.pipe.model.predict(docs)), spans)

    def differentiate(self, outputs: Any, docs: list[Doc]) -> tuple[Array, Any]:
        lattice, spans = self._lattice(outputs), [self.span] * len(docs)
        probabilities = self._distribution(lattice, spans)[:, self.column]
        known = numpy.ones(outputs.dataXd.shape, dtype=bool)
        known[_flat(lattice.lengths, spans)[:, 0]] = numpy.arange(known.shape[1]) == self.column
        gradient = probabilities.repeat(lattice.lengths)[:, None] * gains(self.pipe, lattice, known)
        return probabilities, Ragged(self.pipe.model.ops.asarray2f(gradient), outputs.lengths)

    def _lattice(self, outputs: Ragged) -> Lattice:
        return Lattice(cast(Floats2d, outputs.dataXd), to_numpy(outputs.lengths))

    def _distribution(self, lattice: Lattice, spans: list[Bounds]) -> Array:
        found: Array = marginals(self.pipe.model.get_ref("crf"), lattice)
        return found[_flat(lattice.lengths, spans)[:, 0]]


class Entity(Target):
    """An entity of `rnn_ner`."""

    span: Bounds

    @classmethod
    def predicted(cls, pipe: RNNEntityRecognizer, doc: Doc) -> list[Target]:
        found = pipe.predict([doc])
        rows = zip(found.starts, found.ends, found.labels, found.is_best, strict=True)
        return [
            cls(pipe, pipe.labels[label], (int(start), int(end)))
            for start, end, label, is_best in rows
            if is_best
        ]

    def distribution(self, docs: list[Doc], spans: list[Bounds]) -> Array:
        columns = range(len(self.pipe.labels))
        return self._probabilities(self.pipe.model.predict(docs), Tokens.of(docs), spans, columns)

    def probabilities(self, docs: list[Doc], spans: list[Bounds]) -> Array:
        outputs = self.pipe.model.predict(docs)
        return self._probabilities(outputs, Tokens.of(docs), spans, [self.column])[:, 0]

    def gold(self, doc: Doc) -> str | None:
        start, end = self.span
        if not all(token.ent_iob for token in doc[start:end]):
            return None
        near = [ent for ent in doc.ents if ent.start < end and start < ent.end]
        same = [ent.label_ for ent in near if (ent.start, ent.end) == self.span]
        return ", ".join(same or [f"{ent.label_} of {ent.text}" for ent in near]) or NONE

    def _probabilities(
        self, outputs: Ragged, tokens: Tokens, spans: list[Bounds], columns: Sequence[int]
    ) -> Array:
        """RETURNS (NDArray[float]): Shape (documents, columns)."""
        lattice = self.pipe.lattice(outputs, tokens, use_presets=True)
        edges = tokens.kept.searchsorted(_flat(tokens.sizes, spans)).repeat(len(columns), axis=0)
        segments = Segments(edges[:, 0], edges[:, 1], numpy.tile(columns, len(spans)))
        found = self.pipe.probabilities(lattice, segments, self.pipe.cfg["temperature"])
        return cast(Array, found.reshape(len(spans), len(columns)))

    def differentiate(self, outputs: Ragged, docs: list[Doc]) -> tuple[Array, Ragged]:
        tokens, temperature = Tokens.of(docs), self.pipe.cfg["temperature"]
        spans = [self.span] * len(docs)
        probabilities = self._probabilities(outputs, tokens, spans, [self.column])[:, 0]
        lattice = self.pipe.lattice(outputs, tokens, use_presets=True)
        log_gradient = gains(self.pipe, lattice, self._known(tokens, spans), temperature)
        gradient = numpy.zeros(outputs.dataXd.shape, dtype="float32")
        gradient[tokens.kept] = probabilities.repeat(tokens.lengths)[:, None] * log_gradient
        ops = self.pipe.model.ops
        return probabilities, Ragged(ops.asarray2f(gradient), outputs.lengths)

    def _known(self, tokens: Tokens, spans: list[Bounds]) -> Array:
        """RETURNS (NDArray[bool]): Tags that go with the entity. Shape (kept tokens, tags)."""
        iob = numpy.full(len(tokens.iob), MISSING)
        labels = numpy.full(len(tokens.iob), UNKNOWN)
        for start, end in _flat(tokens.sizes, spans):
            iob[start:end], labels[start:end] = INSIDE, self.column
            iob[start] = BEGIN
        tags = TagSet(len(self.pipe.labels))
        return tags.allowed(*find_known(iob, labels, False, tokens.kept))


def require_label(pipe: Any, label: str) -> None:
    """RAISES (ValueError): If a component does not have a label."""
    labels = pipe.labels
    if label not in labels:
        raise UserError(
            f"Unknown label for component '{pipe.name}': got {label!r}, expected one of its "
            f"{len(labels)} labels ({', '.join(labels[:5])}{', …' if len(labels) > 5 else ''})."
        )


def gains(pipe: Any, lattice: Lattice, known: Array, temperature: float = 1.0) -> Array:
    """Find how much more probable a CRF's tags are where some are known: the gradient of the
    log-probability of what is known.

    pipe (TrainablePipe): The component.
    lattice (Lattice): The scores of tags.
    known (NDArray[bool]): The tags that go with what is known. Shape (tokens, tags).
    temperature (float): What the component divides scores by.
    RETURNS (NDArray[float64]): Shape (tokens, tags).
    """
    if lattice.allowed is not None:
        known = known & lattice.allowed
    without, given = (
        marginals(pipe.model.get_ref("crf"), scores, temperature)
        for scores in (lattice, lattice._replace(allowed=known))
    )
    return (given - without) / temperature


def _flat(sizes: Array, spans: list[Bounds]) -> Array:
    """RETURNS (NDArray[int64]): The spans among the tokens of all documents, by how many each has.
    Shape (spans, 2).
    """
    return numpy.array(spans) + (sizes.cumsum() - sizes)[:, None]
