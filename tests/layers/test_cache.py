"""Cached tokens: the same as computed ones, bounded, never stale, part of no copy."""

import copy
import gc
import itertools
import pickle
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy
import pytest
import torch
from spacy.lang.en import English
from spacy.tokens import Doc
from thinc.api import Adam, Model

from spacy_rnn.layers import cache
from spacy_rnn.layers.cache import SLOT_BYTES, VectorCache, cache_of, reproducible
from spacy_rnn.layers.embedding import token_embedding

ROWS = numpy.unique(numpy.random.RandomState(0).randint(0, 9, (200, 3)), axis=0).astype("f")
MANY = 2**20


class Squares:
    """Asks a cache for the squares of rows, and counts what it computes."""

    def __init__(self, cache: VectorCache, max_bytes: int = MANY) -> None:
        self.cache = cache
        self.max_bytes = max_bytes
        self.asked = 0

    def __call__(self, rows: numpy.ndarray, version: int = 1) -> numpy.ndarray:
        def compute(index: numpy.ndarray) -> numpy.ndarray:
            self.asked += len(index)
            return version * rows[index] ** 2

        keys = [row.tobytes() for row in rows]
        found = self.cache.get(keys, version, compute, self.max_bytes)
        numpy.testing.assert_array_equal(found, version * rows**2)
        return found


def test_rows_are_computed_once():
    squares = Squares(VectorCache())
    for rows in (ROWS[:50], ROWS[:100], ROWS[::-1], ROWS):
        squares(rows)
    assert squares.asked == len(ROWS)


@pytest.mark.parametrize("most", [2, MANY])
def test_a_row_that_occurs_several_times_is_computed_once(most):
    squares = Squares(VectorCache(), most * (12 + 12 + SLOT_BYTES))
    squares(ROWS[[3, 1, 3, 3, 1]])
    assert squares.asked == 2
    squares(ROWS[[4, 1, 5, 4, 3, 5, 5]])
    assert squares.asked == 4 + 4 * (most == 2)


def test_a_new_version_clears_it():
    squares = Squares(VectorCache())
    for version in (1, 2, 2, 1):
        squares(ROWS, version)
    assert squares.asked == 3 * len(ROWS)


@pytest.mark.parametrize("most", [0, 1, 20, len(ROWS)])
def test_a_cache_is_bounded(most):
    squares = Squares(VectorCache(), most * (12 + 12 + SLOT_BYTES))
    for _ in range(2):
        for start in range(0, len(ROWS), 10):
            squares(ROWS[start : start + 10])
            assert len(squares.cache) <= most
    assert squares.asked == len(ROWS) * (1 if most == len(ROWS) else 2)


def test_threads_agree():
    squares = Squares(VectorCache())
    batches = [ROWS[i % 20 : i % 20 + 40] for i in range(400)]
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(squares, batches))) == 400


def embedding(cache_mib: int = 64) -> Model:
    return token_embedding(
        8,
        ["NORM", "SHAPE"],
        [50, 20],
        ngram_rows=30,
        characters=True,
        include_static_vectors=True,
        cache_mib=cache_mib,
    )


@pytest.fixture
def layer() -> SimpleNamespace:
    nlp = English()
    for word in ("They", "like", "soup"):
        nlp.vocab.set_vector(word, numpy.random.normal(size=5).astype("f"))
    docs = [nlp(text) for text in ("They did not like the soup.", "", "They liked it, did they?")]
    return SimpleNamespace(model=embedding().initialize(docs), docs=docs, vocab=nlp.vocab)


def shims(model: Model) -> list:
    return [shim for node in model.walk() for shim in node.shims]


def test_predictions_are_those_of_training_without_dropout(layer):
    expected = layer.model.begin_update(layer.docs)[0].dataXd
    for _ in range(2):
        numpy.testing.assert_allclose(layer.model.predict(layer.docs).dataXd, expected, atol=1e-5)


def test_never_stale(layer):
    model, docs = layer.model, layer.docs
    optimizer = Adam(0.1, use_averages=True)

    def changed() -> bool:
        before = current[-1]
        current.append(model.predict(docs).dataXd)
        expected = model.begin_update(docs)[0].dataXd
        numpy.testing.assert_allclose(current[-1], expected, atol=1e-5)
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
    for shim in shims(model):
        torch.nn.init.normal_(next(shim._model.parameters()))
        assert changed()
        shim.to_device("cpu", 0)
        assert not changed()


def test_changes_of_the_vectors_table_are_seen(layer):
    model, docs, vocab = layer.model, layer.docs, layer.vocab
    predicted = [model.predict(docs).dataXd]
    vocab.set_vector("soup", numpy.ones(5, dtype="f"))
    predicted.append(model.predict(docs).dataXd)
    vocab.vectors.data[:] = 2.0
    predicted.append(model.predict(docs).dataXd)
    vocab.set_vector("did", numpy.ones(5, dtype="f"))
    predicted.append(model.predict(docs).dataXd)
    for a, b in itertools.pairwise(predicted):
        assert abs(a - b).max() > 1e-3
    expected = model.begin_update(docs)[0].dataXd
    numpy.testing.assert_allclose(predicted[-1], expected, atol=1e-5)


def test_a_copy_has_no_cache_and_that_of_a_deleted_layer_goes_with_it(layer):
    layer.model.predict(layer.docs)
    shim = shims(layer.model)[0]
    assert len(cache_of(shim))
    for copied in (shims(layer.model.copy())[0], pickle.loads(pickle.dumps(shim)), copy.copy(shim)):
        assert not len(cache_of(copied))
    count = len(cache._caches)
    del copied
    gc.collect()
    assert len(cache._caches) < count


def test_without_a_cache(layer):
    model = embedding(cache_mib=0).from_bytes(layer.model.to_bytes())
    expected = layer.model.predict(layer.docs).dataXd
    numpy.testing.assert_allclose(model.predict(layer.docs).dataXd, expected, atol=1e-6)
    assert not len(cache_of(shims(model)[0]))
    with pytest.raises(ValueError, match="Invalid cache_mib: got -1, expected how many MiB"):
        embedding(cache_mib=-1)


def words(vocab, seed: int, count: int) -> list[Doc]:
    random = numpy.random.RandomState(seed)
    return [
        Doc(vocab, words=[f"word{i}" for i in random.randint(0, 999, 20)]) for _ in range(count)
    ]


@pytest.mark.parametrize("characters", [False, True])
def test_what_is_reproducible_depends_on_nothing_before(characters, nlp):
    batches = [words(nlp.vocab, seed, count) for seed, count in ((0, 3), (1, 1), (2, 40), (3, 2))]
    attrs = ["NORM", "PREFIX", "SUFFIX", "SHAPE"]
    model = token_embedding(128, attrs, [500] * 4, ngram_rows=1000, characters=characters)
    model.initialize(batches[0])
    shim = shims(model)[0]
    expected = []
    for batch in batches:
        cache._caches.clear()
        with reproducible():
            expected.append(model.predict(batch).dataXd)
    model.predict(batches[2])  # not in whole rows
    for batch, alone in zip(reversed(batches), reversed(expected), strict=True):
        with reproducible():
            found = model.predict(batch).dataXd
        numpy.testing.assert_array_equal(found, alone)
    exact = shim.module.has_exact_rows()
    assert not (exact and characters)
    before = len(cache_of(shim))
    with reproducible():
        assert len(cache_of(shim)) == (before if exact else 0)
