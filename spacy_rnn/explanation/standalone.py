"""Models apart from their pipeline."""

from typing import Any

from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2Vec, Tok2VecListener
from spacy.util import replace_model_node
from thinc.api import Model

from ..errors import UserError


def standalone_model(nlp: Language, pipe: Any) -> Model:
    """Copy the model of a component, with the encoder that it listens to inside and without what
    is random in training. What is done to the copy does not reach the pipeline.

    nlp (Language): The pipeline.
    pipe (TrainablePipe): The component.
    RETURNS (Model): The copy.
    RAISES (ValueError): If the pipeline lacks what the component listens to.
    """
    model = copy_model(pipe.model)
    for node, twin in zip(list(pipe.model.walk()), list(model.walk()), strict=True):
        if isinstance(node, Tok2VecListener):
            replace_model_node(model, twin, copy_model(_upstream(nlp, pipe, node).model))
    for node in list(model.walk()):
        for attr in ("dropout_rate", "fixed_dropout_rate"):
            if attr in node.attrs:
                node.attrs[attr] = 0.0
    return model


def copy_model(model: Model) -> Model:
    """RETURNS (Model): A copy, with the references that those of Thinc lack."""
    copied = model.copy()
    twins = {node.id: twin for node, twin in zip(model.walk(), copied.walk(), strict=True)}
    for node in model.walk():
        for name in node.ref_names:
            ref = node.maybe_get_ref(name)
            twins[node.id].set_ref(name, None if ref is None else twins[ref.id])
    return copied


def _upstream(nlp: Language, pipe: Any, listener: Tok2VecListener) -> Tok2Vec:
    for _, upstream in nlp.pipeline:
        if isinstance(upstream, Tok2Vec) and listener in upstream.listeners:
            return upstream
    raise UserError(
        f"Component '{pipe.name}' has nothing to listen to: got the pipeline {nlp.pipe_names}, "
        f"expected a tok2vec ('{listener.upstream_name}') before it. Enable or add it."
    )
