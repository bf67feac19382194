"""The linear rival, and the scores of rankings."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy
import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training import Example

Program = Callable[..., tuple[int, str, str]]

TEXTS = {"good": ["so good", "good soup", "a good day"], "bad": ["so bad", "bad soup", "a bad day"]}


@pytest.fixture
def corpus(tmp_path: Path) -> list[Path]:
    nlp, docs = spacy.blank("en"), []
    for label, texts in TEXTS.items():
        for text in texts:
            doc = nlp(text)
            doc.cats = {each: float(each == label) for each in TEXTS}
            docs.append(doc)
    paths = [tmp_path / f"{split}.spacy" for split in ("train", "dev", "test")]
    for path in paths:
        DocBin(docs=docs).to_disk(path)
    DocBin(docs=[nlp("7 8 9"), nlp("?")]).to_disk(tmp_path / "outside.spacy")
    return paths


def test_linear_rival(corpus: list[Path], module: Callable[[str], ModuleType]) -> None:
    scores = module("linear").rival(corpus)
    perfect = dict.fromkeys(("cats_micro_f", "cats_macro_f", "cats_macro_ap"), 1.0)
    assert scores["dev"] == scores["test"] == perfect
    assert scores["C"].keys() == perfect.keys()
    assert all(strength > 0 for strength in scores["C"].values())


def test_a_pipeline_scores_as_its_cats_say(
    corpus: list[Path], tmp_path: Path, program: Program
) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat")
    docs = DocBin().from_disk(corpus[0]).get_docs(nlp.vocab)
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in docs]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(20):
        nlp.update(examples, sgd=optimizer)
    nlp.to_disk(tmp_path / "model")
    output = tmp_path / "scores.json"
    args = [tmp_path / "model", corpus[2], "--outside", tmp_path / "outside.spacy"]
    code, _, messages = program("ranking.py", *args, "--output", output)
    assert code == 0, messages
    found = json.loads(output.read_text("utf8"))
    assert found["cats_macro_ap"] == 1.0
    assert 0.5 < found["oos_auroc"] <= 1.0


def test_ranking_scores(module: Callable[[str], ModuleType]) -> None:
    scores = numpy.array([[0.9, 0.1], [0.8, 0.7], [0.1, 0.6], [0.2, 0.3]])
    gold = numpy.array([[1, 0], [0, 1], [1, 0], [0, 1]]) == 1
    outside = numpy.array([[0.5, 0.2], [0.65, 0.1]])
    found = module("ranking").ranking_scores(scores, gold, outside)
    # Of the first label, the hits are first and last of four; of the second, first and third.
    assert found["cats_macro_ap"] == pytest.approx(((1 + 2 / 4) / 2 + (1 + 2 / 3) / 2) / 2)
    # Best scores: 0.9, 0.8, 0.6 and 0.3 against 0.5 and 0.65.
    assert found["oos_auroc"] == pytest.approx(5 / 8)
