"""ONNX Runtime in torch's place: the same results, never stale, never handed on."""

import logging
import multiprocessing
import os
import pickle
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy
import pytest
import torch
from numpy.typing import NDArray
from thinc.api import Adam, Model
from thinc.types import Ragged

from spacy_rnn.engines import choice
from spacy_rnn.engines.choice import onnx_stack
from spacy_rnn.engines.session import OnnxStack
from spacy_rnn.layers.recurrent import recurrent
from spacy_rnn.layers.shim import torch_shim
from spacy_rnn.modules.recurrent import RecurrentStack

LENGTHS = numpy.array([3, 0, 1, 7, 7, 2, 40, 1, 30, 31, 32, 5, 6, 0], dtype="i")
STACKS: list[dict[str, Any]] = [
    {"cell": cell, "depth": depth, "bidirectional": bidirectional, "residual": residual, **other}
    for cell, other in [("lstm", {}), ("gru", {}), ("gru", {"reset_after": False})]
    for depth, bidirectional, residual in [(1, True, False), (3, True, True), (2, False, True)]
]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def make_stack(input_width: int = 12, width: int = 12, **settings: Any) -> RecurrentStack:
    """RETURNS (RecurrentStack): One with weights that all tell."""
    stack = RecurrentStack(input_width, width, **settings)
    for weight in stack.parameters():
        torch.nn.init.normal_(weight, std=0.4)
    return stack


def random(lengths: NDArray[Any], width: int = 12) -> NDArray[Any]:
    return numpy.random.RandomState(0).normal(size=(int(lengths.sum()), width)).astype("f")


def by_torch(stack: RecurrentStack, X: NDArray[Any], lengths: NDArray[Any]) -> NDArray[Any]:
    with torch.inference_mode():
        return stack(torch.from_numpy(X), torch.from_numpy(lengths).long()).numpy()


def layers(**settings: Any) -> tuple[Model[Ragged, Ragged], Model[Ragged, Ragged]]:
    """RETURNS (Tuple[Model, Model]): The same layer on ONNX Runtime and on torch."""
    ours = recurrent(12, 12, engine="onnx", **settings).initialize()
    theirs = recurrent(12, 12, engine="torch", **settings).initialize()
    return ours, theirs.from_bytes(ours.to_bytes())


@torch.no_grad()
def shift_bias(model: Model[Ragged, Ragged]) -> None:
    torch_shim(model)._model.layers[0].bias_hh_l0.add_(1.0)


@pytest.mark.parametrize("settings", STACKS)
@pytest.mark.parametrize("input_width", [12, 5])
def test_agrees_with_torch_in_any_batch(settings, input_width):
    stack = make_stack(input_width, **settings)
    X, run = random(LENGTHS, input_width), OnnxStack(stack, 1)
    found = run(X, LENGTHS)
    numpy.testing.assert_allclose(found, by_torch(stack, X, LENGTHS), atol=2e-6)
    parts = numpy.split(X, LENGTHS.cumsum()[:-1])
    alone = [run(x, numpy.array([len(x)], dtype="i")) for x in parts if len(x)]
    numpy.testing.assert_allclose(found, numpy.concatenate(alone), atol=2e-6)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_wide_layers_and_a_small_budget(cell):
    lengths = numpy.concatenate((numpy.random.RandomState(1).randint(1, 40, 70), [150]))
    stack = RecurrentStack(256, 256, 2, cell)
    frugal = RecurrentStack(256, 256, 2, cell, token_budget=4)
    frugal.load_state_dict(stack.state_dict())
    X = random(lengths, 256)
    expected = by_torch(stack, X, lengths)
    for each in (stack, frugal):
        numpy.testing.assert_allclose(OnnxStack(each, 1)(X, lengths), expected, atol=5e-6)


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("residual", [True, False])
def test_int8_is_near_and_does_not_depend_on_the_batch(bidirectional, residual):
    stack = RecurrentStack(64, 64, 2, "lstm", bidirectional, residual=residual)
    X, run = random(LENGTHS, 64), OnnxStack(stack, 1, "int8")
    found = run(X, LENGTHS)
    error = abs(found - by_torch(stack, X, LENGTHS))
    assert 1e-5 < error.mean() < 5e-3
    assert error.max() < 0.05
    parts = [x for x in numpy.split(X, LENGTHS.cumsum()[:-1]) if len(x)]
    alone = [run(x, numpy.array([len(x)], dtype="i")) for x in parts]
    numpy.testing.assert_array_equal(found, numpy.concatenate(alone))
    wide = numpy.vstack((X, X[:40] * 100))
    numpy.testing.assert_array_equal(run(wide, numpy.append(LENGTHS, 40))[: len(X)], found)


