"""Branches that are trained apart."""

import numpy
import pytest
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model, chain, list2ragged, reduce_sum, set_dropout_rate

from spacy_rnn.layers.ensemble import ensemble


@pytest.fixture
def docs(nlp) -> list[Doc]:
    return [nlp.make_doc("soup " * (i + 1)) for i in range(100)]


def lengths(factor: float, seen: list[list[int]], gradients: list[list[float]]) -> Model:
    """Make a layer whose two scores are the documents' lengths, times a factor."""

    def forward(model, docs, is_train):
        seen.append([len(doc) for doc in docs])

        def backprop(dY):
            gradients.append(dY.tolist())
            return []

        Y = numpy.repeat([[factor * len(doc)] for doc in docs], 2, axis=1).astype("f")
        return Y.reshape(-1, 2), backprop

    return Model("lengths", forward, dims={"nO": 2})


def combine(*layers: Model, shares: tuple[float, float] = (0.25, 0.75)) -> Model:
    layer = ensemble(layers, shares)
    layer.initialize()
    return layer


def test_all_branches_in_prediction_and_without_dropout(docs):
    gradients: list[list[float]] = []
    layer = combine(lengths(1.0, [], gradients), lengths(2.0, [], gradients))
    expected = [[1.75 * len(doc)] * 2 for doc in docs]
    Y, backprop = layer.begin_update(docs)
    assert Y.tolist() == expected
    assert backprop(numpy.ones_like(Y)) == []
    assert gradients == [[[0.25] * 2] * 100, [[0.75] * 2] * 100]
    set_dropout_rate(layer, 0.1)
    assert layer.predict(docs).tolist() == expected


def test_each_document_trains_one_branch(docs):
    seen: list[list[int]] = []
    gradients: list[list[float]] = []
    layer = combine(lengths(1.0, seen, gradients), lengths(2.0, seen, gradients))
    set_dropout_rate(layer, 0.1)
    Y, backprop = layer.begin_update(docs)
    assert sorted(seen[0] + seen[1]) == [len(doc) for doc in docs]
    assert min(map(len, seen)) > 30
    for length, row in enumerate(Y.tolist(), start=1):
        assert row == [length if length in seen[0] else 2.0 * length] * 2
    assert backprop(Y) == []
    for factor, lens, found in zip((1, 2), seen, gradients, strict=True):
        assert found == [[factor * n] * 2 for n in lens]


@pytest.mark.parametrize("drop", [0.0, 0.1])
def test_a_solved_branch_learns_nothing(docs, drop):
    seen: list[list[int]] = []
    gradients: list[list[float]] = []
    layer = combine(lengths(1.0, seen, gradients), lengths(2.0, seen, gradients))
    layer.layers[1].attrs["solved"] = True
    set_dropout_rate(layer, drop)
    Y, backprop = layer.begin_update(docs)
    assert Y[:, 0].tolist() == [(1.0 if drop else 1.75) * len(doc) for doc in docs]
    backprop(numpy.ones_like(Y))
    assert len(seen) == (1 if drop else 2)
    assert gradients == [[[1.0 if drop else 0.25] * 2] * 100]


@pytest.mark.parametrize("texts", [[], [""], ["Yes !"]])
def test_fewer_documents_than_branches(nlp, make_examples, texts):
    pipe = nlp.add_pipe("rnn_textcat", config={"model": {"ngram_rows": 500}})
    nlp.initialize(lambda: make_examples(nlp))
    set_dropout_rate(pipe.model, 0.1)
    scores, backprop = pipe.model.begin_update([nlp.make_doc(text) for text in texts])
    assert scores.shape == (len(texts), 2)
    backprop(scores)


def test_a_listener_gets_the_whole_batch(docs):
    """It has what was computed for that; documents that it does not train have no gradient."""
    gradients: list[list[numpy.ndarray]] = []
    listener = Tok2VecListener("tok2vec", width=3)
    outputs = [numpy.ones((len(doc), 3), dtype="f") for doc in docs]
    listener.receive(listener.get_batch_id(docs), outputs, gradients.append)
    sums = chain(listener, list2ragged(), reduce_sum())
    sums.set_dim("nO", 3)
    zeros = numpy.zeros((100, 3), dtype="f")
    other = Model(
        "zeros",
        lambda model, docs, is_train: (zeros[: len(docs)], lambda dY: []),
        dims={"nO": 3},
    )
    layer = ensemble([sums, other], [0.25, 0.75])
    layer.set_dim("nO", 3)
    set_dropout_rate(layer, 0.1)
    Y, backprop = layer.begin_update(docs)
    drawn = Y[:, 0] > 0
    assert Y[drawn, 0].tolist() == [len(doc) for doc, has in zip(docs, drawn, strict=True) if has]
    assert 30 < drawn.sum() < 70
    backprop(numpy.ones_like(Y))
    for doc, gradient, has in zip(docs, gradients[0], drawn, strict=True):
        assert gradient.tolist() == [[float(has)] * 3] * len(doc)


def test_a_layer_that_no_document_is_drawn_for_is_left_out(docs):
    """spaCy's own embedding cannot go back from no documents under dropout."""

    def forward(model, docs, is_train):
        assert docs
        return numpy.ones((len(docs), 2), dtype="f"), lambda dY: []

    layer = combine(*(Model("one", forward, dims={"nO": 2}) for _ in range(2)))
    set_dropout_rate(layer, 0.1)
    for _ in range(20):
        Y, backprop = layer.begin_update(docs[:1])
        assert Y.tolist() == [[1.0, 1.0]]
        assert backprop(numpy.ones_like(Y)) == []
