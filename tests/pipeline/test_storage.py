"""What is saved loads as it was, or not at all."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from thinc.types import Ragged

from spacy_rnn.checksums import SUMS

TINY = {"tok2vec": {"width": 8, "rows": [50, 10, 10, 10], "char_ngram_rows": 20}}
# Beside torch's weights, some in Thinc's layers; and options in cfg.
CONFIGS: dict[str, dict] = {
    "rnn_tagger": {"model": TINY, "label_smoothing": 0.1},
    "rnn_ner": {"model": TINY},
    "rnn_textcat": {"model": {**TINY, "ngram_rows": 50}},
    "rnn_textcat_multilabel": {"model": TINY, "threshold": 0.3},
    "rnn_tok2vec": {"model": TINY["tok2vec"]},
}


def predictions(nlp: Language, factory: str, docs: list[Doc]) -> list[numpy.ndarray]:
    found = nlp.get_pipe(factory).model.predict(docs)
    arrays = [found.dataXd] if isinstance(found, Ragged) else list(found)
    annotated = nlp.get_pipe(factory)(docs[0].copy())
    tags = [str((t.tag_, t.ent_type_)) for t in annotated]
    return [*arrays, numpy.array(tags), numpy.array(sorted(annotated.cats.items()))]


def load(pipe: Any, folder: Path) -> str:
    """RETURNS (str): The error, if there is one."""
    try:
        pipe.from_disk(folder)
    except ValueError as err:
        return str(err)
    return ""


@pytest.mark.parametrize("flips", [12, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("factory", list(CONFIGS))
def test_one_flipped_byte_is_refused_or_changes_nothing(
    nlp: Language, make_examples: Callable, tmp_path: Path, factory: str, flips: int
) -> None:
    nlp.add_pipe(factory, config=CONFIGS[factory])
    nlp.initialize(lambda: make_examples(nlp))
    doc = nlp.make_doc("They did not like the soup .")
    expected = predictions(nlp, factory, [doc])
    nlp.get_pipe(factory).to_disk(tmp_path)
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {"model", "strings.json", SUMS} <= {file.name for file in files}
    draw, n_refused = random.Random(0), 0
    for i in range(flips):
        file = files[i % len(files)]
        data = file.read_bytes()
        if data:
            flipped = bytearray(data)
            at = draw.randrange(len(data))
            flipped[at] ^= 1 << draw.randrange(8)
            file.write_bytes(flipped)
        error = load(nlp.get_pipe(factory), tmp_path)
        if error:
            assert f"Can't load component '{factory}' from {tmp_path}" in error
            assert str(file) in error or file.name == SUMS
            n_refused += 1
        found = predictions(nlp, factory, [doc])
        for a, b in zip(found, expected, strict=True):
            numpy.testing.assert_array_equal(a, b)
        file.write_bytes(data)
    assert n_refused > flips / 2
    nlp.get_pipe(factory).from_disk(tmp_path)


def test_a_missing_file_is_named(nlp: Language, make_examples: Callable, tmp_path: Path) -> None:
    nlp.add_pipe("rnn_tagger", config=CONFIGS["rnn_tagger"])
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path)
    (tmp_path / "rnn_tagger" / "cfg").unlink()
    with pytest.raises(ValueError, match=r"rnn_tagger/cfg: got a file that is missing, but listed"):
        spacy.load(tmp_path)


def test_what_was_changed_on_purpose_loads_without_checksums(
    nlp: Language, make_examples: Callable, tmp_path: Path
) -> None:
    nlp.add_pipe("rnn_textcat_multilabel", config=CONFIGS["rnn_textcat_multilabel"])
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path)
    cfg = tmp_path / "rnn_textcat_multilabel" / "cfg"
    cfg.write_text(cfg.read_text().replace("0.3", "0.75"))
    with pytest.raises(
        ValueError, match=f"cfg: got a file that is not the one .* delete {SUMS} if"
    ):
        spacy.load(tmp_path)
    (cfg.parent / SUMS).unlink()
    assert spacy.load(tmp_path).get_pipe("rnn_textcat_multilabel").cfg["threshold"] == 0.75


def test_one_flipped_byte_in_bytes_is_refused(nlp: Language, make_examples: Callable) -> None:
    nlp.add_pipe("rnn_tagger", config=CONFIGS["rnn_tagger"])
    nlp.initialize(lambda: make_examples(nlp))
    data = nlp.get_pipe("rnn_tagger").to_bytes()
    for at in random.Random(0).sample(range(len(data)), 50):
        flipped = bytearray(data)
        flipped[at] ^= 1
        with pytest.raises(ValueError, match="Can't load component 'rnn_tagger' from bytes: got"):
            nlp.get_pipe("rnn_tagger").from_bytes(bytes(flipped))
    nlp.get_pipe("rnn_tagger").from_bytes(data)


@pytest.mark.parametrize(
    ("factory", "changes", "reason"),
    [
        ("rnn_ner", {"labels": ["X"] * 2}, "for labels, got .* expected a list of distinct str"),
        ("rnn_ner", {"labels": []}, "0 labels need a model with 1 outputs, got 5"),
        ("rnn_ner", {"labels": [1]}, r"for labels, got \[1\]"),
        ("rnn_ner", {"temperature": None}, "for temperature, got None, expected a finite number"),
        ("rnn_ner", {"temperature": 0}, "for temperature, got 0, expected a finite number above 0"),
        ("rnn_ner", {"thresholds": {"PER": 1.0}}, "for thresholds, got .* of labels that there"),
        ("rnn_tagger", {"labels": ["N"]}, "1 labels need a model with 1 outputs, got 9"),
        ("rnn_textcat", {"labels": ["good"]}, "1 labels need a model with 1 outputs, got 2"),
        ("rnn_textcat", {"temperature": -1.5}, "for temperature, got -1.5"),
        ("rnn_textcat_multilabel", {"thresholds": {"bad": "x"}}, "for thresholds, got"),
        ("rnn_textcat_multilabel", {"threshold": None}, "for threshold, got None"),
    ],
)
def test_cfg_is_checked_against_the_model(
    nlp: Language,
    make_examples: Callable,
    tmp_path: Path,
    factory: str,
    changes: dict[str, Any],
    reason: str,
) -> None:
    nlp.add_pipe(factory, config=CONFIGS[factory])
    nlp.initialize(lambda: make_examples(nlp))
    pipe = nlp.get_pipe(factory)
    cfg = dict(pipe.cfg)
    pipe.cfg.update(changes)
    nlp.to_disk(tmp_path)
    with pytest.raises(ValueError, match=f"'{factory}' from .*{factory}/cfg: .*{reason}"):
        spacy.load(tmp_path)
    data = pipe.to_bytes()
    pipe.cfg = cfg
    with pytest.raises(ValueError, match=f"'{factory}' from bytes: .*{reason}"):
        pipe.from_bytes(data)


@pytest.mark.parametrize("part", ["cfg", "model"])
@pytest.mark.parametrize("damage", ["missing", "truncated"])
def test_each_file_is_refused_by_its_name(
    nlp: Language, make_examples: Callable, tmp_path: Path, part: str, damage: str
) -> None:
    nlp.add_pipe("rnn_ner", config=CONFIGS["rnn_ner"])
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path)
    (tmp_path / "rnn_ner" / SUMS).unlink()
    file = tmp_path / "rnn_ner" / part
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-5])
    with pytest.raises(ValueError, match=f"rnn_ner/{part}: got a file that is {damage}"):
        spacy.load(tmp_path)
    # What was there before stays.
    labels = nlp.get_pipe("rnn_ner").labels
    with pytest.raises(ValueError, match=part):
        nlp.get_pipe("rnn_ner").from_disk(tmp_path / "rnn_ner", exclude=["vocab"])
    assert nlp.get_pipe("rnn_ner").labels == labels
