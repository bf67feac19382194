import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import srsly

from spacy_rnn.cli.convert import convert
from spacy_rnn.cli.download import download
from spacy_rnn.corpus import CorpusError
from spacy_rnn.corpus.splits import open_splits

datasets = pytest.importorskip("datasets")

ROWS = [{"text": "Very good", "label": 1}, {"text": "Bad", "label": 0}]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.getbasetemp() / "hf")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.mkdir()
    srsly.write_jsonl(path / "train.jsonl", ROWS)
    srsly.write_jsonl(path / "test.jsonl", ROWS[:1])
    return path


@pytest.fixture
def hub(monkeypatch) -> list[tuple]:
    """A hub with one dataset, and what was asked of it."""
    calls: list[tuple] = []
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    )

    def load_dataset(source, name=None, revision=None, **options):
        calls.append((source, name, revision))
        data = datasets.Dataset.from_list(ROWS, features=features)
        return datasets.DatasetDict({"train": data, "unsupervised": data, "validation": data})

    class HfApi:
        def dataset_info(self, source, revision):
            calls.append((source, revision))
            return SimpleNamespace(sha=COMMIT, card_data=SimpleNamespace(license="cc-by-4.0"))

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    monkeypatch.setattr("huggingface_hub.HfApi", HfApi)
    return calls


def test_local_folder(folder, tmp_path, spacy_cli):
    out = tmp_path / "data" / "set"
    code, output = spacy_cli("rnn", "download", folder, out)
    assert code == 0
    assert "Saved 2 rows to" in output
    assert sorted(path.name for path in out.iterdir()) == ["test.parquet", "train.parquet"]
    assert datasets.Dataset.from_parquet(str(out / "train.parquet")).to_list() == ROWS
    record = json.loads((tmp_path / "data" / "set.json").read_text())
    assert record["source"] == str(folder)
    assert record["license"] is record["commit"] is record["revision"] is None
    assert {split: found["rows"] for split, found in record["splits"].items()} == {
        "train": 2,
        "test": 1,
    }
    assert list(record["columns"]) == ["text", "label"]
    assert record["versions"]["datasets"] == datasets.__version__
    summaries = convert(open_splits(str(out), "textcat"), tmp_path / "docs")
    assert summaries["train"].labels == {"0": 1, "1": 1}


def test_hub(hub, tmp_path):
    out = tmp_path / "set"
    record = download(
        "user/set", out, name="plain", revision="main", splits=["train", "validation"]
    )
    assert hub == [("user/set", "plain", "main"), ("user/set", "main")]
    assert (record["commit"], record["license"]) == (COMMIT, "cc-by-4.0")
    assert (record["name"], record["revision"]) == ("plain", "main")
    assert record["columns"]["label"] == "ClassLabel(names=['neg', 'pos'])"
    assert sorted(path.name for path in out.iterdir()) == ["train.parquet", "validation.parquet"]
    summaries = convert(open_splits(str(out), "textcat"), tmp_path / "docs")
    assert summaries["dev"].labels == {"neg": 1, "pos": 1}


def test_in_place(hub, tmp_path, spacy_cli):
    args = ["rnn", "download", "user/set", tmp_path / "set"]
    assert spacy_cli(*args)[0] == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    hub.clear()
    code, output = spacy_cli(*args)
    assert code == 0
    assert "In place" in output
    assert hub == []
    for more, message in (
        (["--revision", "v2"], "is in place with the revision None, expected v2: delete"),
        (["--split", "train"], "is in place with the split [], expected ['train']: delete"),
    ):
        code, output = spacy_cli(*args, *more)
        assert code == 1
        assert message in output
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_not_as_downloaded(hub, tmp_path, spacy_cli):
    args = ["rnn", "download", "user/set", tmp_path / "set"]
    assert spacy_cli(*args)[0] == 0
    with (tmp_path / "set" / "train.parquet").open("ab") as file:
        file.write(b"!")
    code, output = spacy_cli(*args)
    assert code == 1
    assert "train.parquet is not as downloaded: its fingerprint is" in output
    (tmp_path / "set" / "train.parquet").unlink()
    assert "its fingerprint is missing, expected" in spacy_cli(*args)[1]
    (tmp_path / "set.json").write_text("{")
    assert "set.json is not the record of a dataset: delete" in spacy_cli(*args)[1]
    (tmp_path / "set.json").unlink()
    code, output = spacy_cli(*args)
    assert code == 1
    assert "unsupervised.parquet is in place and" in output
    assert not (tmp_path / "set.json").exists()


