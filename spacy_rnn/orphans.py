"""Processes that do not outlive the one that started them."""

import os
import signal
from threading import Thread
from time import sleep

SECONDS = 0.5


def end_with_parent() -> None:
    """Let SIGTERM end this process soon after the one that started it has ended, though that was
    killed and could tell nobody. On Windows, where a process keeps the number of its parent,
    nothing is noticed.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            sleep(SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=watch, daemon=True).start()
