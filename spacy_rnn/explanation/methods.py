"""How tokens are weighed."""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, cast

import torch
from spacy.language import Language
from spacy.tokens import Doc
from torch import Tensor

from ..errors import UserError
from ..layers.shim import torch_shim
from ..modules.pooling import Pooling
from .gradients import integrated_gradients
from .occlusion import occlusion
from .targets import Array, Target

Method = Callable[[Language, Target, Doc], Array]


def attention(nlp: Language, target: Target, doc: Doc) -> Array:
    """Find the weights with which attention pools the tokens, the mean of all heads. They are the
    same for all labels and sum to 1.

    nlp (Language): The pipeline.
    target (Target): The label.
    doc (Doc): A document through which the components before this one have run.
    RETURNS (NDArray[float]): Shape (tokens,).
    RAISES (ValueError): If the model has no attention.
    """
    modules = attention_modules(target.pipe)
    if not modules:
        raise UserError(
            f"No attention in component '{target.pipe.name}': got the model "
            f"'{target.pipe.model.name}', expected spacy-rnn.TextCat.v1 with \"attention\" among "
            'its pools. Use the method "occlusion" or "integrated_gradients".'
        )
    levels: list[tuple[Tensor, Tensor]] = []

    def record(module: Any, inputs: tuple[Tensor, ...], options: dict[str, Tensor]) -> None:
        weights = module.attention_weights(*inputs, **options)
        levels.append((weights.mean(dim=1), options["lengths"]))

    with ExitStack() as hooks:
        for module in modules:
            hook = module.register_forward_pre_hook(record, with_kwargs=True)
            hooks.callback(hook.remove)
        # Twice, for a document alone is pooled without a call of the module.
        target.pipe.model.predict([doc, doc])
    # Tokens are pooled into windows, if there are windows, and these into the document.
    weights = torch.ones(2)
    for part, lengths in reversed(levels):
        weights = part * weights.to(part.device).repeat_interleave(lengths)
    found: Array = weights[: len(doc)].numpy(force=True)
    return found


def attention_modules(pipe: Any) -> list[Pooling]:
    """RETURNS (List[Pooling]): The modules of a component that pool by attention."""
    nodes = [node for node in pipe.model.walk() if node.name == "pooling"]
    modules = [cast(Pooling, torch_shim(node).module) for node in nodes]
    return [module for module in modules if "attention" in module.pools]


def methods_for(pipe: Any) -> list[str]:
    """RETURNS (List[str]): The methods that a component's predictions can be explained by."""
    return [m for m in METHODS if m != "attention" or attention_modules(pipe)]


METHODS: dict[str, Method] = {
    "occlusion": occlusion,
    "integrated_gradients": integrated_gradients,
    "attention": attention,
}
