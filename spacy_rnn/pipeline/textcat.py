"""`rnn_textcat`: text classification, one label a document."""

import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any, Literal

import numpy
from spacy.errors import Errors
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from thinc.api import Model, get_array_module
from thinc.types import Floats1d, Floats2d

from ..errors import UserError
from .categorizer import SCORE_WEIGHTS, Categorizer, ClassWeights, textcat_config
from .evidence import Fit
from .examples import GetExamples, with_text_first
from .losses import Array, require_probabilities
from .rehearsal import compare_probabilities
from .thresholds import best_threshold, threshold_gains
from .wiring import require_wiring

# Of the sum of probabilities that were rounded.
TOLERANCE = 1e-2
OOSScore = Literal["probability", "entropy"]


class RNNTextCategorizer(Categorizer):
    """Recurrent text classification with exactly one label for each document, or none of them.

    vocab (Vocab): The shared vocabulary.
    model (Model[List[Doc], Floats2d]): Predicts the probability of each label.
    name (str): The name of the component.
    oos_label (Optional[str]): Label of documents that are out of scope. None by default.
    oos_score (str): What is certainty: "probability", of the best label, or "entropy".
    oos_threshold (float): Certainty below which a document is out of scope, from 0 to 1.
    **settings: Those of `Categorizer`.
    RAISES (ValueError): If a setting is out of range.

    DOCS: https://spacy.io/api/textcategorizer
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[Any, Any],
        name: str = "rnn_textcat",
        *,
        oos_label: str | None = None,
        oos_score: OOSScore = "probability",
        oos_threshold: float = 0.5,
        **settings: Any,
    ) -> None:
        if not 0.0 <= oos_threshold <= 1.0:
            raise UserError(
                f"Invalid oos_threshold: got {oos_threshold}, expected a number from 0 to 1."
            )
        super().__init__(vocab, model, name, threshold=0.0, **settings)
        self.oos_label = oos_label
        self.oos_score = oos_score
        self.oos_threshold = oos_threshold
        self._has_warned = False

    def initialize(
        self,
        get_examples: GetExamples,
        *,
        nlp: Language | None = None,
        labels: Iterable[str] | None = None,
        positive_label: str | None = None,
    ) -> None:
        """Find the labels, their weights and the shapes in a representative sample.

        get_examples (Callable): Returns the examples.
        nlp (Optional[Language]): The pipeline.
        labels (Optional[Iterable[str]]): The labels. Found in the examples by default.
        positive_label (Optional[str]): Of two labels, the one whose score counts.
        RAISES (ValueError): If there are no examples or labels, or a class weight is of no label.
        """
        sample_first = with_text_first(self.name, get_examples)
        require_wiring(self.name, self.model, nlp)
        if labels is None:
            labels = dict.fromkeys(cat for example in get_examples() for cat in example.y.cats)
        labels = [label for label in labels if label != self.oos_label]
        for label in labels:
            self.add_label(label)
        super().initialize(sample_first, nlp=nlp, labels=labels, positive_label=positive_label)
        self._reset(get_examples)

    def set_annotations(self, docs: Iterable[Doc], scores: Floats2d) -> None:
        """Set `doc.cats`. An `oos_label` is 1 where the certainty is below its threshold, and 0
        elsewhere, so that it is the best label where it holds.

        docs (Iterable[Doc]): The documents.
        scores (Floats2d): What `predict` found. Shape (documents, labels).
        """
        docs = list(docs)
        super().set_annotations(docs, scores)
        if self.oos_label is not None:
            threshold = self.cfg["thresholds"].get(self.oos_label, self.oos_threshold)
            outside = self.certainty(scores) < threshold
            for doc, value in zip(docs, outside.tolist(), strict=True):
                doc.cats[self.oos_label] = float(value)

    def certainty(self, scores: Any) -> Floats1d:
        """Find how certain it is that documents have one of the labels. By "probability", this is
        that of the best label (Hendrycks and Gimpel 2017); by "entropy", it is what the entropy of
        the labels lacks to its highest value, as a share of that.

        scores (Floats2d): What `predict` found. Shape (documents, labels).
        RETURNS (Floats1d): From 0, as for an empty document, to 1. Shape (documents,).
        """
        if self.oos_score == "probability":
            return scores.max(axis=1)
        logs = get_array_module(scores).log(scores.clip(1e-20))
        return scores.sum(axis=1) + (scores * logs).sum(axis=1) / math.log(len(self.labels))

    def get_loss(  # type: ignore[override]
        self, examples: Iterable[Example], scores: Floats2d
    ) -> tuple[float, Floats2d]:
        """Find the loss and its gradient, as `Categorizer` does. A document whose label is none of
        the component's is left out, and the first one warned of: there may be another component
        for it in the pipeline.
        """
        if not self._has_warned:
            for example in examples:
                self._warn_of_others(example.reference.cats)
        return super().get_loss(examples, scores)

    @property
    def names_in_cfg(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str]): What thresholds and weights in `cfg` may be of."""
        return (*self.labels, *([] if self.oos_label is None else [self.oos_label]))

    def _warn_of_others(self, cats: dict[str, float]) -> None:
        has = [label for label, value in cats.items() if value]
        if has and not {*self.labels, self.oos_label}.intersection(has):
            self._has_warned = True
            warnings.warn(
                f"Documents without any label of component '{self.name}' are left out of its "
                f"training: got {', '.join(map(repr, has))}, expected one of its "
                f"{len(self.labels)} labels, such as {self.labels[0]!r}. That is right if another "
                "component learns the label. Otherwise correct it, or add it with add_label or in "
                f"[initialize.components.{self.name}] labels.",
                stacklevel=2,
            )

    def _validate_categories(self, examples: Iterable[Example]) -> None:
        """RAISES (ValueError): If values of the component's labels are no probabilities, or are
        more than one label's worth. A document may have labels of another component.
        """
        for example in examples:
            cats = example.reference.cats
            values = [cats[label] for label in (*self.labels, self.oos_label) if label in cats]
            if values.count(1.0) > 1:
                raise ValueError(Errors.E895.format(value=cats))
            require_probabilities(cats, values)
            if sum(values) > 1.0 + TOLERANCE:
                raise UserError(
                    f"The labels of component '{self.name}' exclude each other: got cats of a sum "
                    f"of {sum(values):.3f} ({cats}), expected probabilities whose sum is 1. Use "
                    "rnn_textcat_multilabel for labels that do not."
                )

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score predictions, the `oos_label` being a label like the others.

        examples (Iterable[Example]): The examples.
        RETURNS (Dict[str, Any]): The scores.
        """
        if self.oos_label is not None:
            kwargs = {"labels": (*self.labels, self.oos_label), **kwargs}
        return super().score(examples, **kwargs)

    def predicted_labels(self, doc: Doc) -> list[str]:
        """RETURNS (List[str]): The label of a document that the component has annotated, or the
        `oos_label`. An empty document has none but that.
        """
        labels = [label for label in (*self.labels, self.oos_label) if label in doc.cats]
        best = max(labels, key=doc.cats.__getitem__, default=None)
        return [best] if best is not None and doc.cats[best] > 0.0 else []

    def fit_thresholds(self, examples: Iterable[Example]) -> Fit:
        """Fit the certainty below which the best label gives way to the `oos_label`, for the
        highest F1 of that. It is saved with the component, and takes the place of `oos_threshold`,
        if it gains F1 on data that it was not fitted on.

        examples (Iterable[Example]): Annotated documents that the component was not trained on,
            some of them with the `oos_label`. See `confidences`.
        RETURNS (Fit): The threshold by label, and what F1 gains: none where `oos_label` is not set,
            or all examples or none have it.
        """
        fit = Fit.of({}, numpy.zeros(1))
        if self.oos_label is not None:
            examples = [example for example in examples if len(example.predicted)]
            outside = [eg.reference.cats.get(self.oos_label) == 1.0 for eg in examples]
            scores, _ = self._observe(examples)
            doubt, truth = 1.0 - self.certainty(scores), numpy.array(outside)
            threshold = best_threshold(doubt, truth)
            if threshold is not None:
                gains = threshold_gains(doubt, truth.astype(float), 1.0 - self.oos_threshold)
                fit = Fit.of({self.oos_label: 1.0 - threshold}, gains)
        self.cfg["thresholds"] = dict(fit.kept)
        return fit

    def _answers(self, labels: Any) -> Any:
        return labels[:, None]

    def _labels(self, answers: Any) -> Any:
        return answers[:, 0]

    def _answer_weights(self, weights: Array) -> Array:
        return weights[None]

    def _compare(self, scores: Any, earlier: Any) -> tuple[float, Any]:
        return compare_probabilities(scores, earlier)

    def _balanced(self, n_with: Array, n_without: Array) -> Array:
        return n_with.mean() / n_with

    def _bias(self, n_with: Array, n_without: Array) -> Array:
        return numpy.log(n_with + 1.0)


@Language.factory(
    "rnn_textcat",
    assigns=["doc.cats"],
    default_config=textcat_config(
        True,
        oos_label=None,
        oos_score="probability",
        oos_threshold=0.5,
        scorer={"@scorers": "spacy.textcat_scorer.v2"},
    ),
    default_score_weights=SCORE_WEIGHTS,
)
def make_rnn_textcat(
    nlp: Language,
    name: str,
    model: Model,
    class_weights: ClassWeights,
    label_smoothing: float,
    focal_gamma: float,
    oos_label: str | None,
    oos_score: OOSScore,
    oos_threshold: float,
    scorer: Callable | None,
) -> RNNTextCategorizer:
    """Construct a text categorizer for labels that exclude each other.

    model (Model[List[Doc], Floats2d]): Predicts the probability of each label.
    class_weights (Optional[Union[str, Dict[str, float]]]): How much labels weigh in the loss: 1
        by default, or by label, or "balanced", the same for each label in all of the training data.
    label_smoothing (float): Share of the truth that is spread over the other labels in training.
        Recommended values are from 0 to 0.1.
    focal_gamma (float): How much less a document counts in training that is already classified
        well (Lin et al. 2017). Recommended values are 0, for the cross-entropy, to 2.
    oos_label (Optional[str]): Label of documents that are out of scope, of which it is not certain
        enough that they have one of the others. It is not learned. None by default.
    oos_score (str): What is certainty: "probability", of the best label, or "entropy".
    oos_threshold (float): Certainty below which a document is out of scope, from 0 to 1, until
        `fit_thresholds` finds one.
    scorer (Optional[Callable]): The scoring method.
    RETURNS (RNNTextCategorizer): The component.
    """
    return RNNTextCategorizer(
        nlp.vocab,
        model,
        name,
        oos_label=oos_label,
        oos_score=oos_score,
        oos_threshold=oos_threshold,
        class_weights=class_weights,
        label_smoothing=label_smoothing,
        focal_gamma=focal_gamma,
        scorer=scorer,
    )
