import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Program = Callable[..., tuple[int, str, str]]

ENVIRONMENT: dict[str, Any] = {
    "machine": {
        "cpu": "A CPU",
        "cores": 4,
        "memory_gib": 16.0,
        "system": "Linux x86_64",
        "load_average": 0.25,
    },
    "versions": {"python": "3.11", "spacy": "3.8"},
    "threads": 1,
}


def row(case: str, system: str, metric: str, median: float, ratio: float) -> dict[str, Any]:
    low, high = {"low": median / 2}, {"high": median * 2}
    ratios = {"ratio": ratio, "ratio_low": ratio, "ratio_high": ratio}
    names = {"case": case, "system": system, "metric": metric, "baseline": "spaCy CNN"}
    return {**names, "median": median, **low, **high, **ratios, "rounds": [median / 2, median * 2]}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    case = "tagger, new texts"
    rows = [
        row(case, "spaCy CNN", "words/s", 20_000, 1.0),
        row(case, "rnn_tagger lstm 256 x 2", "words/s", 40_000, 2.0),
    ]
    texts = {"file": "a.conllu", "texts": 2000}
    speed = {**ENVIRONMENT, "texts": texts, "rows": rows}
    lengths = [row("documents of 10 tokens", s, "ns/token", 5.0, 1.0) for s in ("a", "b")]
    lengths += [row("width 64", s, "ns/token", 7.0, 1.0) for s in ("b", "c")]
    threads = [row(case, "rnn_tagger lstm 256 x 2", "words/s", 60_000, 2.0)]
    cases = [
        {"system": "a", "work": "predict", "batch": "10 of 100 tokens", "peak_mib": 12.5},
        {"system": "a", "work": "update", "batch": "10 of 100 tokens", "error": "out of memory"},
    ]
    flat = {"system": "rnn_textcat", "texts": 1000, "processes": ["reads", "worker"]}
    flat |= {"tenths": [[300.0, 500.0 + n] for n in range(10)], "peak_mib": [333.0, 555.0]}
    clients = {"clients": 8, "requests/s": 250.0, "ms p50": 4.5, "ms p99": 9.25}
    gap = {"value": -0.01, "low": -0.035, "high": 0.015, "p": 0.4}
    systems = [
        {"name": name, "values": values, "seeds": [0, 1], "words_per_second": 123_456.0}
        for name, values in (("gru", [0.9, 0.92]), ("lstm", [0.9, 0.9]), ("tfidf", [0.87]))
    ]
    comparison = {
        "metric": "accuracy",
        "recipe": "textcat_topics",
        "train": {"docs": 3357, "tokens": 604_260, "labels": 23},
        "systems": systems,
        "differences": {"lstm": {"gru": gap}},
    }
    taught = {"name": "student", "values": [0.86, 0.88], "seeds": [0, 1], "bytes": 50_400_000}
    student = {"title": "sst2", "metric": "accuracy", "systems": [taught]}
    files = {
        "comparisons/ohsumed.json": comparison,
        "transfer/sst2-student.json": student,
        "speed/pipeline.json": speed,
        "speed/length.json": {**speed, "rows": lengths},
        "speed-4-threads/pipeline.json": {**speed, "threads": 4, "rows": threads},
        "memory.json": {**ENVIRONMENT, "rows": cases},
        "endurance.json": {**ENVIRONMENT, "rows": [flat]},
        "service.json": {**ENVIRONMENT, "workers": 1, "rows": [clients]},
    }
    lstm = {"name": "rnn_tagger lstm", "file": "configs/tagger.cfg", "seeds": [0, 1]}
    lstm |= {"dev": {"tag_acc": [0.90, 0.92]}, "test": {"tag_acc": [0.89, 0.91], "other": [0.5]}}
    cnn = {"name": "cnn", "file": "cnn.cfg", "seeds": [0], "dev": {}, "test": {"tag_acc": [0.8]}}
    files["accuracy/ud.json"] = {"systems": [lstm, cnn]}
    for name, data in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data), encoding="utf8")
    return tmp_path


def test_report(program: Program, results: Path) -> None:
    code, output, messages = program("report.py", results)
    assert code == 0, messages
    assert "| rnn_tagger lstm 256 x 2 | 40,000 (20,000 to 80,000) | 2.00 (2.00 to 2.00) |" in output
    assert "2,000 texts of a.conllu; medians of 2 interleaved rounds" in output
    assert "|  | a | b |" in output
    assert "| documents of 10 tokens | 5 | 5 |" in output
    assert "|  | b | c |" in output
    assert "| width 64 | 7 | 7 |" in output
    assert "| rnn_tagger lstm 256 x 2 | words/s | 40,000 | 60,000 | 1.50 |" in output
    assert "| a | update | 10 of 100 tokens | out of memory |" in output
    cells = "configs/tagger.cfg | 91.00 ± 1.41 | 90.00 ± 1.41 | 50.00 | 2 |"
    assert f"| rnn_tagger lstm | {cells}" in output
    assert "| cnn | cnn.cfg | - | 80.00 | - | 1 |" in output
    values = " | ".join(str(value) for value in range(500, 509))
    assert f"| rnn_textcat | worker | 1,000 | {values} | 555 |" in output
    assert "| clients | requests/s | ms, p50 | ms, p99 |" in output
    assert "| 8 | 250 | 4.5 | 9.25 |" in output
    scores = "90.00 ± 0.00 | 91.00 ± 1.41 | -3.50 to +1.50 | 87.00 | 2 | 123,456 | 123,456 |"
    assert f"| ohsumed | accuracy | {scores}" in output
    assert "| ohsumed | textcat_topics | 3,357 | 180 | 23 |" in output
    assert "| sst2 | student | accuracy | 87.00 ± 1.41 | 2 | 50.4 |" in output
    names = {path.stem for path in results.glob("*.md")}
    pages = {
        "speed",
        "speed-4-threads",
        "memory",
        "endurance",
        "service",
        "accuracy",
        "comparisons",
        "transfer",
    }
    assert names == pages


def test_nothing_to_report(program: Program, tmp_path: Path) -> None:
    for name, message in (("report.py", "No results in"), ("plot.py", "run 'speed.py")):
        code, _, messages = program(name, tmp_path)
        assert code == 1
        assert message in messages
        assert "Traceback" not in messages


def test_damaged_results(program: Program, results: Path) -> None:
    (results / "memory.json").write_text("{", encoding="utf8")
    code, _, messages = program("report.py", results)
    assert code == 1
    assert "memory.json is not JSON" in messages


def test_plot(program: Program, results: Path) -> None:
    pytest.importorskip("matplotlib")
    code, _, messages = program("plot.py", results)
    assert code == 0, messages
    first = {path.name: path.read_bytes() for path in results.glob("*.svg")}
    assert first.keys() == {"speed.svg"}
    program("plot.py", results)
    assert first == {path.name: path.read_bytes() for path in results.glob("*.svg")}
