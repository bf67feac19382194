import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("datasets")
Program = Callable[..., tuple[int, str, str]]


def test_quick_run(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    code, output, messages = program("data.py", "--quick", "--output", path)
    assert code == 0, messages
    result = json.loads(path.read_text(encoding="utf8"))
    assert [row["system"] for row in result["rows"]] == ["jsonl", "spacy.Corpus.v1"]
    for row in result["rows"]:
        assert "error" not in row, row
        assert row["rows_per_s"] > 0
        assert 0 < row["first_batch_s"] < 60
        assert row["peak_mib"] >= 0
        assert f"| {row['system']} | {row['rows']:,} |" in output


def test_rows_are_the_same_each_time(module: Callable[[str], ModuleType]) -> None:
    data = module("data")
    first = list(data.rows(50))
    assert first == list(data.rows(50)) == list(islice(data.rows(100), 50))
    assert first != list(data.rows(50, seed=1))
    assert {row["label"] for row in first} == set(data.LABELS)
    assert all(4 <= len(row["text"].split()) <= 16 for row in first)


def test_what_does_not_end_is_reported(module: Callable[[str], ModuleType], tmp_path: Path) -> None:
    data = module("data")
    case = data.Case("jsonl", 10, str(tmp_path))
    assert data.run_case(case, timeout=0.01)["error"] == "not done after 0 s"
    assert "rows.jsonl" in data.run_case(case, timeout=60)["error"]
