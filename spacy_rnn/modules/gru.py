"""GRU step by step, for training on CPU."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

# Of longer sequences, the backward pass computes this many steps at a time once more, instead of
# keeping the graph of them all in memory.
CHECKPOINT_STEPS = 1024


def unrolled_gru(
    X: Tensor,
    batch_sizes: Sequence[int],
    input_weights: Tensor,
    hidden_weights: Tensor,
    input_bias: Tensor,
    hidden_bias: Tensor,
) -> Tensor:
    """Run one layer of GRU over packed sequences, several directions at once.

    The weights and equations are those of `torch.nn.GRU`, with gates in the order reset, update,
    new:

        r, z = sigmoid(W x + b + U h + d)
        n    = tanh(W x + b + r * (U h + d))
        h    = (1 - z) * n + z * h

    A step costs the same in the backward pass as in the forward one, where torch's own kernel
    for packed input takes time that grows with the square of the number of steps.

    X (Tensor): The tokens in the order of packing, as each direction reads them. Shape
        (directions, tokens, input width).
    batch_sizes (Sequence[int]): How many sequences have a token at each step.
    input_weights (Tensor): Shape (directions, 3 * width, input width).
    hidden_weights (Tensor): Shape (directions, 3 * width, width).
    input_bias (Tensor): Shape (directions, 3 * width).
    hidden_bias (Tensor): Shape (directions, 3 * width).
    RETURNS (Tensor): The states, in the order of packing. Shape (directions, tokens, width).
    """
    projected = torch.baddbmm(input_bias[:, None], X, input_weights.transpose(1, 2))
    recurrence, bias = hidden_weights.transpose(1, 2), hidden_bias[:, None]
    h = X.new_zeros((len(X), batch_sizes[0], hidden_weights.shape[2]))
    if len(batch_sizes) <= CHECKPOINT_STEPS:
        return _steps(projected, batch_sizes, h, recurrence, bias)
    starts = range(0, len(batch_sizes), CHECKPOINT_STEPS)
    parts = [batch_sizes[start : start + CHECKPOINT_STEPS] for start in starts]
    states = []
    for x, sizes in zip(projected.split([sum(p) for p in parts], dim=1), parts, strict=True):
        states.append(
            checkpoint(
                _steps, x, sizes, h, recurrence, bias, use_reentrant=True, preserve_rng_state=False
            )
        )
        h = states[-1][:, -sizes[-1] :]
    return torch.cat(states, dim=1)


def _steps(
    projected: Tensor, batch_sizes: Sequence[int], h: Tensor, recurrence: Tensor, bias: Tensor
) -> Tensor:
    width = h.shape[2]
    states = []
    for x in projected.split(batch_sizes, dim=1):
        h = h[:, : x.shape[1]]
        u = torch.baddbmm(bias, h, recurrence)
        r, z = (x[..., : 2 * width] + u[..., : 2 * width]).sigmoid().chunk(2, dim=2)
        n = torch.addcmul(x[..., 2 * width :], r, u[..., 2 * width :]).tanh()
        h = torch.lerp(n, h, z)
        states.append(h)
    return torch.cat(states, dim=1)
