"""Windows of long sequences."""

import numpy
import pytest
from thinc.api import Ragged

from spacy_rnn.layers.pooling import pooling
from spacy_rnn.layers.windows import window_lengths, with_windows


@pytest.mark.parametrize(
    ("lengths", "sizes", "counts"),
    [
        ([], [], []),
        ([0], [], [0]),
        ([0, 5, 4, 1, 0, 9], [4, 1, 4, 1, 4, 4, 1], [0, 2, 1, 1, 0, 3]),
    ],
)
def test_window_lengths(lengths, sizes, counts):
    found = window_lengths(numpy.array(lengths, dtype="i"), 4)
    assert [array.tolist() for array in found] == [sizes, counts]


def test_pools_each_window_forward_and_back():
    layer = with_windows(pooling(2, ["mean"]), 2)
    X = Ragged(numpy.arange(10, dtype="f").reshape(5, 2), numpy.array([3, 0, 2], dtype="i"))
    Y, backprop = layer.begin_update(X)
    assert Y.dataXd.tolist() == [[1, 2], [4, 5], [7, 8]]
    assert Y.lengths.tolist() == [2, 0, 1]
    dX = backprop(Ragged(numpy.array([[2, 4], [1, 1], [6, 0]], dtype="f"), Y.lengths))
    assert dX.dataXd.tolist() == [[1, 2], [1, 2], [1, 1], [3, 0], [3, 0]]
    assert dX.lengths.tolist() == X.lengths.tolist()
