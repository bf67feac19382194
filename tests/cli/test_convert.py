import os
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import DocBin

from spacy_rnn.cli._util import CommandError
from spacy_rnn.cli.convert import convert
from spacy_rnn.corpus import CorpusError

pytest.importorskip("datasets")

TRAIN = [
    {"text": "Very good", "label": "pos"},
    {"text": "Really bad.", "label": "neg"},
    {"text": "So good", "label": "pos"},
]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.getbasetemp() / "hf")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.mkdir()
    srsly.write_jsonl(path / "train.jsonl", TRAIN)
    srsly.write_jsonl(path / "valid.jsonl", TRAIN[:2])
    srsly.write_jsonl(path / "test.jsonl", TRAIN[1:])
    return path


def read(path: Path):
    return list(DocBin().from_disk(path).get_docs(spacy.blank("en").vocab))


def test_convert(folder, tmp_path):
    out = tmp_path / "new" / "out"
    summaries = convert(str(folder), out, "textcat")
    assert sorted(path.name for path in out.iterdir()) == ["dev.spacy", "test.spacy", "train.spacy"]
    assert list(summaries) == ["train", "dev", "test"]
    train = summaries["train"]
    assert (train.path, train.docs, train.tokens) == (out / "train.spacy", 3, 7)
    assert train.labels == {"pos": 2, "neg": 1}
    docs = read(out / "train.spacy")
    assert [doc.text for doc in docs] == [row["text"] for row in TRAIN]
    assert [doc.cats for doc in docs] == [
        {"neg": float(row["label"] == "neg"), "pos": float(row["label"] == "pos")} for row in TRAIN
    ]
    assert len(read(out / "dev.spacy")) == len(read(out / "test.spacy")) == 2


def test_cli(folder, tmp_path, spacy_cli):
    for path in folder.iterdir():
        rows = [{"words": row["text"], "y": row["label"]} for row in srsly.read_jsonl(path)]
        srsly.write_jsonl(path, rows)
    args = ["rnn", "convert", folder, tmp_path / "out", "--task", "textcat"]
    code, output = spacy_cli(*args)
    assert code == 1
    assert "no column 'text', which textcat needs: got words, y; name the right" in output
    code, output = spacy_cli(*args, "--text", "words", "--label", "y")
    assert code == 0
    for part in ("train dev test", "Docs 3 2 2", "Tokens 7 5 5", "pos 2 1 1 neg 1 1 1"):
        assert part in output
    assert "Saved 3 docs to" in output


def test_cli_needs_a_known_task(folder, tmp_path, spacy_cli):
    assert spacy_cli("rnn", "convert", folder, tmp_path / "out")[0] == 2
    assert spacy_cli("rnn", "convert", folder, tmp_path / "out", "--task", "parser")[0] == 2


def test_failure_leaves_earlier_files(folder, tmp_path, spacy_cli):
    out = tmp_path / "out"
    convert(str(folder), out, "textcat")
    before = {path: path.read_bytes() for path in out.iterdir()}
    srsly.write_jsonl(folder / "train.jsonl", TRAIN[:2])
    srsly.write_jsonl(folder / "test.jsonl", [*TRAIN, {"text": "", "label": "pos"}])
    code, output = spacy_cli("rnn", "convert", folder, out, "--task", "textcat")
    assert code == 1
    assert "test.jsonl, row 4: the column 'text' holds '', expected a string" in output
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_failure_while_writing(folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    to_disk = DocBin.to_disk

    def full_disk(self, path):
        to_disk(self, path)
        if path.name.startswith("test"):
            raise OSError("no space left")

    monkeypatch.setattr(DocBin, "to_disk", full_disk)
    with pytest.raises(OSError, match="no space left"):
        convert(str(folder), out, "textcat")
    assert list(out.iterdir()) == []


def test_label_that_train_lacks(folder, tmp_path):
    srsly.write_jsonl(folder / "valid.jsonl", [*TRAIN, {"text": "Hm", "label": "mixed"}])
    with pytest.raises(CorpusError, match=r"Labels that train lacks: 'mixed' \(dev: 1\)"):
        convert(str(folder), tmp_path / "out", "textcat")


def test_tag_that_train_lacks_is_a_warning(tmp_path, spacy_cli):
    folder = tmp_path / "data"
    folder.mkdir()
    srsly.write_jsonl(folder / "train.jsonl", [{"tokens": ["I", "go"], "tags": ["PRP", "VB"]}])
    srsly.write_jsonl(folder / "dev.jsonl", [{"tokens": ["Oh"], "tags": ["UH"]}])
    code, output = spacy_cli("rnn", "convert", folder, tmp_path / "out", "--task", "tagger")
    assert code == 0
    assert "Labels that train lacks, each counted as an error: 'UH' (dev: 1)" in output
    assert [token.tag_ for token in read(tmp_path / "out" / "train.spacy")[0]] == ["PRP", "VB"]


def test_skipped_entities_are_counted(tmp_path, spacy_cli):
    entities = [{"start": 0, "end": 8, "label": "GPE"}, {"start": 10, "end": 14, "label": "X"}]
    srsly.write_jsonl(tmp_path / "ner.jsonl", [{"text": "New York, today", "entities": entities}])
    args = ["rnn", "convert", tmp_path / "ner.jsonl", tmp_path / "out", "--task", "ner"]
    code, output = spacy_cli(*args)
    assert code == 0
    assert "GPE 1" in output
    assert "X 1" not in output
    assert "Entities left out of train, as their offsets don't match token boundaries: 1." in output


def test_file_of_an_earlier_run(folder, tmp_path, spacy_cli):
    convert(str(folder), tmp_path / "out", "textcat")
    args = ["rnn", "convert", folder / "train.jsonl", tmp_path / "out", "--task", "textcat"]
    code, output = spacy_cli(*args)
    assert code == 0
    assert "train.jsonl has no test split" in output
    assert "train.jsonl has no dev split" in output


def test_unknown_language(folder, tmp_path):
    with pytest.raises(CommandError, match="Can't use the language 'qq'"):
        convert(str(folder), tmp_path / "out", "textcat", lang="qq")


def test_hash_seed_does_not_change_the_bytes(folder, tmp_path):
    code = (
        "import sys; from pathlib import Path; from spacy_rnn.cli.convert import convert;"
        "convert(sys.argv[1], Path(sys.argv[2]), 'textcat')"
    )
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "HF_DATASETS_CACHE": str(tmp_path / "hf")}
        args = [sys.executable, "-c", code, str(folder), str(tmp_path / seed)]
        subprocess.run(args, env=env, check=True, cwd=Path(__file__).parents[2])
    for name in ("train.spacy", "dev.spacy", "test.spacy"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_import_is_light():
    code = (
        "import spacy.cli, sys; before = set(sys.modules); import spacy_rnn.cli;"
        "new = {name.split('.')[0] for name in set(sys.modules) - before} - {'spacy_rnn'};"
        "assert new <= set(sys.stdlib_module_names), new"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
