"""Sets of texts as rows that `spacy rnn convert` reads."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[..., tuple[int, str, str]]


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf8").splitlines()]


@pytest.fixture
def clinc150(tmp_path: Path, program: Program) -> Path:
    intents = [f"intent {i:03}" for i in range(150)]
    data = {
        name: [[f"text {n} of {intent}", intent] for intent in intents for n in range(count)]
        for name, count in (("train", 100), ("val", 2), ("test", 3))
    }
    data |= {f"oos_{name}": [["what", "oos"]] * 5 for name in data}
    (tmp_path / "data_full.json").write_text(json.dumps(data), "utf8")
    assert program("sets.py", "clinc150", tmp_path, tmp_path / "sets") == (0, "", "")
    return tmp_path / "sets"


def test_clinc150_has_its_intents_apart_from_texts_outside(clinc150: Path) -> None:
    rows = read(clinc150 / "intents/dev.jsonl")
    assert len(rows) == 300
    assert rows[0] == {"text": "text 0 of intent 000", "label": "intent 000"}
    assert read(clinc150 / "outside/test.jsonl") == [{"text": "what", "label": "oos"}] * 5


def test_rare_labels_are_one_in_200_of_train(clinc150: Path) -> None:
    rows = read(clinc150 / "rare/train.jsonl")
    counts = Counter(label for row in rows for label in row["labels"])
    assert len({row["text"] for row in rows}) == 5000
    assert len(counts) == 20
    assert set(counts.values()) == {25}
    test = read(clinc150 / "rare/test.jsonl")
    assert len(test) == 450
    assert {label for row in test for label in row["labels"]} == counts.keys()


def test_sst2(tmp_path: Path, program: Program) -> None:
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.tsv").write_text('a " quote\t1\nbad\t0\n', "utf8")
    assert program("sets.py", "sst2", tmp_path, tmp_path / "sets")[0] == 0
    rows = [{"text": 'a " quote', "label": "1"}, {"text": "bad", "label": "0"}]
    assert read(tmp_path / "sets/test.jsonl") == rows
