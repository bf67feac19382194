"""The workflow `distil` of project.yml, on a folder of an encoder."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("task", ["textcat", "ner"])
def test_from_an_encoder_to_a_student(save_encoder: Callable, tmp_path: Path, task: str):
    ignore = shutil.ignore_patterns("results", "__pycache__")
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks", ignore=ignore)
    shutil.copy(ROOT / "project.yml", tmp_path)
    (tmp_path / "assets/sample").mkdir(parents=True)
    for split in ("train", "dev", "test"):
        lines = (ROOT / f"assets/sample/{split}.jsonl").read_text("utf8").splitlines(True)
        (tmp_path / f"assets/sample/{split}.jsonl").write_text("".join(lines[::10]), "utf8")
    settings = {
        "task": task,
        "encoder": save_encoder("roberta", hidden_size=256),
        "teacher_epochs": 1,
        "max_steps": 20,
        "texts": f"corpus/sample/{task}/train.spacy",
    }
    overrides = [part for name, value in settings.items() for part in (f"--vars.{name}", value)]
    command = [sys.executable, "-m", "spacy", "project", "run", "distil", ".", *map(str, overrides)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    student = spacy.load(tmp_path / f"training/sample/{task}-student-seed0/model-best")
    assert type(student.vocab.vectors).__name__ == "SubwordVectors"
    table = (tmp_path / f"metrics/sample/{task}-students-seed0.md").read_text("utf8")
    assert "| teacher |" in table
    assert "| student |" in table
