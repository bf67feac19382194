"""Signals that ask a training to leave, heard between steps."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interrupted(BaseException):
    """A signal asked to leave. No error, so that nothing takes it for one.

    signal (Signals): The signal.
    """

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number.name)
        self.signal = number


class Interruption:
    """Remembers the signals SIGTERM and SIGINT while its context lasts. The second one has its
    usual effect. In another thread than the main one nothing is heard, as Python demands.
    """

    def __init__(self) -> None:
        self._number: signal.Signals | None = None
        self._at_once = False
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            self._handlers = {number: signal.signal(number, self._hear) for number in SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._unhook()

    def _unhook(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._number = signal.Signals(number)
        self._unhook()
        if self._at_once:
            self.leave_if_asked()

    def leave_if_asked(self) -> None:
        """RAISES (Interrupted): If there was a signal."""
        if self._number is not None:
            raise Interrupted(self._number)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Leave this block in its middle.

        RAISES (Interrupted): On a signal.
        """
        self.leave_if_asked()
        self._at_once = True
        try:
            yield
        finally:
            self._at_once = False
