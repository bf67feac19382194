import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy
import pytest
import torch
from numpy.typing import NDArray
from thinc.api import Maxout, NumpyOps, get_current_ops, get_ops, use_ops

from spacy_rnn import ops as module
from spacy_rnn.ops import MIN_MULTIPLICATIONS, ROWS, OneDNNOps

OPS = OneDNNOps()
TRANSPOSED = [(False, False), (False, True), (True, False), (True, True)]


def random(*shape: int, dtype: str = "float32") -> NDArray:
    return numpy.random.default_rng(0).standard_normal(shape).astype(dtype)


def operands(n: int, k: int, m: int, trans1: bool, trans2: bool, dtype: str = "float32") -> Any:
    """RETURNS (Tuple): Matrices with a product of [n, m], and that product."""
    x, y = random(n, k, dtype=dtype) / k**0.5, random(k, m, dtype=dtype)
    expected = x.astype("float64") @ y.astype("float64")
    x, y = x.T.copy() if trans1 else x, y.T.copy() if trans2 else y
    return x, y, expected


def refuse(*args: Any, **kwargs: Any) -> Any:
    raise AssertionError("this is another's product")


@pytest.mark.parametrize(("trans1", "trans2"), TRANSPOSED)
@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize(
    "shape",
    [(0, 5, 3), (3, 0, 5), (5, 3, 0), (1, 384, 288), (ROWS, 128, 128), (3 * ROWS + 7, 200, 100),
     (200, 3 * ROWS, 100), (200, 3 * ROWS + 7, 100), (5000, 3, 2)],
)  # fmt: skip
def test_products(shape: tuple[int, int, int], given: bool, trans1: bool, trans2: bool) -> None:
    x, y, expected = operands(*shape, trans1, trans2)
    out = numpy.full(expected.shape, numpy.nan, dtype="float32") if given else None
    product = OPS.gemm(x, y, out=out, trans1=trans1, trans2=trans2)
    assert out is None or product is out
    assert product.dtype == numpy.float32
    assert product.flags.c_contiguous
    numpy.testing.assert_allclose(product, expected, atol=1e-5)


@pytest.mark.parametrize("trans1", [False, True])
def test_products_of_onednn_are_of_one_shape_whatever_the_batch(
    monkeypatch: pytest.MonkeyPatch, trans1: bool
) -> None:
    shapes = []

    def product(X: torch.Tensor, W: torch.Tensor) -> torch.Tensor:
        shapes.append((*X.shape, *W.shape))
        return X @ W.T

    monkeypatch.setattr(module, "onednn_product", lambda: product)
    for n in (ROWS, ROWS + 1, 3 * ROWS - 1):
        x, y, expected = operands(*((128, n, 128) if trans1 else (n, 128, 128)), trans1, False)
        numpy.testing.assert_allclose(OPS.gemm(x, y, trans1=trans1), expected, atol=1e-5)
    assert shapes == [(128, ROWS, 128, ROWS) if trans1 else (ROWS, 128, 128, 128)] * 4


@pytest.mark.parametrize(("trans1", "trans2"), TRANSPOSED[:3])
@pytest.mark.parametrize("shape", [(511, 128, 49), (100, 256, 49), (16, 128, 128), (1, 512, 512)])
def test_numpy_has_no_product_that_its_blas_divides_between_threads(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int, int], trans1: bool, trans2: bool
) -> None:
    monkeypatch.setattr(NumpyOps, "gemm", refuse)
    x, y, expected = operands(*shape, trans1, trans2)
    product = OPS.gemm(x, y, trans1=trans1, trans2=trans2)
    numpy.testing.assert_allclose(product, expected, atol=1e-5)


def test_small_products_and_other_types_are_left_to_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "as_tensor", refuse)
    assert 127 * 128 * 16 < MIN_MULTIPLICATIONS == 128 * 128 * 16
    OPS.gemm(random(127, 128), random(128, 16))
    OPS.gemm(random(128, 127), random(128, 16), trans1=True)
    for dtype in ("float64", ">f4", "int64"):
        x, y, expected = operands(2 * ROWS, 128, 128, False, False, dtype)
        product = OPS.gemm(x, y)
        numpy.testing.assert_allclose(product, expected, atol=1e-5)
        assert product.dtype == (x @ y).dtype


@pytest.mark.parametrize(("trans1", "trans2"), TRANSPOSED[:3])
@pytest.mark.parametrize("shape", [(ROWS - 1, 256, 9), (ROWS + 300, 256, 9), (3, 512, 512)])
def test_the_last_bits_do_not_depend_on_where_arrays_are(
    shape: tuple[int, int, int], trans1: bool, trans2: bool
) -> None:
    x, y, _ = operands(*shape, trans1, trans2)
    expected = OPS.gemm(x, y, trans1=trans1, trans2=trans2)
    for offset in (4, 8, 12):  # numpy begins arrays at multiples of 16 bytes
        moved = [numpy.empty(each.size + offset, "float32")[offset:] for each in (x, y)]
        for place, each in zip(moved, (x, y), strict=True):
            place[:] = each.ravel()
        found = OPS.gemm(
            moved[0].reshape(x.shape), moved[1].reshape(y.shape), trans1=trans1, trans2=trans2
        )
        numpy.testing.assert_array_equal(found, expected)


