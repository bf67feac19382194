"""Callbacks of a config."""

import copy
from collections.abc import Callable, Iterable
from typing import Any

from spacy.language import Language
from spacy.training import Example
from thinc.api import Model

from .ops import use_onednn

# So many documents are enough to decide by.
MAX_DOCUMENTS = 2000


def models_with_onednn() -> Callable[[Language], Language]:
    """Let the Thinc layers of all components multiply matrices with OneDNNOps. For
    `[nlp.after_pipeline_creation]`; loading the saved pipeline calls it again. Layers on a GPU or
    with another backend than Thinc's default stay as they are.

    RETURNS (Callable[[Language], Language]): The callback.
    """

    def use_in_components(nlp: Language) -> Language:
        for _, component in nlp.components:
            model = getattr(component, "model", None)
            if isinstance(model, Model):
                use_onednn(model)
        return nlp

    return use_in_components


def fit_on_dev(
    corpus: Callable[[Language], Iterable[Example]],
) -> Callable[[Language], Language]:
    """Decide, whenever a pipeline is saved, what its weights leave open, by data that they were not
    trained on: in rnn_textcat how much its encoder and its n-grams count, in
    rnn_textcat_multilabel also from which probability on each label is predicted, in rnn_ner by how
    much being outside of entities has to win, and the temperature that goes with it. For
    `[training.before_to_disk]`.

    The scores that training prints, and selects by, are those before. Thresholds that data cannot
    tell stay as they are, and so do shares with fewer than 20 documents. Of more than 2,000
    documents, as many are taken, evenly.

    corpus (Callable[[Language], Iterable[Example]]): Reads the data. The development data will do:
        scores on them are a little too high afterwards, as after any choice by them.
    RETURNS (Callable[[Language], Language]): The callback.
    """

    def fit(nlp: Language) -> Language:
        decided = copy.copy(nlp)
        decided._components = [(name, _copy(pipe)) for name, pipe in nlp._components]
        last = [i for i, (_, pipe) in enumerate(decided.pipeline) if hasattr(pipe, "fit_on_dev")]
        if not last:
            return nlp
        examples = list(corpus(nlp))
        examples = examples[:: max(1, -(-len(examples) // MAX_DOCUMENTS))]
        docs = [example.predicted for example in examples]
        for i, (_, pipe) in enumerate(decided.pipeline[: last[-1] + 1]):
            if i in last:
                pipe.fit_on_dev(examples)  # type: ignore[attr-defined]
            if i < last[-1]:
                docs = [pipe(doc) for doc in docs]
        return decided

    return fit


def _copy(pipe: Any) -> Any:
    """RETURNS (Any): A copy of a component that is about to decide: training goes on without."""
    if not hasattr(pipe, "fit_on_dev"):
        return pipe
    copied = copy.copy(pipe)
    copied.model, copied.cfg = copy.deepcopy(pipe.model), copy.deepcopy(pipe.cfg)
    return copied
