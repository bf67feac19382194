"""Calibration, thresholds and texts out of scope, of `rnn_textcat` and `rnn_textcat_multilabel`."""

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Model

from spacy_rnn.pipeline.calibration import expected_calibration_error

BOTH = ("rnn_textcat", "rnn_textcat_multilabel")


def read_aloud(model: Model, docs: list[Doc], is_train: bool):
    """Take the words of each document for the probabilities of its labels."""
    return model.ops.asarray2f([[float(token.text) for token in doc] for doc in docs]), None


def add_given(nlp: Language, factory: str, *labels: str, **config) -> TrainablePipe:
    """Add a component whose probabilities are given by the texts."""
    pipe = nlp.add_pipe(factory, config=config)
    pipe.model = Model("given", read_aloud)
    for label in labels:
        pipe.add_label(label)
    return pipe


def annotate(nlp: Language, *annotations: tuple[str, dict[str, float]]) -> list[Example]:
    return [
        Example.from_dict(Doc(nlp.vocab, words=text.split()), {"cats": cats})
        for text, cats in annotations
    ]


@pytest.fixture
def exclusive(nlp: Language) -> list[Example]:
    """Nine in ten sure, and three in four right."""
    return annotate(nlp, *[("0.9 0.1", {"a": float(i > 0), "b": float(i == 0)}) for i in range(4)])


@pytest.fixture
def independent(nlp: Language) -> list[Example]:
    """Nine in ten sure, and three in four right, of `a`. Nothing is known of `b`."""
    return annotate(nlp, *[("0.9 0.1", {"a": float(i > 0)}) for i in range(4)])


@pytest.mark.parametrize(
    ("factory", "fixture"),
    [("rnn_textcat", "exclusive"), ("rnn_textcat_multilabel", "independent")],
)
def test_calibrated_probabilities_are_frequencies(nlp, request, factory, fixture):
    pipe = add_given(nlp, factory, "a", "b")
    examples = request.getfixturevalue(fixture) * 100
    assert expected_calibration_error(*pipe.confidences(examples)) == pytest.approx(0.15)
    first = pipe.calibrate(examples)
    assert first.best == first.kept == pytest.approx({"temperature": 2.0}, abs=0.01)
    assert 0.0 < first.low < first.gain < first.high
    assert pipe.calibrate(examples).kept == pytest.approx(first.kept, abs=0.01)
    assert expected_calibration_error(*pipe.confidences(examples)) == pytest.approx(0.0, abs=1e-3)
    assert pipe.predict([examples[0].predicted])[0] == pytest.approx([0.75, 0.25], abs=1e-3)


@pytest.mark.parametrize("factory", BOTH)
def test_temperature_is_saved_and_forgotten(nlp, make_examples, factory, tmp_path):
    pipe = nlp.add_pipe(factory)
    optimizer = nlp.initialize(lambda: make_examples(nlp))
    for _ in range(40):  # until it is surer than it is right
        nlp.update(make_examples(nlp), sgd=optimizer)
    examples = make_examples(nlp)
    for example in examples[:2]:
        example.reference.cats = {label: 1.0 - v for label, v in example.reference.cats.items()}
    sure = nlp("Cold , but good !").cats
    pipe.calibrate(examples * 20)
    cats = nlp("Cold , but good !").cats
    assert pipe.cfg["temperature"] > 1.0
    assert max(cats.values()) < max(sure.values())
    nlp.to_disk(tmp_path)
    assert spacy.load(tmp_path)("Cold , but good !").cats == pytest.approx(cats, abs=1e-5)
    assert pipe.predict([nlp.make_doc(""), nlp.make_doc("so")])[0].tolist() == [0.0, 0.0]
    nlp.initialize(lambda: examples)
    assert pipe.cfg["temperature"] == 1.0


