"""The workflows `distil` and `student` of project.yml, on a folder of an encoder."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy

ROOT = Path(__file__).parents[2]


pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """RETURNS (Path): A copy of the project with a tenth of the sample."""
    ignore = shutil.ignore_patterns("results", "__pycache__")
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks", ignore=ignore)
    shutil.copytree(ROOT / "assets/cards", tmp_path / "assets/cards")
    shutil.copy(ROOT / "project.yml", tmp_path)
    (tmp_path / "assets/sample").mkdir(parents=True)
    for split in ("train", "dev", "test"):
        lines = (ROOT / f"assets/sample/{split}.jsonl").read_text("utf8").splitlines(True)
        (tmp_path / f"assets/sample/{split}.jsonl").write_text("".join(lines[::10]), "utf8")
    return tmp_path


def run(project: Path, workflow: str, **settings: object) -> None:
    """Run a workflow with little training."""
    settings = {"teacher_epochs": 1, "max_steps": 20, **settings}
    overrides = [part for name, value in settings.items() for part in (f"--vars.{name}", value)]
    command = [sys.executable, "-m", "spacy", "project", "run", workflow, ".", *map(str, overrides)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.mark.parametrize("task", ["textcat", "ner"])
def test_from_an_encoder_to_a_student(save_encoder: Callable, project: Path, task: str):
    run(project, "distil", task=task, encoder=save_encoder("roberta", hidden_size=256))
    student = spacy.load(project / f"training/sample/{task}-student-seed0/model-best")
    assert type(student.vocab.vectors).__name__ == "SubwordVectors"
    table = (project / f"metrics/sample/{task}-students-seed0.md").read_text("utf8")
    assert "| teacher |" in table
    assert "| student |" in table


def test_the_published_student_is_installed_with_its_card(save_encoder: Callable, project: Path):
    run(project, "student", encoder=save_encoder("roberta", hidden_size=256))
    package = project / "packages/en_sample_student-0.1.0"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", project / "site"]
    subprocess.run([*pip, *package.glob("dist/*.whl")], check=True)
    code = (
        "import json, sys, spacy; sys.path.insert(0, sys.argv[1]); "
        "nlp = spacy.load('en_sample_student'); doc = nlp('They left. Ada saw Paris.'); "
        "print(json.dumps([nlp.pipe_names, len([*doc.sents]), [t.tag_ for t in doc]]))"
    )
    loaded = [sys.executable, "-c", code, str(project / "site")]
    out = subprocess.run(loaded, capture_output=True, text=True, check=True, cwd=project).stdout
    names, n_sents, tags = json.loads(out)
    assert names == ["sentencizer", "tok2vec", "rnn_tagger", "rnn_ner"]
    assert n_sents == 2
    assert all(tags)

    meta = json.loads((package / "meta.json").read_text("utf8"))
    assert {"tag_acc", "ents_f"} <= meta["performance"].keys()
    card = json.loads((ROOT / "assets/cards/sample.json").read_text("utf8"))
    assert meta["sources"] == card["sources"]
    page = (package / "README.md").read_text("utf8")
    assert card["description"] in page
    assert f"| `TAG_ACC` | {meta['performance']['tag_acc'] * 100:.2f} |" in page
    assert "- all-MiniLM-L6-v2: Apache 2.0" in page
    assert "| entities, F |" in page
