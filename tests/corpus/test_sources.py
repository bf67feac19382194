import json
import logging
import sys
from pathlib import Path

import pytest

from spacy_rnn.corpus import CorpusError, load_splits, main_splits
from spacy_rnn.corpus.sources import split_files

datasets = pytest.importorskip("datasets")
errors = datasets.exceptions
ROWS = [{"text": "Very good", "label": "pos"}, {"text": "Bad, really", "label": "neg"}]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("Ann\tB-PER\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", json.dumps(ROWS)),
        ("a.jsonl", "\n".join(json.dumps(row) for row in ROWS)),
        ("a.csv", 'text,label\nVery good,pos\n"Bad, really",neg\n'),
        ("a.tsv", "text\tlabel\nVery good\tpos\nBad, really\tneg\n"),
        ("a.parquet", None),
    ],
)
def test_load_formats(tmp_path, write, name, content):
    path = tmp_path / name
    if content is None:
        datasets.Dataset.from_list(ROWS).to_parquet(path)
    else:
        write(name, content)
    tables = load_splits(str(path))
    assert list(tables) == ["train"]
    assert [table.source for table in tables["train"]] == [str(path)]
    assert [row.values for row in tables["train"][0].rows(["text", "label"])] == ROWS


def test_load_is_fresh(write):
    name = "not [a] pattern/a.jsonl"
    for word in ("one", "two"):
        path = write(name, json.dumps({"text": word, "label": "x"}))
        (row,) = load_splits(str(path))["train"][0].rows(["text"])
        assert row.values["text"] == word


def test_splits_by_the_name_of_file_or_folder(tmp_path):
    touch(tmp_path, "wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated")
    touch(tmp_path, "readme.txt", ".cache/train.conll", "train.md")
    found = {split: [p.name for p in paths] for split, paths in split_files(tmp_path).items()}
    assert found == {
        "train": ["wnut17train.conll"],
        "dev": ["emerging.dev.conll"],
        "test": ["emerging.test.annotated"],
    }
    assert list(load_splits(str(tmp_path))) == ["dev", "test", "train"]
    assert list(main_splits(load_splits(str(tmp_path)), "x")) == ["train", "dev", "test"]
    shards = tmp_path / "shards"
    touch(shards, "train/00002.spacy", "train/00001.spacy", "validation/00001.spacy")
    touch(shards, "TEST/deeper/part-0.spacy")
    assert {split: [p.name for p in paths] for split, paths in split_files(shards).items()} == {
        "train": ["00001.spacy", "00002.spacy"],
        "dev": ["00001.spacy"],
        "test": ["part-0.spacy"],
    }


def test_files_without_suffix(tmp_path):
    touch(tmp_path, "eng.train", "eng.testa", "eng.testb")
    found = split_files(tmp_path)
    assert {split: [p.name for p in paths] for split, paths in found.items()} == {
        "train": ["eng.train"],
        "dev": ["eng.testa"],
        "test": ["eng.testb"],
    }
    assert [table.format for table in load_splits(str(tmp_path))["train"]] == ["tokens"]


def test_split_files(tmp_path, caplog):
    names = ["en_ewt-ud-train.csv", "b/train-00001.csv", "Dev.jsonl", "my_test.tsv"]
    others = ["latest.csv", "trainer.csv", "notes-train.md", ".cache/train.csv"]
    for name in names + others:
        touch(tmp_path, name)
    caplog.set_level(logging.WARNING, logger="spacy")
    splits = split_files(tmp_path)
    assert {k: [p.name for p in v] for k, v in splits.items()} == {
        "train": ["train-00001.csv", "en_ewt-ud-train.csv"],
        "dev": ["Dev.jsonl"],
        "test": ["my_test.tsv"],
    }


@pytest.mark.parametrize("word", ["dev", "val", "valid", "validation"])
def test_dev_words(tmp_path, word):
    touch(tmp_path, f"{word}.csv")
    touch(tmp_path, "train.csv")
    assert split_files(tmp_path)["dev"] == [tmp_path / f"{word}.csv"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["other.csv", "more.csv"], "has no splits: got more.csv, other.csv, expected a local"),
        ([], "has no splits: got no files"),
        (["train-dev.csv"], "train-dev.csv holds dev and train, expected one split"),
        (["train.csv", "train.json"], r"several formats \(.csv, .json\), expected one"),
    ],
)
def test_split_files_errors(tmp_path, names, message):
    for name in names:
        touch(tmp_path, name)
    with pytest.raises(CorpusError, match=message):
        split_files(tmp_path)


@pytest.mark.parametrize("source", ["nope.jsonl", "./nope", "no/such/folder"])
def test_missing_path(source):
    with pytest.raises(CorpusError, match=f"Can't find the file or folder '{source}'"):
        load_splits(source)


def test_hub_options_are_for_the_hub(tmp_path):
    with pytest.raises(CorpusError, match="is local, and a config name or revision"):
        load_splits(str(tmp_path), name="x")


def test_hub_offline(monkeypatch):
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(
        CorpusError, match=r"Can't reach the Hugging Face hub.*or pass a local json"
    ):
        load_splits("someone/something")


