"""The n-grams of documents: which documents share them, and that none crosses a boundary."""

import os
import subprocess
import sys

import numpy
import pytest
import torch
from spacy.tokens import Doc

from spacy_rnn.layers import bag
from spacy_rnn.layers.bag import document_ngrams, ngram_bag, weigh_ngrams
from spacy_rnn.modules.ngrams import NgramBag, squared_log_ratios

ROWS = 2**40
ROWS_OF_A_TABLE = 500


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


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_without_words(nlp, texts):
    layer = ngram_bag(10, 4)
    layer.initialize()
    docs = [nlp.make_doc(text) for text in texts]
    assert layer.predict(docs).tolist() == [[0.0] * 4] * len(docs)


def test_rows_bound_the_values(nlp):
    hashed, _, _ = document_ngrams([Doc(nlp.vocab, words=[str(i) for i in range(1000)])], 50)
    assert set(hashed.tolist()) == set(range(50))


def test_weights_are_of_documents_in_any_batches(nlp, monkeypatch):
    texts = {"good soup": [1, 0], "good good bread": [1, 0], "bad soup": [0, 1], "": [0, 1]}
    docs, labels = [nlp.make_doc(text) for text in texts], numpy.array([*texts.values()]) == 1

    def weights(*batches: slice) -> list[float]:
        layer = ngram_bag(ROWS_OF_A_TABLE, 4)
        weigh_ngrams(layer, lambda: [(docs[batch], labels[batch]) for batch in batches], 2)
        return layer.shims[0]._model.weights.tolist()

    whole = weights(slice(4))
    assert whole == weights(slice(1), slice(1, 4)) != [1.0] * ROWS_OF_A_TABLE
    monkeypatch.setattr(bag, "MAX_COUNTS", ROWS_OF_A_TABLE)  # one label at a time
    assert weights(slice(4)) == whole
    present = torch.zeros(ROWS_OF_A_TABLE, 4)
    for i, doc in enumerate(docs):
        present[document_ngrams([doc], ROWS_OF_A_TABLE)[0], i] = 1.0
    expected, rated = NgramBag(ROWS_OF_A_TABLE, 4), torch.tensor(labels).float()
    seen = present.sum(dim=1)
    told = squared_log_ratios(present @ rated, seen, rated.sum(dim=0), torch.tensor(4.0))
    expected.weigh(told / 2, seen)
    assert whole == expected.weights.tolist()


def test_memory_of_weighing_is_bounded(nlp):
    """65,536 rows and 1,000 labels, in a process of its own, whose peak is its own."""
    code = """
import resource, numpy, spacy
from spacy_rnn.layers.bag import ngram_bag, weigh_ngrams
nlp = spacy.blank("en")
docs = [nlp.make_doc(f"word{i} word{i + 1} and more of them") for i in range(500)]
labels = numpy.arange(1000) == numpy.arange(500)[:, None]
layer = ngram_bag(65536, 4)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
weigh_ngrams(layer, lambda: [(docs, labels)], 1000)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert float(done.stdout) < 500  # MiB
