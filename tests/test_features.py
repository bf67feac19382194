"""Features of the unique tokens of documents."""

import numpy
from spacy.attrs import NORM, ORTH, SHAPE
from spacy.lang.en import English

from spacy_rnn.features import Features, attribute_values, by_vocab, unique_rows

TEXTS = ["They did not like the soup.", "", "they did it, They did!"]


def test_unique_rows_rebuild_the_array():
    rows = numpy.random.RandomState(0).randint(0, 3, (100, 4)).astype("uint64")
    first, inverse = unique_rows(rows)
    assert len(first) == len(numpy.unique(rows, axis=0))
    numpy.testing.assert_array_equal(rows[first][inverse], rows)


def test_unique_rows_survive_colliding_hashes(monkeypatch):
    monkeypatch.setattr("spacy_rnn.features.MULTIPLIER", numpy.uint64(0))
    rows = numpy.array([[1, 2], [3, 4], [1, 2], [5, 6]], dtype="uint64")
    first, inverse = unique_rows(rows)
    assert len(first) == 3
    numpy.testing.assert_array_equal(rows[first][inverse], rows)


def test_features_of_no_documents_and_of_empty_ones():
    nlp = English()
    assert attribute_values([], [NORM, SHAPE]).shape == (0, 2)
    assert attribute_values([nlp(""), nlp("")], ["NORM"]).shape == (0, 1)
    assert attribute_values([nlp("a b"), nlp(""), nlp("c")], [NORM, SHAPE]).shape == (3, 2)


def test_unique_tokens_are_found_once_with_all_that_is_known_of_them():
    nlp = English()
    docs = [nlp(text) for text in TEXTS]
    words = [token.text for doc in docs for token in doc]
    tokens, inverse = Features(attrs=(NORM,)).unique_tokens(docs)
    assert sorted(tokens.words()) == sorted(set(words))
    assert [tokens.words()[i] for i in inverse] == words
    assert tokens.column(NORM)[inverse].tolist() == [t.norm for doc in docs for t in doc]
    assert len(set(tokens.keys())) == len(tokens)


def test_tokens_with_the_same_text_and_other_attributes_are_told_apart():
    doc = English()("soup soup")
    doc[0].norm_ = "broth"
    tokens, inverse = Features(attrs=(NORM,)).unique_tokens([doc])
    assert tokens.column(ORTH).tolist() == [doc[0].orth] * 2
    assert tokens.column(NORM)[inverse].tolist() == [doc[0].norm, doc[1].norm]
    assert Features(attrs=(SHAPE,)).unique_tokens([doc])[1].tolist() == [0, 0]


def test_arrays_are_those_of_the_features_that_are_asked_for():
    doc = English()("Soup, soup!")
    every = Features(attrs=(NORM, SHAPE), ngram_rows=50, characters=True)
    tokens, _ = every.unique_tokens([doc])
    arrays = every.arrays(tokens)
    assert arrays["hashes"].shape == (4, 2, 4)
    assert len(arrays["ngram_starts"]) == len(arrays["symbol_lengths"]) == 4
    assert arrays["symbol_lengths"].sum() == len(arrays["symbols"])
    assert arrays["ngrams"].max() < 50
    assert set(Features(ngram_rows=50).arrays(tokens)) == {"ngrams", "ngram_starts"}
    assert Features().arrays(tokens) == {}


def test_documents_of_several_vocabs():
    first, second = English(), English()
    docs = [first("a"), second("b"), first("c")]
    assert by_vocab(docs) == [[0, 2], [1]]