def test_unknown_split(hub, tmp_path, spacy_cli):
    code, output = spacy_cli("rnn", "download", "user/set", tmp_path / "set", "--split", "nope")
    assert code == 1
    assert "user/set has no split nope: got train, unsupervised, validation, expected" in output
    assert not list(tmp_path.iterdir())


def test_no_network(tmp_path, monkeypatch):
    def load_dataset(*args, **options):
        raise ConnectionError("Couldn't reach 'user/set' on the Hub")

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    with pytest.raises(
        CorpusError, match="Can't reach the Hugging Face hub .* or pass a local json"
    ):
        download("user/set", tmp_path / "set")
    assert not list(tmp_path.iterdir())


def test_license_is_unknown_without_network(hub, tmp_path, monkeypatch):
    def dataset_info(self, source, revision):
        raise ConnectionError("offline")

    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", dataset_info)
    record = download("user/set", tmp_path / "set")
    assert record["commit"] is record["license"] is None


def test_different_columns_in_a_split(folder, tmp_path, spacy_cli):
    srsly.write_jsonl(folder / "train2.jsonl", [{"text": "Hm", "label": "pos"}])
    code, output = spacy_cli("rnn", "download", folder, tmp_path / "set")
    assert code == 1
    assert "train2.jsonl make one split and have different columns" in output
    assert not (tmp_path / "set.json").exists()


def test_tokens_get_names(tmp_path):
    path = tmp_path / "train.conll"
    path.write_text("1\tIda\tN\tB-PER\n2\tran\tV\tO\n")
    download(str(path), tmp_path / "set")
    row = {
        "1": ["1", "2"],
        "tokens": ["Ida", "ran"],
        "tags": ["N", "V"],
        "entities": ["B-PER", "O"],
    }
    assert datasets.Dataset.from_parquet(str(tmp_path / "set" / "train.parquet"))[0] == {
        **row,
        "text": None,
    }
    summaries = convert(open_splits(str(tmp_path / "set"), "ner"), tmp_path / "docs")
    assert summaries["train"].labels == {"PER": 1}


def test_columns_of_several_types_are_text(tmp_path):
    rows = [{"text": "a", "label": "x", "note": 1}, {"text": "b", "label": "y", "note": {"k": [2]}}]
    srsly.write_jsonl(tmp_path / "train.jsonl", rows)
    download(str(tmp_path / "train.jsonl"), tmp_path / "set")
    found = datasets.Dataset.from_parquet(str(tmp_path / "set" / "train.parquet"))
    assert found["note"][:] == ["1", '{"k": [2]}']
    assert found["label"][:] == ["x", "y"]


def test_options(tmp_path, spacy_cli):
    (tmp_path / "train.csv").write_bytes("text;label\ncafé;x\n".encode("cp1252"))
    args = ["rnn", "download", tmp_path / "train.csv", tmp_path / "set"]
    code, output = spacy_cli(*args)
    assert code == 1
    assert "set the option encoding, such as encoding=cp1252" in output
    assert not (tmp_path / "set").exists()
    assert spacy_cli(*args, "--option", "encoding=cp1252")[0] == 0
    code, output = spacy_cli(*args)
    assert code == 1
    assert "is in place with the options {'encoding': 'cp1252'}, expected {}" in output
    (tmp_path / "train.csv").write_text("text,label\na,b,c\n")
    code, output = spacy_cli("rnn", "download", tmp_path / "train.csv", tmp_path / "other")
    assert code == 1
    assert "train.csv, row 1, line 2: the row has more fields than its header" in output
