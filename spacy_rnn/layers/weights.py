"""Weights as bytes that prove themselves: safetensors with a checksum among the metadata."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from ..errors import UserError

CHECKSUM = "sha256"
_in_half = ContextVar("_in_half", default=False)


@contextmanager
def half_precision() -> Iterator[None]:
    """What is saved in this context has its weights in half precision: half the size, for
    pipelines that are passed on. Loaded again, they compute in single precision as before, each
    weight with 11 bits of its 24.
    """
    token = _in_half.set(True)
    try:
        yield
    finally:
        _in_half.reset(token)


def save_weights(weights: Mapping[str, Tensor]) -> bytes:
    """RETURNS (bytes): The weights as safetensors, with their checksum.
    RAISES (ValueError): If they are to be saved in half precision, which one is too large for.
    """
    if _in_half.get():
        weights = {name: halve(name, weight) for name, weight in weights.items()}
    return save(dict(weights), {CHECKSUM: checksum(weights)})


def halve(name: str, weight: Tensor) -> Tensor:
    """RETURNS (Tensor): A weight in half precision; one of whole numbers as it is.
    RAISES (ValueError): If it is too large.
    """
    if weight.dtype != torch.float32:
        return weight
    largest = torch.finfo(torch.float16).max
    if weight.numel() and not weight.abs().max() <= largest:
        raise UserError(
            f"Can't save {name} in half precision: got {weight.abs().max().item():g}, expected "
            f"numbers up to {largest:g}. Save the pipeline in single precision."
        )
    return weight.half()


def load_weights(data: bytes, module: str) -> dict[str, Tensor]:
    """Load weights, if they are those that were saved.

    data (bytes): What `save_weights` gave.
    module (str): What to call the module in an error.
    RETURNS (Dict[str, Tensor]): The weights by name, those in half precision in single precision.
    RAISES (ValueError): If `data` is damaged, or the weights are not finite.
    """
    try:
        weights = load(data)
        header = data[8 : 8 + int.from_bytes(data[:8], "little")]
        stored = json.loads(header).get("__metadata__", {}).get(CHECKSUM)
    except (SafetensorError, ValueError) as err:
        raise UserError(
            f"Can't read the weights of {module}: got {len(data)} bytes that are truncated or "
            f"foreign ({err}), expected safetensors. Save or download the pipeline again."
        ) from err
    if stored != checksum(weights):
        raise UserError(
            f"Can't read the weights of {module}: got weights that are damaged, expected those of "
            f"the checksum that was saved with them ({stored}). Save or download the pipeline "
            "again."
        )
    for name, weight in weights.items():
        if not torch.isfinite(weight).all():
            raise UserError(
                f"Can't use the weights of {module}: got NaN or infinite numbers in {name}, "
                "expected finite ones. Train the pipeline again, at a lower learning rate."
            )
    return {
        name: weight.float() if weight.dtype == torch.float16 else weight
        for name, weight in weights.items()
    }


def checksum(weights: Mapping[str, Tensor]) -> str:
    """RETURNS (str): Changes with the name, type, shape or any number of a weight."""
    digest = sha256()
    for name, weight in sorted(weights.items()):
        digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}\n".encode())
        digest.update(weight.cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