@pytest.mark.parametrize("factory", BOTH)
def test_nothing_to_calibrate_by(nlp, factory):
    pipe = add_given(nlp, factory, "a", "b")
    for examples in ([], annotate(nlp, ("", {"a": 1.0}), ("0.5 0.5", {"c": 1.0}))):
        with pytest.raises(ValueError, match=f"compare component '{factory}' with the truth: got"):
            pipe.calibrate(examples)
        assert pipe.cfg["temperature"] == 1.0


@pytest.fixture
def skewed(nlp: Language) -> list[Example]:
    """`a` holds from 0.2 on, `b` from 0.8, and `c` is not in the data."""
    return annotate(
        nlp,
        ("0.3 0.9 0.5", {"a": 1.0, "b": 1.0}),
        ("0.4 0.7 0.5", {"a": 1.0, "b": 0.0}),
        ("0.1 0.6 0.5", {"a": 0.0, "b": 0.0}),
        ("0.6 0.1 0.5", {"a": 1.0}),
        ("0.9 0.0 0.5", {"b": 0.0}),
    )


def test_thresholds_of_labels(nlp, skewed, tmp_path):
    pipe = add_given(nlp, "rnn_textcat_multilabel", "a", "b", "c", threshold=0.6)
    docs = [nlp(example.predicted) for example in skewed]
    assert [pipe.predicted_labels(doc) for doc in docs] == [["b"], ["b"], ["b"], ["a"], ["a"]]
    before = pipe.score(skewed)
    fit = pipe.fit_thresholds(skewed * 20)
    assert fit.best == fit.kept == pipe.cfg["thresholds"] == pytest.approx({"a": 0.2, "b": 0.8})
    assert 0.0 < fit.low < fit.gain <= fit.high
    labels = [["a", "b"], ["a"], [], ["a"], ["a"]]
    assert [pipe.predicted_labels(doc) for doc in docs] == labels
    after = pipe.score(skewed)
    assert before["cats_micro_f"] < after["cats_micro_f"] == 1.0
    for unmoved in ("cats_macro_auc", "cats_auc_per_type", "cats_score"):
        assert after[unmoved] == before[unmoved]
    pipe.to_disk(tmp_path)
    fresh = spacy.blank("en").add_pipe("rnn_textcat_multilabel", config={"threshold": 0.6})
    fresh.model = Model("given", read_aloud)
    fresh.from_disk(tmp_path)
    assert [fresh.predicted_labels(doc) for doc in docs] == labels
    assert nlp.evaluate(skewed)["cats_micro_f"] == 1.0


def test_calibration_gives_thresholds_up(nlp, skewed):
    pipe = add_given(nlp, "rnn_textcat_multilabel", "a", "b", "c")
    assert pipe.fit_thresholds(skewed * 20).kept == pipe.cfg["thresholds"] != {}
    pipe.calibrate(skewed)
    assert pipe.cfg["thresholds"] == {}


@pytest.fixture
def with_strangers(nlp: Language) -> list[Example]:
    return annotate(
        nlp,
        ("0.7 0.3", {"a": 1.0, "b": 0.0}),
        ("0.2 0.8", {"b": 1.0}),
        ("0.6 0.4", {"none": 1.0}),
        ("0.5 0.5", {"a": 0.0, "b": 0.0, "none": 1.0}),
    )


def test_out_of_scope(nlp, with_strangers):
    pipe = add_given(nlp, "rnn_textcat", "a", "b", oos_label="none", oos_threshold=0.75)
    docs = [nlp(example.predicted) for example in with_strangers]
    assert [pipe.predicted_labels(doc) for doc in docs] == [["none"], ["b"], ["none"], ["none"]]
    assert docs[1].cats == pytest.approx({"a": 0.2, "b": 0.8, "none": 0.0})
    assert docs[2].cats == pytest.approx({"a": 0.6, "b": 0.4, "none": 1.0})
    assert nlp.evaluate(with_strangers)["cats_f_per_type"]["none"]["r"] == 1.0
    fit = pipe.fit_thresholds(with_strangers * 20)
    assert fit.kept == pipe.cfg["thresholds"] == pytest.approx({"none": 0.65})
    assert [pipe.predicted_labels(nlp(doc)) for doc in docs] == [["a"], ["b"], ["none"], ["none"]]
    assert nlp.evaluate(with_strangers)["cats_macro_f"] == 1.0


