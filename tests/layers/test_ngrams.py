"""The n-grams of documents: which documents share them, and that none crosses a boundary."""

import numpy
import pytest
import torch
from spacy.tokens import Doc

from spacy_rnn.layers import ngrams as layer
from spacy_rnn.layers.ngrams import Spelling, document_ngrams, ngram_bag

ROWS = 2**40


def ngrams(doc: Doc) -> dict[int, int]:
    hashed, counts, sizes = document_ngrams([doc], ROWS)
    assert sizes.sum() == len(hashed)
    return dict(zip(hashed.tolist(), counts.tolist(), strict=True))


def test_words_pairs_and_spelling_count(nlp):
    # "ab" with its boundaries has 3 n-grams of 2 characters, 2 of 3 and 1 of 4.
    one, two = (Doc(nlp.vocab, words=["ab"] * count) for count in (1, 2))
    assert list(ngrams(one).values()) == [1] * (1 + 6)
    assert sorted(ngrams(two).values()) == [1] + [2] * (1 + 6)


def test_words_come_first_and_have_rows_of_their_own(nlp):
    docs = [Doc(nlp.vocab, words=words.split()) for words in ("ab", "", "ab ab cd")]
    hashed, _, sizes = document_ngrams(docs, ROWS)
    # Of "cd" there are as many more of characters, and a word and two pairs.
    assert sizes.tolist() == [[1, 6], [0, 0], [4, 12]]
    assert (hashed >= ROWS // 2).tolist() == [False] * 1 + [True] * 6 + [False] * 4 + [True] * 12


def test_order_counts_only_in_pairs(nlp):
    docs = [Doc(nlp.vocab, words=words.split()) for words in ("aa bb cc", "bb cc aa")]
    a, b = (set(ngrams(doc)) for doc in docs)
    assert len(a - b) == len(b - a) == 1


def test_the_norm_counts(nlp):
    assert ngrams(Doc(nlp.vocab, words=["Soup"])) == ngrams(Doc(nlp.vocab, words=["soup"]))


def test_a_document_has_the_same_in_any_batch(nlp, texts):
    docs = [nlp.make_doc(text) for text in ["", *texts, "", "soup", ""]]
    hashed, counts, sizes = document_ngrams(docs, ROWS)
    ends = sizes.sum(axis=1).cumsum()[:-1]
    parts = (numpy.split(array, ends) for array in (hashed, counts))
    for doc, *found in zip(docs, *parts, strict=True):
        assert dict(zip(*found, strict=True)) == ngrams(doc)


def test_a_prediction_is_what_training_gives(nlp, texts):
    bag = ngram_bag(1000, 8)
    bag.initialize()
    torch.nn.init.uniform_(bag.shims[0].module.weights, 0.3, 2.0)
    docs = [nlp.make_doc(text) for text in ["", *texts, "soup soup soup", "", ""]]
    expected = bag.begin_update(docs)[0]
    numpy.testing.assert_allclose(bag.predict(docs), expected, atol=1e-6)
    # To the last bit, whatever the batch.
    numpy.testing.assert_array_equal(bag.predict(docs)[1:2], bag.predict(docs[1:2]))


def test_the_spelling_of_so_many_words_is_kept(nlp, monkeypatch):
    monkeypatch.setattr(layer, "MAX_WORDS", 3)
    spelling = Spelling(ROWS)
    for text in ("a b", "b c", "c d e", "a b c d e", "f"):
        doc = nlp.make_doc(text)
        found = spelling.of([doc], [token.norm for token in doc])
        again = Spelling(ROWS).of([doc], [token.norm for token in doc])
        assert [part.tolist() for part in found] == [part.tolist() for part in again]
        assert len(spelling._known) <= max(3, len(doc))


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_without_words(nlp, texts):
    layer = ngram_bag(10, 4)
    layer.initialize()
    docs = [nlp.make_doc(text) for text in texts]
    assert layer.predict(docs).tolist() == [[0.0] * 4] * len(docs)


def test_rows_bound_the_values(nlp):
    hashed, _, _ = document_ngrams([Doc(nlp.vocab, words=[str(i) for i in range(1000)])], 50)
    assert set(hashed.tolist()) == set(range(50))
