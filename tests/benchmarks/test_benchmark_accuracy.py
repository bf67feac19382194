import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Program = Callable[..., tuple[int, str, str]]

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

# Stands for `python -m spacy`: writes what the commands write, and keeps a list of calls.
STUB = """
import json, pathlib, sys, time
command, *args = sys.argv[1:]
here = pathlib.Path(__file__).parent
with (here / "calls.txt").open("a") as calls:
    print(command, *args, file=calls)
output = pathlib.Path(args[args.index("--output") + 1])
if (here / "fail").exists():
    sys.exit("the stub fails")
if command == "train":
    if (here / "slow").exists():
        time.sleep(60)
    (output / "model-best").mkdir()
else:
    output.write_text(json.dumps({"tag_acc": 0.5, "speed": 1.0}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "stub.py").write_text(STUB, encoding="utf8")
    (tmp_path / "corpus").mkdir()
    for split in ("train", "dev", "test"):
        (tmp_path / "corpus" / f"{split}.spacy").write_bytes(split.encode())
    return tmp_path


def options(folder: Path, *more: str) -> list[str]:
    places = {name: str(folder / name) for name in ("corpus", "output", "work")}
    return ["ud", *(part for name in places for part in (f"--{name}", places[name])), *more]


def calls(folder: Path) -> list[str]:
    path = folder / "calls.txt"
    return path.read_text(encoding="utf8").splitlines() if path.exists() else []


@pytest.fixture
def accuracy(
    module: Callable[[str], ModuleType], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    accuracy = module("accuracy")
    monkeypatch.setattr(accuracy, "SPACY", (sys.executable, str(folder / "stub.py")))
    return accuracy


def test_finished_runs_are_not_repeated(
    accuracy: ModuleType, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = options(folder, "--rows", "spaCy CNN", "rnn_tagger gru", "--seeds", "0", "1")
    assert accuracy.main([*args, "--jobs", "2"]) == 0
    shown = capsys.readouterr()
    assert shown.err.count("starts, see") == 4
    assert "| rnn_tagger gru | 50.00 ± 0.00 | 50.00 ± 0.00 | 2 |" in shown.out
    results = folder / "output" / "ud"
    names = ["rnn_tagger-gru-seed0", "rnn_tagger-gru-seed1", "spacy-cnn-seed0", "spacy-cnn-seed1"]
    assert sorted(path.stem for path in results.iterdir()) == names
    result = json.loads((results / "rnn_tagger-gru-seed1.json").read_text(encoding="utf8"))
    assert (result["row"], result["seed"]) == ("rnn_tagger gru", 1)
    assert result["dev"] == result["test"] == {"tag_acc": 0.5}
    assert 'cell = "gru"' in result["config"]
    assert result["commit"] is None or re.fullmatch(r"[0-9a-f]{40}(-dirty)?", result["commit"])
    # A training and two evaluations each.
    assert len(calls(folder)) == 12
    assert sum("--gold-preproc" in call for call in calls(folder)) == 8
    assert sum("--system.seed=1" in call for call in calls(folder)) == 2

    (results / names[0]).with_suffix(".json").unlink()
    assert accuracy.main(args) == 0
    assert len(calls(folder)) == 15
    (folder / "corpus" / "train.spacy").write_bytes(b"other data")
    assert accuracy.main(args) == 0
    assert len(calls(folder)) == 27


def test_failed_run(accuracy: ModuleType, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "fail").touch()
    args = options(folder, "--rows", "spaCy CNN", "--seeds", "0")
    assert accuracy.main(args) == 1
    message = capsys.readouterr().err
    assert "FAILED spaCy CNN, seed 0" in message
    assert "the stub fails" in message
    assert not (folder / "output").exists()
    (folder / "fail").unlink()
    assert accuracy.main(args) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_interrupt_leaves_finished_runs(accuracy: ModuleType, folder: Path) -> None:
    args = options(folder, "--rows", "spaCy CNN")
    assert accuracy.main([*args, "--seeds", "0"]) == 0
    (folder / "slow").touch()
    # A shell's background jobs, and what they start, ignore the signal unless told otherwise.
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        f"import sys; sys.path.insert(0, {str(BENCHMARKS)!r}); import accuracy; "
        f"accuracy.SPACY = {accuracy.SPACY!r}; "
        f"sys.exit(accuracy.main({[*args, '--seeds', '0', '1', '2']!r}))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while len(calls(folder)) < 4 and time.monotonic() < deadline:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, messages = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 130, messages
    assert "1 of 3 runs are finished" in messages
    found = [path.name for path in (folder / "output" / "ud").iterdir()]
    assert found == ["spacy-cnn-seed0.json"]


def test_tables(module: Callable[[str], ModuleType]) -> None:
    accuracy = module("accuracy")
    for table in accuracy.tables().values():
        slugs = [row.slug for row in table.rows]
        assert len(set(slugs)) == len(slugs)
    rows = {row.name: row for row in accuracy.tables()["ud"].rows}
    table = accuracy.tables()["ud"]

    def config(name: str) -> str:
        text: str = accuracy.Run(table, rows[name], 0, Path("a"), Path("b")).config()
        return text

    ours, own = config("rnn_tagger lstm"), config("spaCy CNN")
    alike = config("spaCy CNN, trained like rnn_tagger")
    rate = next(line for line in ours.splitlines() if line.startswith("initial_rate"))
    assert rate in alike
    assert rate not in own
    assert "MaxoutWindowEncoder" in own
    assert "MaxoutWindowEncoder" in alike


def test_programs_stand_in_for_training_and_add_scores(
    accuracy: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = "pathlib.Path(args[args.index('--output') + 1]).write_text(json.dumps({}))"
    start = "import json, pathlib, sys; args = sys.argv; "
    scores = {"dev": {"oos_auroc": 0.5}, "test": {"oos_auroc": 0.25}}
    (folder / "rival.py").write_text(start + write.format(scores), "utf8")
    (folder / "ranking.py").write_text(start + write.format({"oos_auroc": 0.75}), "utf8")
    rows = [
        accuracy.Row("rival", folder / "rival.py"),
        accuracy.Row("ours", accuracy.ROOT / "configs" / "textcat.cfg"),
    ]
    table = accuracy.Table(folder / "corpus", (), ("oos_auroc",), False, rows)
    monkeypatch.setattr(accuracy, "PROGRAMS", folder)
    monkeypatch.setattr(accuracy, "tables", lambda: {"ud": table})
    assert accuracy.main(options(folder, "--seeds", "0")) == 0
    rival, ours = (
        json.loads((folder / "output" / "ud" / f"{row.slug}-seed0.json").read_text("utf8"))
        for row in rows
    )
    assert {split: rival[split] for split in scores} == scores
    assert ours["test"] == {"tag_acc": 0.5, "oos_auroc": 0.75}
    assert len(calls(folder)) == 3
    (folder / "rival.py").write_text("raise SystemExit('the rival fails')", "utf8")
    assert accuracy.main(options(folder, "--seeds", "0")) == 1
    assert len(calls(folder)) == 3


@pytest.mark.parametrize(
    "name", ["tagger_cnn", "tagger_torch_bilstm", "textcat_bow", "textcat_multilabel_bow"]
)
@pytest.mark.parametrize("section", ["training", "nlp"])
def test_rivals_keep_default_settings(name: str, section: str) -> None:
    from spacy.cli.init_config import init_config
    from spacy.util import load_config

    component = name.rpartition("_")[0].removesuffix("_torch")
    default = init_config(lang="en", pipeline=[component], optimize="efficiency", silent=True)
    rival = load_config(BENCHMARKS / "configs" / f"{name}.cfg", interpolate=False)
    assert rival[section] == default[section]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--corpus", "nowhere"], "python -m spacy project run"),
        (["--rows", "no such row"], "No row 'no such row', expected one of: spaCy CNN"),
    ],
)
def test_clear_errors(program: Program, args: list[str], message: str) -> None:
    code, _, messages = program("accuracy.py", "ud", *args)
    assert code == 1
    assert message in messages
    assert "Traceback" not in messages
