"""A Thinc backend with faster matrix products."""

# Whoever uses Thinc imports this module, which therefore needs nothing but Thinc and torch.

import numpy
import torch
from numpy.typing import NDArray
from thinc.api import Model
from thinc.backends import NumpyOps
from thinc.types import DeviceTypes

from .modules.linear import onednn_product
from .modules.threads import use_one_thread_after_fork

# oneDNN compiles a kernel for every new shape, which takes half a millisecond and half a megabyte.
# All its products are of this many rows: few shapes, whatever the batches are.
ROWS = 512
# With fewer weights than this, calling oneDNN takes longer than it saves.
MIN_WEIGHTS = 10_000


class OneDNNOps(NumpyOps):
    """NumpyOps, with large products by oneDNN and all others by numpy's BLAS in the place of
    Thinc's BLIS: the same results up to rounding, at three to five times the rate on a CPU with
    AVX-512.

    It speeds up what goes through `Ops.gemm`: the products of Linear, Maxout, Mish, Softmax and
    their like, forward and backward, those of static vectors, and the first layer of spaCy's
    parser and ner. The steps of these two through a text, Thinc's own LSTM, and everything element
    by element are as fast as before.

    oneDNN comes with torch. Where a build of torch lacks it, numpy computes all products.
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
        product = onednn_product()
        if product is None or not is_large(x, y, trans1, trans2):
            return super().gemm(x, y, out=out, trans1=trans1, trans2=trans2)
        blocks = [slice(i, i + ROWS) for i in range(0, len(x) - ROWS + 1, ROWS)]
        rest = slice(len(blocks) * ROWS, None)
        X, Y = as_tensor(x), as_tensor(y)
        # numpy takes what is left first, and refuses what does not fit together.
        if trans1:
            out = super().gemm(x[rest], y[rest], out=out, trans1=True)
            for block in blocks:
                out += product(X[block].T, Y[block].T).numpy()
            return out
        if out is None:
            out = self.alloc2f(len(x), len(y) if trans2 else y.shape[1], zeros=False)
        super().gemm(x[rest], y, out=out[rest], trans2=trans2)
        for block in blocks:
            out[block] = product(X[block], Y if trans2 else Y.T).numpy()
        return out


def use_onednn(model: Model) -> None:
    """Let the layers of a model multiply matrices with OneDNNOps. Those on a GPU or with another
    backend than Thinc's default stay as they are.
    """
    for node in model.walk():
        if type(node.ops) is NumpyOps:
            node.ops = OneDNNOps()


def is_large(x: NDArray, y: NDArray, trans1: bool, trans2: bool) -> bool:
    """RETURNS (bool): Whether oneDNN can multiply the arrays, and is worth calling."""
    if not (x.dtype == y.dtype == numpy.float32 and x.ndim == y.ndim == 2) or len(x) < ROWS:
        return False
    if trans1 and (trans2 or len(x) != len(y)):
        return False
    return x.shape[1] * y.shape[0 if trans2 else 1] >= MIN_WEIGHTS


def as_tensor(array: NDArray) -> torch.Tensor:
    """RETURNS (torch.Tensor): The array itself, or a copy of one that torch cannot share."""
    return torch.from_numpy(numpy.require(array, requirements=["C", "W"]))
