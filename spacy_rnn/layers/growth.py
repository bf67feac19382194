"""Outputs that are added to a trained model."""

from functools import partial
from typing import Any, cast

import numpy
from numpy.typing import NDArray
from thinc.api import Model

from ..modules.crf import CRF
from .shim import TorchShim, torch_shim

Array = NDArray[Any]
# What a new output scores less than those that it takes after: it is not predicted before it is
# learned, and near enough to be. Of a tag, there is less to learn from than of a document's label.
TAG_MARGIN = 6.0
LABEL_MARGIN = 10.0


def add_outputs(
    model: Model[Any, Any], nO: int, margin: float, ancestors: Array | None = None
) -> Model[Any, Any]:
    """Give a model more outputs. The scores of those that it has stay the same to the bit.

    A new output scores as much as the mean of its ancestors, less a margin. A CRF's transitions
    from and to a new tag are those of its ancestors, too. No sequence with new tags is therefore as
    probable as all of those with ancestors in their places, and predictions stay what they are.

    The output layer, and the transitions, are replaced by larger ones, of which the optimizer knows
    nothing yet: their moments and averages begin anew.

    model (Model): The model. Its reference "output_layer" is linear, with or without a softmax, and
        so is "ngram_output", if it has one; its reference "crf", if it has one, is a `crf`.
    nO (int): The number of outputs that it is to have, not below those that it has.
    margin (float): How much less new ones score.
    ancestors (Optional[NDArray[bool]]): Which of its outputs new ones take after; if none, they
        score the negated margin. All by default. Shape (outputs,).
    RETURNS (Model): The same model.
    """
    outputs = [model.get_ref("output_layer"), model.maybe_get_ref("ngram_output")]
    for output in filter(None, outputs):
        if not output.has_param("W"):
            _replace(model, output, output, nO)
            continue
        had = output.get_dim("nO")
        chosen = numpy.ones(had, dtype=bool) if ancestors is None else ancestors
        shares = numpy.tile(chosen / max(chosen.sum(), 1), (nO - had, 1))
        _replace(model, output, _grow_linear(output, shares, margin), nO)
        field = model.maybe_get_ref("crf")
        if field is not None:
            shim = torch_shim(field)
            field.shims[0] = TorchShim(cast(CRF, shim.module).with_tags(shares))
            field.set_dim("nO", nO, force=True)
    return model


def _replace(model: Model[Any, Any], output: Model[Any, Any], grown: Any, nO: int) -> None:
    """Let a grown output layer take the place of another, in layers and references."""
    outer = [node for node in model.walk() if node is not output and output in node.walk()]
    for node in (*outer, grown):
        node.set_dim("nO", nO, force=True)
        node.layers[:] = [grown if layer is output else layer for layer in node.layers]
    for node in outer:
        for name in node.ref_names:
            if node.maybe_get_ref(name) is output:
                node.set_ref(name, grown)


def resize_output(independent: bool) -> Any:
    """RETURNS (Callable[[Model, int], Model]): What spaCy calls to give a classifier more outputs.
    Its n-grams learn from then on, if they were solved: they know nothing of new labels.

    independent (bool): Whether outputs are not weighed against each other.
    """
    return partial(_resize_output, independent)


def _resize_output(independent: bool, model: Model[Any, Any], nO: int) -> Model[Any, Any]:
    had = model.get_ref("output_layer").maybe_get_dim("nO") or 0
    ancestors = numpy.zeros(had, dtype=bool) if independent else None
    ngrams = model.maybe_get_ref("ngrams")
    if ngrams is not None:
        ngrams.attrs["solved"] = False
    return add_outputs(model, nO, LABEL_MARGIN, ancestors)


def _grow_linear(layer: Model[Any, Any], shares: Array, margin: float) -> Model[Any, Any]:
    """RETURNS (Model): A larger copy of a layer with weights and a bias."""
    ops: Any = layer.ops
    W, b = (ops.to_numpy(layer.get_param(name)) for name in ("W", "b"))
    params = {
        "W": ops.asarray2f(numpy.concatenate((W, shares @ W))),
        "b": ops.asarray1f(numpy.concatenate((b, shares @ b - margin))),
    }
    return Model(
        layer.name,
        layer._func,
        init=layer.init,
        params=params,
        dims={name: layer.maybe_get_dim(name) for name in layer.dim_names if name != "nO"}
        | {"nO": len(params["b"])},
        attrs=dict(layer.attrs),
        ops=layer.ops,
    )
