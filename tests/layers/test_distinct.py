"""Distinct tokens: found, computed once, and the same as computing every token."""

import numpy
import pytest
from spacy.attrs import NORM, ORTH, SHAPE
from spacy.lang.en import English
from thinc.api import Model
from thinc.types import Ragged

from spacy_rnn.layers.distinct import distinct_rows, with_distinct
from spacy_rnn.layers.tokens import Tokens, lexical_features

TEXTS = ["They did not like the soup.", "", "they did it, They did!"]


def test_distinct_rows_rebuild_the_array():
    rows = numpy.random.RandomState(0).randint(0, 3, (100, 4)).astype("uint64")
    first, inverse = distinct_rows(rows)
    assert len(first) == len(numpy.unique(rows, axis=0))
    numpy.testing.assert_array_equal(rows[first][inverse], rows)


def test_distinct_rows_survive_colliding_hashes(monkeypatch):
    monkeypatch.setattr("spacy_rnn.layers.distinct.MULTIPLIER", numpy.uint64(0))
    rows = numpy.array([[1, 2], [3, 4], [1, 2], [5, 6]], dtype="uint64")
    first, inverse = distinct_rows(rows)
    assert len(first) == 3
    numpy.testing.assert_array_equal(rows[first][inverse], rows)


def test_features_of_no_documents_and_of_empty_ones():
    nlp = English()
    assert lexical_features([], [NORM, SHAPE]).shape == (0, 2)
    assert lexical_features([nlp(""), nlp("")], ["NORM"]).shape == (0, 1)
    assert lexical_features([nlp("a b"), nlp(""), nlp("c")], [NORM, SHAPE]).shape == (3, 2)


@pytest.fixture
def seen() -> list[Tokens]:
    return []


@pytest.fixture
def gradients() -> list[numpy.ndarray]:
    return []


@pytest.fixture
def layer(seen, gradients) -> Model[Tokens, numpy.ndarray]:
    """RETURNS (Model): A function of tokens that tells what it was given."""

    def forward(model, tokens, is_train):
        seen.append(tokens)
        lengths = [len(word) for word in tokens.words()]
        norms = tokens.column(NORM) % 100
        return numpy.stack((lengths, norms), axis=1).astype("f"), gradients.append

    return Model("layer", forward, dims={"nO": 2})


def test_each_distinct_token_is_computed_once(layer, seen):
    nlp = English()
    docs = [nlp(text) for text in TEXTS]
    Y = with_distinct(layer, [NORM]).predict(docs)
    words = [token.text for doc in docs for token in doc]
    assert sorted(seen[0].words()) == sorted(set(words))
    expected = [(len(t), t.norm % 100) for doc in docs for t in doc]
    numpy.testing.assert_array_equal(Y.dataXd, numpy.array(expected, dtype="f"))
    assert Y.lengths.tolist() == [len(doc) for doc in docs]


def test_gradients_of_all_occurrences_are_summed(layer, seen, gradients):
    nlp = English()
    docs = [nlp(text) for text in TEXTS]
    Y, backprop = with_distinct(layer, [NORM]).begin_update(docs)
    dY = numpy.random.RandomState(0).normal(size=Y.dataXd.shape).astype("f")
    assert backprop(Ragged(dY, Y.lengths)) == []
    words = numpy.array([token.text for doc in docs for token in doc])
    for word, gradient in zip(seen[0].words(), gradients[0], strict=True):
        numpy.testing.assert_allclose(gradient, dY[words == word].sum(axis=0), atol=1e-6)


def test_without_tokens_the_layer_is_not_asked(layer, seen):
    model = with_distinct(layer, [NORM])
    for docs in ([], [English()("")]):
        Y, backprop = model.begin_update(docs)
        assert Y.dataXd.shape == (0, 2)
        assert Y.lengths.tolist() == [0] * len(docs)
        assert backprop(Y) == []
    assert not seen


def test_tokens_with_the_same_text_and_other_attributes_are_told_apart(layer, seen):
    doc = English()("soup soup")
    doc[0].norm_ = "broth"
    with_distinct(layer, [NORM]).predict([doc])
    assert seen[0].column(ORTH).tolist() == [doc[0].orth] * 2
    assert set(seen[0].column(NORM).tolist()) == {doc[0].norm, doc[1].norm}
