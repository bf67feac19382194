"""Weights as bytes that prove themselves: safetensors with a checksum among the metadata."""

import json
from collections.abc import Mapping
from hashlib import sha256

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from ..errors import UserError

CHECKSUM = "sha256"


def save_weights(weights: Mapping[str, Tensor]) -> bytes:
    """RETURNS (bytes): The weights as safetensors, with their checksum."""
    return save(dict(weights), {CHECKSUM: checksum(weights)})


def load_weights(data: bytes, module: str) -> dict[str, Tensor]:
    """Load weights, if they are those that were saved.

    data (bytes): What `save_weights` gave.
    module (str): What to call the module in an error.
    RETURNS (Dict[str, Tensor]): The weights by name.
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
    return weights


def checksum(weights: Mapping[str, Tensor]) -> str:
    """RETURNS (str): Changes with the name, type, shape or any number of a weight."""
    digest = sha256()
    for name, weight in sorted(weights.items()):
        digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}\n".encode())
        digest.update(weight.cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
