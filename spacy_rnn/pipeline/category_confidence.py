"""What classifiers make of data that they were not trained on: calibrated probabilities, and the
shares of their branches.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy
from spacy.training import Example
from spacy.util import minibatch
from thinc.api import Model

from ..errors import UserError
from .calibration import fit_temperature, temper
from .evidence import Fit
from .losses import Array, signed_truth
from .shares import fit_share

BATCH_SIZE = 128
# Fewer documents do not tell how much n-grams are to count.
FEWEST = 20


class CategoryConfidence(ABC):
    """Mixin for text categorizers: how sure they are, and how right that is. Labels are seen as
    answers to questions: of exclusive labels, which one a document has; of others, whether it has
    each.
    """

    name: str
    model: Model[Any, Any]
    cfg: dict[str, Any]
    labels: Any
    predict: Any
    forget_fit: Any

    @abstractmethod
    def _answers(self, labels: Any) -> Any:
        """RETURNS (NDArray): What is said of labels, as answers. Shape (documents, questions,
        answers).
        """

    @abstractmethod
    def _labels(self, answers: Any) -> Any:
        """RETURNS (NDArray): The inverse of `_answers`. Shape (documents, labels)."""

    @abstractmethod
    def _gold(self, examples: Iterable[Example]) -> Array:
        """RETURNS (NDArray[float]): 1 for labels that documents have, 0 for others, a probability
        where it is soft and NaN for those that are missing. Shape (documents, labels).
        """

    def confidences(self, examples: Iterable[Example]) -> tuple[Array, Array]:
        """Find the probabilities of predicted answers, and which are right. Of exclusive labels,
        the answer is the best label; of others, there is one for each label: that a document has
        it, or that it has not.

        examples (Iterable[Example]): Annotated documents, through which the components that this
            one listens to have run.
        RETURNS (Tuple[NDArray, NDArray]): Probabilities and whether the reference has the answer.
            Shape (answers,).
        RAISES (ValueError): If no document has text and annotation.
        """
        answers, truth, _ = self._judge(examples)
        right = numpy.take_along_axis(truth, answers.argmax(axis=-1, keepdims=True), axis=-1)
        return answers.max(axis=-1), right[:, 0] > 0.5

    def calibrate(self, examples: Iterable[Example]) -> Fit:
        """Fit the temperature, which scores are divided by before they become probabilities (Guo et
        al. 2017), so that probabilities are the frequencies with which predictions are right.

        The temperature has the least cross-entropy. It is saved with the component, if the
        cross-entropy is lower by it on data that it was not fitted on, and the best label stays the
        best. Fitted thresholds are given up: they are of other probabilities.

        examples (Iterable[Example]): Annotated documents that the component was not trained on; see
            `confidences`.
        RETURNS (Fit): The temperature, and what the mean log-probability of the truth gains.
        RAISES (ValueError): If no document has text and annotation.
        """
        answers, truth, documents = self._judge(examples)
        last = self.cfg["temperature"]

        def losses(temperature: float) -> Array:
            chances = temper(answers, temperature / last).clip(1e-20)
            return -(truth * numpy.log(chances)).sum(axis=-1)

        fit = fit_temperature(losses, documents)
        self.forget_fit()
        self.cfg.update(fit.kept)
        return fit

    def fit_on_dev(self, examples: Sequence[Example]) -> None:
        """Decide what trained weights are to be combined with: the shares of the encoder and of
        n-grams.

        examples (Sequence[Example]): Annotated documents that the component was not trained on,
            through which the components that this one listens to have run.
        """
        self.fit_shares(examples)

    def fit_shares(self, examples: Iterable[Example]) -> None:
        """Fit how much the scores of n-grams count against those of the encoder, see `fit_share`.
        The shares are saved with the weights. What was fitted to other probabilities is given up.
        With fewer than 20 documents, or without n-grams, nothing changes.

        examples (Iterable[Example]): Annotated documents that the component was not trained on. See
            `confidences`.
        """
        ensemble = self.model.maybe_get_ref("ensemble")
        if ensemble is None:
            return
        exclusive = not self.model.attrs["multi_label"]
        examples = [example for example in examples if len(example.predicted)]
        truth = signed_truth(self._gold(examples), numpy.ones(len(self.labels)), exclusive)
        known = numpy.flatnonzero(truth.any(axis=1))
        if len(known) < FEWEST:
            return
        scores: list[list[Array]] = [[], []]
        for batch in minibatch(known.tolist(), BATCH_SIZE):
            docs = [examples[i].predicted for i in batch]
            for found, layer in zip(scores, ensemble.layers, strict=True):
                found.append(layer.ops.to_numpy(layer.predict(docs)))
        share = fit_share([*map(numpy.concatenate, scores)], truth[known], exclusive)
        self.forget_fit()
        ensemble.attrs["shares"] = [1.0 - share, share]

    def _observe(self, examples: Iterable[Example]) -> tuple[Array, Array]:
        """RETURNS (Tuple[NDArray, NDArray]): Probabilities and gold of labels. Shape (documents,
        labels).
        """
        scores, gold = [], []
        for batch in minibatch(examples, BATCH_SIZE):
            predicted = self.predict([example.predicted for example in batch])
            scores.append(self.model.ops.to_numpy(predicted).astype("float64"))
            gold.append(self._gold(batch))
        none = numpy.zeros((0, len(self.labels)))
        return numpy.concatenate([none, *scores]), numpy.concatenate([none, *gold])

    def _judge(self, examples: Iterable[Example]) -> tuple[Array, Array, Array]:
        """RETURNS (Tuple[NDArray, NDArray, NDArray]): Probabilities and truth of the answers to
        questions whose answer is known, shape (questions, answers), and the index of the document
        that each is asked of, shape (questions,).
        RAISES (ValueError): If there are none.
        """
        scores, gold = self._observe(example for example in examples if len(example.predicted))
        truth = numpy.nan_to_num(self._answers(gold))
        known = truth.any(axis=-1)
        if not known.any():
            raise UserError(
                f"Can't compare component '{self.name}' with the truth: got no document with text "
                "and any of its labels, expected some. Give it annotated examples."
            )
        return self._answers(scores)[known], truth[known], known.nonzero()[0]
