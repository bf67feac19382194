"""Steps from a support vector machine to the branch of n-grams, and that branch alone."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin

LABELS = ("bread", "soup", "tea")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    nlp, docs = spacy.blank("en"), []
    for i in range(120):
        label = LABELS[i % 3]
        doc = nlp(f"{['some', 'good', 'one', 'the'][i % 4]} {label} for {i} please")
        doc.cats = {each: float(each == label) for each in LABELS}
        docs.append(doc)
    for split in ("train", "dev", "test"):
        DocBin(docs=docs).to_disk(tmp_path / f"{split}.spacy")
    return tmp_path


def test_steps_from_one_to_the_other(program, corpus: Path):
    output = corpus / "causes.json"
    arguments = [corpus, "--rows", 5000, "--widths", 3, 1, "--output", output]
    code, _, messages = program("causes.py", *arguments)
    assert code == 0, messages
    found = {name: s["cats_micro_f"] for name, s in json.loads(output.read_text())["dev"].items()}
    *full, last = found.values()
    assert full == [100.0] * 5
    assert last < 100.0


def test_ngrams_alone(program, corpus: Path):
    output = corpus / "ngrams.json"
    arguments = [corpus, "--rows", 5000, "--width", 3, "--seeds", 0, 1, "--output", output]
    code, printed, messages = program("ngrams.py", *arguments)
    assert code == 0, messages
    found = json.loads(output.read_text())
    scores = dict.fromkeys(("cats_micro_f", "cats_macro_f", "cats_macro_ap"), 1.0)
    assert [run["test"] for run in found["ours"]] == [scores, scores]
    assert found["rival"]["test"] == scores
    assert "| cats_micro_f | 100.00 ± 0.00 | 100.00 |" in printed
