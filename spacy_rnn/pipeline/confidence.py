"""How sure an entity recognizer is, and how right that is."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import minibatch
from thinc.types import Ragged

from ..errors import UserError
from ..layers.crf import Lattice, marginals, segment_marginals, viterbi
from .calibration import cross_entropy, fit_temperature
from .entities import Tokens, find_known
from .evidence import Fit, f_score, held_out_gains
from .lattices import EntityLattices
from .tags import UNKNOWN, Array, Segments, find_segments

BATCH_SIZE = 128
MARGINS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0)


class Encoded(NamedTuple):
    """A batch of annotated documents, with what does not depend on settings.

    tokens (Tokens): Their tokens.
    scores (Ragged): Scores of tags. Shape (tokens, tags).
    labels (NDArray[int64]): Index of the true label, `OUTSIDE` or `UNKNOWN`. Shape (kept tokens,).
    inside (NDArray[bool]): Which go on with the entity of the token before. Same shape.
    """

    tokens: Tokens
    scores: Ragged
    labels: Array
    inside: Array


class EntityConfidence(EntityLattices):
    """Mixin for entity recognizers with a conditional random field: exact probabilities of
    entities, and what can be fitted on data that the model was not trained on.
    """

    name: str

    def confidences(self, examples: Iterable[Example]) -> tuple[Array, Array]:
        """Find the probabilities of predicted entities, and which are right.

        Entities on tokens with missing annotation are neither right nor wrong, and left out. What
        the predicted documents already have in `doc.ents` is overlooked.

        examples (Iterable[Example]): Annotated documents, through which the components that this
            one listens to have run.
        RETURNS (Tuple[NDArray, NDArray]): Probabilities and whether the annotation has the entity
            with its label. Shape (entities,).
        """
        judged = list(self._judge(self._encode(examples)))
        scores = [
            self.probabilities(lattice, segments, self.cfg["temperature"])
            for lattice, segments, *_ in judged
        ]
        return (
            numpy.concatenate([numpy.zeros(0), *scores]),
            numpy.concatenate([numpy.zeros(0, dtype=bool), *(right for _, _, right, _ in judged)]),
        )

    def calibrate(self, examples: Iterable[Example]) -> Fit:
        """Fit the temperature, which all scores are divided by to become probabilities (Guo et al.
        2017), so that probabilities of entities are the frequencies with which they are right. What
        is predicted does not change, unless by `min_score`.

        The temperature has the least cross-entropy between the probabilities of the predicted
        entities and whether they are right. It is saved with the component, if the cross-entropy is
        lower by it on data that it was not fitted on.

        examples (Iterable[Example]): Annotated documents that the component was not trained on; see
            `confidences`.
        RETURNS (Fit): The temperature, and what the mean log-probability of the truth gains.
        RAISES (ValueError): If no annotated entity is predicted.
        """
        return self._calibrate(self._encode(examples))

    def _calibrate(self, encoded: Sequence[Encoded]) -> Fit:
        judged = list(self._judge(encoded))
        if not any(len(right) for _, _, right, _ in judged):
            raise UserError(
                f"Can't calibrate component '{self.name}': got examples in which it predicts no "
                "entities, expected some, right or wrong. Train the component, or give it more "
                "annotated examples."
            )

        def losses(temperature: float) -> Array:
            return numpy.concatenate(
                [
                    cross_entropy(self.probabilities(lattice, segments, temperature), right)
                    for lattice, segments, right, _ in judged
                ]
            )

        fit = fit_temperature(losses, self._documents((lat, seg) for lat, seg, *_ in judged))
        self.cfg["temperature"] = fit.kept.get("temperature", 1.0)
        return fit

    def fit_thresholds(self, examples: Iterable[Example]) -> Fit:
        """Fit the margin by which `O` has to win, so that the F-score of the entities is highest:
        where entities are rare, the most probable sequence of tags has too few. It is kept if the
        F-score gains by it on data that it was not fitted on; the temperature is then fitted anew,
        for the probabilities change. Both are saved with the component.

        examples (Iterable[Example]): Annotated documents that the component was not trained on; see
            `confidences`.
        RETURNS (Fit): The margin, as the threshold of "O", and what the F-score gains.
        RAISES (ValueError): See `calibrate`.
        """
        return self._fit_margin(self._encode(examples))

    def fit_on_dev(self, examples: Sequence[Example]) -> None:
        """Decide what trained weights leave open, see `fit_thresholds`. Documents with labels that
        the component does not have are left out. Where no annotated entity is predicted, nothing
        changes.

        examples (Sequence[Example]): Annotated documents that the component was not trained on; see
            `confidences`.
        """
        labels = set(self.labels)
        encoded = self._encode(eg for eg in examples if self.find_labels([eg]) <= labels)
        if any(len(right) for _, _, right, _ in self._judge(encoded)):
            self._fit_margin(encoded)

    def _fit_margin(self, encoded: Sequence[Encoded]) -> Fit:
        columns = []
        for margin in MARGINS:
            self.cfg["thresholds"] = {"O": margin}
            judged = list(self._judge(encoded))
            n_documents = sum(len(lattice.lengths) for lattice, *_ in judged)
            found = self._documents((lat, seg) for lat, seg, *_ in judged)
            right = numpy.concatenate([numpy.zeros(0, dtype=bool), *(r for _, _, r, _ in judged)])
            true = self._documents((lattice, true) for lattice, *_, true in judged)
            either = numpy.append(found, true)
            counts = [numpy.bincount(at, minlength=n_documents) for at in (found[right], either)]
            columns.append(numpy.stack(counts, axis=-1))
        table = numpy.stack(columns, axis=1)
        best = MARGINS[int(f_score(table.sum(axis=0)).argmax())]
        fit = Fit.of({"O": best}, held_out_gains(table, f_score))
        self.cfg["thresholds"] = dict(fit.kept)
        self._calibrate(encoded)
        return fit

    @staticmethod
    def _documents(batches: Iterable[tuple[Lattice, Segments]]) -> Array:
        """RETURNS (NDArray[int64]): Index of the document that each segment is in, over batches.
        Shape (segments,).
        """
        found, n_before = [numpy.zeros(0, dtype="int64")], 0
        for lattice, segments in batches:
            ends = lattice.lengths.cumsum()
            found.append(n_before + ends.searchsorted(segments.starts, side="right"))
            n_before += len(ends)
        return numpy.concatenate(found)

    def probabilities(self, lattice: Lattice, segments: Segments, temperature: float) -> Array:
        """RETURNS (NDArray[float64]): Marginal probability of each segment. Shape (segments,)."""
        tags, sizes = self.tags.encode(segments)
        crf = self.model.get_ref("crf")
        found = segment_marginals(crf, lattice, segments.starts, sizes, tags, temperature)
        return found.clip(0.0, 1.0)

    def token_probabilities(self, docs: Iterable[Doc]) -> list[Array]:
        """Find how probable the predicted tag of each token is, by the marginals of the CRF.
        Whitespace is certain.

        docs (Iterable[Doc]): The documents, through which the components before this one have run.
        RETURNS (List[NDArray]): Probabilities by document. Shape (tokens,) each.
        """
        docs = list(docs)
        found = [numpy.ones(len(doc)) for doc in docs]
        if any(found_in.size for found_in in found):
            tokens, crf = Tokens.of(docs), self.model.get_ref("crf")
            lattice = self.lattice(self.model.predict(docs), tokens, use_presets=False)
            tags = viterbi(crf, lattice)[:, None].clip(min=0)
            chances = marginals(crf, lattice, self.cfg["temperature"])
            flat = numpy.concatenate(found)
            flat[tokens.kept] = numpy.take_along_axis(chances, tags, axis=1)[:, 0]
            found = numpy.split(flat, numpy.cumsum([len(doc) for doc in docs])[:-1])
        return found

    def _encode(self, examples: Iterable[Example]) -> list[Encoded]:
        """RETURNS (List[Encoded]): The scores of tags and the annotation, by batch."""
        encoded = []
        for batch in minibatch(examples, BATCH_SIZE):
            docs = [example.predicted for example in batch]
            if any(len(doc) for doc in docs):
                tokens = Tokens.of(docs)
                labels, inside, _ = find_known(*self.gold(batch), False, tokens.kept)
                encoded.append(Encoded(tokens, self.model.predict(docs), labels, inside))
        return encoded

    def _judge(
        self, encoded: Iterable[Encoded]
    ) -> Iterator[tuple[Lattice, Segments, Array, Segments]]:
        """YIELDS (Tuple[Lattice, Segments, NDArray[bool], Segments]): By batch, the predicted
        segments on annotated tokens, which are right, and the true ones.
        """
        for tokens, scores, labels, inside in encoded:
            lattice = self.lattice(scores, tokens, use_presets=False)
            segments = self.tags.decode(viterbi(self.model.get_ref("crf"), lattice))
            known = numpy.append(0, (labels != UNKNOWN).cumsum())
            sizes = segments.ends - segments.starts
            segments = segments.select(known[segments.ends] - known[segments.starts] == sizes)
            true = find_segments(labels, inside)
            yield lattice, segments, segments.occur_in(true), true
