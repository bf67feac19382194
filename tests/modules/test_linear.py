"""The product against torch's own, with and without oneDNN."""

import pytest
import torch
from torch import nn

from spacy_rnn.modules import linear as module
from spacy_rnn.modules.linear import (
    blocks,
    has_exact_rows,
    linear,
    onednn_product,
    whole_rows,
)

ROWS = [0, 1, 15, 16, 100, 512, 513, 1100]


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("transposed", [True, False])
def test_agrees_with_torch(rows, dtype, with_bias, transposed, monkeypatch):
    monkeypatch.setattr(module, "MIN_MULTIPLICATIONS", 0)
    X = torch.randn(rows, 20, dtype=dtype)
    weights = torch.randn(20, 30, dtype=dtype).t() if transposed else torch.randn(30, 20).to(dtype)
    bias = torch.randn(30, dtype=dtype) if with_bias else None
    expected = nn.functional.linear(X, weights, bias)
    torch.testing.assert_close(linear(X, weights, bias), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("with_bias", [True, False])
def test_gradients_agree_with_torch(rows, with_bias, monkeypatch):
    monkeypatch.setattr(module, "MIN_MULTIPLICATIONS", 0)
    X, weights = torch.randn(rows, 20), torch.randn(30, 20)
    inputs = [X, weights, torch.randn(30)] if with_bias else [X, weights]
    for each in inputs:
        each.requires_grad_()
    d_Y, found = torch.randn(rows, 30), []
    for multiply in (linear, nn.functional.linear):
        found.append(torch.autograd.grad(multiply(*inputs), inputs, d_Y))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_few_shapes_reach_onednn(monkeypatch):
    shapes = set()

    def product(X, weights, bias=None):
        shapes.add((*X.shape, len(weights)))
        return nn.functional.linear(X, weights, bias)

    monkeypatch.setattr(module, "onednn_product", lambda: product)
    weights = torch.randn(48, 64, requires_grad=True)
    for rows in range(400, 3000, 7):
        linear(torch.randn(rows, 64, requires_grad=True), weights).sum().backward()
    multiples = {16 * i for i in range(1, 33)}
    assert {rows for rows, *rest in shapes if rest == [64, 48]} <= multiples
    assert {rows for rows, *rest in shapes if rest == [48, 64]} <= multiples | {48}
    assert {rows for width, rows, out in shapes if (width, out) == (48, 64)} - {48} <= multiples
    assert len(shapes) <= 3 * 32


def test_columns_of_a_wider_matrix_reach_onednn_without_gaps(monkeypatch):
    operator, gaps = torch.ops.mkldnn._linear_pointwise, []

    class Operators:
        @staticmethod
        def _linear_pointwise(X, weights, *options):
            gaps.extend(not (M.is_contiguous() or M.t().is_contiguous()) for M in (X, weights))
            return operator(X, weights, *options)

    monkeypatch.setattr(module, "MIN_MULTIPLICATIONS", 0)
    monkeypatch.setattr(torch.ops, "mkldnn", Operators)
    X = torch.randn(100, 40, requires_grad=True)
    weights = torch.randn(30, 40, requires_grad=True)
    d_Y = torch.randn(100, 60)[:, 30:]
    found = torch.autograd.grad(linear(X[:, :20], weights[:, 20:]), [X, weights], d_Y)
    expected = torch.autograd.grad(X[:, :20] @ weights[:, 20:].t(), [X, weights], d_Y)
    assert gaps
    assert not any(gaps)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def missing(*args):
    raise RuntimeError("no such operator")


def wrong(X, weights, *options):
    return torch.zeros(len(X), len(weights))


@pytest.mark.parametrize("operator", [missing, wrong])
def test_without_a_right_operator_torch_multiplies(operator, monkeypatch):
    class Operators:
        _linear_pointwise = staticmethod(operator)

    monkeypatch.setattr(torch.ops, "mkldnn", Operators)
    assert onednn_product.__wrapped__() is None
    monkeypatch.setattr(torch.ops, "mkldnn", object())
    assert onednn_product.__wrapped__() is None


def test_blocks_of_any_batch_have_six_sizes():
    for n in range(2000):
        rows = [row for block in blocks(n) for row in range(n)[block]]
        assert rows == list(range(n - n % 16))
    sizes = {block.stop - block.start for n in range(2000) for block in blocks(n)}
    assert sizes == {16, 32, 64, 128, 256, 512}


def test_whole_rows():
    assert [whole_rows(n) for n in (0, 1, 16, 17)] == [0, 16, 16, 32]


@pytest.mark.parametrize(("width", "input_width"), [(384, 640), (768, 1280), (256, 384)])
def test_exact_rows_are_the_same_in_any_company(width, input_width):
    X, bias = torch.randn(3000, input_width), torch.randn(width)
    weights, same = torch.randn(width, input_width), True
    with torch.no_grad():
        whole = linear(X[:2992], weights, bias)
        for rows in range(16, 2000, 336):
            start = rows % 97
            found = linear(X[start : start + rows], weights, bias)
            same = same and torch.equal(found, whole[start : start + rows])
    # Where oneDNN sums in another order, or is missing, it has to say so.
    assert same or not has_exact_rows(width, input_width)


def test_rows_that_are_not_exact(monkeypatch):
    assert not has_exact_rows(10, 20)  # torch multiplies
    monkeypatch.setattr(module, "onednn_product", lambda: None)
    assert not has_exact_rows.__wrapped__(768, 1280)

    def summing_otherwise(X, weights, bias=None):
        order = torch.randperm(X.shape[1], generator=torch.Generator().manual_seed(len(X)))
        return nn.functional.linear(X[:, order], weights[:, order], bias)

    monkeypatch.setattr(module, "onednn_product", lambda: summing_otherwise)
    assert not has_exact_rows.__wrapped__(768, 1280)
