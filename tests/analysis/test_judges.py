"""Decisions and the scores of them, against spaCy's scorers, scikit-learn and seqeval."""

from random import Random

import numpy
import pytest
import seqeval.metrics
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_rnn.analysis.confusion import confusion
from spacy_rnn.analysis.decisions import NONE
from spacy_rnn.analysis.judges import judge
from spacy_rnn.analysis.scores import Bootstrap, label_scores, scores

EXACT = pytest.approx


def found_scores(decisions):
    return {s.name: s.value for s in scores(decisions, Bootstrap(decisions.n_docs, 20))}


def found_labels(decisions):
    return {s.label: s for s in label_scores(decisions, Bootstrap(decisions.n_docs, 20))}


def assert_same(decisions, expected):
    for name, value in found_scores(decisions).items():
        if name in expected:
            assert value == pytest.approx(expected[name], abs=1e-12), name


@pytest.mark.parametrize("factory", ["textcat", "textcat_multilabel"])
def test_categories_agree_with_spacy_and_sklearn(categorized, factory):
    # As many as CLINC150 has.
    examples, nlp = categorized(5500, 151, factory)
    (decisions,) = judge(nlp, examples)
    expected = nlp.get_pipe(factory).score(examples)
    assert_same(decisions, expected)
    labels = decisions.labels
    gold = numpy.array([[eg.reference.cats[k] for k in labels] for eg in examples])
    values = numpy.array([[eg.predicted.cats[k] for k in labels] for eg in examples])
    if factory == "textcat":
        predicted = values == values.max(axis=1, keepdims=True)
    else:
        predicted = values >= 0.5
    p, r, f, support = precision_recall_fscore_support(gold, predicted, zero_division=0.0)
    table = found_labels(decisions)
    for i, label in enumerate(labels):
        score = table[label]
        assert (score.precision, score.recall, score.f) == EXACT((p[i], r[i], f[i]), abs=1e-12)
        assert score.support == support[i]
        assert score.f == EXACT(expected["cats_f_per_type"][label]["f"], abs=1e-12)
    macro = f1_score(gold, predicted, average="macro", zero_division=0.0)
    assert found_scores(decisions)["cats_macro_f"] == EXACT(macro, abs=1e-12)


def test_confusions_agree_with_sklearn(categorized):
    examples, nlp = categorized(1000, 20)
    (decisions,) = judge(nlp, examples)
    found = confusion(decisions)

    def best(doc):
        return max(doc.cats, key=lambda label: doc.cats[label])

    gold, predicted = [[best(getattr(eg, side)) for eg in examples] for side in ("y", "x")]
    expected = confusion_matrix(gold, predicted, labels=found.labels)
    assert {(i, j): n for i, j, n in found.cells} == {
        (i, j): n for (i, j), n in numpy.ndenumerate(expected) if n
    }
    assert not found.has_none


def test_entities_agree_with_spacy_and_seqeval(recognized):
    examples, nlp = recognized
    (decisions,) = judge(nlp, examples)
    expected = nlp.get_pipe("ner").score(examples)
    assert_same(decisions, expected)
    for label, score in found_labels(decisions).items():
        assert (score.precision, score.recall, score.f) == EXACT(
            tuple(expected["ents_per_type"][label][k] for k in "prf"), abs=1e-12
        )

    def tags(doc):
        return [f"{t.ent_iob_}-{t.ent_type_}" if t.ent_type_ else "O" for t in doc]

    gold, predicted = [[tags(getattr(eg, side)) for eg in examples] for side in ("y", "x")]
    f = seqeval.metrics.f1_score(gold, predicted)
    assert found_scores(decisions)["ents_f"] == EXACT(f, abs=1e-12)
    assert ((decisions.gold != NONE) & (decisions.predicted != NONE) & ~decisions.right).any()
    assert confusion(decisions).has_none


def test_entities_in_other_tokens_and_without_annotation_agree_with_spacy(nlp):
    pipe = nlp.add_pipe("ner")
    pipe.add_label("A")
    examples = []
    for annotated in (True, False):
        reference = Doc(nlp.vocab, words=["New", "York", "is", "n't", "far"])
        predicted = Doc(nlp.vocab, words=["New York", "is", "n't", "far"])
        if annotated:
            reference.set_ents([Span(reference, 0, 2, "A")], missing=[reference[4:5]])
        predicted.set_ents([Span(predicted, 0, 1, "A"), Span(predicted, 3, 4, "A")])
        examples.append(Example(predicted, reference))
    (decisions,) = judge(nlp, examples)
    assert decisions.right.tolist() == [True]
    assert_same(decisions, pipe.score(examples))
    assert decisions.notes == ["1 texts without annotation: left out."]


