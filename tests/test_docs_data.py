"""The blocks of docs/how-to/data.md run as they stand."""

import re
import shlex
from pathlib import Path

import spacy
from spacy.cli._util import app
from spacy.util import load_config_from_str, registry
from typer.testing import CliRunner

import spacy_rnn.cli  # noqa: F401  (adds the commands to spaCy's app)

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "data.md"


def test_blocks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = ""
    kinds = []
    for kind, text in re.findall(r"^```(\w*)\n(.*?)^```", PAGE.read_text("utf8"), re.M | re.S):
        kinds.append(kind)
        if kind == "python":
            exec(text, {})
        elif kind == "bash":
            for line in text.strip().splitlines():
                assert line.startswith("python -m spacy ")
                result = CliRunner().invoke(app, shlex.split(line)[3:])
                assert result.exit_code == 0, result.output
                said = " ".join(result.output.split())
        elif kind == "ini":
            corpus = registry.resolve(load_config_from_str("[corpora]\n\n" + text)["corpora"])[
                "train"
            ]
            labels = [list(example.reference.cats) for example in corpus(spacy.blank("de"))]
            assert labels == [["good"], ["bad"]]
        else:
            assert text.strip() in said
    assert kinds == ["python", "bash", "", "bash", "bash", "ini", "bash"]
