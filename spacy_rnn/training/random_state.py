"""The state of all generators of random numbers that training draws from."""

import base64
import random
from dataclasses import dataclass
from typing import Any

import numpy
import torch


@dataclass(frozen=True)
class RandomState:
    """What Python's `random`, numpy and torch, on the CPU and on GPUs, draw next. The state of
    CuPy, whose only draw is the dropout of native Thinc layers on a GPU, cannot be read.

    python (tuple): As of `random.getstate`.
    numpy (tuple): As of `numpy.random.get_state`.
    torch (list[Tensor]): That of the CPU, then that of each GPU.
    """

    python: tuple[Any, ...]
    numpy: tuple[Any, ...]
    torch: list[torch.Tensor]

    @classmethod
    def capture(cls) -> "RandomState":
        """RETURNS (RandomState): The present state."""
        gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
        return cls(
            random.getstate(), tuple(numpy.random.get_state()), [torch.get_rng_state(), *gpus]
        )

    def restore(self) -> None:
        """Make this the present state."""
        random.setstate(self.python)
        numpy.random.set_state(self.numpy)
        torch.set_rng_state(self.torch[0])
        if torch.cuda.is_initialized():
            for index, state in enumerate(self.torch[1:]):
                torch.cuda.set_rng_state(state, index)

    def to_json(self) -> dict[str, Any]:
        """RETURNS (dict[str, Any]): The state, ready for JSON."""
        name, keys, *rest = self.numpy
        return {
            "python": self.python,
            "numpy": [name, keys.tolist(), *rest],
            "torch": [base64.b64encode(state.numpy().tobytes()).decode() for state in self.torch],
        }

    @classmethod
    def from_json(cls, state: dict[str, Any]) -> "RandomState":
        """RETURNS (RandomState): The state that `to_json` gave."""
        version, numbers, gauss = state["python"]
        name, keys, *rest = state["numpy"]
        return cls(
            (version, tuple(numbers), gauss),
            (name, numpy.array(keys, dtype=numpy.uint32), *rest),
            [
                torch.frombuffer(bytearray(base64.b64decode(s)), dtype=torch.uint8)
                for s in state["torch"]
            ],
        )