def test_datasets_not_installed(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(CorpusError, match=r"run pip install 'spacy-rnn\[datasets\]'"):
        load_splits(str(write("a.parquet", "PAR1")))


def test_hub(monkeypatch, caplog):
    calls = []
    data = {
        name: datasets.Dataset.from_list(ROWS) for name in ("test", "validation", "extra", "train")
    }

    def load_dataset(*args, **kwargs):
        calls.append((args, kwargs))
        return data

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    tables = load_splits("someone/something", name="en", revision="v1", options={"sep": ";"})
    options = {"name": "en", "data_files": None, "revision": "v1", "streaming": False, "sep": ";"}
    assert calls == [(("someone/something",), options)]
    assert list(tables) == ["test", "validation", "extra", "train"]
    tables = main_splits(tables, "someone/something")
    assert list(tables) == ["train", "dev", "test"]
    assert tables["dev"][0].source == "someone/something, split validation"
    assert list(load_splits("someone/something", only=["dev"])) == ["validation"]
    with pytest.raises(CorpusError, match="has no split nope: got test, validation, extra, train"):
        load_splits("someone/something", only=["nope"])
    data["dev"] = data["validation"].select([])
    with pytest.raises(CorpusError, match="split dev has no rows"):
        load_splits("something")
    with pytest.raises(CorpusError, match="something has no train split: got extra"):
        main_splits({"extra": []}, "something")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ConnectionError("Couldn't reach 'x' on the Hub (LocalEntryNotFoundError)"),
            "Can't reach the Hugging Face hub for 'x' .*: connect to the network, or pass a local",
        ),
        (
            errors.DatasetNotFoundError("Dataset 'x' doesn't exist on the Hub or cannot be acc."),
            "No dataset 'x' on the Hugging Face hub .*doesn't exist.*correct the name, or pass a",
        ),
        (
            errors.DataFilesNotFoundError("No (supported) data files found in x"),
            "No dataset 'x' on .*data files found in x.*: correct the name, or pass a local json",
        ),
        (
            errors.DatasetNotFoundError(
                "Dataset 'x' is a gated dataset on the Hub. You must be authenticated to access it."
            ),
            "'x' is gated .*accept its terms on https://huggingface.co/datasets/x and log in with",
        ),
        (
            errors.DatasetNotFoundError("Revision 'y' doesn't exist for dataset 'x' on the Hub."),
            "^Revision 'y' doesn't exist for dataset 'x' on the Hub: set revision to one of its",
        ),
        (
            RuntimeError("Dataset scripts are no longer supported, but found x.py"),
            "'x' is a loading script .*found x.py.: set revision to 'refs/convert/parquet'",
        ),
        (
            ValueError("BuilderConfig 'fr' not found. Available: ['de', 'en']"),
            "'x' is several datasets in one: set name, and to one of 'de', 'en'",
        ),
        (
            ValueError(
                "Config name is missing.\nPlease pick one among the available configs: "
                "['de', 'en']\nExample of usage:\n\t`load_dataset('x', 'de')`"
            ),
            "'x' is several datasets in one: set name, and to one of 'de', 'en'",
        ),
        (
            errors.DatasetGenerationError("reason.\nmore"),
            r"Can't load 'x' from the Hugging Face hub: reason\.$",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_hub_errors(monkeypatch, error, message):
    def load_dataset(*args, **kwargs):
        raise error

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    with pytest.raises(CorpusError, match=message):
        load_splits("x")


def test_bad_sources(tmp_path):
    with pytest.raises(CorpusError, match=r"Can't find the file or folder .*none\.iob2'"):
        load_splits(str(tmp_path / "none.iob2"))
    touch(tmp_path, "train.iob2", "train.conll")
    with pytest.raises(CorpusError, match=r"train files in .* several formats \(.conll, .iob2\)"):
        load_splits(str(tmp_path))
    touch(tmp_path, "dev.spacy")
    with pytest.raises(CorpusError, match=r"Can't read .*dev\.spacy .*expected a file in spaCy's"):
        load_splits(str(tmp_path / "dev.spacy"))


def test_parallel_files(tmp_path, write, read, caplog):
    write("d/train_text.txt", "so happy\nso sad\n")
    labels = write("d/train_labels.txt", "1\n0\n")
    assert [r.labels for r in read(tmp_path / "d", "textcat")] == [["1"], ["0"]]
    write("d/mapping.txt", "0\tsadness\n1\tjoy\n")
    records = read(tmp_path / "d", "textcat")
    assert [(r.text, r.labels) for r in records] == [("so happy", ["joy"]), ("so sad", ["sadness"])]
    labels.write_text("1\n")
    with pytest.raises(CorpusError, match=r"train_labels.txt ends before line 2, expected as many"):
        read(tmp_path / "d", "textcat")
    labels.unlink()
    assert not caplog.records
    with pytest.raises(CorpusError, match=r"train_text.txt has no column 'label', which textcat"):
        read(tmp_path / "d", "textcat")
