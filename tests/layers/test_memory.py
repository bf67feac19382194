"""Remembered rows: the same as computed ones, bounded, never stale, part of no copy."""

import copy
import gc
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy
import pytest
import torch
from spacy.lang.en import English
from thinc.api import Adam

from spacy_rnn.layers import memory
from spacy_rnn.layers.embedding import hash_embedding
from spacy_rnn.layers.memory import RowMemory, row_memory

ROWS = numpy.random.RandomState(0).randint(0, 9, (200, 3)).astype("uint64")


class Squares:
    """A function of rows that counts what it is asked."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self.asked = 0

    def __call__(self, rows: numpy.ndarray) -> numpy.ndarray:
        self.asked += len(rows)
        return self.factor * rows.astype("f") ** 2


def test_rows_are_computed_once():
    recalled, compute = RowMemory(), Squares()
    for rows in (ROWS[:50], ROWS[:100], ROWS[::-1], ROWS):
        rows = numpy.unique(rows, axis=0)
        numpy.testing.assert_array_equal(recalled.recall(rows, 1, compute), Squares()(rows))
    assert compute.asked == len(numpy.unique(ROWS, axis=0))
    assert recalled.recall(ROWS[:0], 1, compute).shape == (0, 3)


def test_a_new_version_forgets():
    recalled = RowMemory()
    recalled.recall(ROWS, 1, Squares())
    numpy.testing.assert_array_equal(recalled.recall(ROWS, 2, Squares(3.0)), Squares(3.0)(ROWS))


@pytest.mark.parametrize("max_bytes", [0, 12, 240, 12 * len(ROWS)])
def test_memory_is_bounded(max_bytes, monkeypatch):
    monkeypatch.setattr(memory, "MAX_BYTES", max_bytes)
    recalled, compute = RowMemory(), Squares()
    for start in range(0, 200, 10):
        rows = numpy.unique(ROWS[start : start + 10], axis=0)
        numpy.testing.assert_array_equal(recalled.recall(rows, 1, compute), Squares()(rows))
        assert recalled.nbytes <= max_bytes
    if not max_bytes:
        assert compute.asked >= 190


def test_threads_agree():
    recalled = RowMemory()
    batches = [numpy.unique(ROWS[i % 20 : i % 20 + 40], axis=0) for i in range(400)]
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda rows: recalled.recall(rows, 1, Squares()), batches)
        for rows, vectors in zip(batches, found, strict=True):
            numpy.testing.assert_array_equal(vectors, Squares()(rows))


@pytest.fixture
def layer():
    nlp = English()
    docs = [nlp("They did not like the soup."), nlp(""), nlp("They liked it, they did!")]
    return hash_embedding(8, ["NORM", "SHAPE"], [50, 20], ngram_rows=30).initialize(docs), docs


def test_predictions_are_those_of_training_without_dropout(layer):
    model, docs = layer
    expected = model.begin_update(docs)[0].dataXd
    for _ in range(2):
        numpy.testing.assert_allclose(model.predict(docs).dataXd, expected, atol=1e-6)


def test_never_stale(layer):
    model, docs = layer
    shim = model.shims[0]
    optimizer = Adam(0.1, use_averages=True)

    def changed() -> bool:
        before = current[-1]
        current.append(model.predict(docs).dataXd)
        expected = model.begin_update(docs)[0].dataXd
        numpy.testing.assert_allclose(current[-1], expected, atol=1e-6)
        return not numpy.allclose(current[-1], before)

    current = [model.predict(docs).dataXd]
    data = model.to_bytes()
    for _ in range(2):
        Y, backprop = model.begin_update(docs)
        Y.dataXd[:] = 1.0
        backprop(Y)
        model.finish_update(optimizer)
        assert changed()
    with model.use_params(optimizer.averages):
        assert changed()
    assert changed()
    model.from_bytes(data)
    assert changed()
    model.initialize(docs)
    assert changed()
    torch.nn.init.ones_(shim._model.mix.bias[:4])
    assert changed()
    shim.to_device("cpu", 0)
    assert not changed()


def test_a_copy_remembers_nothing_and_a_deleted_layer_is_forgotten(layer):
    model, docs = layer
    model.predict(docs)
    shim = model.shims[0]
    assert row_memory(shim).nbytes
    for copied in (model.copy().shims[0], pickle.loads(pickle.dumps(shim)), copy.deepcopy(shim)):
        assert not row_memory(copied).nbytes
    count = len(memory._memories)
    del copied
    gc.collect()
    assert len(memory._memories) < count
