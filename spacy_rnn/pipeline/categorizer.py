"""What `rnn_textcat` and `rnn_textcat_multilabel` have in common."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import numpy
from spacy.pipeline import TextCategorizer
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.util import minibatch
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d

from ..errors import UserError
from ..layers.machines import solve_ngrams
from .calibration import temper
from .category_confidence import BATCH_SIZE, CategoryConfidence
from .examples import GetExamples
from .fitted import Fitted
from .losses import (
    Array,
    focal_loss,
    require_loss_settings,
    sample_weights,
    signed_truth,
    smooth,
)
from .refusal import RefusesUpdates, require_numbers
from .rehearsal import Rehearses
from .storage import FromDisk

ClassWeights = dict[str, float] | Literal["balanced"] | None

# What spaCy's text categorizers weigh, and the scores that a config may weigh instead.
SCORE_WEIGHTS: dict[str, float | None] = {
    "cats_score": 1.0,
    "cats_score_desc": None,
    "cats_micro_p": None,
    "cats_micro_r": None,
    "cats_micro_f": None,
    "cats_macro_p": None,
    "cats_macro_r": None,
    "cats_macro_f": None,
    "cats_macro_auc": None,
    "cats_f_per_type": None,
}


def textcat_config(exclusive_classes: bool, **settings: Any) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The default config of a component, with its own settings."""
    return {
        "class_weights": None,
        "label_smoothing": 0.0,
        "focal_gamma": 0.0,
        "model": {
            "@architectures": "spacy-rnn.TextCat.v1",
            "exclusive_classes": exclusive_classes,
            "ngram_rows": 65536,
            "tok2vec": {"@architectures": "spacy-rnn.Tok2Vec.v1"},
        },
        **settings,
    }


