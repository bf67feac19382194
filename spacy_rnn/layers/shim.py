"""PyTorch modules as first-class citizens of Thinc and spaCy."""

import contextlib
import copy
from collections.abc import Callable, Hashable, Iterator
from typing import Any, cast

import numpy
import torch
from numpy.typing import NDArray
from thinc.api import Model, Optimizer
from thinc.shims import Shim
from thinc.types import ArrayXd, FloatsXd
from thinc.util import get_torch_default_device, torch2xp, xp2torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..errors import UserError
from ..modules.threads import use_one_thread_after_fork
from .adam import adam_step, is_adam
from .weights import load_weights, save_weights


class TorchShim(Shim):
    """A PyTorch module inside a Thinc model, with the manners of a native layer.

    Unlike `thinc.api.PyTorchShim`, it draws new weights on every `initialize`, has its weights
    averaged by the optimizer and used by `use_params`, updates them in place, refuses gradients
    that are not finite before any weight has changed, and is stored as safetensors.

    module (nn.Module): A module whose `forward` takes and returns one tensor, its options being
        keywords, and which draws its weights in `reset_parameters`.
    config (Optional[Dict]): Settings of the layer around it, which are not stored.
    """

    _model: nn.Module

    def __init__(self, module: nn.Module, config: dict[str, Any] | None = None) -> None:
        use_one_thread_after_fork()
        self.device = get_torch_default_device()
        super().__init__(module.to(self.device), config)
        self._n_changes = 0
        self._changed()

    @property
    def module(self) -> nn.Module:
        """RETURNS (nn.Module): The module."""
        return self._model

    def _changed(self) -> None:
        """To be called after the weights have changed, not before: what another thread computes
        meanwhile belongs to neither version.
        """
        self._n_changes += 1
        self._weights = tensors(self._model)
        if any(not is_lazy(tensor) and tensor.is_inference() for tensor in self._weights):
            # Made inside torch.inference_mode(), they could be neither trained nor watched.
            with torch.inference_mode(False):
                self._model = copy.deepcopy(self._model)
            self._weights = tensors(self._model)

    @property
    def version(self) -> Hashable:
        """RETURNS (Hashable): A value that differs from earlier ones once weights have changed."""
        # torch counts what is done to a parameter itself, the shim what it does to its data.
        return self._n_changes, *(weight._version for weight in self._weights)

    def __call__(  # type: ignore[override]
        self, X: ArrayXd | NDArray, is_train: bool, **options: Any
    ) -> tuple[Any, Callable[[Any], Any]]:
        """Run the module.

        X (ArrayXd): The module's input, on any device.
        is_train (bool): Whether the callback will be needed.
        options: Further arguments of the module's `forward`.
        RETURNS (Tuple[FloatsXd, Callable]): The output, and a callback that takes the gradient of
            the output, adds to the gradients of the weights and returns that of the input.
        """
        inputs = self._tensor(X)
        if not is_train:
            with torch.inference_mode():
                return self._array(self._model(inputs, **options)), no_backprop
        inputs.requires_grad_(inputs.is_floating_point())
        with torch.enable_grad():
            outputs = self._model(inputs, **options)
        self._require_numbers(outputs)

        def backprop(d_outputs: FloatsXd) -> ArrayXd | NDArray:
            if outputs.requires_grad:
                outputs.backward(self._tensor(d_outputs))
            self._require_finite_gradients()
            return self._array(inputs.grad) if inputs.grad is not None else X

        return self._array(outputs.detach()), backprop

    def _tensor(self, X: Any) -> Tensor:
        """RETURNS (Tensor): The array on the module's device, without a copy where it is there."""
        if isinstance(X, numpy.ndarray) and self.device.type == "cpu":
            return torch.from_numpy(X if X.flags.writeable else X.copy())
        return xp2torch(X, device=self.device)

    def _array(self, X: Tensor) -> Any:
        """RETURNS (FloatsXd): The tensor as an array, without a copy."""
        return X.numpy() if X.device.type == "cpu" else torch2xp(X)

    def _require_numbers(self, outputs: Tensor) -> None:
        """RAISES (ValueError): Before anything has a gradient of it."""
        if torch.isnan(outputs).any():
            raise UserError(
                f"Outputs of {type(self._model).__name__} are not finite: got NaN in training, "
                "expected numbers. The weights are unchanged. Look for NaN in the vectors table, "
                "or try a lower learning rate ([training.optimizer] learn_rate)."
            )

    def _require_finite_gradients(self) -> None:
        gradients = {n: p.grad for n, p in self._model.named_parameters() if p.grad is not None}
        if torch.isfinite(nn.utils.get_total_norm(gradients.values())):
            return
        wrong = [name for name, grad in gradients.items() if not torch.isfinite(grad).all()]
        self._model.zero_grad()
        raise UserError(
            f"Gradients of {type(self._model).__name__} are not finite: got NaN or infinite "
            f"values in {', '.join(wrong or gradients)}, expected finite numbers. The weights are "
            "unchanged. Try a lower learning rate ([training.optimizer] learn_rate), or look for "
            "NaN in the vectors table."
        )

    def initialize(self, **sizes: int) -> None:
        """Draw new weights, from torch's random number generator.

        sizes: Arguments of the module's `reset_parameters`.
        """
        self._model.reset_parameters(**sizes)  # type: ignore[operator]
        self._changed()

    def finish_update(self, optimizer: Optimizer) -> None:
        """Update the weights with the gradients that have been collected.

        optimizer (Optimizer): Called with each weight and gradient.
        """
        named = {n: w for n, w in self._model.named_parameters() if w.grad is not None}
        if named and self.device.type == "cpu" and is_adam(optimizer):
            adam_step(optimizer, [(self.id, name) for name in named], [*named.values()])
        else:
            for name, weight in named.items():
                arrays = self._array(weight.data), self._array(cast(Tensor, weight.grad))
                updated, _ = optimizer((self.id, name), *arrays)
                weight.data.copy_(self._tensor(updated))
        for weight in named.values():
            weight.grad = None
        self._changed()

    @contextlib.contextmanager
    def use_params(self, params: dict[tuple[int, str], FloatsXd]) -> Iterator[None]:
        """Use other weights for as long as the context lasts.

        params (Dict[Tuple[int, str], FloatsXd]): Weights by shim and parameter name, as in
            `Optimizer.averages`.
        """
        weights = {
            name: weight.data
            for name, weight in self._model.named_parameters()
            if (self.id, name) in params
        }
        originals = {name: weight.clone() for name, weight in weights.items()}
        for name, weight in weights.items():
            weight.copy_(xp2torch(params[self.id, name], device=weight.device))
        self._changed()
        try:
            yield
        finally:
            for name, weight in weights.items():
                weight.copy_(originals[name])
            self._changed()

    def copy(self) -> "TorchShim":
        """RETURNS (TorchShim): A copy with an `id`, and so an optimizer state, of its own."""
        return type(self)(copy.deepcopy(self._model), copy.deepcopy(self.cfg))

    def to_device(self, device_type: str, device_id: int) -> None:
        self.device = (
            torch.device("cpu") if device_type == "cpu" else torch.device("cuda", device_id)
        )
        self._model.to(self.device)

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): The weights as safetensors, with their checksum."""
        weights = {
            name: weight.contiguous()
            for name, weight in self._model.state_dict().items()
            if not is_lazy(weight)
        }
        return save_weights(weights)

    def from_bytes(self, data: bytes) -> "TorchShim":
        """Load weights.

        data (bytes): The weights as safetensors.
        RAISES (ValueError): If `data` is damaged, holds numbers that are not finite, or the weights
            of another module.
        """
        module = type(self._model).__name__
        state = self._model.state_dict()
        loaded = load_weights(data, module)
        expected = {name: kind(w) for name, w in state.items() if not is_lazy(w)}
        got = {name: kind(w) for name, w in loaded.items()}
        lazy = state.keys() - expected.keys()
        for name in sorted({*expected, *got} - lazy):
            found, right = got.get(name, "nothing"), expected.get(name, "nothing")
            if found != right:
                raise UserError(
                    f"Weights of another model than this {module}: for {name}, got {found}, "
                    f"expected {right}. Load them with the config.cfg that was saved beside them."
                )
        self._model.load_state_dict(loaded, strict=False)
        self._changed()
        return self


def kind(weight: Tensor) -> str:
    """RETURNS (str): The shape and type of a tensor."""
    return f"the shape {tuple(weight.shape)} of {str(weight.dtype).removeprefix('torch.')}"


def tensors(module: nn.Module) -> tuple[Tensor, ...]:
    """RETURNS (Tuple[Tensor]): The parameters and buffers of a module."""
    return *module.parameters(), *module.buffers()


def torch_shim(model: Model) -> TorchShim:
    """RETURNS (TorchShim): The shim of a layer that has one."""
    return cast(TorchShim, model.shims[0])


def clear_gradients(model: Model[Any, Any]) -> None:
    """Forget the gradients that a model's layers, Thinc's and torch's, have collected."""
    for node in model.walk():
        for name in node.param_names:
            if node.has_grad(name):
                node.set_grad(name, node.ops.xp.zeros_like(node.get_grad(name)))
        for shim in node.shims:
            if isinstance(shim, TorchShim):
                shim.module.zero_grad()


def init_shim(model: Model, X: Any = None, Y: Any = None) -> None:
    """Draw new weights: the `init` of a layer with a shim that no data tell anything."""
    torch_shim(model).initialize()


def no_backprop(d_outputs: Any) -> Any:
    """The callback of a prediction."""
    raise RuntimeError("Can't backpropagate through a prediction: call begin_update instead.")
