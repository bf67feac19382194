"""Rehearsal: to go on predicting what was predicted before."""

from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, cast

from spacy.training import Example, validate_examples
from thinc.api import Model, Optimizer, get_array_module, set_dropout_rate
from thinc.types import Floats2d, Ragged

from ..layers.crf import Lattice, marginals


class Rehearses:
    """Mixin for components whose training is resumed: `rehearse` compares what their model scores
    with what its earlier self does. To be named before what rehearses otherwise.
    """

    name: str
    model: Any
    _rehearsal_model: Any
    finish_update: Any

    @abstractmethod
    def _compare(self, scores: Any, earlier: Any) -> tuple[float, Any]:
        """RETURNS (Tuple[float, Any]): The loss, and the gradient of the model's scores, from these
        and those of its earlier self.
        """

    def rehearse(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optimizer | None = None,
        losses: dict[str, float] | None = None,
    ) -> dict[str, float]:
        """Teach the model to still predict what it did when `nlp.resume_training` was called.

        Labels that were added since, and exclude others, count as ones that it was sure not to
        find.

        examples (Iterable[Example]): The batch. Annotation is not needed.
        drop (float): The dropout rate.
        sgd (Optional[Optimizer]): The optimizer.
        losses (Optional[Dict[str, float]]): Losses by component, to be updated.
        RETURNS (Dict[str, float]): The updated losses.
        """
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        examples = list(examples)
        validate_examples(examples, f"{type(self).__name__}.rehearse")
        docs = [example.predicted for example in examples]
        if self._rehearsal_model is None or not any(len(doc) for doc in docs):
            return losses
        set_dropout_rate(self.model, drop)
        scores, backprop = self.model.begin_update(docs)
        loss, gradient = self._compare(scores, self._rehearsal_model.predict(docs))
        backprop(gradient)
        if sgd:
            self.finish_update(sgd)
        losses[self.name] += loss
        return losses


def compare_probabilities(scores: Any, earlier: Any) -> tuple[float, Any]:
    """Compare the probabilities of labels of which one is right.

    scores (Floats2d): Probabilities. Shape (rows, labels).
    earlier (Floats2d): Earlier ones, of as many labels or fewer. Shape (rows, earlier labels).
    RETURNS (Tuple[float, Floats2d]): The sum of squares, and the gradient of the cross-entropy with
        respect to the scores before the softmax.
    """
    xp = get_array_module(scores)
    gradient = scores - xp.pad(earlier, ((0, 0), (0, scores.shape[1] - earlier.shape[1])))
    return float(xp.square(gradient).sum()), gradient


def compare_marginals(
    model: Model[Any, Any], earlier_model: Any, scores: Ragged, earlier: Ragged
) -> tuple[float, Ragged]:
    """Compare the marginal probabilities of tags under the "crf" of two models.

    scores (Ragged): Scores of tags. Shape (tokens, tags).
    earlier (Ragged): Earlier ones, of as many tags or fewer. Shape (tokens, earlier tags).
    RETURNS (Tuple[float, Ragged]): The sum of squares, and the gradient of the cross-entropy with
        respect to the scores.
    """
    lengths = model.ops.to_numpy(scores.lengths)
    now, were = (
        marginals(each.get_ref("crf"), Lattice(cast(Floats2d, emissions), lengths))
        for each, emissions in ((model, scores.dataXd), (earlier_model, earlier.dataXd))
    )
    loss, gradient = compare_probabilities(now, were)
    return loss, Ragged(model.ops.asarray2f(gradient), scores.lengths)