class Categorizer(
    RefusesUpdates, Rehearses, CategoryConfidence, Fitted, FromDisk, TextCategorizer, ABC
):
    """Text categorizer with a choice of loss and calibrated probabilities.

    vocab (Vocab): The shared vocabulary.
    model (Model[List[Doc], Floats2d]): Predicts the probability of each label, and takes the
        gradient of the scores that became these probabilities.
    name (str): The name of the component.
    threshold (float): Probability from which on a label counts as predicted, unless labels exclude
        each other.
    class_weights (Optional[Union[str, Dict[str, float]]]): Weights of labels in the loss.
    label_smoothing (float): Share of the truth that is spread over the other answers in training.
    focal_gamma (float): How much less a label counts in the loss that is already predicted well.
    scorer (Optional[Callable]): The scoring method.
    RAISES (ValueError): If a setting of the loss is out of range.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[Any, Any],
        name: str,
        *,
        threshold: float,
        class_weights: ClassWeights = None,
        label_smoothing: float = 0.0,
        focal_gamma: float = 0.0,
        scorer: Callable[..., Any] | None = None,
    ) -> None:
        require_loss_settings(class_weights, label_smoothing, focal_gamma)
        super().__init__(vocab, model, name, threshold=threshold, scorer=scorer)
        self.class_weights = class_weights
        self.label_smoothing = label_smoothing
        self.focal_gamma = focal_gamma
        self.cfg.update(class_weights={})
        self.forget_fit()

    def set_annotations(self, docs: Iterable[Doc], scores: Floats2d) -> None:
        """Modify a batch of documents.

        docs (Iterable[Doc]): The documents.
        scores (Floats2d): Probabilities, or what else `predict` found. Shape (documents, labels).
        """
        rows = self.model.ops.to_numpy(scores).tolist()
        for doc, row in zip(docs, rows, strict=True):
            doc.cats.update(zip(self.labels, row, strict=True))

    def predict(self, docs: Iterable[Doc]) -> Floats2d:
        """Predict the probability of each label. An empty document gets zeros, alone as in a batch.

        docs (Iterable[Doc]): The documents.
        RETURNS (Floats2d): Shape (documents, labels).
        """
        docs = list(docs)
        scores: Any = super().predict(docs)
        if self.cfg["temperature"] != 1.0 and any(len(doc) for doc in docs):
            scores = self._labels(temper(self._answers(scores), self.cfg["temperature"]))
        empty = [i for i, doc in enumerate(docs) if not len(doc)]
        if empty:
            scores[empty] = 0.0
        return scores

    def get_loss(  # type: ignore[override]
        self, examples: Iterable[Example], scores: Floats2d
    ) -> tuple[float, Floats2d]:
        """Find the cross-entropy, or focal loss, and its gradient.

        Empty documents are left out, and so is what the reference leaves open: of exclusive labels,
        a document that has none; of others, the labels that are not in its `cats`. Labels may be
        soft: probabilities, such as those of a teacher (Hinton et al. 2015). A document counts as
        often as `user_data["sample_weight"]` of its reference says.

        examples (Iterable[Example]): The batch.
        scores (Floats2d): Probabilities. Shape (documents, labels).
        RETURNS (Tuple[float, Floats2d]): The mean loss of the documents that are not left out, and
            the gradient of its sum with respect to the scores before the softmax or sigmoid.
        RAISES (ValueError): If a weight is invalid, or the annotation is.
        """
        validate_examples(examples, f"{type(self).__name__}.get_loss")
        require_numbers(self.name, scores)
        self._validate_categories(examples)
        weights = [self.cfg["class_weights"].get(label, 1.0) for label in self.labels]
        truth: Any = numpy.nan_to_num(self._answers(self._gold(examples)))
        truth = smooth(truth, self.label_smoothing) * self._answer_weights(numpy.array(weights))
        truth *= sample_weights(examples)[:, None, None]
        n_documents = int(truth.any(axis=(1, 2)).sum())
        truth = self.model.ops.asarray(truth, dtype="float32")
        loss, gradient = focal_loss(self._answers(scores), truth, self.focal_gamma)
        return loss / max(n_documents, 1), self._labels(gradient)

    @abstractmethod
    def _answer_weights(self, weights: Array) -> Array:
        """RETURNS (NDArray): Labels' weights as those of answers. Shape (questions, answers)."""

    @abstractmethod
    def _compare(self, scores: Any, earlier: Any) -> tuple[float, Any]:
        """RETURNS (Tuple[float, Floats2d]): How far probabilities are from those of an earlier
        model, which may lack labels, and the gradient. See `compare_probabilities`.
        """

    @abstractmethod
    def _balanced(self, n_with: Array, n_without: Array) -> Array:
        """RETURNS (NDArray): Weights that make up for how many documents have labels. Shape
        (labels,).
        """

    @abstractmethod
    def _bias(self, n_with: Array, n_without: Array) -> Array:
        """RETURNS (NDArray): Scores of which the probabilities are as often right as documents have
        labels, of which each counts at least once. Shape (labels,).
        """

    def _reset(self, get_examples: GetExamples) -> None:
        """Find the class weights, forget what was fitted and let the model start from what is to be
        expected of labels, and of n-grams.
        """
        n_with, n_without = self._count(get_examples())
        weights = self.class_weights or {}
        if weights == "balanced":
            weights = self._find_weights(n_with, n_without)
        unknown = [label for label in weights if label not in self.labels]
        if unknown:
            raise UserError(
                f"Unknown label in class_weights of component '{self.name}': got "
                f"{', '.join(map(repr, unknown))}, expected some of its {len(self.labels)} labels "
                f"({', '.join(self.labels[:5])}{', …' if len(self.labels) > 5 else ''}). Correct "
                "the label, or leave it out."
            )
        self.cfg.update(class_weights=weights)
        self.forget_fit()
        counting = numpy.array([weights.get(label, 1.0) for label in self.labels])
        self._start_from(self._bias(n_with * counting, n_without))
        bag, output = map(self.model.maybe_get_ref, ("ngrams", "ngram_output"))
        if bag is not None and output is not None:
            exclusive = not self.model.attrs["multi_label"]

            def annotated() -> Iterator[tuple[list[Doc], Array]]:
                for batch in minibatch(get_examples(), BATCH_SIZE):
                    truth = signed_truth(self._gold(batch), counting, exclusive)
                    yield [eg.x for eg in batch], truth * sample_weights(batch)[:, None]

            solve_ngrams(bag, output, annotated(), exclusive)

    def _start_from(self, bias: Array) -> None:
        """Set the bias of the output, so that a rare label need not be found to be rare in document
        after document (Lin et al. 2017, 4.1). A model without one is left as it is.
        """
        for name in ("output_layer", "ngram_output"):
            output = self.model.maybe_get_ref(name)
            if output is not None and output.has_param("b"):
                output.set_param("b", output.ops.asarray1f(bias.tolist()))

    def _count(self, examples: Iterable[Example]) -> tuple[Array, Array]:
        """RETURNS (Tuple[NDArray, NDArray]): How many documents have each label, and how many have
        not, as far as that is known. Shape (labels,).
        """
        n_with = n_without = numpy.zeros(len(self.labels))
        for batch in minibatch(examples, BATCH_SIZE):
            gold = self._gold(batch)
            n_with = n_with + numpy.nansum(gold, axis=0)
            n_without = n_without + numpy.nansum(1.0 - gold, axis=0)
        return n_with, n_without

    def _find_weights(self, n_with: Array, n_without: Array) -> dict[str, float]:
        """RETURNS (Dict[str, float]): Balanced weights, 1 for labels that all have, or none."""
        weights = numpy.ones(len(self.labels))
        seen = (n_with > 0) & (n_without > 0)
        weights[seen] = self._balanced(n_with[seen], n_without[seen])
        return dict(zip(self.labels, weights.tolist(), strict=True))

    def _gold(self, examples: Iterable[Example]) -> Array:
        """RETURNS (NDArray[float]): 1 for labels that documents have, 0 for others, a probability
        where it is soft and NaN for those that are missing. Shape (documents, labels).
        """
        labels, missing = self.labels, numpy.nan if self.support_missing_values else 0.0
        return numpy.array(
            [[eg.reference.cats.get(label, missing) for label in labels] for eg in examples]
        )
