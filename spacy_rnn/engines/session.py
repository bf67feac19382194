"""Recurrent stacks in sessions of ONNX Runtime."""

import numpy
import onnxruntime
from numpy.typing import NDArray

from ..modules.batches import similar
from ..modules.recurrent import RecurrentStack
from .graph import Precision, recurrent_graph

# What sub-batches are like: see `similar`. A step of four sequences takes little longer than that
# of one; products of twelve rows are whole ones for the kernels of most processors.
LEAST, MOST, SHARE = 4, 12, 0.9


class OnnxStack:
    """A `RecurrentStack` as it is, for prediction on CPU.

    Several threads can call it at once.

    stack (RecurrentStack): A stack of LSTM or GRU cells, in float32.
    threads (int): How many threads a call takes.
    precision (str): See `recurrent_graph`. With "int8" each sequence is computed alone: its result
        would depend on the range of what it is computed with.
    RAISES (Exception): If there is no session of it on this machine.
    """

    def __init__(
        self, stack: RecurrentStack, threads: int, precision: Precision = "float32"
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        # Threads that wait for work would take the cores from torch's.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # What a long document takes is given back after it.
        options.enable_cpu_mem_arena = False
        # Warnings are for those who write graphs.
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            recurrent_graph(stack, precision), options, providers=["CPUExecutionProvider"]
        )
        self.width = stack.width
        self.token_budget = stack.token_budget
        self.precision = precision

    def __call__(
        self, X: NDArray[numpy.float32], lengths: NDArray[numpy.integer]
    ) -> NDArray[numpy.float32]:
        """Encode a batch of sequences.

        X (NDArray[float32]): The vectors of all sequences, one after the other. Finite numbers.
            Shape (tokens, input width).
        lengths (NDArray[int]): Tokens of each sequence, in order; zeros are allowed. Shape
            (sequences,).
        RETURNS (NDArray[float32]): The encoded tokens. Shape (tokens, width).
        """
        if len(lengths) == 1:
            tokens = numpy.arange(len(X))
            return self._run(X, tokens[:, None], lengths, tokens)
        if self.precision == "int8":
            ends = lengths.cumsum()
            parts = [X[end - n : end] for n, end in zip(lengths, ends, strict=True) if n]
            return numpy.concatenate([self(part, numpy.array([len(part)])) for part in parts])
        Y = numpy.empty((len(X), self.width), dtype=numpy.float32)
        order = numpy.argsort(-lengths, kind="stable")[: numpy.count_nonzero(lengths)]
        sizes, starts = lengths[order], (lengths.cumsum() - lengths)[order]
        for part in similar(sizes.tolist(), LEAST, MOST, SHARE, self.token_budget):
            size, time = sizes[part], numpy.arange(sizes[part.start])[:, None]
            index = starts[part] + numpy.minimum(time, size - 1)
            tokens = numpy.flatnonzero(time < size)
            Y[index.ravel()[tokens]] = self._run(X, index, size, tokens)
        return Y

    def _run(
        self, X: NDArray, index: NDArray, lengths: NDArray, tokens: NDArray
    ) -> NDArray[numpy.float32]:
        """RETURNS (NDArray[float32]): See `recurrent_graph`."""
        feeds = {"X": X, "index": index, "tokens": tokens}
        feeds["lengths"] = lengths.astype(numpy.int32, copy=False)
        found: NDArray[numpy.float32] = self._session.run(None, feeds)[0]
        return found
