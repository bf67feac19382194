"""Matrix products on CPU, through oneDNN where torch offers it."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

# oneDNN compiles a kernel for every new shape, which takes half a millisecond and half a megabyte.
# Its products are of few shapes: multiples of so many rows, up to a block.
ROWS = 16
BLOCK = 512
# Of products with fewer multiplications, finding the kernel takes longer than it saves.
MIN_MULTIPLICATIONS = 2**20


def linear(X: Tensor, weights: Tensor, bias: Tensor | None = None) -> Tensor:
    """Multiply as `torch.nn.functional.linear` does.

    Large float32 products on CPU run through oneDNN, which uses the widest instructions of any
    CPU; what torch calls otherwise may not.

    X (Tensor): Shape (rows, input width). A multiple of `ROWS`, up to `BLOCK`, is fastest.
    weights (Tensor): Shape (width, input width).
    bias (Optional[Tensor]): Shape (width,).
    RETURNS (Tensor): Shape (rows, width).
    """
    product = onednn_product() if X.dtype == torch.float32 and X.device.type == "cpu" else None
    if product is None or len(X) * weights.numel() < MIN_MULTIPLICATIONS:
        return nn.functional.linear(X, weights, bias)
    if torch.is_grad_enabled():
        found: Tensor = OneDNNLinear.apply(X, weights, bias)
        return found
    if len(X) <= BLOCK and len(X) % ROWS == 0:
        return product(X, weights, bias)
    Y = X.new_empty(len(X), len(weights))
    for block in blocks(len(X)):
        Y[block] = product(X[block], weights, bias)
    rest = len(X) % ROWS
    if rest:
        Y[-rest:] = nn.functional.linear(X[-rest:], weights, bias)
    return Y


class OneDNNLinear(torch.autograd.Function):
    """`linear` with its gradient."""

    @staticmethod
    def forward(ctx: Any, X: Tensor, weights: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(X, weights)
        return linear(X, weights, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_Y: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        X, weights = ctx.saved_tensors
        d_bias = d_Y.sum(dim=0) if ctx.needs_input_grad[2] else None
        return linear(d_Y, weights.t()), weight_gradient(d_Y, X), d_bias


def weight_gradient(d_Y: Tensor, X: Tensor) -> Tensor:
    """RETURNS (Tensor): The gradient of the weights of `linear`. Shape (width, input width)."""
    product = onednn_product() if X.dtype == torch.float32 and X.device.type == "cpu" else None
    if product is None or d_Y.shape[1] * X.numel() < MIN_MULTIPLICATIONS:
        return d_Y.t() @ X
    rest = len(X) % ROWS
    gradient = d_Y[len(X) - rest :].t() @ X[len(X) - rest :]
    for block in blocks(len(X)):
        gradient += product(d_Y[block].t(), X[block].t())
    return gradient


def blocks(n: int) -> Iterator[slice]:
    """YIELDS (slice): The blocks of `n` rows, halved as often as needed to fit in, so that new
    batches bring no new sizes; without the rest that `ROWS` does not divide.
    """
    start, size = 0, BLOCK
    while n - start >= ROWS:
        while size > n - start:
            size //= 2
        yield slice(start, start + size)
        start += size


def whole_rows(n: int) -> int:
    """RETURNS (int): The number of rows, at least `n`, of a product that takes no rest."""
    return -(-n // ROWS) * ROWS


@cache
def has_exact_rows(width: int, input_width: int) -> bool:
    """Find out whether a row of `linear` is the same to the last bit in any company, as long as the
    number of rows is one of `whole_rows`. It is, where oneDNN sums in the same order for all sizes
    of blocks.

    width (int): Width of the output.
    input_width (int): Width of the input.
    RETURNS (bool): Whether it is, without gradients.
    """
    if onednn_product() is None or ROWS * width * input_width < MIN_MULTIPLICATIONS:
        return False
    random = torch.Generator().manual_seed(0)
    X = torch.randn(2 * BLOCK - ROWS, input_width, generator=random)  # a block of each size
    weights = torch.randn(width, input_width, generator=random)
    with torch.no_grad():
        apart = torch.cat([linear(rows, weights) for rows in X.split(ROWS)])
        return torch.equal(linear(X, weights), apart)


def dense(X: Tensor) -> Tensor:
    """RETURNS (Tensor): A matrix without gaps between its rows or its columns: those of a slice
    make oneDNN take a thousand times as long."""
    return X if X.is_contiguous() or X.t().is_contiguous() else X.contiguous()


@cache
def onednn_product() -> Callable[..., Tensor] | None:
    """RETURNS (Optional[Callable]): oneDNN's product, with the arguments of `linear`. torch's
    operator for it is private: None where that is missing, fails or is wrong.
    """
    # Not random, so that looking for it moves no random number generator.
    X, weights, bias = torch.linspace(-1, 1, 57).split([15, 35, 7])
    X, weights = X.view(5, 3).t(), weights.view(5, 7).t()

    def product(X: Tensor, weights: Tensor, bias: Tensor | None = None) -> Tensor:
        X, weights = dense(X), dense(weights)
        found: Tensor = torch.ops.mkldnn._linear_pointwise(X, weights, bias, "none", [], "")
        return found

    try:
        found = product(X, weights, bias)
    except (AttributeError, RuntimeError, TypeError):
        return None
    expected = nn.functional.linear(X, weights, bias)
    return product if torch.allclose(found, expected, atol=1e-6) else None
