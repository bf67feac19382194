import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

Module = Callable[[str], ModuleType]
Program = Callable[..., tuple[int, str, str]]


def timed(names: list[str]) -> list[dict[str, Any]]:
    metrics = {"encoder": "weights", "prediction": "words/s", "training": "words/s"}
    figures = {"median": 2000.0, "low": 1.0, "high": 3000.0, "rounds": [1.0, 3000.0]}
    ratios = {"ratio": 0.5, "ratio_low": 0.4, "ratio_high": 0.6, "baseline": names[0]}
    return [
        {"case": case, "metric": metric, "system": name, **figures, **ratios}
        for case, metric in metrics.items()
        for name in names
    ]


def test_each_row_has_a_config_of_its_own(program: Program, tmp_path: Path) -> None:
    for task in ("ud", "uner"):
        code, printed, messages = program("ablations.py", task, tmp_path / task)
        assert code == 0, messages
        paths = [Path(path) for path in printed.strip().split(",")]
        texts = [path.read_text("utf8") for path in paths]
        assert len({*texts}) == len(texts) == len({*paths})
        wide = (tmp_path / task / "gru-148-x-1.cfg").read_text("utf8")
        for setting in ('cell = "gru"', "width = 148", "depth = 1", "total_steps = 1000"):
            assert setting in wide


def test_page(module: Module, tmp_path: Path) -> None:
    ablations, report = module("ablations"), module("report")
    (tmp_path / "ablations").mkdir()
    for task, values in (("ud", [0.5, 0.5]), ("uner", [0.25, 0.25])):
        names = ("gru-148-x-1", "without-averages")
        found = {"systems": [{"name": name, "values": values} for name in names]}
        (tmp_path / f"ablations/{task}.json").write_text(json.dumps(found), "utf8")
    page = report.ablation_page(tmp_path)
    assert "| without averages | 50.00 ± 0.00 (2) | 25.00 ± 0.00 (2) |" in page
    assert "| gru, 148 x 1 | 50.00 ± 0.00 (2) | 25.00 ± 0.00 (2) |" in page
    assert "| lstm, 128 x 2 | - | - |" in page
    (tmp_path / "speed").mkdir()
    rows = json.dumps({"rows": timed(list(ablations.CELLS))})
    (tmp_path / "speed" / "cells.json").write_text(rows, encoding="utf8")
    page = report.ablation_page(tmp_path)
    speed = "2,000 (0.50x) | 2,000 (0.50x) | 2,000 (0.50x)"
    assert f"| gru, 148 x 1 | {speed} | 50.00 ± 0.00 (2) | 25.00 ± 0.00 (2) |" in page
    assert "| without averages | 50.00 ± 0.00 (2) | 25.00 ± 0.00 (2) |" in page


def test_cells_of_one_size_have_as_many_weights(module: Module) -> None:
    cells = module("cell_sections")
    baseline = cells.encoder_weights(cells.tagger(cells.BASELINE)())
    for name in ("gru, 148 x 1", "mingru, 128 x 3, residual"):
        weights = cells.encoder_weights(cells.tagger(name)())
        assert weights == pytest.approx(baseline, rel=0.01)
