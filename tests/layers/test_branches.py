"""Branches that are trained apart."""

import numpy
import pytest
from spacy.pipeline.tok2vec import Tok2VecListener
from spacy.tokens import Doc
from thinc.api import Model, chain, list2ragged, reduce_sum, set_dropout_rate

from spacy_rnn.layers.branches import branches


@pytest.fixture
def docs(nlp) -> list[Doc]:
    return [nlp.make_doc("soup " * (i + 1)) for i in range(100)]


def lengths(width: int, seen: list[list[int]], gradients: list[list[float]]) -> Model:
    """Make a layer whose vectors hold the documents' lengths."""

    def forward(model, docs, is_train):
        seen.append([len(doc) for doc in docs])

        def backprop(dY):
            gradients.append(dY.tolist())
            return []

        Y = numpy.repeat([[float(len(doc))] for doc in docs], width, axis=1).astype("f")
        return Y.reshape(-1, width), backprop

    return Model("lengths", forward, dims={"nO": width})


def test_all_branches_in_prediction_and_without_dropout(docs):
    gradients: list[list[float]] = []
    layer = branches([lengths(3, [], gradients), lengths(2, [], gradients)], [0.25, 0.75])
    assert layer.get_dim("nO") == 5
    expected = [[0.5 * len(doc)] * 3 + [1.5 * len(doc)] * 2 for doc in docs]
    Y, backprop = layer.begin_update(docs)
    assert Y.tolist() == expected
    assert backprop(numpy.ones_like(Y)) == []
    assert gradients == [[[0.5] * 3] * 100, [[1.5] * 2] * 100]
    set_dropout_rate(layer, 0.1)
    assert layer.predict(docs).tolist() == expected


def test_scores_are_the_weighted_mean_of_what_branches_give_alone(docs):
    layer = branches([lengths(1, [], []), lengths(1, [], [])], [0.25, 0.75])
    together = layer.predict(docs)
    set_dropout_rate(layer, 0.1)
    alone = layer.begin_update(docs)[0].max(axis=1)
    assert together.tolist() == [[0.25 * a, 0.75 * a] for a in alone.tolist()]


def test_each_document_trains_one_branch(docs):
    seen: list[list[int]] = []
    gradients: list[list[float]] = []
    layer = branches([lengths(3, seen, gradients), lengths(2, seen, gradients)], [0.5, 0.5])
    set_dropout_rate(layer, 0.1)
    Y, backprop = layer.begin_update(docs)
    assert sorted(seen[0] + seen[1]) == [len(doc) for doc in docs]
    assert min(map(len, seen)) > 30
    for length, row in enumerate(Y.tolist(), start=1):
        parts = ([2 * length] * 3, [0] * 3), ([0] * 2, [2 * length] * 2)
        first = length in seen[0]
        assert row == (parts[0][0] + parts[1][0] if first else parts[0][1] + parts[1][1])
    assert backprop(Y) == []
    for widths, lens, found in zip((3, 2), seen, gradients, strict=True):
        assert found == [[4.0 * n] * widths for n in lens]


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
    seen: list[list[int]] = []
    gradients: list[list[numpy.ndarray]] = []
    listener = Tok2VecListener("tok2vec", width=3)
    outputs = [numpy.ones((len(doc), 3), dtype="f") for doc in docs]
    listener.receive(listener.get_batch_id(docs), outputs, gradients.append)
    sums = chain(listener, list2ragged(), reduce_sum())
    sums.set_dim("nO", 3)
    layer = branches([sums, lengths(2, seen, [])], [0.25, 0.75])
    set_dropout_rate(layer, 0.1)
    Y, backprop = layer.begin_update(docs)
    expected = [0.0 if len(doc) in seen[0] else 2.0 for doc in docs]
    assert Y[:, 0].tolist() == [len(doc) * e for doc, e in zip(docs, expected, strict=True)]
    backprop(numpy.ones_like(Y))
    for doc, gradient, e in zip(docs, gradients[0], expected, strict=True):
        assert gradient.tolist() == [[e] * 3] * len(doc)


def test_a_layer_that_no_document_is_drawn_for_is_left_out(docs):
    """spaCy's own embedding cannot go back from no documents under dropout."""

    def forward(model, docs, is_train):
        assert docs
        return numpy.ones((len(docs), 2), dtype="f"), lambda dY: []

    layer = branches([Model("one", forward, dims={"nO": 2}) for _ in range(2)], [0.5, 0.5])
    set_dropout_rate(layer, 0.1)
    for _ in range(20):
        Y, backprop = layer.begin_update(docs[:1])
        assert sorted(Y.reshape(2, 2).sum(axis=1).tolist()) == [0.0, 4.0]
        assert backprop(numpy.ones_like(Y)) == []
