"""GRU step by step on CPU, with either place of the reset gate."""

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .linear import linear, weight_gradient, whole_rows


class GRUResetAfter(torch.autograd.Function):
    """One direction of one layer of GRU over packed sequences.

    The weights and equations are those of `torch.nn.GRU`, with gates in the order reset, update,
    new:

        r, z = sigmoid(W x + b + U h + d)
        n    = tanh(W x + b + r * (U h + d))
        h    = (1 - z) * n + z * h

    All products with inputs are one, and a step is one product and a few elementwise operations.
    The hyperbolic tangent is `1 - 2 sigmoid(-2 x)`, many times faster in torch on CPU. A step of
    the backward pass is of the same size, where torch's own kernel for packed input takes time
    that grows with the square of the number of steps.
    """

    @staticmethod
    def forward(
        ctx: Any,
        X: Tensor,
        batch_sizes: Sequence[int],
        reverse: bool,
        input_weights: Tensor,
        hidden_weights: Tensor,
        input_bias: Tensor,
        hidden_bias: Tensor,
    ) -> Tensor:
        """X (Tensor): The tokens in the order of packing. Shape (tokens, input width).
        batch_sizes (Sequence[int]): How many sequences have a token at each step.
        reverse (bool): Whether to read each sequence from its end.
        input_weights (Tensor): Shape (3 * width, input width).
        hidden_weights (Tensor): Shape (3 * width, width).
        input_bias (Tensor): Shape (3 * width,).
        hidden_bias (Tensor): Shape (3 * width,).
        RETURNS (Tensor): The states, in the order of packing. Shape (tokens, width).
        """
        width = hidden_weights.shape[1]
        scale = X.new_ones(3 * width)
        scale[2 * width :] = -2.0
        recurrence, bias = hidden_weights * scale[:, None], hidden_bias * scale
        gates = linear(X, input_weights * scale[:, None], input_bias * scale)
        states = X.new_empty(len(X), width)
        state = X.new_zeros(whole_rows(batch_sizes[0]), width)
        for start, n in steps(batch_sizes, reverse):
            x, h = gates[start : start + n], state[:n]
            u = linear(state[: whole_rows(n)], recurrence, bias)[:n]
            rz = x[:, : 2 * width].add_(u[:, : 2 * width]).sigmoid_()
            s = x[:, 2 * width :].addcmul_(rz[:, :width], u[:, 2 * width :]).sigmoid_()
            torch.lerp(torch.rsub(s, 1.0, alpha=2.0), h, rz[:, width:], out=h)
            states[start : start + n] = h
        ctx.save_for_backward(X, gates, states, input_weights, hidden_weights, hidden_bias)
        ctx.batch_sizes, ctx.reverse = batch_sizes, reverse
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_states: Tensor) -> tuple[Any, ...]:
        X, gates, states, input_weights, hidden_weights, hidden_bias = ctx.saved_tensors
        width, sizes = hidden_weights.shape[1], ctx.batch_sizes
        before = previous(states, sizes, ctx.reverse)
        r, z, s = gates.split(width, dim=1)
        new = torch.rsub(s, 1.0, alpha=2.0)
        u = linear(before, hidden_weights[2 * width :], hidden_bias[2 * width :])
        by_new = (1 - z) * (1 - new * new)
        # How the gates move the state, by what their sigmoids and the product with the state take;
        # step by step it becomes their gradient. The rows behind the last fill up its product.
        d_u = X.new_zeros(len(X) + whole_rows(1), 3, width)
        d_u[: len(X), 0] = by_new * u * r * (1 - r)
        d_u[: len(X), 1] = (before - new) * z * (1 - z)
        d_u[: len(X), 2] = by_new * r
        d_h = d_states.clone()
        recurrence = hidden_weights.t().contiguous()
        carry = X.new_zeros(0, width)
        for start, n in steps(sizes, not ctx.reverse):
            d = d_h[start : start + n]
            d[: len(carry)] += carry[:n]
            d_u[start : start + n] *= d[:, None]
            carry = linear(d_u[start : start + whole_rows(n)].flatten(1), recurrence)[:n]
            carry.addcmul_(d, z[start : start + n])
        d_u = d_u[: len(X)].flatten(1)
        d_x = torch.cat((d_u[:, : 2 * width], d_h * by_new), dim=1)
        return (
            linear(d_x, input_weights.t()),
            None,
            None,
            weight_gradient(d_x, X),
            weight_gradient(d_u, before),
            d_x.sum(dim=0),
            d_u.sum(dim=0),
        )


