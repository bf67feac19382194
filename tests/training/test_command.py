"""`spacy rnn train`, killed for real."""

import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.cli._util import app
from thinc.api import Config
from typer.testing import CliRunner

import spacy_rnn.cli  # noqa: F401  (adds the commands to spaCy's app)

MakeConfig = Callable[..., Config]
Files = Callable[[Path], dict[str, bytes]]
KILLS = 3


def spacy_rnn_train(*args: object) -> tuple[int, str]:
    """The exit code, and the output on one line."""
    result = CliRunner().invoke(app, ["rnn", "train", *map(str, args)])
    return result.exit_code, " ".join(re.sub(r"\x1b\[[\d;]*m", "", result.output).split())


def test_resume_by_command(make_config: MakeConfig, tmp_path: Path) -> None:
    path, output = tmp_path / "train.cfg", tmp_path / "output"
    make_config("tagger").to_disk(path)
    code, text = spacy_rnn_train(path, "-o", output, "--training.max_steps", 3)
    assert code == 0, text
    assert (output / "model-best" / "config.cfg").exists()
    code, text = spacy_rnn_train(path, "-o", output, "--training.max_steps", 3, "--resume")
    assert code == 0
    assert "Training is finished" in text
    code, text = spacy_rnn_train(path, "-o", output, "--resume")
    assert code == 1
    assert "training.max_steps was 3, is 10" in text
    code, text = spacy_rnn_train(path, "-o", output, "--resume", "--force")
    assert code == 0
    assert "Resuming after step 3" in text
    assert (output / "checkpoints" / "step-10.safetensors").exists()


def start(path: Path, output: Path) -> "subprocess.Popen[str]":
    """The command, once it trains."""
    process = subprocess.Popen(
        [sys.executable, "-m", "spacy", "rnn", "train", str(path), "-o", str(output), "--resume"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    while line := process.stdout.readline():
        if "Initial learn rate" in line:
            break
    return process


def kill_at_random(path: Path, output: Path, kills: int, seconds: float) -> list[str]:
    """Kill a training at random moments, resume it each time, and let it end; what was said."""
    generator = random.Random(kills)
    outputs = []
    for _ in range(kills):
        process = start(path, output)
        time.sleep(generator.uniform(0, seconds))
        number = generator.choice([signal.SIGKILL, signal.SIGTERM])
        process.send_signal(number)
        outputs.append(process.communicate()[0])
        assert process.returncode in (-number, 128 + number, 0), outputs[-1]
    process = start(path, output)
    outputs.append(process.communicate()[0])
    assert process.returncode == 0, outputs[-1]
    return outputs


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tagger", "ner", "textcat", "joint", "streamed"])
def test_kills_at_random_moments(
    kind: str, make_config: MakeConfig, files: Files, tmp_path: Path
) -> None:
    path = tmp_path / "train.cfg"
    make_config(kind, max_steps=200, eval_frequency=40).to_disk(path)
    begun = time.monotonic()
    whole = start(path, tmp_path / "whole")
    started = time.monotonic() - begun
    whole.communicate()
    seconds = time.monotonic() - begun - started
    kill_at_random(path, tmp_path / "killed", KILLS, seconds)
    assert files(tmp_path / "killed") == files(tmp_path / "whole")
