"""`rnn_tagger`: its loss against spaCy's, alignment, bad input."""

import numpy
import pytest
import spacy
from spacy.pipeline import Tagger
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.pipeline.tagger import aligned_tags


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_gradient_is_that_of_spacys_tagger(nlp, make_examples, label_smoothing):
    tagger = nlp.add_pipe("rnn_tagger", config={"label_smoothing": label_smoothing})
    nlp.initialize(lambda: make_examples(nlp))
    spacys = Tagger(nlp.vocab, tagger.model, label_smoothing=label_smoothing)
    for label in tagger.labels:
        spacys.cfg["labels"].append(label)
    examples = make_examples(nlp)
    scores, _ = tagger.model.begin_update([eg.x for eg in examples])
    loss, gradient = tagger.get_loss(examples, scores)
    spacys_loss, expected = spacys.get_loss(examples, scores)
    for a, b in zip(gradient, expected, strict=True):
        numpy.testing.assert_allclose(a, b, atol=1e-6)
    assert loss == pytest.approx(spacys_loss, rel=1e-5)


def test_tokens_without_a_tag_or_a_counterpart_are_left_out(nlp, make_examples):
    tagger = nlp.add_pipe("rnn_tagger")
    nlp.initialize(lambda: make_examples(nlp))
    reference = Doc(nlp.vocab, words=["They", "liked", "it"], tags=["P", "", "P"])
    predicted = Doc(nlp.vocab, words=["They", "liked", "i", "t"], spaces=[1, 1, 0, 0])
    example = Example(predicted, reference)
    P = nlp.vocab.strings["P"]
    assert aligned_tags(Example(reference.copy(), reference)).tolist() == [P, 0, P]
    scores, _ = tagger.model.begin_update([predicted])
    _, (gradient,) = tagger.get_loss([example], scores)
    rows = [bool(row.any()) for row in gradient]
    assert rows == [bool(tag) for tag in aligned_tags(example)]
    assert rows[:2] == [True, False]


def test_unknown_tag_in_update(nlp, make_examples):
    nlp.add_pipe("rnn_tagger")
    nlp.initialize(lambda: make_examples(nlp))
    example = Example.from_dict(nlp.make_doc("Yes !"), {"tags": ["UH", "."]})
    with pytest.raises(
        ValueError, match="Unknown tag for component 'rnn_tagger': got 'UH', expected one of its 9"
    ):
        nlp.update([example])


def test_a_tag_may_start_with_an_exclamation_mark(nlp):
    nlp.add_pipe("rnn_tagger")
    example = Example.from_dict(nlp.make_doc("Yes !"), {"tags": ["UH", "!"]})
    optimizer = nlp.initialize(lambda: [example])
    for _ in range(20):
        nlp.update([example], sgd=optimizer)
    assert [token.tag_ for token in nlp("Yes !")] == ["UH", "!"]


def test_missing_labels(nlp):
    nlp.add_pipe("rnn_tagger")
    example = Example.from_dict(nlp.make_doc("Yes !"), {})
    with pytest.raises(ValueError, match="E143.*Labels for component 'rnn_tagger' not init"):
        nlp.initialize(lambda: [example])


def test_no_training_data(nlp):
    nlp.add_pipe("rnn_tagger")
    with pytest.raises(ValueError, match="No training data for component 'rnn_tagger': got no"):
        nlp.initialize(list)


@pytest.mark.parametrize("overwrite", [False, True])
def test_overwrite(make_examples, overwrite):
    nlp = spacy.blank("en")
    nlp.add_pipe("rnn_tagger", config={"overwrite": overwrite})
    nlp.initialize(lambda: make_examples(nlp))
    doc = Doc(nlp.vocab, words=["Yes", "!"], tags=["X", ""])
    tags = [token.tag_ for token in nlp(doc)]
    assert (tags[0] == "X") is not overwrite
    assert tags[1]


CRF = {"model": {"crf": True}}


def test_crf_learns_which_tags_follow_each_other(nlp):
    """The tag of each word depends on the tags before it alone, which a tagger without context
    can only learn as transitions."""
    nlp.add_pipe(
        "rnn_tagger",
        config={
            "model": {
                "@architectures": "spacy-rnn.Tagger.v1",
                "crf": True,
                "tok2vec": {
                    "@architectures": "spacy.HashEmbedCNN.v2",
                    "width": 8,
                    "depth": 1,
                    "embed_size": 50,
                    "window_size": 0,
                    "maxout_pieces": 1,
                    "subword_features": False,
                    "pretrained_vectors": None,
                },
            }
        },
    )
    words, tags = ["x"] * 6, ["A", "B", "C", "A", "B", "C"]
    example = Example.from_dict(Doc(nlp.vocab, words=words), {"words": words, "tags": tags})
    optimizer = nlp.initialize(lambda: [example])
    for _ in range(200):
        nlp.update([example], sgd=optimizer)
    doc = nlp(Doc(nlp.vocab, words=["x"] * 9))
    assert [token.tag_ for token in doc] == ["A", "B", "C"] * 3


