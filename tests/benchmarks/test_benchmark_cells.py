import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

# Stands for `python -m spacy`: writes what the commands write.
STUB = """
import json, pathlib, sys
command, *args = sys.argv[1:]
output = pathlib.Path(args[args.index("--output") + 1])
if command == "train":
    (output / "model-best").mkdir()
else:
    output.write_text(json.dumps({"tag_acc": 0.5, "ents_f": 0.25}))
"""


@pytest.fixture
def cells(
    module: Callable[[str], ModuleType], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    (tmp_path / "stub.py").write_text(STUB, encoding="utf8")
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.spacy").write_bytes(split.encode())
    cells, accuracy = module("cells"), module("accuracy")
    found = {name: replace(t, corpus=tmp_path) for name, t in accuracy.tables().items()}
    monkeypatch.setattr(accuracy, "SPACY", (sys.executable, str(tmp_path / "stub.py")))
    monkeypatch.setattr(cells, "tables", lambda: found)

    def speed(texts: Any, rounds: int) -> dict[str, Any]:
        values = {"median": 1000.0, "ratio": 1.0, "ratio_low": 0.9, "ratio_high": 1.1}
        kinds = ("prediction", "training")
        rows = [{"case": k, "system": name, **values} for k in kinds for name in cells.CELLS]
        return {"weights": dict.fromkeys(cells.CELLS, 99_328), "rows": rows}

    monkeypatch.setattr(cells, "speed", speed)
    monkeypatch.setattr(cells, "limit_threads", lambda threads: None)
    return cells


def test_table_of_what_is_there(
    cells: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "cells"
    places = ["--output", str(output), "--work", str(tmp_path / "work")]
    assert cells.main(["--seeds", "0", "--steps", "100", *places]) == 0
    lines = capsys.readouterr().out.splitlines()
    row = "| mingru 128 x 3 | 99,328 | 1,000, 1.00 (0.90 to 1.10)x | 1,000, 1.00 (0.90 to 1.10)x |"
    assert f"{row} 50.00 (1) | 25.00 (1) |" in lines
    result = json.loads((output / "ud" / "gru-148-x-1-seed0.json").read_text(encoding="utf8"))
    for setting in ('cell = "gru"', "width = 148", "max_steps = 100"):
        assert setting in result["config"]

    assert cells.main(["--seeds", "0", "1", "--steps", "100", "--rounds", "0", *places]) == 0
    captured = capsys.readouterr()
    assert "12 of 24 runs are finished" in captured.err
    assert "50.00 ± 0.00 (2)" in captured.out
    assert output.with_suffix(".md").read_text(encoding="utf8") in captured.out


def test_missing_timings(
    cells: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cells.main(["--rounds", "0", "--seeds", "--output", str(tmp_path / "cells")]) == 1
    assert "No timings in" in capsys.readouterr().err


def test_missing_corpus(
    cells: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dev.spacy").unlink()
    places = ["--output", str(tmp_path / "cells"), "--work", str(tmp_path / "work")]
    assert cells.main(["--rounds", "0", *places]) == 1
    assert "found 0 files for the dev split" in capsys.readouterr().err


def test_cells_of_one_size_have_as_many_weights(cells: ModuleType) -> None:
    from spacy_rnn.modules.recurrent import RecurrentStack

    def size(name: str) -> int:
        width = cells.CELLS[name]["width"]
        stack = RecurrentStack(width, **cells.CELLS[name])
        return sum(weight.numel() for weight in stack.parameters())

    for name in ("gru 148 x 1", "mingru 128 x 3"):
        assert size(name) == pytest.approx(size(cells.BASELINE), rel=0.01)
