"""The sample corpus is what its generator writes, and its rows are sound."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.tokens import Doc
from spacy.util import get_words_and_spaces

ASSETS = Path(__file__).parent.parent / "assets"
SPLITS = ("train", "dev", "test")
COLUMNS = {"text", "tokens", "tags", "entities", "label", "labels"}
VERDICTS = {"positive", "negative", "neutral"}
TOPICS = {
    "question",
    "request",
    "complaint",
    "price",
    "delivery",
    "service",
    "comparison",
    "refund",
}
ENTITY_LABELS = {"PERSON", "ORG", "GPE", "PRODUCT", "DATE", "MONEY"}
TAGS = (
    "CC CD DT EX IN JJ JJR JJS MD NN NNP NNPS NNS PDT POS PRP PRP$ RB RBR RP TO UH VB VBD VBG "
    "VBN VBP VBZ WDT WP WRB $ . , : -LRB- -RRB-"
)

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def rows() -> Rows:
    return {
        split: [
            json.loads(line)
            for line in (ASSETS / "sample" / f"{split}.jsonl").read_text("utf-8").splitlines()
        ]
        for split in SPLITS
    }


def every(rows: Rows) -> list[dict[str, Any]]:
    return [row for split in SPLITS for row in rows[split]]


def plain(text: str) -> str:
    return re.sub(r"\W+", "", text).casefold()


def test_generator_writes_the_same_bytes(tmp_path: Path) -> None:
    command = [sys.executable, "-B", str(ASSETS / "make_sample.py"), "--output", str(tmp_path)]
    subprocess.run(command, check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{s}.jsonl" for s in SPLITS)
    for split in SPLITS:
        kept = (ASSETS / "sample" / f"{split}.jsonl").read_bytes()
        assert (tmp_path / f"{split}.jsonl").read_bytes() == kept


def test_other_seeds_write_other_texts(tmp_path: Path) -> None:
    command = [sys.executable, "-B", str(ASSETS / "make_sample.py"), "--seed", "1"]
    subprocess.run([*command, "--output", str(tmp_path)], check=True)
    kept = (ASSETS / "sample" / "dev.jsonl").read_bytes()
    assert (tmp_path / "dev.jsonl").read_bytes() != kept


def test_sizes(rows: Rows) -> None:
    assert {split: len(rows[split]) for split in SPLITS} == {
        "train": 3000,
        "dev": 500,
        "test": 1000,
    }
    total = sum((ASSETS / "sample" / f"{split}.jsonl").stat().st_size for split in SPLITS)
    assert total < 3_000_000


def test_no_text_occurs_twice(rows: Rows) -> None:
    texts = [plain(row["text"]) for row in every(rows)]
    assert len(texts) == len(set(texts))


def test_columns_and_labels(rows: Rows) -> None:
    for row in every(rows):
        assert set(row) == COLUMNS
        assert row["label"] in VERDICTS
        assert set(row["labels"]) <= TOPICS
        assert len(row["labels"]) == len(set(row["labels"]))
        assert 5 <= len(row["tokens"]) <= 45
        assert len(row["tags"]) == len(row["tokens"])
        assert set(row["tags"]) <= set(TAGS.split())
        assert {entity["label"] for entity in row["entities"]} <= ENTITY_LABELS


@pytest.mark.parametrize("split", SPLITS)
def test_every_label_occurs(rows: Rows, split: str) -> None:
    labels = [row["label"] for row in rows[split]]
    assert all(labels.count(label) > len(labels) / 5 for label in VERDICTS)
    assert {topic for row in rows[split] for topic in row["labels"]} == TOPICS
    assert {e["label"] for row in rows[split] for e in row["entities"]} == ENTITY_LABELS


def test_tokens_rebuild_the_text_as_spacy_splits_it(rows: Rows) -> None:
    nlp = spacy.blank("en")
    for row in every(rows):
        words, spaces = get_words_and_spaces(row["tokens"], row["text"])
        doc = Doc(nlp.vocab, words=words, spaces=spaces)
        assert words == row["tokens"]
        assert doc.text == row["text"]
        assert [token.text for token in nlp.make_doc(row["text"])] == words


def test_entities_lie_on_tokens_and_do_not_overlap(rows: Rows) -> None:
    vocab = spacy.blank("en").vocab
    for row in every(rows):
        words, spaces = get_words_and_spaces(row["tokens"], row["text"])
        doc = Doc(vocab, words=words, spaces=spaces)
        spans = [doc.char_span(e["start"], e["end"], e["label"]) for e in row["entities"]]
        assert None not in spans
        doc.set_ents(spans)  # raises where spans overlap


def test_same_words_in_another_order_get_another_label(rows: Rows) -> None:
    labels: dict[tuple[str, ...], set[str]] = {}
    for row in rows["train"]:
        bag = tuple(sorted(token.casefold() for token in row["tokens"]))
        labels.setdefault(bag, set()).add(row["label"])
    assert sum(len(found) > 1 for found in labels.values()) >= 50


def test_words_have_several_tags(rows: Rows) -> None:
    tags: dict[str, set[str]] = {}
    for row in rows["train"]:
        for token, tag in zip(row["tokens"], row["tags"], strict=True):
            tags.setdefault(token.casefold(), set()).add(tag)
    assert tags["put"] >= {"VB", "VBP", "VBD", "VBN"}
    assert tags["that"] >= {"IN", "DT", "WDT"}
    assert tags["'s"] >= {"POS", "VBZ"}
    assert tags["her"] >= {"PRP", "PRP$"}
    assert sum(len(found) > 1 for found in tags.values()) >= 50


@pytest.mark.parametrize("split", ["dev", "test"])
def test_held_out_words_and_combinations(rows: Rows, split: str) -> None:
    def words(part: str) -> set[str]:
        return {token.casefold() for row in rows[part] for token in row["tokens"]}

    def names(part: str) -> set[str]:
        return {
            row["text"][entity["start"] : entity["end"]]
            for row in rows[part]
            for entity in row["entities"]
            if entity["label"] not in {"DATE", "MONEY"}
        }

    def shapes(part: str) -> set[tuple[str, ...]]:
        return {tuple(row["tags"]) for row in rows[part]}

    assert len(words(split) - words("train")) >= 80
    assert len(names(split) - names("train")) >= 200
    assert len(shapes(split) - shapes("train")) >= 200


def test_names_are_ambiguous(rows: Rows) -> None:
    labels: dict[str, set[str]] = {}
    for row in rows["train"]:
        for entity in row["entities"]:
            name = row["text"][entity["start"] : entity["end"]]
            labels.setdefault(name, set()).add(entity["label"])
    assert sum(len(found) > 1 for found in labels.values()) >= 20
