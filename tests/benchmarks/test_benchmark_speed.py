import json
import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import spacy
import torch
from spacy.tokens import DocBin

Program = Callable[..., tuple[int, str, str]]
Module = Callable[[str], ModuleType]

SECTIONS = {
    "pipeline": {"words/s"},
    "cores": {"words/s"},
    "encoder": {"tokens/s", "GFLOP/s"},
    "crf": {"ns/token"},
    "training": {"words/s"},
    "backend": {"words/s", "ms p50", "ms p99"},
    "latency": {"ms p50", "ms p99"},
    "load": {"ms"},
    "growth": {"ns/word"},
    "length": {"ns/token"},
    "cells": {"weights", "words/s"},
    "engines": {
        "tokens/s",
        "texts/s",
        "ms p50",
        "ms p99",
        "ms spacy.load",
        "ms load and first text",
        "ms second text",
    },
}


def check(path: Path, metrics: set[str]) -> None:
    result = json.loads(path.read_text(encoding="utf8"))
    assert result["quick"] is True
    assert result["threads"] == result["rounds"] == 1
    assert result["machine"]["cores"] >= 1
    assert result["versions"].keys() >= {"python", "spacy", "thinc", "torch", "spacy-rnn"}
    assert {row["metric"] for row in result["rows"]} == metrics
    for row in result["rows"]:
        assert all(math.isfinite(value) and value > 0 for value in row["rounds"])
        assert row["low"] <= row["median"] <= row["high"]
        assert (row["ratio"] == 1.0) or row["system"] != row["baseline"]


def test_quick_run_of_one_section(program: Program, tmp_path: Path) -> None:
    code, output, messages = program(
        "speed.py", "--quick", "--only", "encoder", "--output", tmp_path
    )
    assert code == 0, messages
    check(tmp_path / "encoder.json", SECTIONS["encoder"])
    assert "spacy-rnn.BiGRUEncoder.v1" in output
    rows = json.loads((tmp_path / "encoder.json").read_text(encoding="utf8"))["rows"]
    shares = [row["share_of_matrix_rate"] for row in rows if row["metric"] == "tokens/s"]
    assert shares
    assert all(share > 0 for share in shares)


@pytest.mark.slow
def test_subwords_are_compared_where_they_are_given(
    program: Program, subwords: Path, tmp_path: Path
) -> None:
    args = ("speed.py", "--quick", "--only", "subwords", "--output", tmp_path)
    code, _, messages = program(*args, "--vectors", subwords)
    assert code == 0, messages
    check(tmp_path / "subwords.json", {"words/s"})
    rows = json.loads((tmp_path / "subwords.json").read_text(encoding="utf8"))["rows"]
    assert {row["system"] for row in rows} == {"without", "with subwords"}
    assert len({row["case"] for row in rows}) == 8


@pytest.mark.slow
def test_quick_run(program: Program, tmp_path: Path) -> None:
    code, _, messages = program("speed.py", "--quick", "--output", tmp_path)
    assert code == 0, messages
    assert {path.stem for path in tmp_path.iterdir()} == SECTIONS.keys()
    for name, metrics in SECTIONS.items():
        check(tmp_path / f"{name}.json", metrics)


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["--texts", "missing.txt"], 1, "Can't find the texts missing.txt"),
        (["--rounds", "0"], 1, "expected 1 or more"),
        (["--threads", "0"], 2, "expected a number from 1 on, or 'all'"),
        (["--only", "nothing"], 2, "invalid choice"),
        (["--only", "subwords"], 1, "needs --vectors, which is None: expected the folder that"),
        (["--only", "subwords", "--vectors", "x"], 1, "which is x: expected the folder that"),
    ],
)
def test_clear_errors(program: Program, args: list[str], code: int, message: str) -> None:
    found, _, messages = program("speed.py", "--quick", *args)
    assert found == code
    assert message in messages
    assert "Traceback" not in messages


