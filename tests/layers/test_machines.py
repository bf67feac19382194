"""Branches of n-grams that are solved: what they predict, and that training leaves them alone."""

import os
import subprocess
import sys

import numpy
import pytest
import spacy
import torch
from spacy.training import Example

from spacy_rnn.layers import machines
from spacy_rnn.layers.machines import MIN_DOCUMENTS, Sample
from spacy_rnn.layers.ngrams import document_ngrams
from spacy_rnn.layers.shim import torch_shim
from spacy_rnn.modules.margins import Choice
from spacy_rnn.modules.ngrams import label_weights, squared_log_ratios

BOTH = ["rnn_textcat", "rnn_textcat_multilabel"]
LABELS = ["bread", "fish", "soup", "tea"]
CONFIG = {"model": {"ngram_rows": 2000, "ngram_width": 8, "tok2vec": {"width": 16}}}


def documents(nlp, n: int, n_labels: int = 4, seed: int = 0) -> list[Example]:
    """Make documents whose label is a word among others that say nothing."""
    random = numpy.random.RandomState(seed)
    found = []
    for i in range(n):
        label = LABELS[i * 7 % n_labels]
        words = [*random.choice(["the", "a", "one", "two", "some"], 5), label]
        random.shuffle(words)
        cats = {each: float(each == label) for each in LABELS[:n_labels]}
        found.append(Example.from_dict(nlp.make_doc(" ".join(words)), {"cats": cats}))
    return found


def initialized(nlp, factory, examples, **config):
    pipe = nlp.add_pipe(factory, config={"model": {**CONFIG["model"], **config}})
    nlp.initialize(lambda: examples)
    return pipe


def accuracy(pipe, examples) -> float:
    scores = pipe.predict([example.x for example in examples])
    best = [pipe.labels[i] for i in scores.argmax(axis=1)]
    return numpy.mean([eg.y.cats[label] for eg, label in zip(examples, best, strict=True)])


def table(pipe) -> numpy.ndarray:
    return torch_shim(pipe.model.get_ref("ngrams")).module.table.weight.detach().numpy().copy()


@pytest.mark.parametrize("factory", BOTH)
def test_documents_are_classified_before_training(nlp, factory):
    pipe = initialized(nlp, factory, documents(nlp, 200))
    assert accuracy(pipe, documents(nlp, 50, seed=1)) == 1.0
    assert pipe.model.get_ref("ngrams").attrs["solved"]


@pytest.mark.parametrize("weights", ["label_weights", "rarity_weights"])
def test_documents_held_out_choose_what_ngrams_weigh(nlp, monkeypatch, weights):
    losses = iter([1.0, 2.0] if weights == "label_weights" else [2.0, 1.0])
    monkeypatch.setattr(machines, "choose", lambda *args: Choice(next(losses), 1.0, 1.0, 0.0))
    examples = documents(nlp, 200)
    pipe = initialized(nlp, "rnn_textcat", examples)
    truth = numpy.array(
        [[2.0 * eg.y.cats[label] - 1.0 for label in pipe.labels] for eg in examples]
    )
    sample = Sample(2000, [([eg.x for eg in examples], truth)])
    expected = getattr(sample, weights)(numpy.ones(200, dtype=bool))
    assert torch_shim(pipe.model.get_ref("ngrams")).module.weights.tolist() == expected.tolist()
    assert accuracy(pipe, documents(nlp, 50, seed=1)) == 1.0


def test_copies_of_a_document_are_held_out_together(nlp, monkeypatch):
    seen, choose = [], machines.choose

    def recorded(rows, truth, held, n_rows, exclusive):
        seen.append(held)
        return choose(rows, truth, held, n_rows, exclusive)

    monkeypatch.setattr(machines, "choose", recorded)
    texts = [f"{label} number {i} of some" for i in range(51) for label in LABELS]
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {text.split()[0]: 1.0}}) for text in texts
    ]
    expected = [i % 5 == 4 for i in range(len(texts))]
    initialized(nlp, "rnn_textcat", examples * 2)
    in_a_row = [example for example in examples for _ in range(5)]
    nlp.remove_pipe("rnn_textcat")
    initialized(nlp, "rnn_textcat", in_a_row)
    for held in seen[:2]:
        assert held.tolist() == expected * 2
    for held in seen[2:]:
        assert held.tolist() == numpy.repeat(expected, 5).tolist()


