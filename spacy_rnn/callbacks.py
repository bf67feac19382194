"""Callbacks of the `[nlp]` block of a config."""

from collections.abc import Callable

from spacy.language import Language
from thinc.api import Model, NumpyOps

from .ops import OneDNNOps


def models_with_onednn() -> Callable[[Language], Language]:
    """Let the Thinc layers of all components multiply matrices with OneDNNOps. For
    `[nlp.after_pipeline_creation]`; loading the saved pipeline calls it again. Layers on a GPU or
    with another backend than Thinc's default stay as they are.

    RETURNS (Callable[[Language], Language]): The callback.
    """

    def use_onednn(nlp: Language) -> Language:
        ops = OneDNNOps()
        for _, component in nlp.components:
            model = getattr(component, "model", None)
            for node in model.walk() if isinstance(model, Model) else ():
                if type(node.ops) is NumpyOps:
                    node.ops = ops
        return nlp

    return use_onednn
