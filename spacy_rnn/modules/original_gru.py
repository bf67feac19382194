"""GRU by the original equations, step by step."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from .gru import previous, steps
from .linear import linear, weight_gradient


class OriginalGRU(torch.autograd.Function):
    """One direction of one layer of GRU as published (Cho et al. 2014), with the reset gate before
    the product, over packed sequences:

        r, z = sigmoid(W x + b + U h + d)
        n    = tanh(W x + b + U (r * h) + d)
        h    = (1 - z) * n + z * h

    The weights have the shapes and the order of `torch.nn.GRU`, whose reset gate acts after the
    product. A step takes two products, one after the other; torch and cuDNN have no kernel for it.
    The hyperbolic tangent is `1 - 2 sigmoid(-2 x)`, as in `UnrolledGRU`.
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
        """Arguments and result are those of `UnrolledGRU`."""
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
