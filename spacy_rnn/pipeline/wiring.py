"""Whether a pipeline is put together so that a component can learn."""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.ty import ListenedToComponent
from thinc.api import Model

from ..errors import UserError


def require_wiring(name: str, model: Model[Any, Any], nlp: Language | None) -> None:
    """Make sure that a component has the encoder that it listens to, and gets the pretrained
    weights that the config names.

    name (str): The component's name.
    model (Model): Its model.
    nlp (Optional[Language]): The pipeline.
    RAISES (ValueError): If it has not.
    """
    if nlp is None:
        return
    require_pretraining(nlp.config.interpolate())
    before = takewhile(lambda component: component[0] != name, nlp.components)
    encoders = [other for other, pipe in before if isinstance(pipe, ListenedToComponent)]
    for node in model.walk():
        if isinstance(node, Tok2VecListener) and node.upstream_name not in ("*", *encoders):
            wanted = f"the encoder '{node.upstream_name}'"
        elif isinstance(node, Tok2VecListener) and not encoders:
            wanted = "an encoder"
        else:
            continue
        raise UserError(
            f"Component '{name}' listens to {wanted}, which does not come before it: got "
            f"the pipeline {', '.join(nlp.component_names)}, expected an rnn_tok2vec or tok2vec of "
            "that name before it. Write the config with 'spacy rnn init --shared', add the "
            'encoder, or give the component its own: {"@architectures": "spacy-rnn.Tok2Vec.v1"}.'
        )


def require_pretraining(config: Mapping[str, Any]) -> None:
    """Make sure that pretrained weights that a config names are read: spaCy reads them only if it
    is said what was pretrained.

    config (Mapping[str, Any]): The config, interpolated.
    RAISES (ValueError): If they are not.
    """
    weights = config.get("initialize", {}).get("init_tok2vec")
    if weights and not config.get("pretraining"):
        raise UserError(
            f"Weights that would not be read: got [initialize] init_tok2vec = {str(weights)!r} and "
            "an empty [pretraining], expected that block to say which component takes them. Fill "
            "it with 'spacy init fill-config --pretraining', or write the config with 'spacy rnn "
            "init', or set init_tok2vec = null."
        )
