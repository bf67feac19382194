"""`rnn_textcat` and `rnn_textcat_multilabel`: losses, options, bad input."""

import numpy
import pytest
import spacy
from spacy.training import Example

BOTH = ("rnn_textcat", "rnn_textcat_multilabel")


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
    nlp.add_pipe("rnn_textcat", config={"model": {"tok2vec": {"width": 32}}})
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
        ({"tok2vec": {"cell": "rnn"}}, r"cell.*'rnn' is not .*\['lstm', 'gru'\]"),
        ({"tok2vec": {"rows": [100]}}, "got 4 attrs .* and 1 rows"),
        ({"pools": []}, r"Invalid pooling: got \[\], expected one or several"),
        ({"pools": ["median"]}, r"pools.*'median' is not .*\['attention', 'max', 'mean', 'last'\]"),
    ],
)
def test_bad_settings(nlp, config, message):
    with pytest.raises(ValueError, match=f"(?s){message}"):
        nlp.add_pipe("rnn_textcat", config={"model": config})


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
