"""Whether a pipeline is put together so that a component can learn."""

from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.ty import ListenedToComponent
from thinc.api import Model

from ..errors import UserError


def require_wiring(name: str, model: Model[Any, Any], nlp: Language | None) -> None:
    """Make sure that a component has the encoder that it listens to, and can take the pretrained
    weights that the config names.

    name (str): The component's name.
    model (Model): Its model.
    nlp (Optional[Language]): The pipeline.
    RAISES (ValueError): If it has not.
    """
    if nlp is None:
        return
    config = nlp.config.interpolate()
    require_pretraining(config)
    require_pretrained(name, model, config)
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


def require_pretrained(name: str, model: Model[Any, Any], config: Mapping[str, Any]) -> None:
    """Make sure that pretrained weights are such, and fit: spaCy loads them after all else, and
    what is wrong with them shows as any error of msgpack or Thinc.

    name (str): The component's name.
    model (Model): Its model.
    config (Mapping[str, Any]): The config, interpolated.
    RAISES (ValueError): If the config names other weights for the component.
    """
    weights = config.get("initialize", {}).get("init_tok2vec")
    pretraining = config.get("pretraining") or {}
    # Of a path that does not exist, spaCy says so.
    if not weights or pretraining.get("component") != name or not Path(weights).exists():
        return
    try:
        layer = model.get_ref(pretraining["layer"]) if pretraining["layer"] else model
        layer.copy().from_bytes(Path(weights).read_bytes())
    except Exception as error:
        raise UserError(
            f"Can't load the pretrained weights of component '{name}': got {str(weights)!r} "
            f"({error}), expected a model*.bin from 'spacy pretrain' with the same encoder. "
            "Pretrain it with this config, or set [initialize] init_tok2vec = null."
        ) from error