def test_crf_leaves_tokens_without_a_tag_open(nlp, make_examples):
    tagger = nlp.add_pipe("rnn_tagger", config=CRF)
    nlp.initialize(lambda: make_examples(nlp))
    doc = Doc(nlp.vocab, words=["They", "liked", "it"])
    scores, _ = tagger.model.begin_update([doc])
    n = len(tagger.labels)
    for tags, n_open in ((["", "", ""], 3), (["P", "", "P"], 1), (["P", "V", "P"], 0)):
        reference = Doc(nlp.vocab, words=["They", "liked", "it"], tags=tags)
        loss, gradient = tagger.get_loss([Example(doc, reference)], scores)
        assert loss == pytest.approx((3 - n_open) * numpy.log(n))
        rows = [bool(abs(row).max() > 1e-6) for row in gradient.dataXd]
        assert rows == [bool(tag) for tag in tags]


@pytest.mark.parametrize("crf", [False, True])
def test_probabilities(nlp, make_examples, crf):
    tagger = nlp.add_pipe("rnn_tagger", config={"model": {"crf": crf}})
    optimizer = nlp.initialize(lambda: make_examples(nlp))
    for _ in range(30):
        nlp.update(make_examples(nlp), sgd=optimizer)
    docs = [nlp.make_doc(text) for text in ("They liked the soup .", "", "Yes !")]
    probabilities = tagger.probabilities(docs)
    assert [p.shape for p in probabilities] == [(len(doc), len(tagger.labels)) for doc in docs]
    for found, doc in zip(probabilities, nlp.pipe(docs), strict=True):
        numpy.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-5)
        best = [tagger.labels[i] for i in found.argmax(axis=1)]
        assert best == [token.tag_ for token in doc]
    assert max(probabilities[0][0]) > 0.5
    assert tagger.probabilities([nlp.make_doc("")])[0].shape == (0, len(tagger.labels))
    assert tagger.probabilities([]) == []


def test_probabilities_of_a_model_that_normalizes_them(nlp, make_examples):
    model = {
        "@architectures": "spacy.Tagger.v2",
        "normalize": True,
        "tok2vec": {"@architectures": "spacy-rnn.Tok2Vec.v1"},
    }
    tagger = nlp.add_pipe("rnn_tagger", config={"model": model})
    nlp.initialize(lambda: make_examples(nlp))
    (found,) = tagger.probabilities([nlp.make_doc("They liked the soup .")])
    numpy.testing.assert_array_equal(
        found, tagger.model.predict([nlp.make_doc("They liked the soup .")])[0]
    )


def test_crf_rehearsal_keeps_what_was_predicted(nlp, make_examples):
    tagger = nlp.add_pipe("rnn_tagger", config=CRF)
    optimizer = nlp.initialize(lambda: make_examples(nlp))
    for _ in range(30):
        nlp.update(make_examples(nlp), sgd=optimizer)
    optimizer = nlp.resume_training()
    examples = make_examples(nlp)
    losses: dict[str, float] = {}
    tagger.rehearse(examples, sgd=optimizer, losses=losses)
    assert losses["rnn_tagger"] == pytest.approx(0.0, abs=1e-6)
    assert nlp.evaluate(make_examples(nlp))["tag_acc"] == 1.0


def test_smoothing_the_labels_of_a_crf_is_refused(nlp):
    with pytest.raises(
        ValueError, match="got label_smoothing = 0.1 for component 'rnn_tagger', expected 0"
    ):
        nlp.add_pipe("rnn_tagger", config={**CRF, "label_smoothing": 0.1})


@pytest.mark.parametrize("crf", [False, True])
def test_negated_tags_are_unlearned(nlp, make_examples, crf):
    model = {"@architectures": "spacy-rnn.Tagger.v1", "crf": crf}
    tagger = nlp.add_pipe("rnn_tagger", config={"model": model})
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    text, labels = examples[0].text, tagger.labels
    tags = [token.tag_ for token in nlp(text)]
    negated = Example.from_dict(nlp.make_doc(text), {"tags": [f"!{tags[0]}", *tags[1:]]})
    gold = tagger._gold([negated])
    assert [labels[i] for i in numpy.flatnonzero(~gold[0])] == [tags[0]]
    assert (gold[1:].sum(axis=1) == 1).all()
    for _ in range(30):
        nlp.update([negated], sgd=optimizer)
    assert nlp(text)[0].tag_ != tags[0]
    assert tagger.labels == labels


def test_gradient_of_a_negated_tag(nlp, make_examples):
    tagger = nlp.add_pipe("rnn_tagger")
    nlp.initialize(lambda: make_examples(nlp))
    example = Example.from_dict(nlp.make_doc("Green"), {"tags": [f"!{tagger.labels[0]}"]})
    scores, _ = tagger.model.begin_update([example.x])
    _, (gradient,) = tagger.get_loss([example], scores)
    p = scores[0][0]
    expected = -p * p[0] / (1 - p[0])  # of -log(1 - p[0])
    expected[0] = p[0]
    numpy.testing.assert_allclose(gradient[0], expected, atol=1e-6)
