"""A recurrent stack as a graph of ONNX."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy
from numpy.typing import NDArray
from torch import Tensor

from ..modules.recurrent import RecurrentStack
from .model_file import OWN_DOMAIN, Graph

Precision = Literal["float32", "int8"]

# The operator for each cell, and where torch has the gates that come first, second, … there:
# input, output, forget, cell; and update, reset, new.
OPERATORS = {"lstm": ("LSTM", (0, 3, 1, 2)), "gru": ("GRU", (1, 0, 2))}
# Seven bits: products of eight with eight overflow on processors without VNNI.
LARGEST = 63


def recurrent_graph(stack: RecurrentStack, precision: Precision = "float32") -> bytes:
    """Write a stack as a model of ONNX, whose operators know the lengths of padded sequences.

    The model takes the vectors of all sequences of a batch, "X", and encodes a sub-batch of them:

    - "index": where in "X" the tokens of the sub-batch stand, padded and time-major. Shape (time,
      sequences).
    - "lengths": the tokens of each sequence. Shape (sequences,).
    - "tokens": which of the flattened (time * sequences) positions to give. Shape (tokens,).

    It gives the encoded tokens, "Y", in the order of "tokens".

    stack (RecurrentStack): A stack of LSTM or GRU cells.
    precision (str): "float32"; or "int8", for an LSTM, which rounds weights to whole numbers, and
        what they are multiplied with by its range in the sub-batch.
    RETURNS (bytes): The model.
    """
    graph = Graph()
    X = graph.input("X", "float32", ["all tokens", stack.input_width])
    index = graph.input("index", "int64", ["time", "sequences"])
    lengths = graph.input("lengths", "int32", ["sequences"])
    tokens = graph.input("tokens", "int64", ["tokens"])
    Y = write_stack(graph, stack, graph.node("Gather", X, index), lengths, precision)
    positions = graph.node("Reshape", Y, numpy.array([-1, stack.width]))
    found = graph.node("Gather", positions, tokens)
    graph.output(found, "Y", "float32", ["tokens", stack.width])
    return graph.to_bytes()


def write_stack(
    graph: Graph, stack: RecurrentStack, X: str, lengths: str, precision: Precision
) -> str:
    """Write a stack into a graph.

    X (str): Vectors of sequences, padded. Shape (time, sequences, input width).
    lengths (str): The tokens of each sequence, of int32; an empty name if none is padded. Shape
        (sequences,).
    RETURNS (str): The encoded tokens. Shape (time, sequences, width).
    """
    operator, order = OPERATORS[stack.cell]
    settings: dict[str, Any] = {"hidden_size": stack.hidden_size}
    settings["direction"] = "bidirectional" if stack.bidirectional else "forward"
    if operator == "GRU":
        settings["linear_before_reset"] = int(stack.reset_after)
    if precision == "int8":
        settings["domain"], operator = OWN_DOMAIN, "DynamicQuantizeLSTM"
    side_by_side, width = graph.constant(numpy.array([0, 0, stack.width])), stack.input_width
    for i, directions in enumerate(stack.weights()):
        W, R, b, d = (_gates(weights, order) for weights in zip(*directions, strict=True))
        weights: dict[str, NDArray[Any]] = {f"W{i}": W, f"R{i}": R, f"B{i}": numpy.hstack((b, d))}
        scales: dict[str, NDArray[Any]] = {}
        if precision == "int8":
            for name in (f"W{i}", f"R{i}"):
                weights[name], scales[f"{name} scale"] = _quantized(weights[name])
                scales[f"{name} zero"] = numpy.zeros(scales[f"{name} scale"].shape, "int8")
        first, last = (
            [graph.constant(array, name) for name, array in arrays.items()]
            for arrays in (weights, scales)
        )
        # Behind the lengths, no initial states and no peepholes.
        states = graph.node(
            operator, X, *first, lengths, *([""] * 3 if last else []), *last, **settings
        )
        # From (time, directions, sequences, hidden size) to (time, sequences, width).
        states = graph.node("Transpose", states, perm=[0, 2, 1, 3])
        Y = graph.node("Reshape", states, side_by_side)
        X = graph.node("Add", X, Y) if stack.residual and width == stack.width else Y
        width = stack.width
    return X


def _gates(weights: Sequence[Tensor], order: Sequence[int]) -> NDArray[numpy.float32]:
    """RETURNS (NDArray[float32]): The weights of each direction, their gates in another order."""
    parts = [weight.detach().cpu().chunk(len(order)) for weight in weights]
    return numpy.stack([numpy.concatenate([part[i] for i in order]) for part in parts])


def _quantized(weights: NDArray[numpy.float32]) -> tuple[NDArray[numpy.int8], NDArray]:
    """RETURNS (Tuple[NDArray[int8], NDArray[float32]]): Weights as whole numbers, shape
    (directions, inputs, outputs), and what each output's are multiplied by, shape (directions,
    outputs).
    """
    scale = numpy.maximum(abs(weights).max(axis=2), 1e-12) / LARGEST
    whole = numpy.rint(weights / scale[:, :, None]).astype("int8")
    return numpy.ascontiguousarray(whole.transpose(0, 2, 1)), scale.astype("float32")
