"""`rnn_textcat` and `rnn_textcat_multilabel`: losses, options, bad input."""

import math

import numpy
import pytest
import spacy
import torch
from spacy.training import Example

from spacy_rnn.layers.ngrams import document_ngrams
from spacy_rnn.layers.shim import torch_shim
from spacy_rnn.pipeline.textcat import RNNTextCategorizer

BOTH = ("rnn_textcat", "rnn_textcat_multilabel")
SETTINGS = {
    "class_weights": {"good": 3.0, "so": 0.5},
    "label_smoothing": 0.1,
    "focal_gamma": 1.5,
}


def annotate(nlp, *annotations):
    """Make an example for each text and its cats."""
    return [Example.from_dict(nlp.make_doc(text), {"cats": cats}) for text, cats in annotations]


def one_hot(label, labels=("bad", "good", "so")):
    return {other: float(other == label) for other in labels}


def autograd(scores, loss):
    """RETURNS: The loss of scores, and its gradient by torch in float64."""
    scores = torch.tensor(scores, dtype=torch.float64, requires_grad=True)
    value = loss(scores)
    value.backward()
    return value.item(), scores.grad.numpy()


@pytest.mark.parametrize("factory", BOTH)
def test_gradient_of_the_scores_is_that_of_cross_entropy(nlp, make_examples, factory):
    nlp.add_pipe(factory)
    optimizer = nlp.initialize(lambda: make_examples(nlp))
    for _ in range(3):
        nlp.update(make_examples(nlp), sgd=optimizer)
    pipe, examples = nlp.get_pipe(factory), make_examples(nlp)
    docs = [eg.x for eg in examples]
    bias = pipe.model.get_ref("output_layer").get_param("b")
    truth = numpy.array([[eg.y.cats[label] for label in pipe.labels] for eg in examples])

    def cross_entropy() -> float:
        p = pipe.model.predict(docs).astype("float64")
        if factory == "rnn_textcat":
            return float(-(truth * numpy.log(p)).sum())
        return float(-(truth * numpy.log(p) + (1 - truth) * numpy.log(1 - p)).sum())

    scores, backprop = pipe.model.begin_update(docs)
    backprop(pipe.get_loss(examples, scores)[1])
    gradient = pipe.model.get_ref("output_layer").get_grad("b")
    for i in range(len(bias)):
        bias[i] += 1e-2
        higher = cross_entropy()
        bias[i] -= 2e-2
        slope = (higher - cross_entropy()) / 2e-2
        bias[i] += 1e-2
        assert gradient[i] == pytest.approx(slope, abs=1e-3)


def test_exclusive_loss_with_all_settings(nlp):
    """Weights of labels and documents, smoothing, focus, and a document without a label."""
    pipe = nlp.add_pipe("rnn_textcat", config=SETTINGS)
    examples = annotate(nlp, *[(label, one_hot(label)) for label in ("bad", "good", "so", "none")])
    examples[0].reference.user_data["sample_weight"] = 2.0
    nlp.initialize(lambda: examples)
    scores = numpy.random.default_rng(0).normal(size=(4, 3)) * 2
    truth = torch.tensor([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9], [0, 0, 0]])
    truth = truth * torch.tensor([1.0, 3.0, 0.5]) * torch.tensor([[2.0], [1.0], [1.0], [1.0]])

    def loss(scores):
        log_p = scores.log_softmax(-1)
        return -(truth * (1 - log_p.exp()) ** 1.5 * log_p).sum()

    expected = autograd(scores, loss)
    p = numpy.exp(scores) / numpy.exp(scores).sum(-1, keepdims=True)
    got = pipe.get_loss(examples, p.astype("f"))
    assert got[0] == pytest.approx(expected[0] / 3, rel=1e-5)
    numpy.testing.assert_allclose(got[1], expected[1], atol=1e-5)
    assert not got[1][3].any()


