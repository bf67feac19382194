"""`rnn_textcat_multilabel`: text classification, any number of labels a document."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy
from spacy.language import Language
from spacy.pipeline import MultiLabel_TextCategorizer
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model, get_array_module

from .categorizer import SCORE_WEIGHTS, Categorizer, ClassWeights, textcat_config
from .evidence import ROUNDS, Fit
from .examples import GetExamples, with_text_first
from .losses import Array, require_probabilities
from .rehearsal import compare_probabilities
from .thresholds import best_threshold, rescale, threshold_gains
from .wiring import require_wiring


class RNNMultiLabelTextCategorizer(Categorizer, MultiLabel_TextCategorizer):
    """Recurrent text classification with any number of labels for each document.

    DOCS: https://spacy.io/api/textcategorizer
    """

    def initialize(  # type: ignore[override]
        self,
        get_examples: GetExamples,
        *,
        nlp: Language | None = None,
        labels: Iterable[str] | None = None,
    ) -> None:
        """Find the labels, their weights and the shapes in a representative sample.

        get_examples (Callable): Returns the examples.
        nlp (Optional[Language]): The pipeline.
        labels (Optional[Iterable[str]]): The labels. Found in the examples by default.
        RAISES (ValueError): If there are no examples or labels, or a class weight is of no label.
        """
        sample_first = with_text_first(self.name, get_examples)
        require_wiring(self.name, self.model, nlp)
        super().initialize(sample_first, nlp=nlp, labels=labels)
        self._reset(get_examples)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score predictions, each label with its own threshold where they are fitted.

        examples (Iterable[Example]): The examples.
        RETURNS (Dict[str, Any]): The scores.
        """
        if self.cfg["thresholds"]:
            kwargs = {"getter": self._rescaled, "threshold": 0.5, **kwargs}
        return super().score(examples, **kwargs)

    def predicted_labels(self, doc: Doc) -> list[str]:
        """RETURNS (List[str]): The labels of a document that the component has annotated: those
        whose probability reaches their threshold.
        """
        return [
            label
            for label in self.labels
            if label in doc.cats and doc.cats[label] >= self._threshold(label)
        ]

    def fit_thresholds(self, examples: Iterable[Example]) -> Fit:
        """Fit the probability from which on each label counts as predicted, for its highest F1.
        The thresholds are saved with the component, and take the place of `threshold`.

        They are kept if the macro-averaged F1 gains by them on data that they were not fitted on,
        and of these, those of labels that gain.

        examples (Iterable[Example]): Annotated documents that the component was not trained on. See
            `confidences`.
        RETURNS (Fit): The thresholds by label, without those that all annotated examples have, or
            none; and what the macro-averaged F1 gains.
        """
        scores, gold = self._observe(examples)
        best, gains = {}, {}
        for label, column, truth in zip(self.labels, scores.T, gold.T, strict=True):
            known = ~numpy.isnan(truth)
            threshold = best_threshold(column[known], truth[known] == 1.0)
            if threshold is not None:
                best[label] = threshold
                gains[label] = threshold_gains(column, truth, self.cfg["threshold"])
        gaining = {label: gain for label, gain in gains.items() if gain.mean() > 0.0}
        fit = Fit.of(
            {label: best[label] for label in gaining},
            numpy.sum([numpy.zeros(ROUNDS), *gaining.values()], axis=0) / len(self.labels),
        )
        self.cfg["thresholds"] = dict(fit.kept)
        return fit._replace(best=best)

    def fit_on_dev(self, examples: Sequence[Example]) -> None:
        """Decide what trained weights are to be combined with: shares, and a threshold for each
        label. See `Categorizer`.

        examples (Sequence[Example]): Annotated documents that the component was not trained on.
        """
        super().fit_on_dev(examples)
        self.fit_thresholds(examples)

    def _validate_categories(self, examples: Iterable[Example]) -> None:
        """RAISES (ValueError): If values of labels are no probabilities."""
        for example in examples:
            cats = example.reference.cats
            require_probabilities(cats, cats.values())

    def _threshold(self, label: str) -> float:
        return self.cfg["thresholds"].get(label, self.cfg["threshold"])

    def _rescaled(self, doc: Doc, attr: str) -> dict[str, float]:
        """RETURNS (Dict[str, float]): Scores with the threshold of each at 0.5, for a scorer that
        has one threshold for all. The area under a curve stays, as their order does.
        """
        cats = getattr(doc, attr)
        return {label: rescale(score, self._threshold(label)) for label, score in cats.items()}

    def _answers(self, labels: Any) -> Any:
        return get_array_module(labels).stack((labels, 1.0 - labels), axis=-1)

    def _labels(self, answers: Any) -> Any:
        return answers[..., 0]

    def _answer_weights(self, weights: Array) -> Array:
        return numpy.stack((weights, numpy.ones_like(weights)), axis=-1)

    def _compare(self, scores: Any, earlier: Any) -> tuple[float, Any]:
        # Of labels that were added, nothing was known.
        was = scores.copy()
        was[:, : earlier.shape[1]] = earlier
        return compare_probabilities(scores, was)

    def _balanced(self, n_with: Array, n_without: Array) -> Array:
        return n_without / n_with

    def _bias(self, n_with: Array, n_without: Array) -> Array:
        return numpy.log((n_with + 1.0) / (n_without + 1.0))


@Language.factory(
    "rnn_textcat_multilabel",
    assigns=["doc.cats"],
    default_config=textcat_config(
        False,
        threshold=0.5,
        scorer={"@scorers": "spacy.textcat_multilabel_scorer.v2"},
    ),
    default_score_weights=SCORE_WEIGHTS,
)
def make_rnn_textcat_multilabel(
    nlp: Language,
    name: str,
    model: Model,
    class_weights: ClassWeights,
    label_smoothing: float,
    focal_gamma: float,
    threshold: float,
    scorer: Callable | None,
) -> RNNMultiLabelTextCategorizer:
    """Construct a text categorizer for labels that do not exclude each other.

    model (Model[List[Doc], Floats2d]): Predicts the probability of each label.
    class_weights (Optional[Union[str, Dict[str, float]]]): How much documents with a label weigh in
        its loss, those without weighing 1: 1 by default, or by label, or "balanced", both weighing
        the same in all of the training data.
    label_smoothing (float): Share of the truth, that a document has a label or has not, that is
        given to the opposite in training. Recommended values are from 0 to 0.1.
    focal_gamma (float): How much less a label counts in training that is already predicted well
        (Lin et al. 2017). Recommended values are 0, for the cross-entropy, to 2.
    threshold (float): Probability from which on a label counts as predicted, in scoring, until
        `fit_thresholds` finds one for it.
    scorer (Optional[Callable]): The scoring method.
    RETURNS (RNNMultiLabelTextCategorizer): The component.
    """
    return RNNMultiLabelTextCategorizer(
        nlp.vocab,
        model,
        name,
        threshold=threshold,
        class_weights=class_weights,
        label_smoothing=label_smoothing,
        focal_gamma=focal_gamma,
        scorer=scorer,
    )
