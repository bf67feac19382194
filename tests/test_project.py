"""The workflows of project.yml, run as a user runs them, on little data."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SENTENCE = """\
# text = {text}.
1\t{subject}\tthey\tPRON\tPRP\tNumber=Plur\t2\tnsubj\t_\t_
2\t{verb}\tread\tVERB\tVBD\tTense=Past\t0\troot\t_\tSpaceAfter=No
3\t.\t.\tPUNCT\t.\t_\t2\tpunct\t_\t_

"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """RETURNS (Path): A copy of the project with a tenth of the sample."""
    ignore = shutil.ignore_patterns("results", "__pycache__")
    for name in ("configs", "benchmarks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    shutil.copy(ROOT / "project.yml", tmp_path)
    (tmp_path / "assets/sample").mkdir(parents=True)
    for split in ("train", "dev", "test"):
        lines = (ROOT / f"assets/sample/{split}.jsonl").read_text("utf8").splitlines(True)
        (tmp_path / f"assets/sample/{split}.jsonl").write_text("".join(lines[::10]), "utf8")
    return tmp_path


def run(project: Path, workflow: str, *overrides: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "spacy", "project", "run", workflow, "."]
    return subprocess.run(
        [*command, "--vars.max_steps", "20", *overrides],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )


def metrics(project: Path) -> set[str]:
    return {str(path.relative_to(project / "metrics")) for path in project.glob("metrics/*/*")}


def test_all_trains_reports_and_skips_what_is_done(project):
    done = run(project, "all")
    assert done.returncode == 0, done.stdout + done.stderr
    names = {"textcat-lstm-seed0.json", "tagger-lstm-seed0.json", "scores.md", "scores.json"}
    names |= {"explanations-lstm-seed0.html", "textcat-lstm-seed0.html"}
    assert metrics(project) == {f"sample/{name}" for name in names}
    scores = json.loads((project / "metrics/sample/tagger-lstm-seed0.json").read_text("utf8"))
    assert 0 <= scores["tag_acc"] <= 1
    assert "textcat-lstm-seed0" in (project / "metrics/sample/scores.md").read_text("utf8")

    again = run(project, "all")
    assert again.returncode == 0
    assert again.stdout.count("nothing changed") == 8

    shutil.rmtree(project / "training/sample/tagger-lstm-seed0")
    resumed = run(project, "all")
    assert resumed.returncode == 0
    assert resumed.stdout.count("nothing changed") >= 4
    assert (project / "training/sample/tagger-lstm-seed0/model-best").is_dir()


def test_variables_keep_runs_apart(project):
    for overrides in (
        ("--vars.task", "tagger"),
        ("--vars.task", "textcat_multilabel", "--vars.cell", "gru"),
        ("--vars.task", "tagger", "--vars.seed", "7"),
    ):
        done = run(project, "task", *overrides)
        assert done.returncode == 0, done.stdout + done.stderr
    assert metrics(project) >= {
        "sample/tagger-lstm-seed0.json",
        "sample/textcat_multilabel-gru-seed0.json",
        "sample/tagger-lstm-seed7.json",
    }
    model = spacy.load(project / "training/sample/textcat_multilabel-gru-seed0/model-best")
    assert model.config["components"]["rnn_textcat_multilabel"]["model"]["tok2vec"]["cell"] == "gru"


def test_bad_data_stops_the_run(project):
    with (project / "assets/sample/train.jsonl").open("a", encoding="utf8") as file:
        file.write('{"text": "half a row\n')
    done = run(project, "all")
    assert done.returncode == 1
    assert "train.jsonl" in done.stdout
    assert not list(project.glob("corpus/*/*/*"))


def make_treebank(project: Path, name: str, prefix: str) -> None:
    folder = project / "data/ud" / name
    folder.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        sentences = [
            SENTENCE.format(text=f"{subject} {verb}", subject=subject, verb=verb)
            for subject in ("They", "We", "You")
            for verb in ("read", "put", "cut", "ran")
        ]
        (folder / f"{prefix}-{split}.conllu").write_text("".join(sentences), "utf8")


def test_ud_takes_another_treebank_by_variables_and_its_files_in_place(project):
    make_treebank(project, "UD_English-Tiny", "en_tiny-ud")
    shorten(project / "configs/ud.cfg")
    names = ("--vars.treebank", "UD_English-Tiny", "--vars.treebank_prefix", "en_tiny-ud")
    done = run(project, "ud", *names)
    assert done.returncode == 0, done.stdout + done.stderr
    for tokens in ("gold", "raw"):
        path = project / f"metrics/ud/UD_English-Tiny-{tokens}-lstm-seed0.json"
        assert {"tag_acc", "pos_acc", "morph_acc"} <= json.loads(path.read_text("utf8")).keys()
    assert list(project.glob("packages/*/dist/*.whl"))


def test_ud_stops_on_files_that_are_not_the_treebanks(project):
    make_treebank(project, "UD_English-EWT", "en_ewt-ud")
    done = run(project, "ud")
    assert done.returncode == 1
    assert "en_ewt-ud-train.conllu" in done.stdout
    assert "fa9865539033efcf99ea90f8b93d6646" in done.stdout
    assert not list(project.glob("corpus/ud/*/*"))


def shorten(config: Path, steps: int = 20) -> None:
    """Let a config train for few steps."""
    text = config.read_text("utf8")
    config.write_text(re.sub(r"(?m)^total_steps = .*", f"total_steps = {steps}", text), "utf8")


def test_joint_trains_a_tagger_and_an_entity_recognizer(project):
    done = run(project, "joint")
    assert done.returncode == 0, done.stdout + done.stderr
    scores = json.loads((project / "metrics/sample/joint-lstm-seed0.json").read_text("utf8"))
    assert scores["tag_acc"] > 0
    assert scores["ents_f"] is not None


def test_ner_converts_trains_calibrates_and_draws(project):
    shorten(project / "configs/ner.cfg", steps=200)
    text = (project / "project.yml").read_text("utf8")
    (project / "project.yml").write_text(re.sub(r"(?m)^    checksum: .*\n", "", text), "utf8")
    names = {"train": "wnut17train.conll", "dev": "emerging.dev.conll"}
    folder = project / "data/ner/wnut17"
    folder.mkdir(parents=True)
    for name in (*names.values(), "emerging.test.annotated"):
        lines = ["Ada\tB-person", "saw\tO", "Paris\tB-location", "\t", "Nothing\tO", ""]
        (folder / name).write_text("\n".join(lines * 30), "utf8")
    done = run(project, "ner", "--vars.entities", "wnut17")
    assert done.returncode == 0, done.stdout + done.stderr
    scores = json.loads((project / "metrics/ner/wnut17-lstm-seed0.json").read_text("utf8"))
    assert set(scores["ents_per_type"]) == {"person", "location"}
    assert "<svg" in (project / "metrics/ner/wnut17-lstm-seed0.svg").read_text("utf8")
    assert "threshold of O" in done.stdout
    model = spacy.load(project / "training/ner/wnut17-lstm-seed0/model-calibrated")
    ents = {(ent.text, ent.label_) for ent in model("Ada saw Paris").ents}
    assert ents == {("Ada", "person"), ("Paris", "location")}


def test_vectors_are_made_of_a_local_file(project):
    (project / "mine.txt").write_text("2 3\nthe 1 2 3\ncat 4 5 6\n", "utf8")
    done = run(project, "vectors", "--vars.vectors", "mine.txt")
    assert done.returncode == 0, done.stdout + done.stderr
    nlp = spacy.load(project / "corpus/vectors")
    assert nlp.vocab["cat"].vector.tolist() == [4.0, 5.0, 6.0]


def test_a_set_of_the_hub_runs_from_local_files_of_the_same_columns(project):
    text = (project / "project.yml").read_text("utf8")
    (project / "project.yml").write_text(text.replace("rnn compare", "rnn compare --steps 5"))
    folder = project / "mine"
    folder.mkdir()
    for split in ("train", "test"):
        rows = [
            {"text": f"{i} {x} please", "label": x} for i in range(20) for x in ("card", "cash")
        ]
        (folder / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf8")
    settings = ("--vars.banking77", str(folder), "--vars.jobs", "2")
    done = run(project, "banking77", *settings, "--vars.systems", "gru,tfidf")
    assert done.returncode == 0, done.stdout + done.stderr
    trained = project / "training/hub/banking77"
    found = json.loads((trained / "comparison.json").read_text("utf8"))
    seeds = {system["name"]: len(system["seeds"]) for system in found["systems"]}
    assert seeds == {"gru": 2, "tfidf": 1}
    assert found["advice"] in (trained / "comparison.html").read_text("utf8")
    spacy.load(trained / "gru-seed0/model-best")
    record = json.loads((project / "data/hub/banking77.json").read_text("utf8"))
    assert record["source"] == str(folder)

    again = run(project, "banking77", *settings, "--vars.systems", "gru,tfidf")
    assert "3 of 3 trainings are finished" in again.stdout


def test_tune_writes_a_config_to_train_by(project):
    text = (project / "project.yml").read_text("utf8")
    often = "--training.eval_frequency 10 --trials"
    (project / "project.yml").write_text(text.replace("--trials", often), "utf8")
    done = run(project, "tune", "--vars.trials", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    path = project / "training/sample/tune-textcat/best.cfg"
    best = spacy.util.load_config(path, interpolate=True)
    assert best["training"]["max_steps"] == 20
    assert "the config's own settings" in done.stdout


def test_clean_and_document(project):
    (project / "corpus/left").mkdir(parents=True)
    (project / "PROJECT.md").write_text(
        "# Mine\n\n<!-- WEASEL: AUTO-GENERATED DOCS START (do not remove) -->\n"
        "<!-- WEASEL: AUTO-GENERATED DOCS END (do not remove) -->\n\nThe end.\n"
    )
    assert run(project, "clean").returncode == 0
    assert not (project / "corpus/left").exists()
    assert run(project, "document").returncode == 0
    page = (project / "PROJECT.md").read_text("utf8")
    assert page.startswith("# Mine")
    assert page.endswith("The end.\n")
    assert "train-tagger" in page
