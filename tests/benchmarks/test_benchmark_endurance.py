import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Program = Callable[..., tuple[int, str, str]]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_small_run(program: Program, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "endurance.json"
    options = ("--texts", 300, "--n-process", 1, "--output", path)
    code, _, messages = program("endurance.py", "annotate", *options)
    assert code == 0, messages
    (row,) = json.loads(path.read_text(encoding="utf8"))["rows"]
    assert (row["texts"], row["processes"]) == (300, ["annotate"])
    assert row["peak_mib"][0] > 100


def test_texts_are_short_and_differ(module: Callable[[str], ModuleType]) -> None:
    generated = module("generated")
    texts = list(generated.short_texts(2000))
    assert texts == list(generated.short_texts(2000))
    assert texts != list(generated.short_texts(2000, seed=1))
    assert {len(text.split()) for text in texts} == {*range(5, 16)}
    assert len(set(texts)) > 1990
    assert len({*map(generated.word, range(1, 10_000))}) == 9_999
