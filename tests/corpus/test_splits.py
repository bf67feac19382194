import random
from pathlib import Path

import pytest
import srsly

from spacy_rnn.corpus import CorpusError, Report
from spacy_rnn.corpus.splits import add_splits, open_splits

pytest.importorskip("datasets")

ROWS = [{"text": f"Text {i}", "label": "rare" if i % 10 == 0 else "common"} for i in range(200)]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.getbasetemp() / "hf")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    srsly.write_jsonl(path, ROWS)
    return path


def divided(path: Path, shares: dict[str, float], task="textcat", seed: int = 0):
    splits = add_splits(open_splits(str(path), task), shares, seed)
    return {
        name: {row.text: row.labels[0] for rows in split.read() for row in rows}
        for name, split in splits.items()
    }


def test_each_label_has_the_same_share_of_each_split(path):
    found = divided(path, {"dev": 0.1, "test": 0.2})
    assert list(found) == ["train", "dev", "test"]
    assert [len(texts) for texts in found.values()] == [140, 20, 40]
    assert [list(t.values()).count("rare") for t in found.values()] == [14, 2, 4]
    assert list(found["train"]) != [row["text"] for row in ROWS[:140]]
    assert set().union(*found.values()) == {row["text"] for row in ROWS}


def test_seed_and_not_the_order_decides(path, tmp_path):
    first = divided(path, {"dev": 0.1})
    assert divided(path, {"dev": 0.1}) == first
    assert divided(path, {"dev": 0.1}, seed=1) != first
    shuffled = tmp_path / "shuffled.jsonl"
    srsly.write_jsonl(shuffled, random.Random(0).sample(ROWS, len(ROWS)))
    assert divided(shuffled, {"dev": 0.1}) == first


def test_the_same_text_stays_in_one_split(path):
    srsly.write_jsonl(path, ROWS * 2)
    found = divided(path, {"dev": 0.25})
    assert not set(found["train"]) & set(found["dev"])


def test_one_row_of_a_label_stays_in_train(path):
    srsly.write_jsonl(path, [*ROWS, {"text": "Alone", "label": "alone"}])
    assert divided(path, {"dev": 0.1, "test": 0.1})["train"]["Alone"] == "alone"


def test_sentences_of_a_doc_stay_together(tmp_path):
    path = tmp_path / "rows.jsonl"
    srsly.write_jsonl(path, [{"tokens": [f"w{i}"], "tags": ["X"]} for i in range(100)])
    splits = add_splits(open_splits(str(path), "tagger", n_sents=2), {"test": 0.2})
    sizes = {}
    for name, split in splits.items():
        docs = [[int(row.tokens[0][1:]) for row in rows] for rows in split.read()]
        assert all(first % 2 == 0 and second == first + 1 for first, second in docs)
        sizes[name] = len(docs)
    assert sizes == {"train": 40, "test": 10}


def test_bad_requests(path, tmp_path):
    splits = open_splits(str(path), "textcat")
    with pytest.raises(CorpusError, match="got shares of 0.5 and 0.5, expected less than 1"):
        add_splits(splits, {"dev": 0.5, "test": 0.5})
    with pytest.raises(CorpusError, match="There is a dev split: ask for none, or remove"):
        add_splits(add_splits(splits, {"dev": 0.1}), {"dev": 0.1})
    with pytest.raises(CorpusError, match="Only entities can be excluded, and textcat has none"):
        open_splits(str(path), "textcat", exclude=["O"])
    with pytest.raises(CorpusError, match="The rows of textcat are docs, not sentences"):
        open_splits(str(path), "textcat", n_sents=2)


def test_a_bad_row_is_reported_once(path):
    srsly.write_jsonl(path, [*ROWS, {"text": "", "label": "rare"}])
    splits = add_splits(open_splits(str(path), "textcat"), {"dev": 0.1})
    report = Report(skip=True)
    for split in splits.values():
        list(split.read(report))
    assert report.skipped == 1
    assert "rows.jsonl, row 201, line 201: the column 'text' holds ''" in report.reasons[0]
    with pytest.raises(CorpusError, match="row 201"):
        list(splits["train"].read())