def test_too_few_documents_are_left_to_training(nlp):
    pipe = initialized(nlp, "rnn_textcat", documents(nlp, MIN_DOCUMENTS - 1) * 2)
    assert not pipe.model.get_ref("ngrams").attrs["solved"]
    assert set(pipe.model.get_ref("ngram_output").get_param("W").ravel()) == {0.0}


def test_it_can_be_left_to_training(nlp):
    pipe = initialized(nlp, "rnn_textcat", documents(nlp, 200), solve_ngrams=False)
    weights = torch_shim(pipe.model.get_ref("ngrams")).module.weights
    assert len(set(weights.tolist())) > 1
    before = table(pipe)
    nlp.update(documents(nlp, 20), sgd=nlp.create_optimizer(), drop=0.2)
    assert (table(pipe) != before).any()


@pytest.mark.parametrize("drop", [0.0, 0.3])
def test_training_leaves_it_alone(nlp, drop):
    examples = documents(nlp, 120)
    pipe = initialized(nlp, "rnn_textcat", examples)
    before, output = table(pipe), pipe.model.get_ref("ngram_output")
    weights = {name: output.get_param(name).copy() for name in ("W", "b")}
    sgd = nlp.create_optimizer()
    for _ in range(3):
        nlp.update(examples[:20], sgd=sgd, drop=drop)
    assert (table(pipe) == before).all()
    assert all((output.get_param(name) == value).all() for name, value in weights.items())
    assert pipe.model.get_ref("output_layer").get_param("W").any()


def test_a_label_that_is_added_lets_it_learn_again(nlp):
    examples = documents(nlp, 120, n_labels=3)
    pipe = initialized(nlp, "rnn_textcat", examples)
    docs = [example.x for example in examples]
    before = pipe.predict(docs)
    pipe.add_label("tea")
    numpy.testing.assert_allclose(pipe.predict(docs)[:, :3], before, atol=1e-4)
    last = table(pipe)
    nlp.update(documents(nlp, 20), sgd=nlp.resume_training(), drop=0.2)
    assert (table(pipe) != last).any()


@pytest.mark.parametrize("factory", BOTH)
def test_class_weights_count(nlp, factory):
    examples = documents(nlp, 200)
    examples += [
        Example.from_dict(nlp.make_doc("so " * (1 + i % 9)), {"cats": eg.y.cats})
        for i, eg in enumerate(examples)
    ]
    scores = []
    for weights in ({}, {"soup": 5.0}):
        pipe = nlp.add_pipe(factory, config={**CONFIG, "class_weights": weights})
        nlp.initialize(lambda: examples)
        soup = pipe.labels.index("soup")
        scores.append(float(pipe.predict([nlp.make_doc("so")])[0, soup]))
        nlp.remove_pipe(factory)
    assert scores[1] > scores[0] + 0.1


def test_a_second_initialization_begins_anew(nlp):
    examples = documents(nlp, 120)
    pipe = initialized(nlp, "rnn_textcat", examples)
    nlp.initialize(lambda: examples[:10])
    assert not pipe.model.get_ref("ngrams").attrs["solved"]
    assert not pipe.model.get_ref("ngram_output").get_param("W").any()


@pytest.mark.parametrize("factory", BOTH)
def test_round_trip(nlp, factory, tmp_path):
    examples = documents(nlp, 120)
    pipe = initialized(nlp, factory, examples)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    other = loaded.get_pipe(factory)
    assert other.model.get_ref("ngrams").attrs["solved"]
    docs = [example.x for example in examples]
    assert (other.predict(docs) == pipe.predict(docs)).all()
    loaded.update(examples[:20], drop=0.2, sgd=loaded.resume_training())
    assert (table(other) == table(pipe)).all()


