"""Words that training has not seen."""

import numpy
import pytest
from spacy.tokens import Doc
from thinc.api import Adam, Ragged, set_dropout_rate

from spacy_rnn.layers.embedding import token_embedding
from spacy_rnn.layers.shim import torch_shim

ATTRS = {"attrs": ["NORM", "SHAPE"], "rows": [200, 50], "learn_unknown": True}


@pytest.fixture
def embed(nlp):
    def make(*words, model):
        return model.predict([Doc(nlp.vocab, words=words)]).dataXd

    return make


def train(model, nlp, *words):
    Y, backprop = model.begin_update([Doc(nlp.vocab, words=words)])
    backprop(Ragged(numpy.ones_like(Y.dataXd), Y.lengths))


def test_words_never_seen_are_alike_but_for_what_is_known_of_them(nlp, embed):
    model = token_embedding(16, **ATTRS).initialize()
    train(model, nlp, "soup", "Ada")
    soup, bread, soap, ada, bob = embed("soup", "bred", "soap", "Ada", "Bob", model=model)
    assert (soup != bread).any()
    assert (ada != bob).any()
    assert (bread != bob).any()
    numpy.testing.assert_allclose(bread, soap, atol=1e-6)


def test_what_is_cached_follows_what_is_known(nlp, embed):
    model = token_embedding(16, **ATTRS).initialize()
    before = embed("soup", model=model)
    numpy.testing.assert_array_equal(embed("soup", model=model), before)
    train(model, nlp, "soup")
    known = embed("soup", model=model)
    assert (known != before).any()
    copied = token_embedding(16, **ATTRS).from_bytes(model.to_bytes())
    numpy.testing.assert_allclose(embed("soup", "bred", model=copied)[:1], known, atol=1e-6)
    model.initialize()
    assert (embed("soup", model=model) == embed("bred", model=model)).all()


def test_only_training_makes_words_known(nlp, embed):
    model = token_embedding(16, **ATTRS).initialize()
    before = embed("soup", model=model)
    model.begin_update([Doc(nlp.vocab, words=["soup"])])
    numpy.testing.assert_array_equal(embed("soup", model=model), before)
    train(model, nlp, "soup")
    model.finish_update(Adam(0.01))
    assert (embed("soup", model=model) != before).any()


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_the_vector_of_unknown_words_is_trained_at_any_dropout(nlp, dropout):
    model = token_embedding(16, **ATTRS).initialize()
    set_dropout_rate(model, dropout)
    table = torch_shim(model).module.attributes.table.weight
    before = table[-3:].detach().clone()
    optimizer = Adam(0.01)
    for i in range(30):
        train(model, nlp, *(f"word{i}.{j}" for j in range(10)))
        model.finish_update(optimizer)
    # All words that it met were rare.
    assert (table[-3:-1] - before[:2]).abs().amin() > 1e-3
    assert not table[-1].any()