def test_rounds_are_interleaved_and_ratios_paired(module: Module) -> None:
    order: list[tuple[str, int]] = []
    # The machine slows down tenfold, which ratios within a round do not see.
    pace = {0: 1.0, 1: 1.0, 2: 0.1, 3: 0.1}

    def task(name: str, speed: float) -> Callable[[int], dict[str, float]]:
        def run(number: int) -> dict[str, float]:
            order.append((name, number))
            return {"words/s": speed * pace[number]}

        return run

    rows = module("harness").interleave("case", {"a": task("a", 10), "b": task("b", 30)}, 3, "a")
    assert [number for _, number in order] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert [name for name, _ in order] == ["a", "b", "b", "a", "a", "b", "b", "a"]
    first, second = rows
    assert (first["ratio"], first["median"]) == (1.0, 1.0)
    assert (second["ratio_low"], second["ratio_high"]) == pytest.approx((3.0, 3.0))
    assert (second["low"], second["high"], second["rounds"]) == (3.0, 30.0, [30.0, 3.0, 3.0])


def test_nothing_is_half_written(module: Module, tmp_path: Path) -> None:
    harness, path = module("harness"), tmp_path / "folder" / "result.json"
    harness.write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        harness.write_json(path, {"a": object()})
    assert harness.read_json(path) == {"a": 1}
    assert [each.name for each in path.parent.iterdir()] == ["result.json"]


def test_the_sample_does_not_pass_for_the_treebank(
    module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = module("texts")
    monkeypatch.setattr(texts, "ROOT", tmp_path)
    with pytest.raises(module("harness").BenchmarkError, match="Can't find UD English EWT below"):
        texts.treebank()
    folder = tmp_path / "data/ud/UD_English-EWT"
    folder.mkdir(parents=True)
    (folder / "en_ewt-ud-dev.conllu").touch()
    assert texts.treebank() == folder / "en_ewt-ud-dev.conllu"


def test_texts(module: Module, tmp_path: Path) -> None:
    texts = ["One text.", "Another one."]
    files = {
        "a.txt": "One text.\n\nAnother one.\n",
        "a.jsonl": '{"text": "One text."}\n{"text": "Another one."}\n',
        "a.conllu": "# text = One text.\n1\tOne\n\n# id = 2\n# text = Another one.\n1\tX\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf8")
    nlp = spacy.blank("en")
    DocBin(docs=[nlp(text) for text in texts]).to_disk(tmp_path / "a.spacy")
    read_texts = module("texts").read_texts
    for name in (*files, "a.spacy"):
        assert read_texts(tmp_path / name) == texts
    (tmp_path / "a.csv").write_text("a", encoding="utf8")
    (tmp_path / "empty.txt").write_text("\n", encoding="utf8")
    for name, message in (("a.csv", "expected a .spacy"), ("empty.txt", "No texts")):
        with pytest.raises(module("harness").BenchmarkError, match=message):
            read_texts(tmp_path / name)


def test_flops(module: Module) -> None:
    flops = module("encoders").flops_per_token
    # Two layers of two directions: 4 gates of 128 units read 256 + 128 values.
    assert flops("torch LSTM packed", 256, 2) == 2 * 2 * 4 * 128 * (256 + 128) * 2
    assert flops("torch GRU packed", 256, 2) * 4 == flops("torch LSTM packed", 256, 2) * 3


def test_peers_are_encoders_where_they_are_installed(module: Module) -> None:
    encoders = module("encoders")
    arrays = encoders.random_arrays([3, 7, 1], 8)
    for name, encode in encoders.encoders(8, 2).items():
        assert [tuple(output.shape) for output in encode(arrays)] == [(3, 8), (7, 8), (1, 8)], name


def test_every_made_up_label_occurs(module: Module) -> None:
    systems = module("systems")
    nlp = systems.initialized(systems.taggers([(32, 1)])["rnn_tagger gru 32 x 1"], ["a b c"] * 20)
    assert len(nlp.get_pipe("rnn_tagger").labels) == 49
    nlp = systems.initialized(systems.textcats([])["spaCy bag of words"], ["a b c"] * 20)
    assert len(nlp.get_pipe("textcat").labels) == 4
    nlp = systems.initialized(systems.thinc_pipelines()["parser"], ["a b c d"] * 40)
    assert set(nlp.get_pipe("parser").labels) >= {"D0", "D1", "D2", "ROOT"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu(program: Program) -> None:
    code, _, messages = program("speed.py", "--quick", "--only", "training", "--gpu-id", "0")
    assert code == 1
    assert "Can't use GPU 0: " in messages
    assert "Install torch with CUDA and cupy, or leave --gpu-id out." in messages