def test_multilabel_loss_with_all_settings(nlp):
    """Weights of labels and documents, smoothing, focus, and labels that are missing."""
    pipe = nlp.add_pipe("rnn_textcat_multilabel", config=SETTINGS)
    examples = annotate(
        nlp, ("x", {"bad": 1, "good": 1, "so": 0}), ("y", {"good": 0}), ("z", {"so": 1})
    )
    examples[0].reference.user_data["sample_weight"] = 2.0
    nlp.initialize(lambda: examples)
    scores = numpy.random.default_rng(0).normal(size=(3, 3)) * 2
    yes = torch.tensor([[1.8, 1.8 * 3, 0.2 * 0.5], [0, 0.1 * 3, 0], [0, 0, 0.9 * 0.5]])
    no = torch.tensor([[0.2, 0.2, 1.8], [0, 0.9, 0], [0, 0, 0.1]])

    def loss(scores):
        p = scores.sigmoid()
        return -(yes * (1 - p) ** 1.5 * p.log() + no * p**1.5 * (1 - p).log()).sum()

    expected = autograd(scores, loss)
    got = pipe.get_loss(examples, (1 / (1 + numpy.exp(-scores))).astype("f"))
    assert got[0] == pytest.approx(expected[0] / 3, rel=1e-5)
    numpy.testing.assert_allclose(got[1], expected[1], atol=1e-5)
    assert (got[1] == 0).sum() == 4


def test_balanced_weights(nlp, tmp_path):
    """Each label weighs the same in all of the data, or in multilabel its presence and absence."""
    labels = ["bad"] * 6 + ["good"] * 2 + ["so"] * 4
    for factory in BOTH:
        nlp.add_pipe(factory, config={"class_weights": "balanced"})
    examples = annotate(nlp, *[(label, one_hot(label)) for label in labels])
    for _ in range(2):
        nlp.initialize(lambda: examples)
        weights = [nlp.get_pipe(factory).cfg["class_weights"] for factory in BOTH]
        assert weights[0] == pytest.approx({"bad": 12 / 18, "good": 12 / 6, "so": 12 / 12})
        assert weights[1] == pytest.approx({"bad": 6 / 6, "good": 10 / 2, "so": 8 / 4})
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    for factory, expected in zip(BOTH, weights, strict=True):
        assert loaded.get_pipe(factory).cfg["class_weights"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("factory", "config", "expected"),
    [
        ("rnn_textcat", {}, {"bad": 8 / 13, "good": 3 / 13, "so": 2 / 13}),
        ("rnn_textcat_multilabel", {}, {"bad": 8 / 12, "good": 3 / 12, "so": 2 / 12}),
        ("rnn_textcat_multilabel", {"class_weights": {"good": 4.0}}, {"good": 9 / 18}),
    ],
)
def test_untrained_it_predicts_how_frequent_labels_are(nlp, factory, config, expected):
    """In the data, each counting once more, or as much as the loss lets it."""
    nlp.add_pipe(factory, config=config)
    labels = ["bad"] * 7 + ["good"] * 2 + ["so"]
    nlp.initialize(lambda: annotate(nlp, *[(label, one_hot(label)) for label in labels]))
    cats = nlp("Whatever it is .").cats
    assert {label: cats[label] for label in expected} == pytest.approx(expected)


def test_a_model_without_a_bias(nlp, make_examples):
    """One of spaCy's, whose output is only an activation, is left as it is."""
    model = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": False}
    model |= {"ngram_size": 1, "no_output_layer": False, "length": 1000}
    nlp.add_pipe("rnn_textcat_multilabel", config={"model": model})
    nlp.initialize(lambda: make_examples(nlp))
    assert set(nlp("Yes !").cats.values()) == {0.5}


@pytest.mark.parametrize("factory", BOTH)
def test_ngrams_start_from_what_they_tell(nlp, factory):
    pipe = nlp.add_pipe(factory, config={"model": {"ngram_rows": 10_000}})
    texts = {"good soup": "good", "bad soup": "bad", "good bread": "good", "bad bread": "bad"}
    nlp.initialize(lambda: annotate(nlp, *[(t, one_hot(label)) for t, label in texts.items()]))

    def weight(word: str) -> float:
        ngrams, _, _ = document_ngrams([nlp.make_doc(word)], 10_000)
        return float(torch_shim(pipe.model.get_ref("ngrams"))._model.weights[ngrams[0]])

    assert weight("good") == weight("bad") > 1.0 > weight("soup") == weight("bread")
    assert weight("tea") == weight("soup")