def test_labels_of_one_document_or_of_none(nlp):
    """And a document without text: nothing is not a number, and the others are found."""
    examples = documents(nlp, 120, n_labels=3)
    examples.append(Example.from_dict(nlp.make_doc("tea"), {"cats": {"tea": 1.0}}))
    examples.append(Example.from_dict(nlp.make_doc(""), {"cats": {"fish": 1.0}}))
    examples.append(Example.from_dict(nlp.make_doc("so"), {"cats": {"never": 0.0}}))
    for factory in BOTH:
        pipe = initialized(nlp, factory, examples)
        assert "never" in pipe.labels
        scores = pipe.predict([example.x for example in examples])
        assert numpy.isfinite(scores).all()
        assert accuracy(pipe, documents(nlp, 50, 3, seed=1)) == 1.0
        nlp.remove_pipe(factory)


@pytest.mark.parametrize("factory", BOTH)
def test_more_labels_than_the_width(nlp, factory):
    names = [f"w{i}" for i in range(1000)]
    examples = [
        Example.from_dict(nlp.make_doc(f"some {name} here"), {"cats": {name: 1.0}})
        for name in names[:200]
    ]
    pipe = nlp.add_pipe(factory, config=CONFIG)
    pipe.initialize(lambda: examples, nlp=nlp, labels=names)
    scores = pipe.predict([example.x for example in examples])
    assert scores.shape == (200, 1000)
    assert numpy.isfinite(scores).all()


def test_of_many_documents_a_part_and_a_warning(nlp, monkeypatch):
    monkeypatch.setattr(machines, "MAX_NGRAMS", 2000)
    with pytest.warns(
        UserWarning, match=r"found from \d+ of 400 documents, about one in (8|16|32)"
    ):
        pipe = initialized(nlp, "rnn_textcat", documents(nlp, 400))
    assert accuracy(pipe, documents(nlp, 50, seed=1)) == 1.0


def test_memory_of_weighing_is_bounded():
    """65,536 rows and 1,000 labels, in a process of its own, whose peak is its own."""
    code = """
import resource, numpy, spacy
from spacy_rnn.layers.machines import Sample
nlp = spacy.blank("en")
docs = [nlp.make_doc(f"word{i} word{i + 1} and more of them") for i in range(500)]
truth = 2.0 * (numpy.arange(1000) == numpy.arange(500)[:, None]) - 1.0
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
Sample(65536, [(docs, truth)]).label_weights(numpy.ones(500, dtype=bool))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert float(done.stdout) < 500  # MiB


def test_weights_are_of_documents_in_any_batches(nlp, monkeypatch):
    texts = {"good soup": [1, 0], "good good bread": [1, 0], "bad soup": [0, 1], "": [0, 1]}
    docs, labels = [nlp.make_doc(text) for text in texts], numpy.array([*texts.values()])
    rows = 500

    def weights(*batches: slice) -> list[float]:
        sample = Sample(rows, [(docs[batch], 2.0 * labels[batch] - 1.0) for batch in batches])
        return sample.label_weights(numpy.ones(4, dtype=bool)).tolist()

    whole = weights(slice(4))
    assert whole == weights(slice(1), slice(1, 4)) != [1.0] * rows
    monkeypatch.setattr(machines, "MAX_COUNTS", rows)  # one label at a time
    assert weights(slice(4)) == whole
    present = torch.zeros(rows, 4)
    for i, doc in enumerate(docs):
        present[document_ngrams([doc], rows)[0], i] = 1.0
    rated = torch.tensor(labels).float()
    seen = present.sum(dim=1)
    told = squared_log_ratios(present @ rated, seen, rated.sum(dim=0), torch.tensor(4.0))
    assert whole == label_weights(told / 2, seen).tolist()