class GRUResetBefore(torch.autograd.Function):
    """One direction of one layer of GRU as published (Cho et al. 2014), with the reset gate before
    the product, over packed sequences:

        r, z = sigmoid(W x + b + U h + d)
        n    = tanh(W x + b + U (r * h) + d)
        h    = (1 - z) * n + z * h

    The weights have the shapes and the order of `torch.nn.GRU`, whose reset gate acts after the
    product. A step takes two products, one after the other; torch and cuDNN have no kernel for it.
    The hyperbolic tangent is `1 - 2 sigmoid(-2 x)`, as in `GRUResetAfter`.
    """

    @staticmethod
    def forward(
        ctx: Any,
        X: Tensor,
        batch_sizes: Sequence[int],
        reverse: bool,
        input_weights: Tensor,
        hidden_weights: Tensor,
        input_bias: Tensor,
        hidden_bias: Tensor,
    ) -> Tensor:
        """Arguments and result are those of `GRUResetAfter`."""
        width = hidden_weights.shape[1]
        by_gates, by_new = hidden_weights.split((2 * width, width))
        gates = linear(X, input_weights, input_bias + hidden_bias)
        states = X.new_empty(len(X), width)
        state = X.new_zeros(batch_sizes[0], width)
        for start, size in steps(batch_sizes, reverse):
            (r, z, n), h = gates[start : start + size].split(width, dim=1), state[:size]
            rz = gates[start : start + size, : 2 * width]
            rz.add_(linear(h, by_gates)).sigmoid_()
            n.add_(linear(r * h, by_new)).mul_(-2.0).sigmoid_().mul_(-2.0).add_(1.0)
            torch.lerp(n, h, z, out=h)
            states[start : start + size] = h
        ctx.save_for_backward(X, gates, states, input_weights, hidden_weights)
        ctx.batch_sizes, ctx.reverse = batch_sizes, reverse
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_states: Tensor) -> tuple[Any, ...]:
        X, gates, states, input_weights, hidden_weights = ctx.saved_tensors
        width = hidden_weights.shape[1]
        by_gates, by_new = (W.t().contiguous() for W in hidden_weights.split((2 * width, width)))
        before = previous(states, ctx.batch_sizes, ctx.reverse)
        r, z, n = gates.split(width, dim=1)
        # How each gate moves the state, until a step makes it the gradient of that gate.
        d_gates = torch.cat(
            (before * r * (1 - r), (before - n) * z * (1 - z), (1 - z) * (1 - n * n)), 1
        )
        d_h = d_states.clone()
        carry = X.new_zeros(0, width)
        for start, size in steps(ctx.batch_sizes, not ctx.reverse):
            now = slice(start, start + size)
            d = d_h[now]
            d[: len(carry)] += carry[:size]
            d_r, d_z, d_n = d_gates[now].split(width, dim=1)
            d_reset = linear(d_n.mul_(d), by_new)
            d_r.mul_(d_reset)
            d_z.mul_(d)
            carry = linear(d_gates[now, : 2 * width], by_gates)
            carry.addcmul_(d, z[now]).addcmul_(d_reset, r[now])
        d_bias = d_gates.sum(dim=0)
        by_rz, by_n = d_gates.split((2 * width, width), dim=1)
        return (
            linear(d_gates, input_weights.t()),
            None,
            None,
            weight_gradient(d_gates, X),
            torch.cat((weight_gradient(by_rz, before), weight_gradient(by_n, r * before))),
            d_bias,
            d_bias,
        )


def steps(batch_sizes: Sequence[int], reverse: bool) -> Iterable[tuple[int, int]]:
    """RETURNS (Iterable[Tuple[int, int]]): Where the tokens of each step start, and how many."""
    starts = list(accumulate(batch_sizes, initial=0))[:-1]
    found = list(zip(starts, batch_sizes, strict=True))
    return reversed(found) if reverse else found


def previous(states: Tensor, batch_sizes: Sequence[int], reverse: bool) -> Tensor:
    """RETURNS (Tensor): The state that each token found, in the order of packing."""
    found = torch.zeros_like(states)
    last, m = 0, 0
    for start, n in steps(batch_sizes, reverse):
        k = min(m, n)
        found[start : start + k] = states[last : last + k]
        last, m = start, n
    return found
