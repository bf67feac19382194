"""Processes that are killed at random moments end, resumed, with the same files."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from thinc.api import Config

pytestmark = pytest.mark.slow

STEPS, KILLS = 200, 3
TIMEOUT = 300.0


def start(config: Path, output: Path, *options: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "spacy", "rnn", "train", str(config), "-o", str(output)]
    command += ["--checkpoint-minutes", "0.005", *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def train(config: Path, output: Path, moments: list[tuple[signal.Signals, float]]) -> int:
    """Train, and kill the process so many seconds after training has begun in it.

    RETURNS (int): How many kills found it at work.
    """
    killed = 0
    for sign, seconds in [*moments, (signal.SIGKILL, TIMEOUT)]:
        before = time.time()
        process = start(config, output, "--resume")
        checkpoints = output / "checkpoints"
        deadline = time.monotonic() + TIMEOUT
        while process.poll() is None and time.monotonic() < deadline:
            if checkpoints.exists() and checkpoints.stat().st_mtime > before:
                break
            time.sleep(0.02)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(sign)
            killed += 1
        _, errors = process.communicate()
        if process.returncode == 0:
            return killed
        # Negative where nothing heard the signal: SIGKILL, or SIGTERM when training had ended.
        assert process.returncode in (-sign, 128 + sign), errors.decode()
    raise AssertionError("not done")


@pytest.mark.parametrize("kind", ["tagger", "ner", "textcat", "streamed", "joint"])
def test_killed_at_random_moments(
    kind: str,
    make_config: Callable[..., Config],
    files: Callable[[Path], dict[str, bytes]],
    tmp_path: Path,
) -> None:
    config = tmp_path / "config.cfg"
    logger = {"@loggers": "spacy-rnn.ConsoleLogger.v1", "progress_bar": False}
    make_config(kind, max_steps=STEPS, eval_frequency=40, logger=logger).to_disk(config)
    assert train(config, tmp_path / "whole", []) == 0
    generator = random.Random(kind)
    signals = (signal.SIGKILL, signal.SIGTERM)
    moments = [(signals[i % 2], generator.uniform(0.0, 1.5)) for i in range(KILLS)]
    assert train(config, tmp_path / "killed", moments) > 0
    assert files(tmp_path / "killed") == files(tmp_path / "whole")