def test_out_of_scope_by_entropy(nlp):
    """Of two documents whose best label is as probable, that is in scope where little is left."""
    config = {"oos_label": "none", "oos_score": "entropy", "oos_threshold": 0.4}
    pipe = add_given(nlp, "rnn_textcat", "a", "b", "c", "d", **config)
    texts = ["0.7 0.1 0.1 0.1", "0.7 0.3 0 0", "1 0 0 0", "0.25 0.25 0.25 0.25"]
    docs = [nlp(Doc(nlp.vocab, words=text.split())) for text in texts]
    certainty = pipe.certainty(pipe.predict(docs))
    assert certainty == pytest.approx([0.3216, 0.5594, 1.0, 0.0], abs=1e-4)
    assert [doc.cats["none"] for doc in docs] == [1.0, 0.0, 0.0, 1.0]
    assert nlp("").cats["none"] == 1.0


def test_what_is_out_of_scope_is_not_learned(nlp, with_strangers, tmp_path):
    pipe = nlp.add_pipe("rnn_textcat", config={"oos_label": "none", "oos_threshold": 0.9})
    optimizer = nlp.initialize(lambda: with_strangers)
    assert pipe.labels == pipe.label_data == ("a", "b")
    scores = numpy.full((4, 2), 0.5, dtype="f")
    assert not pipe.get_loss(with_strangers, scores)[1][2:].any()
    for _ in range(5):
        nlp.update(with_strangers, sgd=optimizer)
    pipe.calibrate(with_strangers * 20)
    nlp.to_disk(tmp_path)
    doc, loaded = nlp("0.2 0.8"), spacy.load(tmp_path)
    assert set(doc.cats) == {"a", "b", "none"}
    assert loaded("0.2 0.8").cats == pytest.approx(doc.cats, abs=1e-5)
    assert loaded("").cats == {"a": 0.0, "b": 0.0, "none": 1.0}


def test_thresholds_without_out_of_scope(nlp, exclusive):
    pipe = add_given(nlp, "rnn_textcat", "a", "b")
    assert pipe.fit_thresholds(exclusive).best == {}
    assert set(nlp(exclusive[0].predicted).cats) == {"a", "b"}
    assert pipe.predicted_labels(exclusive[0].predicted) == ["a"]
    assert pipe.predicted_labels(nlp.make_doc("")) == []


def test_threshold_out_of_range(nlp):
    with pytest.raises(ValueError, match="Invalid oos_threshold: got 1.5, expected a number"):
        nlp.add_pipe("rnn_textcat", config={"oos_threshold": 1.5})


def test_what_few_documents_cannot_tell_is_left(nlp, exclusive, skewed):
    """The best settings are said, and not used: four documents can come out like this by chance."""
    pipe = add_given(nlp, "rnn_textcat", "a", "b")
    fit = pipe.calibrate(exclusive)
    assert fit.best == pytest.approx({"temperature": 2.0}, abs=0.01)
    assert fit.kept == {}
    assert pipe.cfg["temperature"] == 1.0
    many = add_given(nlp, "rnn_textcat_multilabel", "a", "b", "c", threshold=0.6)
    fit = many.fit_thresholds(skewed)
    assert fit.best == pytest.approx({"a": 0.2, "b": 0.8})
    assert fit.kept == many.cfg["thresholds"] == {}


def test_labels_that_gain_nothing_keep_their_threshold(nlp, skewed):
    pipe = add_given(nlp, "rnn_textcat_multilabel", "a", "b", "c", threshold=0.2)
    fit = pipe.fit_thresholds(skewed * 20)
    assert set(fit.best) == {"a", "b"}
    assert set(fit.kept) == {"b"}
