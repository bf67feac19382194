"""Static vectors: which token gets which, from tables of any kind."""

import numpy
import pytest
from spacy.lang.en import English
from spacy.tokens import Doc
from spacy.vectors import Vectors
from thinc.api import Model

from spacy_rnn.features import Features
from spacy_rnn.layers.embedding import token_embedding

WORDS = ["The", "soup", "the", "Nobody", "soup"]
KNOWN = {"the": [1.0, 2.0, 3.0], "soup": [4.0, 5.0, 6.0]}


def make_doc(**options: object) -> Doc:
    nlp = English()
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, **options)
    return Doc(nlp.vocab, words=WORDS)


def default_table(attr: str = "ORTH") -> Doc:
    data = numpy.array(list(KNOWN.values()), dtype="f")
    return make_doc(data=data, keys=list(KNOWN), attr=attr)


def floret_table(width: int = 3) -> Doc:
    data = numpy.random.RandomState(0).normal(size=(50, width)).astype("f")
    return make_doc(data=data, mode="floret", minn=2, maxn=4, hash_count=2, hash_seed=1)


def looked_up(doc: Doc) -> numpy.ndarray:
    tokens, inverse = Features(vectors=True).unique_tokens([doc])
    return tokens.vectors[inverse]


@pytest.mark.parametrize("attr", ["ORTH", "LOWER"])
def test_words_that_the_table_lacks_get_those_of_their_lower_case_or_zeros(attr):
    expected = [KNOWN["the"], KNOWN["soup"], KNOWN["the"], [0.0] * 3, KNOWN["soup"]]
    numpy.testing.assert_array_equal(looked_up(default_table(attr)), expected)


def test_floret_has_a_vector_for_every_word():
    doc = floret_table()
    expected = numpy.stack([doc.vocab.get_vector(word) for word in WORDS])
    numpy.testing.assert_allclose(looked_up(doc), expected, atol=1e-6)


def embedding() -> Model:
    return token_embedding(8, include_static_vectors=True)


@pytest.mark.parametrize("make", [default_table, floret_table])
def test_the_same_vectors_after_a_round_trip(make):
    doc = make()
    model = embedding().initialize([doc])
    loaded = embedding().from_bytes(model.to_bytes())
    numpy.testing.assert_array_equal(model.predict([doc]).dataXd, loaded.predict([doc]).dataXd)


def test_a_table_of_another_width_is_refused():
    model = embedding().initialize([default_table()])
    loaded = embedding().from_bytes(model.to_bytes())
    for trained in (model, loaded):
        with pytest.raises(ValueError, match="got vectors of width 5, expected 3. Give the vocab"):
            trained.predict([floret_table(width=5)])


def test_a_vocab_without_vectors_is_refused():
    doc = Doc(English().vocab, words=WORDS)
    model = embedding().initialize([default_table()])
    for run in (lambda: embedding().initialize([doc]), lambda: model.predict([doc])):
        with pytest.raises(ValueError, match="needs a table of word vectors: got a vocab without"):
            run()