def test_tags_agree_with_spacy(nlp):
    random, pipe = Random(0), nlp.add_pipe("tagger")
    for tag in "ABCD":
        pipe.add_label(tag)
    examples = []
    for _ in range(100):
        words = random.choices(["bc", "def", "ghij"], k=10)
        spaces = [False, False, *[True] * 8]
        tags = random.choices(["A", "B", "C", ""], k=10)
        reference = Doc(nlp.vocab, words=words, spaces=spaces, tags=tags)
        # The first two words are one token, the third is two.
        words = [words[0] + words[1], words[2][:1], words[2][1:], *words[3:]]
        tags = random.choices("ABD", k=10)
        predicted = Doc(nlp.vocab, words=words, spaces=spaces, tags=tags)
        examples.append(Example(predicted, reference))
    (decisions,) = judge(nlp, examples)
    assert_same(decisions, pipe.score(examples))


def test_labels_that_the_model_lacks_are_errors_and_told(categorized):
    examples, nlp = categorized(100, 3)
    examples[0].reference.cats = {"new": 1.0}
    examples[1].reference.cats = {}
    (decisions,) = judge(nlp, examples)
    assert decisions.n_docs == 99
    assert decisions.labels[decisions.n_known :] == ["new"]
    assert not decisions.right[0]
    assert decisions.notes == [
        "1 texts without a label: left out.",
        "The model lacks 1 of the annotation's labels (new), which 1 of 99 have: none of these can "
        "be right.",
    ]


def test_components_that_share_cats_are_told_apart(nlp, categorized):
    examples, nlp = categorized(20, 2)
    other = nlp.add_pipe("textcat_multilabel")
    other.add_label("funny")
    for i, example in enumerate(examples):
        example.predicted.cats = {**example.predicted.cats, "funny": 0.9}
        example.reference.cats = {**example.reference.cats, "funny": float(i % 2)}
    textcat, multilabel = judge(nlp, examples)
    assert textcat.labels == ["label_0", "label_1"]
    assert multilabel.labels == ["funny"]
    assert found_scores(multilabel)["cats_micro_p"] == 0.5
    assert textcat.notes == multilabel.notes == []


@pytest.mark.parametrize("name", ["rnn_textcat", "rnn_textcat_multilabel", "rnn_ner"])
def test_reliability_is_that_of_the_component(nlp, make_examples, name):
    examples = make_examples(nlp)
    config = {"model": {"tok2vec": {"width": 8, "rows": [100] * 4, "char_ngram_rows": 0}}}
    pipe = nlp.add_pipe(name, config=config)
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(10):
        nlp.update(examples, sgd=optimizer)
    pipe.cfg["thresholds"] = {"O": 3.0} if name == "rnn_ner" else {}  # so that some are predicted
    examples = make_examples(nlp)
    for _ in nlp.pipe(example.predicted for example in examples):
        pass
    (decisions,) = judge(nlp, examples)
    given, right = decisions.answers
    expected, expected_right = pipe.confidences(examples)
    assert len(given)
    order, expected_order = numpy.argsort(given), numpy.argsort(expected)
    numpy.testing.assert_allclose(given[order], expected[expected_order], atol=1e-6)
    assert right.sum() == expected_right.sum()


def test_what_is_missed_has_the_probability_that_it_is_absent(nlp, make_examples):
    examples = make_examples(nlp)
    config = {"model": {"tok2vec": {"width": 8, "rows": [100] * 4, "char_ngram_rows": 0}}}
    pipe = nlp.add_pipe("rnn_ner", config=config)
    nlp.initialize(lambda: examples)
    pipe.cfg["thresholds"] = {"O": -100.0}  # nothing is predicted
    for _ in nlp.pipe(example.predicted for example in examples):
        pass
    (decisions,) = judge(nlp, examples)
    assert (decisions.predicted == NONE).all()
    assert ((decisions.probability > 0.0) & (decisions.probability <= 1.0)).all()
