"""A recurrent stack as a graph of ONNX."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy
from numpy.typing import NDArray
from torch import Tensor

from ..modules.recurrent import RecurrentStack
from .model_file import OWN_DOMAIN, model, node, tensor, value_info

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
    operator, order = OPERATORS[stack.cell]
    settings: dict[str, Any] = {"hidden_size": stack.hidden_size}
    settings["direction"] = "bidirectional" if stack.bidirectional else "forward"
    if operator == "GRU":
        settings["linear_before_reset"] = int(stack.reset_after)
    constants = [tensor("side by side", numpy.array([0, 0, stack.width]))]
    constants.append(tensor("flat", numpy.array([-1, stack.width])))
    nodes, X, width = [node("Gather", ["X", "index"], ["input"])], "input", stack.input_width
    for i, directions in enumerate(stack.weights()):
        W, R, b, d = (_gates(weights, order) for weights in zip(*directions, strict=True))
        weights: dict[str, NDArray[Any]] = {f"W{i}": W, f"R{i}": R, f"B{i}": numpy.hstack((b, d))}
        scales: dict[str, NDArray[Any]] = {}
        if precision == "int8":
            for name in (f"W{i}", f"R{i}"):
                weights[name], scales[f"{name} scale"] = _quantized(weights[name])
                scales[f"{name} zero"] = numpy.zeros(scales[f"{name} scale"].shape, "int8")
            # Behind the lengths, no initial states and no peepholes.
            settings["domain"], operator = OWN_DOMAIN, "DynamicQuantizeLSTM"
        constants += [tensor(name, array) for name, array in (weights | scales).items()]
        inputs = [X, *weights, "lengths", *([""] * 3 if scales else []), *scales]
        nodes += [
            node(operator, inputs, [f"states {i}"], **settings),
            # From (time, directions, sequences, hidden size) to (time, sequences, width).
            node("Transpose", [f"states {i}"], [f"by sequence {i}"], perm=[0, 2, 1, 3]),
            node("Reshape", [f"by sequence {i}", "side by side"], [f"found {i}"]),
        ]
        Y = f"found {i}"
        if stack.residual and width == stack.width:
            nodes.append(node("Add", [X, Y], [f"sum {i}"]))
            Y = f"sum {i}"
        X, width = Y, stack.width
    nodes.append(node("Reshape", [X, "flat"], ["positions"]))
    nodes.append(node("Gather", ["positions", "tokens"], ["Y"]))
    arguments = [
        value_info("X", "float32", ["all tokens", stack.input_width]),
        value_info("index", "int64", ["time", "sequences"]),
        value_info("lengths", "int32", ["sequences"]),
        value_info("tokens", "int64", ["tokens"]),
    ]
    return model(nodes, constants, arguments, [value_info("Y", "float32", ["tokens", stack.width])])


def _gates(weights: Sequence[Tensor], order: Sequence[int]) -> NDArray[numpy.float32]:
    """RETURNS (NDArray[float32]): The weights of each direction, their gates in another order."""
    parts = [weight.detach().chunk(len(order)) for weight in weights]
    return numpy.stack([numpy.concatenate([part[i] for i in order]) for part in parts])


def _quantized(weights: NDArray[numpy.float32]) -> tuple[NDArray[numpy.int8], NDArray]:
    """RETURNS (Tuple[NDArray[int8], NDArray[float32]]): Weights as whole numbers, shape
    (directions, inputs, outputs), and what each output's are multiplied by, shape (directions,
    outputs).
    """
    scale = numpy.maximum(abs(weights).max(axis=2), 1e-12) / LARGEST
    whole = numpy.rint(weights / scale[:, :, None]).astype("int8")
    return numpy.ascontiguousarray(whole.transpose(0, 2, 1)), scale.astype("float32")
