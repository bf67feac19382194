"""Rehearsal: to go on predicting what was predicted before."""

from collections.abc import Iterable

import numpy
from spacy.pipeline import TrainablePipe
from spacy.training import Example, validate_examples
from thinc.api import Optimizer, set_dropout_rate
from thinc.types import Ragged

from ..layers.crf import Lattice, infer


def rehearse_crf(
    pipe: TrainablePipe,
    examples: Iterable[Example],
    drop: float,
    sgd: Optimizer | None,
    losses: dict[str, float] | None,
) -> dict[str, float]:
    """Teach a model with a CRF to still predict what it did when `nlp.resume_training` was called.

    The gradient is the difference between the tags' marginal probabilities of the two models: that
    of the cross-entropy between their distributions, with respect to the scores of tags.

    pipe (TrainablePipe): The component.
    examples (Iterable[Example]): The batch. Annotation is not needed.
    drop (float): The dropout rate.
    sgd (Optional[Optimizer]): The optimizer.
    losses (Optional[Dict[str, float]]): Losses by component, to be updated.
    RETURNS (Dict[str, float]): The updated losses.
    """
    losses = {} if losses is None else losses
    losses.setdefault(pipe.name, 0.0)
    examples = list(examples)
    validate_examples(examples, f"{type(pipe).__name__}.rehearse")
    docs = [example.predicted for example in examples]
    tutor = pipe._rehearsal_model
    if tutor is None or not any(len(doc) for doc in docs):
        return losses
    set_dropout_rate(pipe.model, drop)
    scores, backprop = pipe.model.begin_update(docs)
    marginals = [
        infer(
            model.get_ref("crf"),
            "marginals",
            Lattice(emissions.dataXd, model.ops.to_numpy(emissions.lengths)),
        )
        for model, emissions in ((pipe.model, scores), (tutor, tutor.predict(docs)))
    ]
    gradient = marginals[0] - marginals[1]
    backprop(Ragged(pipe.model.ops.asarray2f(gradient), scores.lengths))
    if sgd:
        pipe.finish_update(sgd)
    losses[pipe.name] += float(numpy.square(gradient).sum())
    return losses
