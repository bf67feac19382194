"""What to compute in, by what the device can do."""

import warnings
from functools import cache
from typing import Literal

import torch
from torch import Tensor

Precision = Literal["float32", "bfloat16"]
PRECISIONS: dict[str, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def available_dtype(precision: Precision, X: Tensor) -> torch.dtype:
    """RETURNS (dtype): bfloat16 if it is asked for, `X` is float32 and its device computes in it;
    else that of `X`.
    """
    if precision != "bfloat16" or X.dtype != torch.float32:
        return X.dtype
    return torch.bfloat16 if has_bfloat16(X.device.type) else X.dtype


@cache
def has_bfloat16(device_type: str) -> bool:
    """RETURNS (bool): Whether a kind of device has instructions for bfloat16. Where it has not, a
    warning says so, once.
    """
    if device_type == "cuda":
        found = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        # Private to torch; where it is missing, so is what depends on it.
        supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
        found = device_type == "cpu" and supported()
    if not found:
        warnings.warn(
            f'precision = "bfloat16" is taken as "float32": this {device_type} device has no '
            'instructions for it. Set precision = "float32" to silence this.',
            stacklevel=2,
        )
    return bool(found)
