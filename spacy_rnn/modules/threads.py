"""Threads of forked processes."""

import functools
import os

import torch


@functools.cache
def use_one_thread_after_fork() -> None:
    """Let forked processes, such as those of `nlp.pipe(n_process=2)`, compute on one thread.

    A forked child has none of the threads of its parent's pool, and would wait for them for ever.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))
