import re
from collections import Counter

import pytest

from spacy_rnn.corpus import (
    CorpusError,
    Record,
    Report,
    count_labels,
    find_problems,
    label_set,
    unseen_labels,
)


def test_label_set():
    def texts(labels):
        return count_labels(Record("", "", None, [label], []) for label in labels)

    counts = {"train": texts("baab"), "dev": texts("ab")}
    assert label_set(counts, "textcat") == ["a", "b"]
    counts["test"] = texts("accd")
    assert unseen_labels(counts) == ["'c' (test: 2)", "'d' (test: 1)"]
    for task in ("textcat", "textcat_multilabel"):
        with pytest.raises(CorpusError, match=r"lacks: 'c' \(test: 2\), 'd' \(test: 1\)\. The sc"):
            label_set(counts, task)
    for task in ("tagger", "ner"):
        assert label_set(counts, task) == ["a", "b"]


def test_nothing_to_learn():
    for task, what in (("ner", "entities"), ("tagger", "tags"), ("textcat", "labels")):
        with pytest.raises(
            CorpusError, match=f"The train split has no {what} at all, so that noth"
        ):
            label_set({"train": Counter()}, task)


@pytest.mark.parametrize(
    ("task", "train", "message"),
    [
        ("textcat", {"x": 3}, "Train has one label only, 'x', so that nothing but it can be lear"),
        ("ner", {"O": 2, "PER": 3}, r"A label is called O \(2 entities\).*--exclude O"),
        ("textcat", {"Good": 1, "good": 2, "bad": 1}, r"'Good' \(1\), 'good' \(2\): if they mean"),
        ("ner", {"WORK OF ART": 1, "WORKOFART": 1}, "differ by case or spaces only"),
        ("textcat", {"2": 3, "5": 4, "2,5": 1}, "The label '2,5' joins others: choose the task"),
    ],
)
def test_problems(task, train, message):
    (problem,) = find_problems({"train": Counter(train)}, {}, task)
    assert re.search(message, problem)


def test_labels_that_only_train_has_are_told_where_that_is_no_accident():
    counts = {"train": Counter(PER=900, OTH=100, RARE=9), "dev": Counter(PER=100)}
    (problem,) = find_problems({**counts, "test": Counter(PER=90)}, {}, "ner")
    assert "in no other split: OTH (100): look whether" in problem
    assert problem.endswith("leave these out with --exclude.")
    assert find_problems({**counts, "dev": Counter(PER=50)}, {}, "ner") == []
    assert find_problems({"train": counts["train"]}, {}, "ner") == []


def test_problems_of_other_splits_and_skipped_rows():
    counts = {"train": Counter(a=1, b=1), "dev": Counter()}
    reports = {"train": Report(rows=9, skipped=1), "dev": Report(rows=99, skipped=1)}
    first, second = find_problems(counts, reports, "ner")
    assert "The dev split has no label at all" in first
    assert "10% of the rows of train were left out because of errors" in second
    assert find_problems({"train": Counter(a=1, b=1)}, {}, "textcat") == []
