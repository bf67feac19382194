"""The bytes of ONNX models, by the rules of the package onnx."""

import numpy
import onnx
import pytest
from onnx import numpy_helper

from spacy_rnn.engines.graph import recurrent_graph
from spacy_rnn.engines.model_file import node, tensor, varint
from spacy_rnn.modules.recurrent import RecurrentStack


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize(("bidirectional", "residual"), [(True, True), (False, False)])
def test_graphs_are_valid(cell, bidirectional, residual):
    stack = RecurrentStack(6, 6, 2, cell, bidirectional=bidirectional, residual=residual)
    model = onnx.load_from_string(recurrent_graph(stack))
    onnx.checker.check_model(model, full_check=True)
    assert [x.name for x in model.graph.input] == ["X", "index", "lengths", "tokens"]
    assert [d.dim_value for d in model.graph.output[0].type.tensor_type.shape.dim] == [0, 6]
    assert ("Add" in {n.op_type for n in model.graph.node}) == residual


def test_int8_takes_a_quarter_and_rounds_to_the_nearest():
    stack = RecurrentStack(64, 64, 1, "lstm")
    exact, small = (
        onnx.load_from_string(recurrent_graph(stack, precision))
        for precision in ("float32", "int8")
    )
    assert small.ByteSize() < 0.3 * exact.ByteSize()
    whole, right = (
        {t.name: numpy_helper.to_array(t) for t in m.graph.initializer} for m in (small, exact)
    )
    for name in ("W0", "R0"):
        found = whole[name].transpose(0, 2, 1) * whole[f"{name} scale"][:, :, None]
        step = whole[f"{name} scale"].max()
        numpy.testing.assert_allclose(found, right[name], atol=0.51 * step)
        assert abs(whole[name]).max() == 63


@pytest.mark.parametrize(
    "array", [numpy.ones((2, 0, 3), "f"), numpy.array([-1, 300]), numpy.eye(3, dtype="i")]
)
def test_tensors_are_read_back(array):
    read = numpy_helper.to_array(onnx.TensorProto.FromString(tensor("ä", array)))
    assert read.dtype == array.dtype
    numpy.testing.assert_array_equal(read, array)


def test_attributes_are_read_back():
    read = onnx.NodeProto.FromString(node("GRU", ["a", ""], ["b"], n=300, text="x", many=[0, -2]))
    assert list(read.input) == ["a", ""]
    found = {a.name: onnx.helper.get_attribute_value(a) for a in read.attribute}
    assert found == {"n": 300, "text": b"x", "many": [0, -2]}


@pytest.mark.parametrize(
    ("value", "expected"), [(0, b"\0"), (127, b"\x7f"), (300, b"\xac\2"), (-1, b"\xff" * 9 + b"\1")]
)
def test_whole_numbers(value, expected):
    assert varint(value) == expected