@pytest.mark.parametrize("lengths", [[], [0], [0, 0], [0, 1], [1]])
@pytest.mark.parametrize("settings", [{}, {"precision": "int8"}])
def test_a_layer_in_either_precision(lengths, settings):
    model = recurrent(12, 12, engine="onnx", **settings).initialize()
    exact = recurrent(12, 12, engine="torch").from_bytes(model.to_bytes())
    lengths = numpy.array(lengths, dtype="i")
    found, expected = (m.predict(Ragged(random(lengths), lengths)).dataXd for m in (model, exact))
    assert found.shape == expected.shape == (lengths.sum(), 12)
    numpy.testing.assert_allclose(found, expected, atol=0.05 if settings else 1e-6)
    assert not settings or not len(found) or abs(found - expected).max() > 1e-5


@pytest.mark.parametrize("lengths", [[], [0], [0, 0], [0, 1], [1]])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_hardly_any_tokens(cell, lengths):
    ours, theirs = layers(cell=cell)
    lengths = numpy.array(lengths, dtype="i")
    X = Ragged(random(lengths), lengths)
    found = ours.predict(X)
    assert found.dataXd.shape == (lengths.sum(), 12)
    numpy.testing.assert_allclose(found.dataXd, theirs.predict(X).dataXd, atol=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("value", [numpy.nan, numpy.inf, -numpy.inf])
def test_what_is_no_number_stays_in_its_document(cell, value):
    ours, theirs = layers(cell=cell)
    X, lengths = random(LENGTHS), LENGTHS
    expected = ours.predict(Ragged(X, lengths)).dataXd
    X = X.copy()
    X[5, 3] = value
    found = ours.predict(Ragged(X, lengths)).dataXd
    numpy.testing.assert_array_equal(found, theirs.predict(Ragged(X, lengths)).dataXd)
    others = numpy.repeat(numpy.arange(len(lengths)), lengths) != 3
    numpy.testing.assert_allclose(found[others], expected[others], atol=1e-6)
    assert numpy.isnan(found[5]).any() == numpy.isnan(value)


def test_weights_that_are_no_numbers_are_torchs():
    stack = make_stack()
    assert isinstance(onnx_stack(stack, 1, "onnx"), OnnxStack)
    stack.layers[0].bias_hh_l0.data[3] = numpy.nan
    assert onnx_stack(stack, 2, "onnx") is None


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_predictions_follow_the_weights(cell):
    ours, theirs = layers(cell=cell)
    X = Ragged(random(LENGTHS), LENGTHS)
    seen: list[NDArray[Any]] = []

    def require_fresh() -> None:
        found = ours.predict(X).dataXd
        expected = theirs.from_bytes(ours.to_bytes()).predict(X).dataXd
        numpy.testing.assert_allclose(found, expected, atol=1e-6)
        assert all(abs(found - before).max() > 1e-4 for before in seen)
        seen.append(found)

    require_fresh()
    optimizer = Adam(0.05, use_averages=True)
    for _ in range(2):
        Y, backprop = ours.begin_update(X)
        backprop(Ragged(Y.dataXd - 1.0, Y.lengths))
        ours.finish_update(optimizer)
        require_fresh()
    with ours.use_params(optimizer.averages):
        require_fresh()
    numpy.testing.assert_array_equal(ours.predict(X).dataXd, seen[-2])
    ours.from_bytes(recurrent(12, 12, cell=cell).initialize().to_bytes())
    require_fresh()
    ours.initialize()
    require_fresh()
    shift_bias(ours)
    require_fresh()


def test_a_session_lasts_as_long_as_weights_and_threads(monkeypatch):
    made: list[int] = []
    monkeypatch.setattr(
        "spacy_rnn.engines.session.OnnxStack.__init__",
        lambda self, s, threads, precision: made.append(threads),
    )
    stack = make_stack()
    first = onnx_stack(stack, 1, "auto")
    assert onnx_stack(stack, 1, "auto") is first
    torch.set_num_threads(2)
    second = onnx_stack(stack, 1, "auto")
    assert onnx_stack(stack, 2, "auto") is not second
    assert made == [1, 2, 2]


def test_threads_change_nothing():
    stack, lengths = make_stack(64, 64), numpy.array([30] * 20 + [300])
    X = random(lengths, 64)
    one, two = (OnnxStack(stack, threads)(X, lengths) for threads in (1, 2))
    numpy.testing.assert_array_equal(one, two)


def test_as_many_parts_at_once_as_torch_has_threads(monkeypatch):
    together, run = threading.Barrier(2), OnnxStack._run

    def meet(*args: Any) -> NDArray[Any]:
        together.wait(timeout=30)
        return run(*args)

    monkeypatch.setattr(OnnxStack, "_run", meet)
    lengths = numpy.array([30] * 24)
    assert OnnxStack(make_stack(), 2)(random(lengths), lengths).shape == (720, 12)


def test_sessions_are_neither_copied_nor_pickled_nor_stored():
    model, _ = layers()
    X = Ragged(random(LENGTHS), LENGTHS)
    stored, expected = model.to_bytes(), model.predict(X).dataXd
    assert model.to_bytes() == stored
    copied, pickled = model.copy(), pickle.loads(pickle.dumps(model))
    for other in (copied, pickled):
        assert torch_shim(other)._model not in choice._sessions
        numpy.testing.assert_array_equal(other.predict(X).dataXd, expected)
    shift_bias(copied)
    numpy.testing.assert_array_equal(model.predict(X).dataXd, expected)
    assert abs(copied.predict(X).dataXd - expected).max() > 1e-4


def test_a_session_goes_with_its_weights():
    stack = make_stack()
    onnx_stack(stack, 1, "onnx")
    before = len(choice._sessions)
    del stack
    assert len(choice._sessions) == before - 1


def encode(model: Model[Ragged, Ragged], X: Ragged, queue: Any) -> None:
    queue.put((model.predict(X).dataXd, torch.get_num_threads()))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_forked_processes_make_sessions_of_their_own(threads):
    torch.set_num_threads(threads)
    model, _ = layers()
    X = Ragged(random(LENGTHS), LENGTHS)
    expected = model.predict(X).dataXd
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=encode, args=(model, X, queue))
    process.start()
    found, n = queue.get(timeout=60)
    process.join(timeout=60)
    assert (process.exitcode, n) == (0, 1)
    numpy.testing.assert_allclose(found, expected, atol=1e-6)


