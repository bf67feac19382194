"""Recurrent stacks in sessions of ONNX Runtime."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

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
    threads (int): How many sub-batches are computed at once, each on a thread. A step of a
        recurrence is too little work to share.
    precision (str): See `recurrent_graph`. With "int8" each sequence is computed alone: its result
        would depend on the range of what it is computed with.
    RAISES (Exception): If there is no session of it on this machine.
    """

    def __init__(
        self, stack: RecurrentStack, threads: int, precision: Precision = "float32"
    ) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        # What a long document takes is given back after it.
        options.enable_cpu_mem_arena = False
        # Warnings are for those who write graphs.
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            recurrent_graph(stack, precision), options, providers=["CPUExecutionProvider"]
        )
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self.width = stack.width
        self.token_budget = stack.token_budget
        self.sequences = (LEAST, MOST) if precision == "float32" else (1, 1)

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
            return self._alone(X)
        Y = numpy.empty((len(X), self.width), dtype=numpy.float32)
        order = numpy.argsort(-lengths, kind="stable")[: numpy.count_nonzero(lengths)]
        sizes, starts = lengths[order], (lengths.cumsum() - lengths)[order]

        def encode(part: slice) -> None:
            size, start = sizes[part], starts[part]
            if len(size) == 1:
                rows = slice(start[0], start[0] + size[0])
                Y[rows] = self._alone(X[rows])
                return
            time = numpy.arange(size[0])[:, None]
            index = start + numpy.minimum(time, size - 1)
            tokens = numpy.flatnonzero(time < size)
            Y[index.ravel()[tokens]] = self._run(X, index, size, tokens)

        parts = [*similar(sizes.tolist(), *self.sequences, SHARE, self.token_budget)]
        run: Any = self._pool.map if self._pool is not None and len(parts) > 1 else map
        for _ in run(encode, parts):
            pass
        return Y

    def _alone(self, X: NDArray) -> NDArray[numpy.float32]:
        """RETURNS (NDArray[float32]): The encoded tokens of one sequence, which is not padded."""
        tokens = numpy.arange(len(X))
        return self._run(X, tokens[:, None], numpy.array([len(X)]), tokens)

    def _run(
        self, X: NDArray, index: NDArray, lengths: NDArray, tokens: NDArray
    ) -> NDArray[numpy.float32]:
        """RETURNS (NDArray[float32]): See `recurrent_graph`."""
        feeds = {"X": X, "index": index, "tokens": tokens}
        feeds["lengths"] = lengths.astype(numpy.int32, copy=False)
        found: NDArray[numpy.float32] = self._session.run(None, feeds)[0]
        return found
