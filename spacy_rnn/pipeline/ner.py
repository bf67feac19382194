"""`rnn_ner`: named entities."""

import warnings
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import numpy
from spacy.attrs import ENT_TYPE
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example, validate_examples
from spacy.util import check_lexeme_norms
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Ragged

from ..errors import UserError
from ..layers.crf import n_best, negative_log_likelihood, rounded, set_legal, viterbi
from .confidence import EntityConfidence
from .entities import (
    Entities,
    Tokens,
    set_entities,
)
from .examples import SAMPLE, GetExamples, with_text_first
from .fitted import Fitted
from .labels import GrowingLabels
from .lattices import kept_index
from .refusal import RefusesUpdates, require_numbers
from .rehearsal import Rehearses, compare_marginals
from .tags import Array, Segments
from .wiring import require_wiring


class RNNEntityRecognizer(
    RefusesUpdates, Rehearses, GrowingLabels, EntityConfidence, Fitted, TrainablePipe
):
    """Recurrent named entity recognition, with a conditional random field over entities' tags.

    Entities that are already in `doc.ents` stay, and tokens that are blocked stay without; what
    is predicted is the best for the rest. As in spaCy's `ner`, entities neither begin nor end with
    whitespace and do not cross the start of a sentence.

    vocab (Vocab): The shared vocabulary.
    model (Model[List[Doc], Ragged]): Scores the tags of each token, and has a CRF.
    name (str): The name of the component.
    spans_key (Optional[str]): Where in `doc.spans` to also keep the entities, with their
        probabilities in `attrs["scores"]`. Nowhere by default.
    n_best (int): Of how many sequences of tags the entities are kept there. Recommended values are
        from 1, those in `doc.ents`, to 10.
    min_score (Optional[float]): Probability below which an entity is dropped.
    scorer (Optional[Callable]): The scoring method.
    RAISES (ValueError): If `n_best` or `min_score` is out of range, or alternatives have no
        `spans_key`.

    DOCS: https://spacy.io/api/entityrecognizer
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[Any, Any],
        name: str = "rnn_ner",
        *,
        spans_key: str | None = None,
        n_best: int = 1,
        min_score: float | None = None,
        scorer: Callable[..., Any] | None = None,
    ) -> None:
        if n_best < 1:
            raise UserError(f"Invalid n_best: got {n_best}, expected 1 or more.")
        if n_best > 1 and spans_key is None:
            raise UserError(
                f"Alternatives need a place: got n_best = {n_best} and no spans_key, expected the "
                'key of doc.spans to keep them in, such as spans_key = "entities".'
            )
        if min_score is not None and not 0.0 <= min_score <= 1.0:
            raise UserError(
                f"Invalid min_score: got {min_score}, expected a probability from 0 to 1."
            )
        self.vocab = vocab
        self.model = model
        self.name = name
        self.spans_key = spans_key
        self.n_best = n_best
        self.min_score = min_score
        self.scorer = scorer
        self.cfg = {"labels": []}
        self.forget_fit()
        self._rehearsal_model: Model[Any, Any] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str]): The labels of entities."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str]): What `initialize` takes as `labels`."""
        return self.labels

    def find_labels(self, examples: Iterable[Example]) -> set[str]:
        """RETURNS (Set[str]): The labels of entities in the references of examples."""
        return {
            example.reference.vocab.strings[label]
            for example in examples
            for label in set(example.reference.to_array(ENT_TYPE).tolist()) - {0}
        }

    def add_label(self, label: str) -> int:
        added = super().add_label(label)
        if added and self.model.has_dim("nO"):
            set_legal(self.model.get_ref("crf"), self.tags.legal())
        return added

    @property
    def n_outputs(self) -> int:
        """RETURNS (int): The number of tags."""
        return len(self.tags)

    @property
    def names_in_cfg(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str]): What thresholds in `cfg` may be of."""
        return ("O",)

    def _ancestors(self, had: int) -> Array:
        # What has a new label was outside of entities so far.
        return numpy.arange(had) == 0

    def initialize(
        self,
        get_examples: GetExamples,
        *,
        nlp: Language | None = None,
        labels: Iterable[str] | None = None,
    ) -> None:
        """Initialize the component for training.

        get_examples (Callable[[], Iterable[Example]]): A sample of the training data.
        nlp (Optional[Language]): The pipeline.
        labels (Optional[Iterable[str]]): The labels, as from `spacy init labels`. Found in the
            sample by default. There need not be any before training.
        RAISES (ValueError): If there are no examples or text, or examples that are annotated hold
            no entity.
        """
        get_examples = with_text_first(self.name, get_examples)
        require_wiring(self.name, self.model, nlp)
        check_lexeme_norms(self.vocab, self.name)
        for label in sorted(self.find_labels(get_examples())) if labels is None else labels:
            self.add_label(label)
        if not self.labels:
            self._warn_of_no_labels(get_examples())
        self.forget_fit()
        self.model.set_dim("nO", self.n_outputs)
        self.model.initialize(X=[example.x for example in islice(get_examples(), SAMPLE)])
        set_legal(self.model.get_ref("crf"), self.tags.legal())

    def predict(self, docs: Iterable[Doc]) -> Entities:
        """Predict the entities of a batch of documents.

        docs (Iterable[Doc]): The documents, which are not modified.
        RETURNS (Entities): The entities.
        """
        docs = list(docs)
        if not any(len(doc) for doc in docs):
            none = numpy.zeros(0, dtype="int64")
            return Entities(none, none, none, none, none.astype(bool), none.astype(float))
        tokens = Tokens.of(docs)
        lattice = self.lattice(self.model.predict(docs), tokens, use_presets=True)
        crf = self.model.get_ref("crf")
        segments = self.tags.decode(viterbi(crf, lattice))
        is_best, scores = numpy.ones(len(segments.starts), dtype=bool), None
        if self.n_best > 1:
            best = segments
            paths = n_best(crf, rounded(lattice), self.n_best)[0]
            found = numpy.hstack([best, *(self.tags.decode(path) for path in paths)])
            segments = Segments(*numpy.unique(found, axis=1))
            is_best = segments.occur_in(best)
        if self.spans_key is not None or self.min_score is not None:
            scores = self.probabilities(lattice, segments, self.cfg["temperature"])
            sure = scores >= (self.min_score or 0.0)
            segments, is_best, scores = segments.select(sure), is_best[sure], scores[sure]
        starts = tokens.kept[segments.starts]
        ends = tokens.kept[segments.ends - 1] + 1
        offsets = tokens.sizes.cumsum() - tokens.sizes
        owners = offsets.searchsorted(starts, side="right") - 1
        offset = offsets[owners]
        return Entities(owners, starts - offset, ends - offset, segments.labels, is_best, scores)

    def set_annotations(self, docs: Iterable[Doc], entities: Entities) -> None:
        """Modify a batch of documents.

        docs (Iterable[Doc]): The documents.
        entities (Entities): What `predict` found.
        """
        docs = list(docs)
        labels = [self.vocab.strings.add(label) for label in self.labels]
        bounds = entities.docs.searchsorted(numpy.arange(len(docs) + 1)).tolist()
        for doc, first, last in zip(docs, bounds, bounds[1:], strict=False):
            rows = zip(
                entities.starts[first:last].tolist(),
                entities.ends[first:last].tolist(),
                entities.labels[first:last].tolist(),
                strict=True,
            )
            spans = [Span(doc, start, end, label=labels[label]) for start, end, label in rows]
            best = entities.is_best[first:last].tolist()
            set_entities(doc, [span for span, is_best in zip(spans, best, strict=True) if is_best])
            if self.spans_key is not None and entities.scores is not None:
                scores = entities.scores[first:last].astype("float32")
                doc.spans[self.spans_key] = SpanGroup(
                    doc, name=self.spans_key, attrs={"scores": scores}, spans=spans
                )

    def get_loss(self, examples: Iterable[Example], scores: Ragged) -> tuple[float, Ragged]:
        """Find the negative log-likelihood of the entities and its gradient, and collect that of
        the CRF's transitions.

        Tokens whose annotation is missing can have any tags. They include those of entities that
        do not fit the predicted tokens or cross the start of a sentence.

        examples (Iterable[Example]): The batch.
        scores (Ragged): Scores of tags. Shape (tokens, tags).
        RETURNS (Tuple[float, Ragged]): The summed loss, and the gradient.
        RAISES (ValueError): If a label is unknown.
        """
        validate_examples(examples, "RNNEntityRecognizer.get_loss")
        require_numbers(self.name, scores.dataXd)
        examples = list(examples)
        tokens = Tokens.of([example.predicted for example in examples])
        lattice = self.lattice(scores, tokens, use_presets=False, margin=0.0)
        lattice = lattice._replace(gold=self._gold_tags(examples, tokens, lattice.allowed))
        loss, d_kept = negative_log_likelihood(self.model.get_ref("crf"), lattice)
        d_scores = self.model.ops.alloc2f(*scores.dataXd.shape)
        d_scores[kept_index(self.model, tokens)] = d_kept
        return loss, Ragged(d_scores, scores.lengths)

    def _compare(self, scores: Ragged, earlier: Ragged) -> tuple[float, Ragged]:
        return compare_marginals(self.model, self._rehearsal_model, scores, earlier)

    def _warn_of_no_labels(self, examples: Iterable[Example]) -> None:
        """RAISES (ValueError): If it is known that there is no entity, so that there is nothing to
        be learned.
        """
        if any(example.reference.has_annotation("ENT_IOB") for example in examples):
            raise UserError(
                f"No entities for component '{self.name}': got examples whose tokens are all "
                "annotated as outside of entities, expected some with entities, or labels. Look "
                "whether the entities were lost where the training data were made."
            )
        warnings.warn(
            f"Component '{self.name}' has no labels: it predicts no entities until labels are "
            "added with add_label, or the pipeline is initialized with examples of entities.",
            stacklevel=3,
        )


@Language.factory(
    "rnn_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
    default_config={
        "model": {
            "@architectures": "spacy-rnn.CRFTagger.v1",
            "tok2vec": {
                "@architectures": "spacy-rnn.Tok2Vec.v1",
                "width": 256,
                "cell": "gru",
                "learn_unknown": True,
            },
        },
        "spans_key": None,
        "n_best": 1,
        "min_score": None,
        "scorer": {"@scorers": "spacy.ner_scorer.v1"},
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_rnn_ner(
    nlp: Language,
    name: str,
    model: Model[Any, Any],
    spans_key: str | None,
    n_best: int,
    min_score: float | None,
    scorer: Callable[..., Any] | None,
) -> RNNEntityRecognizer:
    """Construct an entity recognizer.

    model (Model[List[Doc], Ragged]): Scores the tags of each token, and has a CRF.
    spans_key (Optional[str]): Where in `doc.spans` to also keep the entities, with their
        probabilities in `attrs["scores"]`. Nowhere by default.
    n_best (int): Of how many sequences of tags the entities are kept there. Recommended values are
        from 1, those in `doc.ents`, to 10.
    min_score (Optional[float]): Probability below which an entity is dropped.
    scorer (Optional[Callable]): The scoring method.
    RETURNS (RNNEntityRecognizer): The component.
    """
    return RNNEntityRecognizer(
        nlp.vocab,
        model,
        name,
        spans_key=spans_key,
        n_best=n_best,
        min_score=min_score,
        scorer=scorer,
    )
