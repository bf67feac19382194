import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

Program = Callable[..., tuple[int, str, str]]


def test_quick_run(program: Program, tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    code, _, messages = program("memory.py", "--quick", "--output", path)
    assert code == 0, messages
    result = json.loads(path.read_text(encoding="utf8"))
    assert {row["work"] for row in result["rows"]} == {"predict", "update"}
    for row in result["rows"]:
        assert "error" not in row
        assert row["peak_mib"] >= 0
        assert row["baseline_mib"] > 10


def test_what_does_not_end_is_reported(module: Callable[[str], ModuleType]) -> None:
    memory = module("memory")
    case = memory.Case("spaCy CNN", "predict", 12, 100, 4, 32)
    assert memory.run_case(case, timeout=0.01)["error"] == "not done after 0 s"
    unknown = memory.Case("no such pipeline", "predict", 12, 100, 4, 32)
    assert "no such pipeline" in memory.run_case(unknown, timeout=60)["error"]


def test_cases_compare_equal_lengths(module: Callable[[str], ModuleType]) -> None:
    memory = module("memory")
    cases = list(memory.cases(long=1000, peer_long=100, docs=4, width=32))
    assert len(set(cases)) == len(cases)
    assert cases[0].lengths == [memory.SHORT] * 3 + [1000]
    one_long = [case for case in cases if case.short == memory.SHORT]
    shorter = {case.system for case in one_long if case.long == 100}
    assert shorter == {memory.STOCK, *memory.OURS}
    assert {case.long for case in one_long if case.system == memory.STOCK} == {100}
    assert one_long[0].batch == "3 of 12 tokens and one of 1,000"
    equal = [case for case in cases if case.short == case.long]
    assert {sum(case.lengths) for case in equal} == {1000}
    assert {case.batch for case in equal} >= {"100 of 10 tokens", "1 of 1,000 tokens"}