def test_a_label_that_training_lacks(nlp):
    """It weighs 1, and can be predicted, if never with much confidence."""
    examples = annotate(nlp, ("Yes !", one_hot("good")), ("Never !", one_hot("bad")))
    for factory in BOTH:
        pipe = nlp.add_pipe(factory, config={"class_weights": "balanced"})
        pipe.initialize(lambda: examples, nlp=nlp, labels=["bad", "good", "new"])
        assert pipe.labels == ("bad", "good", "new")
        assert pipe.cfg["class_weights"]["new"] == 1.0
        assert pipe.update(examples)[factory] > 0.0
        assert 0.0 < nlp("Yes !").cats["new"] < 1.0


def test_documents_of_other_components_are_left_out(nlp):
    """Two classifiers in one pipeline, and documents annotated for one of them each."""
    topic, tone = (nlp.add_pipe("rnn_textcat", name=name) for name in ("topic", "tone"))
    examples = annotate(
        nlp,
        ("Cold soup", {"food": 1.0, "sport": 0.0}),
        ("A goal", {"sport": 1.0}),
        ("I liked it", {"good": 1.0}),
        ("They did not", {"bad": 1.0, "good": 0.0}),
        ("Late !", {"bad": 1.0, "sport": 1.0}),
    )
    topic.initialize(lambda: examples, labels=["food", "sport"])
    tone.initialize(lambda: examples, labels=["good", "bad"])
    scores = numpy.full((5, 2), 0.5, dtype="f")
    for pipe, mine in ((topic, [0, 1, 4]), (tone, [2, 3, 4])):
        with pytest.warns(UserWarning, match=f"any label of component '{pipe.name}' are left out"):
            loss, gradient = pipe.get_loss(examples, scores)
        assert numpy.flatnonzero(gradient.any(axis=1)).tolist() == mine
        assert loss == pytest.approx(numpy.log(2))
    # It is said once.
    losses = nlp.update(examples, sgd=nlp.create_optimizer())
    assert losses.keys() == {"topic", "tone"}
    both = annotate(nlp, ("x", {"good": 1.0, "bad": 1.0}))
    with pytest.raises(ValueError, match="E895"):
        tone.update(both)


def test_a_label_of_others_is_no_matter_for_multilabel(nlp, make_examples):
    pipe = nlp.add_pipe("rnn_textcat_multilabel")
    nlp.initialize(lambda: make_examples(nlp))
    other = annotate(nlp, ("Yes !", {"bad": 0.0, "good": 0.0, "new": 1.0}))
    known = annotate(nlp, ("Yes !", {"bad": 0.0, "good": 0.0}))
    assert pipe.update(other) == pipe.update(known)


@pytest.mark.parametrize("factory", BOTH)
def test_empty_documents_teach_nothing(nlp, make_examples, factory):
    pipe = nlp.add_pipe(factory)
    nlp.initialize(lambda: make_examples(nlp))
    empty = annotate(nlp, ("", {"bad": 0.0, "good": 1.0}))
    assert pipe.update(empty)[factory] == 0.0
    examples = [*make_examples(nlp), *empty]
    scores = numpy.full((len(examples), 2), 0.5, dtype="f")
    loss, gradient = pipe.get_loss(examples, scores)
    assert loss == pytest.approx(pipe.get_loss(examples[:-1], scores[:-1])[0])
    assert not gradient[-1].any()
    assert nlp("").cats == {"bad": 0.0, "good": 0.0}


@pytest.mark.parametrize("factory", BOTH)
def test_weights_decide_between_labels_of_one_text(nlp, factory):
    texts = [("Yes !", one_hot("bad", ["bad", "good"]))] * 8
    texts += [("Yes !", one_hot("good", ["bad", "good"]))] * 2
    examples = annotate(nlp, *texts)
    for weights, expected in ((None, 0.2), ("balanced", 0.5), ({"good": 12.0}, 0.75)):
        nlp.add_pipe(factory, config={"class_weights": weights})
        optimizer = nlp.initialize(lambda: examples)
        optimizer.learn_rate = 0.01
        for _ in range(30):
            nlp.update(examples, sgd=optimizer)
        assert nlp("Yes !").cats["good"] == pytest.approx(expected, abs=0.03)
        nlp.remove_pipe(factory)


