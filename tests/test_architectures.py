"""Options of the models, and what they refuse."""

import numpy
import pytest
from spacy.tokens import Doc
from thinc.api import Adam, set_dropout_rate

from spacy_rnn.ops import OneDNNOps

WINDOWED = {"window": 50, "ngram_rows": 500, "tok2vec": {"width": 32}}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"heads": 3}, "Invalid heads: got 3, expected a number that divides the width, 128"),
        ({"window": -1}, "Invalid window: got -1, expected 1 or more, or 0 for none"),
        ({"ngram_rows": -1}, "Invalid ngram_rows: got -1, expected 2 or more, or 0 for none"),
        ({"ngram_width": 0}, "Invalid ngram_width: got 0, expected 1 or more"),
    ],
)
def test_bad_settings(nlp, config, message):
    with pytest.raises(ValueError, match=message):
        nlp.add_pipe("rnn_textcat", config={"model": config})


def test_ngrams_learn_to_classify_alone(nlp, make_examples):
    nlp.add_pipe("rnn_textcat", config={"model": {"ngram_rows": 500, "tok2vec": {"width": 32}}})
    nlp.initialize(lambda: make_examples(nlp))
    model = nlp.get_pipe("rnn_textcat").model
    docs = [eg.x for eg in make_examples(nlp)]
    truth = numpy.array([[eg.y.cats["bad"], eg.y.cats["good"]] for eg in make_examples(nlp)])
    set_dropout_rate(model, 0.1)
    optimizer = Adam(0.02)
    for _ in range(60):
        scores, backprop = model.begin_update(docs)
        backprop(scores - truth.astype("f"))
        model.finish_update(optimizer)
    model.get_ref("ensemble").attrs["shares"] = [0.0, 1.0]
    assert (model.predict(docs).argmax(axis=1) == truth.argmax(axis=1)).all()


def test_a_label_can_be_added_to_a_trained_model(nlp, make_examples, texts):
    nlp.add_pipe("rnn_textcat", config={"model": WINDOWED})
    optimizer = nlp.initialize(lambda: make_examples(nlp))
    for _ in range(5):
        nlp.update(make_examples(nlp), sgd=optimizer)
    before = [nlp(text).cats for text in texts]
    nlp.get_pipe("rnn_textcat").add_label("mixed")
    for text, cats in zip(texts, before, strict=True):
        found = nlp(text).cats
        assert found["mixed"] < 0.01
        for label in ("bad", "good"):
            assert found[label] == pytest.approx(cats[label], abs=0.01)
    nlp.update(make_examples(nlp), sgd=optimizer)


def test_a_long_document_in_windows(nlp, make_examples):
    nlp.add_pipe("rnn_textcat", config={"model": WINDOWED})
    nlp.initialize(lambda: make_examples(nlp))
    model = nlp.get_pipe("rnn_textcat").model
    docs = [Doc(nlp.vocab, words=["soup", "not", "the"] * n) for n in (1, 33_333)]
    together = model.predict(docs)
    numpy.testing.assert_allclose(together[:1], model.predict(docs[:1]), atol=1e-5)
    numpy.testing.assert_allclose(together[1:], model.predict(docs[1:]), atol=1e-5)


@pytest.mark.parametrize("factory", ["rnn_tagger", "rnn_ner", "rnn_textcat"])
def test_what_scores_labels_multiplies_by_the_fastest_library(nlp, factory):
    pipe = nlp.add_pipe(factory)
    for label in ("A", "B"):
        pipe.add_label(label)
    nlp.initialize()
    pipe.add_label("C")
    assert type(pipe.model.get_ref("output_layer").ops) is OneDNNOps
