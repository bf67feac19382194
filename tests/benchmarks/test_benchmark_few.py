"""Few annotated sentences, with and without subwords."""

import json
from pathlib import Path

import spacy
from spacy.tokens import Doc, DocBin


def test_each_run_is_made_once(module, monkeypatch, capsys, subwords: Path, tmp_path: Path) -> None:
    few = module("few")
    monkeypatch.setattr(few, "SCHEDULES", {100: (10, 40)})
    nlp = spacy.blank("en")
    names = ["Ada", "Mary"] * 60
    docs = [Doc(nlp.vocab, [n, "sings", "."], ents=["B-PER", "O", "O"]) for n in names]
    for split, size in (("train", 120), ("dev", 4), ("test", 4)):
        DocBin(docs=docs[:size]).to_disk(tmp_path / f"{split}.spacy")

    output = tmp_path / "few.json"
    options = ["--vectors", str(subwords), "--seeds", "0", "--sentences", "100"]
    arguments = [str(tmp_path), *options, "--output", str(output)]
    assert few.main(arguments) == 0
    runs = json.loads(output.read_text())["runs"]
    assert [(run["sentences"], run["seed"], run["subwords"]) for run in runs] == [
        (100, 0, False),
        (100, 0, True),
    ]
    assert all(run["dev"] == run["test"] for run in runs)
    assert runs[1]["dev"] == 1.0

    monkeypatch.setattr(few, "measure", None)
    capsys.readouterr()
    assert few.main(arguments) == 0
    assert "| 100 | with subwords | 100.00 | 100.00 | 1 |" in capsys.readouterr().out