@pytest.mark.parametrize("factory", BOTH)
@pytest.mark.parametrize("pools", [["attention"], ["max"], ["mean"], ["last"], ["last", "mean"]])
def test_every_pool_learns(nlp, make_examples, factory, pools):
    nlp.add_pipe(factory, config={"model": {"pools": pools, "tok2vec": {"width": 32}}})
    optimizer = nlp.initialize(lambda: make_examples(nlp))
    optimizer.learn_rate = 0.02
    for _ in range(40):
        nlp.update(make_examples(nlp), sgd=optimizer)
    assert nlp.evaluate(make_examples(nlp))["cats_score"] == 1.0


def test_word_order_decides(nlp):
    """Two documents of the same words, which no bag of words can tell apart."""
    # N-grams alone tell most of the labels.
    model = {"ngram_rows": 0, "tok2vec": {"width": 32}}
    nlp.add_pipe("rnn_textcat", config={"model": model})
    texts = {"good , not bad": "good", "bad , not good": "bad"}
    examples = [
        Example.from_dict(
            nlp.make_doc(text), {"cats": {c: float(c == cat) for c in ("good", "bad")}}
        )
        for text, cat in texts.items()
    ]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(60):
        nlp.update(examples, sgd=optimizer)
    for text, cat in texts.items():
        assert nlp(text).cats[cat] > 0.9


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"tok2vec": {"width": 127}}, "Invalid width: got 127, expected an even number"),
        ({"tok2vec": {"depth": 0}}, "Invalid depth: got 0, expected 1 or more"),
        ({"tok2vec": {"dropout": 1.5}}, "Invalid dropout: got 1.5, expected a rate"),
        ({"tok2vec": {"cell": "rnn"}}, r"cell.*'rnn' is not .*\['lstm', 'gru', 'mingru'\]"),
        ({"tok2vec": {"rows": [100]}}, "got 4 attrs .* and 1 rows"),
        ({"pools": []}, r"Invalid pooling: got \[\], expected one or several"),
        ({"pools": ["median"]}, r"pools.*'median' is not .*\['attention', 'max', 'mean', 'last'\]"),
    ],
)
def test_bad_settings(nlp, config, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        nlp.add_pipe("rnn_textcat", config={"model": config})


@pytest.mark.parametrize("factory", BOTH)
@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"class_weights": "equal"}, "class_weights.*'equal' is not"),
        ({"class_weights": {"bad": -1}}, "class_weights, for label 'bad': got -1, expected"),
        ({"label_smoothing": 1.0}, "Invalid label_smoothing: got 1.0, expected a share"),
        ({"focal_gamma": -1.0}, "Invalid focal_gamma: got -1.0, expected a number from 0"),
    ],
)
def test_bad_loss_settings(nlp, factory, config, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        nlp.add_pipe(factory, config=config)


def test_weight_that_is_no_number(nlp):
    with pytest.raises(ValueError, match="for label 'bad': got nan, expected a finite number"):
        RNNTextCategorizer(nlp.vocab, None, class_weights={"bad": math.nan})


@pytest.mark.parametrize("factory", BOTH)
def test_weights_for_unknown_labels(nlp, make_examples, factory):
    nlp.add_pipe(factory, config={"class_weights": {"good": 2.0, "great": 1.0}})
    with pytest.raises(ValueError, match=rf"{factory}': got 'great', expected .* \(bad, good\)"):
        nlp.initialize(lambda: make_examples(nlp))


def test_contradicting_gold(nlp, make_examples):
    for factory in BOTH:
        nlp.add_pipe(factory)
    nlp.initialize(lambda: make_examples(nlp))
    both = annotate(nlp, ("Yes !", {"bad": 1.0, "good": 1.0}))
    with pytest.raises(ValueError, match="E895.*'bad': 1.0, 'good': 1.0"):
        nlp.get_pipe("rnn_textcat").update(both)
    assert nlp.get_pipe("rnn_textcat_multilabel").update(both)["rnn_textcat_multilabel"] > 0.0
    for factory in BOTH:
        for value in (1.5, -0.5, float("nan")):
            with pytest.raises(ValueError, match=f"Invalid value in cats: got {value} .* a probab"):
                nlp.get_pipe(factory).update(annotate(nlp, ("Yes !", {"bad": value})))
    more = annotate(nlp, ("Yes !", {"bad": 0.9, "good": 0.9}))
    with pytest.raises(ValueError, match="exclude each other: got cats of a sum of 1.800"):
        nlp.get_pipe("rnn_textcat").update(more)


@pytest.mark.parametrize("factory", BOTH)
def test_soft_labels_teach_their_probabilities(nlp, factory):
    pipe = nlp.add_pipe(factory)
    soft = {"bad": 0.25, "good": 0.75}
    examples = annotate(nlp, ("Yes !", soft), ("No !", {"bad": 1.0, "good": 0.0}))
    optimizer = nlp.initialize(lambda: examples)
    # The gradient of the cross-entropy is the difference of probabilities and truth.
    scores = numpy.array([[0.5, 0.5], [0.5, 0.5]], dtype="f")
    _, gradient = pipe.get_loss(examples, scores)
    numpy.testing.assert_allclose(gradient, [[0.25, -0.25], [-0.5, 0.5]], atol=1e-6)
    for _ in range(60):
        nlp.update(examples, sgd=optimizer)
    assert nlp("Yes !").cats == pytest.approx(soft, abs=0.1)


def test_one_label_of_many(nlp):
    nlp.add_pipe("rnn_textcat_multilabel")
    examples = annotate(nlp, ("Yes !", {"good": 1.0}), ("Never !", {"good": 0.0}))
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(40):
        nlp.update(examples, sgd=optimizer)
    assert nlp("Never !").cats["good"] < 0.1 < 0.9 < nlp("Yes !").cats["good"]


def test_embedding_and_encoder_of_different_width(nlp, make_examples):
    nlp.add_pipe(
        "rnn_tagger",
        config={
            "model": {
                "tok2vec": {
                    "@architectures": "spacy.Tok2Vec.v2",
                    "embed": {
                        "@architectures": "spacy.MultiHashEmbed.v2",
                        "width": 96,
                        "attrs": ["NORM"],
                        "rows": [100],
                        "include_static_vectors": False,
                    },
                    "encode": {"@architectures": "spacy-rnn.BiLSTMEncoder.v1", "width": 128},
                }
            }
        },
    )
    with pytest.raises(ValueError, match="'bilstm': got vectors of width 96, expected 128"):
        nlp.initialize(lambda: make_examples(nlp))


def test_static_vectors_without_a_table(nlp, make_examples):
    nlp.add_pipe("rnn_textcat", config={"model": {"tok2vec": {"include_static_vectors": True}}})
    with pytest.raises(ValueError, match="needs a table of word vectors: got a vocab without"):
        nlp.initialize(lambda: make_examples(nlp))


def test_a_tok2vec_that_does_not_tell_its_width(nlp):
    from thinc.api import Model

    from spacy_rnn.architectures import textcat

    unknown = Model("mystery", lambda model, docs, is_train: ([], None))
    with pytest.raises(ValueError, match="must know the width of its tok2vec: got 'mystery'"):
        textcat(unknown, exclusive_classes=True)


def test_one_label_cannot_be_exclusive(nlp):
    nlp.add_pipe("rnn_textcat")
    example = Example.from_dict(nlp.make_doc("Yes !"), {"cats": {"good": 1.0}})
    with pytest.raises(ValueError, match="E867.*at least two"):
        nlp.initialize(lambda: [example])


@pytest.mark.parametrize("factory", BOTH)
def test_missing_labels_and_data(factory):
    nlp = spacy.blank("en")
    nlp.add_pipe(factory)
    example = Example.from_dict(nlp.make_doc("Yes !"), {})
    with pytest.raises(ValueError, match="E867|E143"):
        nlp.initialize(lambda: [example])
    with pytest.raises(ValueError, match=f"No training data for component '{factory}': got no"):
        nlp.initialize(list)