def test_many_threads_at_once():
    model, theirs = layers(cell="gru")
    batches = [Ragged(random(LENGTHS[i:]), LENGTHS[i:]) for i in range(10)] * 4
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(model.predict, batches))
    for batch, Y in zip(batches, found, strict=True):
        numpy.testing.assert_allclose(Y.dataXd, theirs.predict(batch).dataXd, atol=1e-6)


@pytest.fixture
def without_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "spacy_rnn.engines.session")
    choice.whats_missing.cache_clear()
    choice._say_once.cache_clear()
    yield
    choice.whats_missing.cache_clear()


@pytest.fixture
def without_session(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no such\nprocessor")

    choice._say_once.cache_clear()
    monkeypatch.setattr("onnxruntime.InferenceSession", fail)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("without_onnxruntime", "import of onnxruntime"), ("without_session", "no such processor")],
)
def test_auto_falls_back_to_torch_with_one_line(fault, reason, request, caplog):
    request.getfixturevalue(fault)
    ours, theirs = recurrent(12, 12).initialize(), recurrent(12, 12, engine="torch").initialize()
    theirs.from_bytes(ours.to_bytes())
    X = Ragged(random(LENGTHS), LENGTHS)
    with caplog.at_level(logging.WARNING, logger="spacy"):
        for _ in range(2):
            numpy.testing.assert_array_equal(ours.predict(X).dataXd, theirs.predict(X).dataXd)
            ours.initialize()
            theirs.from_bytes(ours.to_bytes())
    assert [r.getMessage() for r in caplog.records if reason in r.getMessage()] == [
        r.getMessage() for r in caplog.records
    ]
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"engine": "tensorrt"}, "Unknown engine: got 'tensorrt', expected one of"),
        (
            {"engine": "onnx", "cell": "mingru"},
            r"got engine = 'onnx' with 'mingru', expected one of \['gru', 'lstm'\]. Set engine = "
            '"auto"',
        ),
        ({"precision": "bfloat16"}, "Unknown precision: got 'bfloat16', expected one of"),
        (
            {"precision": "int8", "cell": "gru"},
            "Can't compute in int8: got the cell 'gru' with engine = 'auto', expected 'lstm' with ",
        ),
        ({"precision": "int8", "engine": "torch"}, "got the cell 'lstm' with engine = 'torch'"),
    ],
)
def test_engines_that_do_not_fit(settings, message):
    with pytest.raises(ValueError, match=message):
        recurrent(4, 4, **settings)


def test_without_onnxruntime_there_is_no_engine_onnx(without_onnxruntime):
    with pytest.raises(ValueError, match='Run pip install onnxruntime, or set engine = "auto"'):
        recurrent(4, 4, engine="onnx")


def test_a_session_that_cannot_be_made_is_an_error_where_it_was_asked_for(without_session):
    model = recurrent(12, 12, engine="onnx").initialize()
    with pytest.raises(ValueError, match='got no such processor, expected .* Set engine = "auto"'):
        model.predict(Ragged(random(LENGTHS), LENGTHS))


def test_a_minGRU_stays_with_torch():
    model = recurrent(12, 12, cell="mingru").initialize()
    assert model.predict(Ragged(random(LENGTHS), LENGTHS)).dataXd.shape == (LENGTHS.sum(), 12)
    assert torch_shim(model)._model not in choice._sessions
