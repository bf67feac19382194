"""What spaCy's training loop does to a pipeline it does to ours: resume, rehearse, new labels,
components switched off, averaged weights.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from numpy.typing import NDArray
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam, Model, NumpyOps, Optimizer

Facts = list[dict[str, Any]]
Build = Callable[..., Language]
Train = Callable[..., Optimizer]
MakeExamples = Callable[[Language], list[Example]]
Weights = Callable[[Model], dict[str, NDArray[numpy.float32]]]

CLASSIFIERS = ("rnn_textcat", "rnn_textcat_multilabel")
COMPONENTS = ("rnn_tagger", *CLASSIFIERS)
TOK2VEC = {"@architectures": "spacy-rnn.Tok2Vec.v1", "width": 16}
LISTENER = {
    "@architectures": "spacy.Tok2VecListener.v1",
    "width": "${components.rnn_tok2vec.model.width}",
}
PIPELINES: dict[str, dict[str, Any]] = {
    **{name: {name: {"factory": name, "model": {"tok2vec": TOK2VEC}}} for name in COMPONENTS},
    "rnn_tok2vec": {
        "rnn_tok2vec": {"factory": "rnn_tok2vec", "model": TOK2VEC},
        "rnn_tagger": {"factory": "rnn_tagger", "model": {"tok2vec": LISTENER}},
        "rnn_textcat": {"factory": "rnn_textcat", "model": {"tok2vec": LISTENER}},
    },
}


def scores(nlp: Language, examples: MakeExamples) -> dict[str, NDArray[numpy.float32]]:
    """The outputs of each component's model for the example texts."""
    docs = list(nlp.pipe([example.predicted for example in examples(nlp)]))
    outputs = {name: component.model.predict(docs) for name, component in nlp.pipeline}
    return {name: numpy.vstack(output) for name, output in outputs.items()}


def probabilities(nlp: Language, name: str, examples: MakeExamples) -> NDArray[numpy.float32]:
    output = scores(nlp, examples)[name]
    return output if name in CLASSIFIERS else NumpyOps().softmax(output)


def relabelled(example: Example) -> Example:
    """The example with every tag and category wrong."""
    gold = example.reference.copy()
    for token in gold:
        token.tag_ = "JJ" if token.tag_ == "NNP" else "NNP"
    gold.cats = {label: 1.0 - value for label, value in gold.cats.items()}
    return Example(example.predicted, gold)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(numpy.array_equal(one[k], other[k]) for k in one)


@pytest.mark.parametrize("name", COMPONENTS)
def test_resume(
    name: str, build: Build, train: Train, examples: MakeExamples, tmp_path: Path
) -> None:
    nlp = build(**PIPELINES[name])
    train(nlp, 30)
    first = nlp.update(examples(nlp), sgd=False)[name]
    nlp.to_disk(tmp_path)

    nlp = spacy.load(tmp_path)
    sgd = nlp.resume_training(sgd=Adam(0.01))
    resumed = nlp.update(examples(nlp), sgd=sgd)[name]
    assert resumed == pytest.approx(first, rel=1e-4)
    train(nlp, 20, sgd=sgd)
    assert nlp.update(examples(nlp), sgd=False)[name] < 0.5 * resumed


@pytest.mark.parametrize("name", COMPONENTS)
def test_rehearse(name: str, build: Build, train: Train, examples: MakeExamples) -> None:
    nlp = build(**PIPELINES[name])
    train(nlp, 30)
    sgd = nlp.resume_training(sgd=Adam(0.01))
    known = probabilities(nlp, name, examples)
    for _ in range(10):
        nlp.update([relabelled(example) for example in examples(nlp)], sgd=sgd)
    forgotten = numpy.abs(probabilities(nlp, name, examples) - known).mean()
    for _ in range(60):
        raw = [Example(eg.predicted, eg.predicted.copy()) for eg in examples(nlp)]
        losses = nlp.rehearse(raw, sgd=sgd)
        assert losses.keys() == {name}
    recovered = numpy.abs(probabilities(nlp, name, examples) - known).mean()
    assert forgotten > 0.1
    assert recovered < 0.25 * forgotten


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_add_category(
    name: str, build: Build, train: Train, examples: MakeExamples, tmp_path: Path
) -> None:
    nlp = build(**PIPELINES[name])
    sgd = train(nlp, 30)
    textcat = nlp.get_pipe(name)
    before = probabilities(nlp, name, examples)
    assert textcat.add_label("NEW") == 1
    after = probabilities(nlp, name, examples)
    assert textcat.labels == ("BAD", "GOOD", "NEW")
    assert after.shape == (len(before), 3)
    numpy.testing.assert_allclose(after[:, :2], before, atol=1e-5)

    for _ in range(60):
        batch = examples(nlp)
        for example in batch:
            is_new = example.predicted[0].text == "Paris"
            old = {} if is_new else example.reference.cats
            example.reference.cats = {"BAD": 0.0, "GOOD": 0.0, **old, "NEW": float(is_new)}
        nlp.update(batch, sgd=sgd)
    learned = probabilities(nlp, name, examples)
    assert learned.argmax(axis=1).tolist() == [1, 0, 0, 2]
    nlp.to_disk(tmp_path)
    assert numpy.array_equal(probabilities(spacy.load(tmp_path), name, examples), learned)


