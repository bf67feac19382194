"""Branches that are trained apart."""

import numpy
from thinc.api import set_dropout_rate

from spacy_rnn.layers.branches import one_branch

X = numpy.ones((1000, 5), dtype="f")


def test_all_branches_in_prediction_and_without_dropout():
    layer = one_branch([3, 2])
    Y, backprop = layer.begin_update(X)
    assert Y is backprop(Y) is X
    set_dropout_rate(layer, 0.1)
    assert layer.predict(X) is X


def test_trains_one_branch_of_each_vector():
    layer = one_branch([3, 2])
    set_dropout_rate(layer, 0.1)
    Y, backprop = layer.begin_update(X)
    rows, counts = numpy.unique(Y, axis=0, return_counts=True)
    assert rows.tolist() == [[0, 0, 0, 2, 2], [2, 2, 2, 0, 0]]
    assert counts.min() > 400
    numpy.testing.assert_array_equal(backprop(X), Y)