def test_arrays_of_any_layout() -> None:
    x, y, expected = operands(2 * ROWS + 3, 128, 96, False, False)
    frozen = x.copy()
    frozen.flags.writeable = False
    wide, out = numpy.repeat(x, 2, axis=1), numpy.empty((2, len(x), 96), dtype="float32")
    for same in (frozen, wide[:, ::2], numpy.asfortranarray(x), x[::-1].copy()[::-1]):
        numpy.testing.assert_allclose(OPS.gemm(same, y), expected, atol=1e-5)
    numpy.testing.assert_allclose(OPS.gemm(x, numpy.asfortranarray(y)), expected, atol=1e-5)
    OPS.gemm(x, y, out=out[1])
    numpy.testing.assert_allclose(out[1], expected, atol=1e-5)
    row = numpy.broadcast_to(x[:1], x.shape)
    numpy.testing.assert_allclose(OPS.gemm(row, y)[-1], expected[0], atol=1e-5)


@pytest.mark.parametrize("n", [8, ROWS, 2 * ROWS + 3])
def test_what_does_not_fit_is_refused(n: int) -> None:
    x = random(n, 128)
    with pytest.raises(ValueError, match="not aligned"):
        OPS.gemm(x, random(127, 128))
    with pytest.raises(ValueError, match="not aligned"):
        OPS.gemm(x, random(2 * n, 128), trans1=True)
    with pytest.raises(ValueError, match="not aligned"):
        OPS.gemm(random(2 * n, 128), x, trans1=True)
    with pytest.raises(ValueError, match="output array"):
        OPS.gemm(x, random(128, 128), out=numpy.empty((n + 1, 128), dtype="float32"))
    with pytest.raises(ValueError, match="output array"):
        OPS.gemm(x, random(128, 128), out=numpy.empty((n, 128)))
    with pytest.raises(ValueError, match="2-dimensional"):
        OPS.gemm(x, random(128))


def test_gradients_of_a_layer() -> None:
    X, results = random(2 * ROWS + 3, 96), []
    for ops in (NumpyOps(), OPS):
        model = Maxout(96, 96, nP=3, normalize=True, dropout=0.0)
        model.initialize(X, X)
        for node in model.walk():
            node.ops = ops
        for node in model.walk():
            for name in node.param_names:
                node.set_param(name, random(*node.get_param(name).shape) / 10)
        Y, backprop = model.begin_update(X)
        gradients = [backprop(Y)]
        gradients += [node.get_grad(n) for node in model.walk() for n in node.param_names]
        results.append([Y, *gradients])
    for expected, got in zip(*results, strict=True):
        numpy.testing.assert_allclose(got, expected, atol=1e-5 * abs(expected).max())


def test_threads_get_the_same() -> None:
    x, y = random(2 * ROWS + 3, 128), random(128, 128)
    expected = OPS.gemm(x, y)
    with ThreadPoolExecutor(4) as pool:
        for product in pool.map(lambda _: OPS.gemm(x, y), range(16)):
            numpy.testing.assert_array_equal(product, expected)


def test_copies_work_elsewhere() -> None:
    x, y = random(2 * ROWS, 128), random(128, 128)
    for copied in (copy.deepcopy(OPS), pickle.loads(pickle.dumps(OPS))):
        assert isinstance(copied, OneDNNOps)
        numpy.testing.assert_array_equal(copied.gemm(x, y), OPS.gemm(x, y))


def test_without_onednn_torch_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "onednn_product", lambda: None)
    x, y, expected = operands(2 * ROWS, 128, 128, False, False)
    numpy.testing.assert_allclose(OPS.gemm(x, y), expected, atol=1e-5)


def test_it_is_a_backend_of_thinc_that_nobody_gets_unasked() -> None:
    before = get_current_ops()
    assert type(before) is type(get_ops("cpu")) is not OneDNNOps
    with use_ops("onednn"):
        assert isinstance(get_current_ops(), OneDNNOps)
    assert get_current_ops() is before


def test_thinc_alone_imports_it_at_no_cost() -> None:
    program = (
        "import sys, thinc.backends; thinc.backends.get_ops('cpu'); "
        "print('spacy_rnn.ops' in sys.modules, 'spacy' in sys.modules, "
        "'spacy_rnn.layers' in sys.modules)"
    )
    command = [sys.executable, "-W", "ignore", "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["True", "False", "False"]
