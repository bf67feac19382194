"""All numbers of a pipeline in training, by their place in it: weights, gradients, moments.

Thinc tells weights apart by numbers that count the models of a process. Here they are named by
component, position in its model and name, which are the same in every process.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy
import torch
from numpy.typing import NDArray
from spacy.language import Language
from thinc.api import Model, Optimizer
from thinc.shims import Shim
from torch import nn

from .errors import TrainingError

Tensors = dict[str, NDArray[Any]]


def read_weights(nlp: Language, frozen: Collection[str]) -> tuple[Tensors, list[str]]:
    """Copy what updates change in a pipeline.

    nlp (Language): The pipeline.
    frozen (Collection[str]): Components that are not updated.
    RETURNS (tuple[Tensors, list[str]]): Copies of weights, of buffers of torch modules and of
        gradients that are not zero; the names of all gradients, also those that are zero, as the
        optimizer moves a weight that has one.
    """
    tensors: Tensors = {}
    gradients: list[str] = []

    def add(name: str, weight: Any, gradient: Any) -> None:
        tensors[f"weights/{name}"] = to_numpy(weight)
        if gradient is not None:
            gradients.append(name)
            values = to_numpy(gradient)
            if values.any():
                tensors[f"gradients/{name}"] = values

    for path, node in walk(nlp, frozen):
        for name in node.param_names:
            if node.has_param(name):
                gradient = node.get_grad(name) if node.has_grad(name) else None
                add(f"{path}/{name}", node.get_param(name), gradient)
        for place, shim in shims(path, node):
            for name, weight in torch_tensors(torch_module(shim)):
                add(f"{place}/{name}", weight, weight.grad)
            for name, scale in grad_scaler_tensors(shim):
                add(f"{place}/{name}", scale, None)
    return tensors, gradients


def write_weights(
    nlp: Language, frozen: Collection[str], tensors: Tensors, gradients: Collection[str]
) -> None:
    """Give a pipeline what `read_weights` copied.

    nlp (Language): The pipeline.
    frozen (Collection[str]): Components that are not updated.
    tensors (Tensors): Weights and gradients.
    gradients (Collection[str]): The names of all gradients.
    RAISES (TrainingError): If they are those of another pipeline. It is unchanged then.
    """
    ours, _ = read_weights(nlp, frozen)
    require_same_shapes(ours, tensors)

    def gradient(name: str) -> NDArray[Any] | None:
        if name not in gradients:
            return None
        zeros = numpy.zeros_like(tensors[f"weights/{name}"])
        return tensors.get(f"gradients/{name}", zeros)

    asarray = to_device(nlp, frozen)
    for path, node in walk(nlp, frozen):
        for name in node.param_names:
            key = f"{path}/{name}"
            if node.has_param(name):
                node.set_param(name, asarray(tensors[f"weights/{key}"]))
                if (values := gradient(key)) is not None:
                    node.set_grad(name, asarray(values))
        for place, shim in shims(path, node):
            with torch.no_grad():
                for name, weight in torch_tensors(torch_module(shim)):
                    key = f"{place}/{name}"
                    weight.copy_(torch.from_numpy(tensors[f"weights/{key}"]))
                    values = gradient(key)
                    weight.grad = (
                        None if values is None else torch.from_numpy(values).to(weight.device)
                    )
                for name, scale in grad_scaler_tensors(shim):
                    scale.copy_(torch.from_numpy(tensors[f"weights/{place}/{name}"]))


def read_optimizer(
    optimizer: Optimizer, nlp: Language, frozen: Collection[str]
) -> tuple[Tensors, dict[str, Any]]:
    """Copy the state of an optimizer, but for its schedules.

    optimizer (Optimizer): The optimizer.
    nlp (Language): The pipeline that it optimizes.
    frozen (Collection[str]): Components that are not updated.
    RETURNS (tuple[Tensors, dict[str, Any]]): Moments and averages; numbers, ready for JSON.
    RAISES (TrainingError): If it is not one of Thinc's, or has updated something else.
    """
    if type(optimizer) is not Optimizer:
        raise TrainingError(
            f"Can't save the state of the optimizer: got {type(optimizer).__name__}, expected "
            "thinc.api.Optimizer, as made by Adam.v1, RAdam.v1 or SGD.v1."
        )
    names = {key: place for place, key in places(nlp, frozen)}
    if not names.keys() >= optimizer.nr_update.keys():
        raise TrainingError(
            "Can't save the state of the optimizer: it has updated weights that are not in the "
            "pipeline. Train this pipeline with spacy train."
        )
    tensors = {
        f"{kind}/{names[key]}": to_numpy(values)
        for kind in ("mom1", "mom2", "averages")
        for key, values in (getattr(optimizer, kind) or {}).items()
    }
    numbers = {
        kind: {names[key]: value for key, value in getattr(optimizer, kind).items()}
        for kind in ("nr_update", "last_seen")
    }
    return tensors, {**numbers, "radam": optimizer._radam_buffer}


def write_optimizer(
    optimizer: Optimizer,
    nlp: Language,
    frozen: Collection[str],
    tensors: Tensors,
    numbers: dict[str, Any],
) -> None:
    """Give an optimizer the state that `read_optimizer` copied.

    optimizer (Optimizer): The optimizer.
    nlp (Language): The pipeline that it optimizes.
    frozen (Collection[str]): Components that are not updated.
    tensors (Tensors): Moments and averages.
    numbers (dict[str, Any]): Numbers.
    """
    keys = dict(places(nlp, frozen))
    asarray = to_device(nlp, frozen)
    for place, values in tensors.items():
        kind, _, name = place.partition("/")
        if kind in ("mom1", "mom2", "averages"):
            getattr(optimizer, kind)[keys[name]] = asarray(values)
    for kind in ("nr_update", "last_seen"):
        getattr(optimizer, kind).update({keys[name]: n for name, n in numbers[kind].items()})
    optimizer._radam_buffer = numbers["radam"]


def require_same_shapes(ours: Tensors, theirs: Tensors) -> None:
    """RAISES (TrainingError): If two sets of weights are not those of one architecture."""
    expected = {name: a.shape for name, a in ours.items() if name.startswith("weights/")}
    got = {name: a.shape for name, a in theirs.items() if name.startswith("weights/")}
    for name in sorted({*expected, *got}):
        if expected.get(name) != got.get(name):
            raise TrainingError(
                f"The checkpoint is of another pipeline: for {name}, got the shape "
                f"{got.get(name)}, expected {expected.get(name)}. Resume with the config and data "
                "that training began with, or begin anew in another directory."
            )


def walk(nlp: Language, frozen: Collection[str]) -> Iterator[tuple[str, Model]]:
    """YIELDS (tuple[str, Model]): Each layer of the components that are updated, once, with its
    place."""
    seen: set[int] = set()
    for component, pipe in nlp.pipeline:
        model = getattr(pipe, "model", None)
        if component in frozen or not isinstance(model, Model):
            continue
        for index, node in enumerate(model.walk()):
            if node.id not in seen:
                seen.add(node.id)
                yield f"{component}/{index}", node


def shims(path: str, node: Model) -> Iterator[tuple[str, Shim]]:
    """YIELDS (tuple[str, Shim]): The shims of a layer with their places."""
    for index, shim in enumerate(node.shims):
        yield f"{path}/shim{index}", shim


def places(nlp: Language, frozen: Collection[str]) -> Iterator[tuple[str, tuple[int, str]]]:
    """YIELDS (tuple[str, tuple[int, str]]): The place of each weight and the key by which the
    optimizer knows it. Layers and shims are counted apart, so a number alone may be of either."""
    for path, node in walk(nlp, frozen):
        for name in node.param_names:
            yield f"{path}/{name}", (node.id, name)
        for place, shim in shims(path, node):
            for name, _ in torch_tensors(torch_module(shim)):
                yield f"{place}/{name}", (shim.id, name)


def torch_module(shim: Shim) -> nn.Module:
    """RETURNS (nn.Module): The torch module that a shim wraps."""
    module = getattr(shim, "_model", None)
    if not isinstance(module, nn.Module):
        raise TrainingError(
            f"Can't save the weights of a {type(shim).__name__}: got {type(module).__name__}, "
            "expected a module of PyTorch or native layers. Train this pipeline with spacy train."
        )
    return module


def torch_tensors(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """YIELDS (tuple[str, Tensor]): Parameters and buffers, those too that are not stored with a
    model."""
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        if not nn.parameter.is_lazy(tensor):
            yield name, tensor


def grad_scaler_tensors(shim: Shim) -> Iterator[tuple[str, torch.Tensor]]:
    """YIELDS (tuple[str, Tensor]): What Thinc's own shim scales gradients by in mixed precision."""
    scaler = getattr(shim, "_grad_scaler", None)
    if scaler is not None:
        yield "grad_scaler.scale", scaler._scale
        yield "grad_scaler.growth_tracker", scaler._growth_tracker


def to_numpy(values: Any) -> NDArray[Any]:
    """RETURNS (NDArray): A copy of an array or tensor of any device."""
    if isinstance(values, torch.Tensor):
        return values.detach().cpu().numpy().copy()
    return numpy.array(values.get() if hasattr(values, "get") else values)


def to_device(nlp: Language, frozen: Collection[str]) -> Callable[[Any], Any]:
    """RETURNS (Callable): Moves arrays to where the weights are."""
    return next((node.ops.asarray for _, node in walk(nlp, frozen)), numpy.asarray)
