"""Which engine a recurrent stack predicts with."""

import logging
import os
from collections.abc import Hashable
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

import torch

from ..errors import UserError
from ..modules.recurrent import Cell, RecurrentStack
from .graph import OPERATORS, Precision

if TYPE_CHECKING:
    from .session import OnnxStack

Engine = Literal["auto", "torch", "onnx"]
ENGINES: tuple[Engine, ...] = ("auto", "torch", "onnx")
PRECISIONS: tuple[Precision, ...] = ("float32", "int8")

# spaCy's, which shows what is logged there.
logger = logging.getLogger("spacy")


def require_engine(engine: Engine, cell: Cell, precision: Precision = "float32") -> None:
    """RAISES (ValueError): If an engine or precision is unknown, not installed, or has no such
    cell.
    """
    if engine not in ENGINES:
        raise UserError(f"Unknown engine: got {engine!r}, expected one of {list(ENGINES)}.")
    if precision not in PRECISIONS:
        raise UserError(
            f"Unknown precision: got {precision!r}, expected one of {list(PRECISIONS)}."
        )
    if precision == "int8" and (cell != "lstm" or engine == "torch"):
        raise UserError(
            f"Can't compute in int8: got the cell {cell!r} with engine = {engine!r}, expected "
            '\'lstm\' with "auto" or "onnx". Set precision = "float32", or these two.'
        )
    if engine != "onnx":
        return
    if cell not in OPERATORS:
        raise UserError(
            f"No engine for the cell: got engine = 'onnx' with {cell!r}, expected one of "
            f'{sorted(OPERATORS)}. Set engine = "auto", which takes torch for {cell!r}.'
        )
    if reason := whats_missing():
        raise UserError(
            f"Can't use engine = 'onnx': got {reason}, expected ONNX Runtime. Run pip install "
            'onnxruntime, or set engine = "auto", which takes torch where it is missing.'
        )


@cache
def whats_missing() -> str:
    """RETURNS (str): Why ONNX Runtime can't be imported; nothing if it can."""
    try:
        import onnxruntime  # noqa: F401
    except ImportError as error:
        return str(error)
    return ""


def onnx_stack(
    stack: RecurrentStack, version: Hashable, engine: Engine, precision: Precision = "float32"
) -> "OnnxStack | None":
    """Get the session of a stack in this process. It is made on first use, and anew once the
    weights or torch's number of threads have changed.

    stack (RecurrentStack): The stack, on CPU.
    version (Hashable): Differs from earlier ones once the weights have changed.
    engine (str): "auto", "torch" or "onnx".
    precision (str): "float32" or "int8".
    RETURNS (Optional[OnnxStack]): The stack as a session, or nothing where torch is to be used.
    RAISES (ValueError): If `engine` is "onnx" and a session can't be made.
    """
    if engine == "torch" or stack.cell not in OPERATORS:
        return None
    key = version, torch.get_num_threads(), precision
    known = _sessions.get(stack)
    if known is None or known[0] != key:
        with _lock:
            known = _sessions.get(stack)
            if known is None or known[0] != key:
                known = _sessions[stack] = key, _make(stack, engine, precision)
    return known[1]


def _make(stack: RecurrentStack, engine: Engine, precision: Precision) -> "OnnxStack | None":
    weights = list(stack.parameters())
    if any(w.dtype != torch.float32 or not w.isfinite().all() for w in weights):
        return None
    try:
        from .session import OnnxStack

        return OnnxStack(stack, torch.get_num_threads(), precision)
    except Exception as error:  # whatever the runtime says
        if engine == "onnx":
            raise UserError(
                f"Can't make a session of ONNX Runtime: got {_line(error)}, expected one for this "
                'machine. Set engine = "auto" or "torch".'
            ) from error
        _say_once(_line(error))
    return None


@cache
def _say_once(reason: str) -> None:
    logger.warning("Predicting with torch, not with ONNX Runtime: %s", reason)


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


# Beside the modules, not in them: no session is pickled, copied or stored.
_sessions: WeakKeyDictionary[RecurrentStack, tuple[Hashable, "OnnxStack | None"]] = (
    WeakKeyDictionary()
)
_lock = Lock()
_inherited: list[object] = []


def _start_anew() -> None:
    """Let a forked process make sessions of its own. The threads of its parent's did not come
    along, and whoever held a lock of theirs neither: they are neither used nor closed.
    """
    global _lock
    _lock = Lock()
    _inherited.extend(_sessions.values())
    _sessions.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
