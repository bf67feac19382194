"""`spacy rnn train`."""

import re
from collections.abc import Callable
from pathlib import Path

from spacy.cli._util import app
from thinc.api import Config
from typer.testing import CliRunner

import spacy_rnn.cli  # noqa: F401  (adds the commands to spaCy's app)

MakeConfig = Callable[..., Config]


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
