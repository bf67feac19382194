"""The n-grams of documents: which documents share them, and that none crosses a boundary."""

import numpy
import pytest
from spacy.tokens import Doc

from spacy_rnn.layers.bag import document_ngrams, ngram_bag

ROWS = 2**40


def ngrams(doc: Doc) -> list[int]:
    hashed, starts = document_ngrams([doc], ROWS)
    assert starts.tolist() == [0]
    return sorted(hashed.tolist())


def test_words_pairs_and_spelling_count(nlp):
    # "ab" with its boundaries has 3 n-grams of 2 characters, 2 of 3 and 1 of 4.
    one, two = (Doc(nlp.vocab, words=["ab"] * count) for count in (1, 2))
    assert len(ngrams(one)) == 1 + 6
    assert len(ngrams(two)) == 2 * len(ngrams(one)) + 1


def test_order_counts_only_in_pairs(nlp):
    docs = [Doc(nlp.vocab, words=words.split()) for words in ("aa bb cc", "bb cc aa")]
    a, b = (set(ngrams(doc)) for doc in docs)
    assert len(a - b) == len(b - a) == 1


def test_the_norm_counts(nlp):
    assert ngrams(Doc(nlp.vocab, words=["Soup"])) == ngrams(Doc(nlp.vocab, words=["soup"]))


def test_a_document_has_the_same_in_any_batch(nlp, texts):
    docs = [nlp.make_doc(text) for text in ["", *texts, "", "soup", ""]]
    hashed, starts = document_ngrams(docs, ROWS)
    for doc, found in zip(docs, numpy.split(hashed, starts[1:]), strict=True):
        assert sorted(found.tolist()) == ngrams(doc)


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_without_words(nlp, texts):
    layer = ngram_bag(10, 4)
    layer.initialize()
    docs = [nlp.make_doc(text) for text in texts]
    assert layer.predict(docs).tolist() == [[0.0] * 4] * len(docs)


def test_rows_bound_the_values(nlp):
    hashed, _ = document_ngrams([Doc(nlp.vocab, words=[str(i) for i in range(1000)])], 50)
    assert set(hashed.tolist()) == set(range(50))
