"""The CRF as a Thinc layer: gradients, initialization, storage."""

import numpy
import pytest
import torch
from numpy.testing import assert_allclose
from thinc.api import Adam, Linear, Model, NumpyOps, with_array
from thinc.types import Ragged

from spacy_rnn.layers.crf import (
    Lattice,
    crf,
    marginals,
    n_best,
    rounded,
    set_legal,
    viterbi,
    with_crf,
)

TAGS = 3
LENGTHS = numpy.array([4, 0, 3])
SCORES = numpy.random.RandomState(0).normal(size=(7, TAGS)).astype("f")
GOLD = numpy.eye(TAGS, dtype=bool)[[0, 1, 1, 2, 2, 0, 1]]


def make_tagger() -> Model[Ragged, Ragged]:
    output = Linear(nI=5)
    scorer = with_array(output)
    scorer.set_ref("output_layer", output)
    return with_crf(scorer)


@pytest.fixture
def field() -> Model:
    model = crf(TAGS)
    model.initialize()
    return model


def transitions(model: Model) -> torch.Tensor:
    return model.shims[0]._model.transitions


def test_likelihood_grows_with_training(field: Model) -> None:
    optimizer, scores = Adam(0.1), SCORES.copy()
    likelihoods = []
    for _ in range(20):
        Y, backprop = field.begin_update(Lattice(scores, LENGTHS, gold=GOLD))
        d_scores = backprop(numpy.full_like(Y, -1.0))
        assert d_scores.shape == scores.shape
        scores -= 0.1 * d_scores
        field.finish_update(optimizer)
        likelihoods.append(float(Y.sum()))
    assert likelihoods == sorted(likelihoods)
    assert transitions(field).any()
    assert (field.predict(Lattice(scores, LENGTHS, gold=GOLD)) <= 0.0).all()


def test_initialize_starts_anew(field: Model) -> None:
    transitions(field).data += 1.0
    set_legal(field, numpy.zeros((TAGS + 1, TAGS + 1), dtype=bool))
    field.initialize()
    assert not transitions(field).any()
    assert field.shims[0]._model.legal.all()


def test_illegal_transitions_are_never_decoded(field: Model) -> None:
    legal = numpy.ones((TAGS + 1, TAGS + 1), dtype=bool)
    legal[:TAGS, :TAGS] = ~numpy.eye(TAGS, dtype=bool)
    set_legal(field, legal)
    tags = viterbi(field, Lattice(SCORES * 10, LENGTHS))
    inner = numpy.array([True, True, True, False, True, True])
    assert (tags[1:] != tags[:-1])[inner].all()
    paths, totals = n_best(field, Lattice(SCORES * 10, LENGTHS), n=2)
    assert_allclose(paths[0], tags)
    assert totals.shape == (2, 3)


def test_allowed_tags_hold(field: Model) -> None:
    tags = viterbi(field, Lattice(SCORES, LENGTHS, allowed=GOLD))
    assert_allclose(tags, GOLD.argmax(axis=1))
    bounds = LENGTHS.cumsum()
    for start, end in zip(bounds - LENGTHS, bounds, strict=True):
        alone = Lattice(SCORES[start:end], LENGTHS[:1] * 0 + end - start, GOLD[start:end])
        assert_allclose(viterbi(field, alone), tags[start:end])
    assert_allclose(marginals(field, Lattice(SCORES, LENGTHS, allowed=GOLD)), GOLD)
    likelihood = field.predict(Lattice(SCORES, LENGTHS, allowed=GOLD, gold=GOLD))
    assert_allclose(likelihood, 0.0, atol=1e-12)


def test_the_number_of_tags_may_come_late() -> None:
    model = make_tagger()
    assert not model.has_dim("nO")
    model.set_dim("nO", TAGS)
    X = Ragged(NumpyOps().alloc2f(7, 5) + 1.0, LENGTHS)
    model.initialize(X)
    assert model.predict(X).dataXd.shape == (7, TAGS)
    assert transitions(model.get_ref("crf")).shape == (TAGS + 1, TAGS + 1)


def test_round_trip_into_a_model_that_does_not_know_the_number_of_tags() -> None:
    model, other = make_tagger(), make_tagger().copy()
    blank = model.to_bytes()
    model.set_dim("nO", TAGS)
    model.initialize(Ragged(NumpyOps().alloc2f(7, 5), LENGTHS))
    transitions(model.get_ref("crf")).data += 1.0
    set_legal(model.get_ref("crf"), numpy.eye(TAGS + 1, dtype=bool))
    other.from_bytes(blank).from_bytes(model.to_bytes())
    for found, expected in zip(
        other.get_ref("crf").shims[0]._model.state_dict().values(),
        model.get_ref("crf").shims[0]._model.state_dict().values(),
        strict=True,
    ):
        assert torch.equal(found, expected)
    assert other.get_dim("nO") == TAGS


def test_which_equally_probable_sequences_are_listed_does_not_depend_on_the_last_digits():
    model: Model = crf(5)
    model.initialize()
    lengths = numpy.array([4, 7, 1])
    draw = numpy.random.RandomState(0)
    scores = draw.randint(2, size=(12, 5)).astype("f")  # many sequences score the same
    listed = [
        n_best(model, rounded(Lattice(noisy, lengths)), n=6)[0]
        for noisy in (scores, *(scores + draw.normal(scale=1e-6, size=(20, 12, 5)).astype("f")))
    ]
    for tags in listed:
        numpy.testing.assert_array_equal(tags, listed[0])
