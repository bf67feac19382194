"""Intervals, the order of labels, near-duplicates and parts of the data."""

import re

import numpy
import pytest
import scipy.stats

from spacy_rnn.analysis.confusion import confusion, seriate
from spacy_rnn.analysis.decisions import Collector
from spacy_rnn.analysis.duplicates import near_duplicates, shingles, similarity
from spacy_rnn.analysis.judges import judge
from spacy_rnn.analysis.scores import Bootstrap, Counts, scores
from spacy_rnn.analysis.slices import slices


def test_intervals_agree_with_scipy(decide):
    decisions = decide(400, 5)
    accuracy = scores(decisions, Bootstrap(decisions.n_docs, 5000))[0]
    expected = scipy.stats.bootstrap(
        (decisions.right.astype(float),),
        numpy.mean,
        n_resamples=5000,
        method="percentile",
        rng=numpy.random.default_rng(1),
    ).confidence_interval
    assert accuracy.low == pytest.approx(expected.low, abs=0.005)
    assert accuracy.high == pytest.approx(expected.high, abs=0.005)


def test_resampling_all_documents_once_gives_the_score_itself(decide):
    decisions = decide(100, 4, "textcat_multilabel")
    bootstrap = Bootstrap(decisions.n_docs, 3)
    bootstrap.weights[:] = 1.0
    for score in scores(decisions, bootstrap):
        assert (score.low, score.high) == (pytest.approx(score.value), pytest.approx(score.value))


def test_large_tables_are_counted_in_blocks(decide, monkeypatch):
    decisions = decide(50, 7)
    whole = Counts.resampled(decisions, Bootstrap(decisions.n_docs, 10)).f
    monkeypatch.setattr("spacy_rnn.analysis.scores.BLOCK", 100)
    parts = Counts.resampled(decisions, Bootstrap(decisions.n_docs, 10)).f
    numpy.testing.assert_array_equal(whole, parts)


def test_labels_that_are_taken_for_each_other_stand_together():
    # Three groups of 50 labels, of which neighbours in a hidden order are confused.
    random = numpy.random.default_rng(0)
    counts = numpy.diag(random.integers(20, 40, 150))
    for group in range(3):
        for i in range(49):
            counts[group * 50 + i, group * 50 + i + 1] = 4
    shuffled = random.permutation(150)
    order = seriate(counts[numpy.ix_(shuffled, shuffled)])
    hidden = shuffled[order]
    assert sorted(order) == list(range(150))
    assert (numpy.abs(numpy.diff(hidden)) == 1).sum() == 147
    assert all(len(set(part // 50)) == 1 for part in numpy.split(hidden, 3))


def test_labels_that_do_not_occur_are_not_in_the_matrix():
    collector = Collector(["a", "b", "c"])
    collector.start(0)
    collector.add("a", "c", 0.5, (0, 1))
    found = confusion(collector.collect("x", "textcat"))
    assert sorted(found.labels) == ["a", "c"]
    assert [n for *_, n in found.cells] == [1]


def reference_shingles(text):
    text = f" {re.sub(r'[^a-z]+', ' ', text.lower()).strip()} "
    return {text[i : i + 4] for i in range(len(text) - 3)}


def test_near_duplicates_are_those_of_an_exhaustive_search():
    random = numpy.random.default_rng(0)
    words = ["".join(random.choice(list("abcdefgh"), 5)) for _ in range(60)]
    train = [" ".join(random.choice(words, 12)) for _ in range(200)]
    test = []
    for text in train[:100]:
        changed = text.split()
        for i in random.choice(12, random.integers(0, 4), replace=False):
            changed[i] = random.choice(words)
        test.append(" ".join(changed).upper() + "!")
    expected = {}
    for i, text in enumerate(test):
        mine = reference_shingles(text)
        alike = [len(mine & o) / len(mine | o) for o in map(reference_shingles, train)]
        if max(alike) >= 0.8:
            expected[i] = max(alike)
    found = near_duplicates(test, train)
    assert 30 < len(expected) < 100
    assert {each.test: each.similarity for each in found} == pytest.approx(expected)
    assert all(similarity(shingles(test[d.test]), shingles(train[d.train])) >= 0.8 for d in found)


def test_texts_without_words_are_no_duplicates():
    assert near_duplicates(["", "!?", "a", "same text"], ["", "?", "b", "Same text."])[0].test == 3
    assert len(near_duplicates(["", "!?"], ["", "?"])) == 0


def test_parts_add_up(categorized):
    examples, nlp = categorized(300, 4)
    (decisions,) = judge(nlp, examples)
    bootstrap = Bootstrap(decisions.n_docs, 50)
    words = {"the", "cold", "soup", "was", "good"}
    by_length, unknown, frequency = slices(
        decisions, examples, bootstrap, words, {"label_0": 3, "label_1": 30, "label_2": 600}
    )
    for found in (by_length, unknown, frequency):
        assert sum(part.support for part in found.parts) == 300
    right = sum(part.f * part.support for part in by_length.parts)
    assert right == pytest.approx(decisions.right.sum())
    short = [eg for eg in examples if len(eg.predicted) <= 5]
    assert by_length.parts[0].name == "0 to 5"
    assert by_length.parts[0].support == len(short)
    known = [eg for eg in examples if {t.text for t in eg.predicted} <= words]
    assert unknown.parts[0].name == "none"
    assert unknown.parts[0].support == len(known)
    assert [part.name for part in frequency.parts] == ["0 to 5", "21 to 100", "501 to 2,500"]
