from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from thinc.api import Model, NumpyOps

from spacy_rnn.ops import OneDNNOps

BLOCK = {"@callbacks": "spacy-rnn.models_with_onednn.v1"}
WORDS = [f"word{i}" for i in range(40)]


class OtherOps(NumpyOps):
    pass


def make(onednn: bool, *factories: str) -> Language:
    config = {"nlp": {"after_pipeline_creation": BLOCK}} if onednn else {}
    pipes = {name: {"factory": name} for name in factories}
    nlp = {"lang": "en", "pipeline": list(factories), **config.get("nlp", {})}
    return spacy.util.load_model_from_config({"nlp": nlp, "components": pipes}, auto_fill=True)


def examples(nlp: Language) -> list[Example]:
    found = []
    for i in range(4):
        words = [*WORDS[i:], *WORDS[:i]] * 9
        n = len(words)
        doc = Doc(
            nlp.vocab,
            words=words,
            tags=[word[-1] for word in words],
            heads=[max(0, j + (-3, 1, -2)[j % 3]) for j in range(n)],
            deps=["ROOT", *["dep"] * (n - 1)],
            ents=["B-X" if word.endswith("7") else "O" for word in words],
        )
        doc.cats = {"a": float(i % 2), "b": float(1 - i % 2)}
        found.append(Example(Doc(nlp.vocab, words=words), doc))
    return found


def models(nlp: Language) -> Iterator[Model]:
    for _, pipe in nlp.components:
        yield from pipe.model.walk()  # type: ignore[attr-defined]


def kinds(nlp: Language) -> set[type]:
    return {type(node.ops) for node in models(nlp)}


def annotations(docs: list[Doc]) -> list[Any]:
    return [
        (
            [(t.tag_, t.dep_, t.head.i, t.ent_iob_, t.ent_type_) for t in doc],
            {label: pytest.approx(score, abs=1e-4) for label, score in doc.cats.items()},
        )
        for doc in docs
    ]


def test_a_pipeline_learns_and_predicts_the_same() -> None:
    factories = ("tagger", "parser", "ner", "textcat", "rnn_tagger")
    losses, found = [], []
    for onednn in (False, True):
        spacy.util.fix_random_seed(0)
        nlp = make(onednn, *factories)
        data = examples(nlp)
        optimizer = nlp.initialize(lambda data=data: data)
        assert (NumpyOps in kinds(nlp)) != onednn
        losses.append([nlp.update(data, sgd=optimizer) for _ in range(3)])
        found.append(annotations(list(nlp.pipe(eg.predicted.copy() for eg in data))))
    assert found[0] == found[1]
    for before, after in zip(*losses, strict=True):
        assert after == pytest.approx(before, rel=1e-3)


def test_switched_on_by_a_config_it_stays_on(tmp_path: Path) -> None:
    nlp = make(True, "tagger", "textcat")
    data = examples(nlp)
    nlp.initialize(lambda: data)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert kinds(loaded) == {OneDNNOps}
    docs = [eg.predicted for eg in data]
    expected = annotations([nlp(doc.copy()) for doc in docs])
    assert annotations(list(loaded.pipe(doc.copy() for doc in docs))) == expected
    texts = ["word1 word2 word3"] * 4
    expected = annotations([nlp(text) for text in texts])
    assert annotations(list(loaded.pipe(texts, n_process=2, batch_size=2))) == expected


def test_a_saved_pipeline_is_lifted_when_loaded_and_no_other(tmp_path: Path) -> None:
    nlp = make(False, "tagger")
    nlp.initialize(lambda: examples(nlp))
    nlp.to_disk(tmp_path)
    lifted = spacy.load(tmp_path, config={"nlp": {"after_pipeline_creation": BLOCK}})
    assert kinds(lifted) == {OneDNNOps}
    assert kinds(nlp) == kinds(spacy.load(tmp_path)) == {NumpyOps}
    weights = nlp.get_pipe("tagger").model.to_bytes()  # type: ignore[attr-defined]
    assert weights == lifted.get_pipe("tagger").model.to_bytes()  # type: ignore[attr-defined]


def test_other_backends_and_components_without_a_model_stay_as_they_are() -> None:
    nlp = make(False, "tagger", "sentencizer")
    for node in nlp.get_pipe("tagger").model.walk():  # type: ignore[attr-defined]
        node.ops = OtherOps()
    callback = spacy.util.registry.get("callbacks", BLOCK["@callbacks"])()
    assert callback(nlp) is nlp
    assert {type(node.ops) for node in nlp.get_pipe("tagger").model.walk()} == {OtherOps}  # type: ignore[attr-defined]


def test_spacy_train(tmp_path: Path) -> None:
    nlp = make(True, "tagger")
    DocBin(docs=[eg.reference for eg in examples(nlp)]).to_disk(tmp_path / "train.spacy")
    config = nlp.config.copy()
    config["paths"].update(dict.fromkeys(("train", "dev"), str(tmp_path / "train.spacy")))
    config["training"]["max_steps"], config["training"]["eval_frequency"] = 4, 2
    config.to_disk(tmp_path / "config.cfg")
    train(tmp_path / "config.cfg", tmp_path / "output")
    loaded = spacy.load(tmp_path / "output" / "model-best")
    assert kinds(loaded) == {OneDNNOps}
    assert numpy.isfinite(loaded.evaluate(examples(loaded))["tag_acc"])