def test_select_pipes(
    build: Build,
    train: Train,
    examples: MakeExamples,
    facts: Callable[[Language], Facts],
    weights: Weights,
) -> None:
    nlp = build(**PIPELINES["rnn_tok2vec"])
    sgd = train(nlp, 30)
    tagger, textcat = (nlp.get_pipe(name).model for name in ("rnn_tagger", "rnn_textcat"))
    everything = facts(nlp)
    with nlp.select_pipes(disable="rnn_tagger"):
        without_tags = facts(nlp)
    assert not any("tag" in token for doc in without_tags for token in doc["tokens"])
    assert [doc["cats"] for doc in without_tags] == [doc["cats"] for doc in everything]
    assert facts(nlp) == everything

    before = weights(tagger), weights(textcat)
    with nlp.select_pipes(enable=["rnn_tok2vec", "rnn_textcat"]):
        train(nlp, 2, sgd=sgd)
    assert same(weights(tagger), before[0])
    assert not same(weights(textcat), before[1])


@pytest.fixture(params=PIPELINES)
def averaging(
    request: pytest.FixtureRequest, build: Build, train: Train, examples: MakeExamples
) -> tuple[Language, Optimizer]:
    """A pipeline in training with `use_averages = true`, and its optimizer."""
    nlp = build(**PIPELINES[request.param])
    sgd = nlp.initialize(lambda: examples(nlp), sgd=Adam(0.01, use_averages=True))
    return nlp, train(nlp, 10, sgd=sgd)


def test_averages(
    averaging: tuple[Language, Optimizer], examples: MakeExamples, weights: Weights, tmp_path: Path
) -> None:
    nlp, sgd = averaging
    own = {name: weights(component.model) for name, component in nlp.pipeline}
    before = scores(nlp, examples)
    with nlp.use_params(sgd.averages):
        for name, component in nlp.pipeline:
            for key, weight in weights(component.model).items():
                assert not numpy.array_equal(weight, own[name][key]), f"{name}: {key}"
        averaged = scores(nlp, examples)
        nlp.to_disk(tmp_path)
    assert not any(numpy.allclose(averaged[name], before[name], atol=1e-4) for name in averaged)
    assert same(scores(spacy.load(tmp_path), examples), averaged)
    assert same(scores(nlp, examples), before)
    for name, component in nlp.pipeline:
        assert same(weights(component.model), own[name])


def test_averages_after_error(averaging: tuple[Language, Optimizer], weights: Weights) -> None:
    """The shim restores its weights. Thinc does not restore those of its own layers."""
    nlp, sgd = averaging

    def in_shims(model: Model) -> dict[str, NDArray[numpy.float32]]:
        return {k: w for k, w in weights(model).items() if "weight" in k or "bias" in k}

    own = {name: in_shims(component.model) for name, component in nlp.pipeline}
    # spaCy ends the context when the error is forgotten, which pytest.raises would put off.
    with contextlib.suppress(OSError), nlp.use_params(sgd.averages):
        raise OSError("disk full")
    assert any(own.values())
    for name, component in nlp.pipeline:
        assert same(in_shims(component.model), own[name])


@pytest.mark.parametrize("name", COMPONENTS)
def test_never_stale(name: str, build: Build, train: Train, examples: MakeExamples) -> None:
    """Whatever has been predicted before, the weights of the moment count, and they alone."""
    nlp = build(**PIPELINES[name])
    sgd = nlp.initialize(lambda: examples(nlp), sgd=Adam(0.01, use_averages=True))

    def current() -> dict[str, NDArray[numpy.float32]]:
        found = scores(nlp, examples)
        fresh = build(**PIPELINES[name]).from_bytes(nlp.to_bytes())
        assert same(found, scores(fresh, examples))
        return found

    first, saved = current(), nlp.to_bytes()
    nlp.resume_training(sgd=sgd)
    train(nlp, 3, sgd=sgd)
    updated = current()
    assert not same(updated, first)
    with nlp.use_params(sgd.averages):
        assert not same(current(), updated)
    assert same(current(), updated)
    nlp.rehearse(examples(nlp), sgd=sgd)
    current()
    nlp.from_bytes(saved)
    assert same(current(), first)
