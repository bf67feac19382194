"""The bytes of an ONNX model.

A model is a message of Protocol Buffers; the numbers of its fields are those of onnx.proto. The few
messages that are needed are written here, because importing the package onnx takes as long as
loading a small pipeline.
"""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

# Of 2021, with which all operators have had their form since: read by any version of ONNX Runtime
# for the Pythons that there are.
IR_VERSION, OPSET = 8, 15
# Numbers of types in TensorProto.DataType.
DATA_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9}
# Where ONNX Runtime has operators that ONNX lacks.
OWN_DOMAIN = "com.microsoft"

Value = int | str | bytes
Attribute = int | str | Sequence[int]


def field(number: int, value: Value) -> bytes:
    """RETURNS (bytes): A field of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode("utf8") if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def fields(number: int, values: Sequence[Value]) -> bytes:
    """RETURNS (bytes): A repeated field."""
    return b"".join(field(number, value) for value in values)


def varint(value: int) -> bytes:
    """RETURNS (bytes): A whole number, seven bits a byte, the lowest first."""
    value, found = value % 2**64, bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes((*found, value))


def node(
    operator: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    *,
    domain: str = "",
    **attributes: Attribute,
) -> bytes:
    """RETURNS (bytes): A node of a graph, with the attributes of its operator."""
    named = [field(5, attribute(name, value)) for name, value in attributes.items()]
    kind = field(4, operator) + field(7, domain)
    return fields(1, inputs) + fields(2, outputs) + kind + b"".join(named)


def attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, int):
        return field(1, name) + field(3, value) + field(20, 2)
    if isinstance(value, str):
        return field(1, name) + field(4, value) + field(20, 3)
    return field(1, name) + fields(8, value) + field(20, 7)


def tensor(name: str, array: NDArray) -> bytes:
    """RETURNS (bytes): A constant."""
    kind = field(2, DATA_TYPES[array.dtype.name])
    return fields(1, array.shape) + kind + field(8, name) + field(9, array.tobytes())


def value_info(name: str, dtype: str, shape: Sequence[int | str]) -> bytes:
    """RETURNS (bytes): An input or output, whose dimensions are numbers or names."""
    sizes = [field(1, field(1 if isinstance(size, int) else 2, size)) for size in shape]
    kind = field(1, DATA_TYPES[dtype]) + field(2, b"".join(sizes))
    return field(1, name) + field(2, field(1, kind))


class Graph:
    """A model of one graph, written node by node. Values go by their names."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._fields: list[bytes] = []

    def input(self, name: str, dtype: str, shape: Sequence[int | str]) -> str:
        """RETURNS (str): What a caller gives."""
        self._fields.append(field(11, value_info(name, dtype, shape)))
        return self._new(name)

    def output(self, value: str, name: str, dtype: str, shape: Sequence[int | str]) -> None:
        """Give a value to callers."""
        self.node("Identity", value, name=name)
        self._fields.append(field(12, value_info(name, dtype, shape)))

    def constant(self, array: NDArray[Any], name: str = "constant") -> str:
        """RETURNS (str): The array."""
        name = self._new(name)
        self._fields.append(field(5, tensor(name, array)))
        return name

    def node(
        self,
        operator: str,
        *inputs: str | NDArray[Any],
        name: str = "",
        domain: str = "",
        **attributes: Attribute,
    ) -> str:
        """RETURNS (str): The first output of an operator, of inputs or constants."""
        names = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        name = self._new(name or operator)
        self._fields.append(field(1, node(operator, names, [name], domain=domain, **attributes)))
        return name

    def _new(self, name: str) -> str:
        unique, count = name, 1
        while unique in self._names:
            count += 1
            unique = f"{name} {count}"
        self._names.add(unique)
        return unique

    def to_bytes(self) -> bytes:
        """RETURNS (bytes): The model."""
        graph = b"".join(self._fields) + field(2, "spacy-rnn")
        version = field(8, field(2, OPSET))
        return field(1, IR_VERSION) + field(2, "spacy-rnn") + field(7, graph) + version
