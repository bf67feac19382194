"""A Thinc backend with faster matrix products."""

# Whoever uses Thinc imports this module, which therefore needs nothing but Thinc and torch.

import numpy
import torch
from numpy.typing import NDArray
from thinc.api import Model
from thinc.backends import NumpyOps
from thinc.types import DeviceTypes
from torch import nn

from .modules.linear import onednn_product
from .modules.threads import use_one_thread_after_fork

# oneDNN compiles a kernel for every new shape, which takes half a millisecond and half a megabyte.
# All its products are of this many rows: few shapes, whatever the batches are.
ROWS = 512
# The BLAS of numpy computes products of more multiplications on threads of its own, which compete
# with those of torch and ONNX Runtime for the cores.
MIN_MULTIPLICATIONS = 2**18


class OneDNNOps(NumpyOps):
    """NumpyOps, with large products by torch, most of them by its oneDNN, and small ones by numpy's
    BLAS in the place of Thinc's BLIS: the same results up to rounding, at three to five times the
    rate on a CPU with AVX-512.

    It speeds up what goes through `Ops.gemm`: the products of Linear, Maxout, Mish, Softmax and
    their like, forward and backward, those of static vectors, and the first layer of spaCy's
    parser and ner. The steps of these two through a text, Thinc's own LSTM, and everything element
    by element are as fast as before.

    oneDNN comes with torch. Where a build of torch lacks it, what torch has computes the products.
    """

    name = "onednn"

    def __init__(self, device_type: DeviceTypes = "cpu", device_id: int = -1) -> None:
        super().__init__(device_type, device_id, use_blis=False)
        use_one_thread_after_fork()

    def gemm(
        self,
        x: NDArray,
        y: NDArray,
        *,
        out: NDArray | None = None,
        trans1: bool = False,
        trans2: bool = False,
    ) -> NDArray:
        """Multiply two matrices.

        x (Floats2d): The first.
        y (Floats2d): The second.
        out (Optional[Floats2d]): Where to put the product.
        trans1 (bool): Whether to transpose the first.
        trans2 (bool): Whether to transpose the second.
        RETURNS (Floats2d): The product.
        """
        if not is_large(x, y, out, trans1, trans2):
            return super().gemm(x, y, out=out, trans1=trans1, trans2=trans2)
        X, Y = as_tensor(x), as_tensor(y)
        product = onednn_product() or nn.functional.linear
        blocks = [slice(i, i + ROWS) for i in range(0, len(X) - ROWS + 1, ROWS)]
        rest = slice(len(blocks) * ROWS, None)
        if trans1:
            found = X[rest].T @ Y[rest]
            for block in blocks:
                found += product(X[block].T, Y[block].T)
        else:
            weights = Y if trans2 else Y.T
            found = nn.functional.linear(X[rest], weights)
            if blocks:
                last, found = found, X.new_empty(len(X), len(weights))
                found[rest] = last
            for block in blocks:
                found[block] = product(X[block], weights)
        if out is None:
            return found.numpy()
        out[:] = found.numpy()
        return out


def use_onednn(model: Model) -> None:
    """Let the layers of a model multiply matrices with OneDNNOps. Those on a GPU or with another
    backend than Thinc's default stay as they are.
    """
    for node in model.walk():
        if type(node.ops) is NumpyOps:
            node.ops = OneDNNOps()


def is_large(x: NDArray, y: NDArray, out: NDArray | None, trans1: bool, trans2: bool) -> bool:
    """RETURNS (bool): Whether torch is to multiply the arrays. What does not fit is numpy's, which
    says so."""
    if not (x.dtype == y.dtype == numpy.float32 and x.ndim == y.ndim == 2):
        return False
    rows, inner = x.shape[::-1] if trans1 else x.shape
    inner_too, columns = y.shape[::-1] if trans2 else y.shape
    if inner != inner_too or (trans1 and trans2):
        return False
    if out is not None and (out.dtype != numpy.float32 or out.shape != (rows, columns)):
        return False
    return rows * inner * columns >= MIN_MULTIPLICATIONS


def as_tensor(array: NDArray) -> torch.Tensor:
    """RETURNS (torch.Tensor): The array itself, or a copy of one that torch cannot share."""
    return torch.from_numpy(numpy.require(array, requirements=["C", "W"]))
