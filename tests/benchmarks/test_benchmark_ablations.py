import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Module = Callable[[str], ModuleType]

# Stands for `python -m spacy`: writes what the commands write.
STUB = """
import json, pathlib, sys
command, *args = sys.argv[1:]
output = pathlib.Path(args[args.index("--output") + 1])
if command == "train":
    (output / "model-best").mkdir()
else:
    scores = {"tag_acc": 0.5, "ents_f": 0.25, "ents_p": 0.25, "ents_r": 0.25}
    output.write_text(json.dumps(scores))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "stub.py").write_text(STUB, encoding="utf8")
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.spacy").write_bytes(split.encode())
    return tmp_path


def timed(names: list[str]) -> list[dict[str, Any]]:
    metrics = {"encoder": "weights", "prediction": "words/s", "training": "words/s"}
    figures = {"median": 2000.0, "low": 1.0, "high": 3000.0, "rounds": [1.0, 3000.0]}
    ratios = {"ratio": 0.5, "ratio_low": 0.4, "ratio_high": 0.6, "baseline": names[0]}
    return [
        {"case": case, "metric": metric, "system": name, **figures, **ratios}
        for case, metric in metrics.items()
        for name in names
    ]


def test_trained_on_what_the_config_is_for_and_scored_on_dev(
    module: Module,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    accuracy, ablations, report = map(module, ("accuracy", "ablations", "report"))
    monkeypatch.setattr(accuracy, "SPACY", (sys.executable, str(folder / "stub.py")))
    results, work = folder / "results", folder / "work"
    for table in ("ablations-ud", "ablations-uner"):
        places = ["--corpus", folder, "--output", results / "accuracy", "--work", work]
        rows = ["--rows", "gru, 148 x 1", "without averages", "--seeds", "0", "1"]
        assert accuracy.main([table, *map(str, places), *rows]) == 0
    assert "seed 1: ents_f 25.00 on dev\n" in capsys.readouterr().err
    path = results / "accuracy" / "ablations-ud" / "gru-148-x-1-seed0.json"
    result = json.loads(path.read_text(encoding="utf8"))
    assert "test" not in result
    for setting in ('cell = "gru"', "width = 148", "depth = 1", "total_steps = 1000"):
        assert setting in result["config"]

    page = report.ablation_page(results)
    assert "| without averages | 50.00 ± 0.00 (2) | 25.00 ± 0.00 (2) |" in page
    assert "| gru, 148 x 1 | 50.00 ± 0.00 (2) | 25.00 ± 0.00 (2) |" in page
    assert "| lstm, 128 x 2 | - | - |" in page
    (results / "speed").mkdir()
    rows = json.dumps({"rows": timed(list(ablations.CELLS))})
    (results / "speed" / "cells.json").write_text(rows, encoding="utf8")
    page = report.ablation_page(results)
    speed = "2,000 (0.50x) | 2,000 (0.50x) | 2,000 (0.50x)"
    assert f"| gru, 148 x 1 | {speed} | 50.00 ± 0.00 (2) | 25.00 ± 0.00 (2) |" in page
    assert "| without averages | 50.00 ± 0.00 (2) | 25.00 ± 0.00 (2) |" in page


def test_every_row_changes_something(module: Module) -> None:
    accuracy, ablations = module("accuracy"), module("ablations")
    for task in ablations.TASKS:
        table = accuracy.tables()[f"ablations-{task}"]
        runs = (accuracy.Run(table, row, 0, Path("a"), Path("b")) for row in table.rows)
        configs = [run.config() for run in runs]
        assert len(set(configs)) == len(configs)


def test_cells_of_one_size_have_as_many_weights(module: Module) -> None:
    cells = module("cell_sections")
    baseline = cells.encoder_weights(cells.tagger(cells.BASELINE)())
    for name in ("gru, 148 x 1", "mingru, 128 x 3, residual"):
        weights = cells.encoder_weights(cells.tagger(name)())
        assert weights == pytest.approx(baseline, rel=0.01)
