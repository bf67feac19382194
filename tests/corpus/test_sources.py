from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, DocBin

from spacy_rnn.corpus import CorpusError
from spacy_rnn.corpus.sources import find_files, load_source, read_source


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("Ann\tB-PER\n")


def test_splits_by_the_name_of_file_or_folder(tmp_path):
    touch(tmp_path, "wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated")
    touch(tmp_path, "readme.txt", ".cache/train.conll")
    assert {
        split: [p.name for p in paths] for split, paths in load_source(str(tmp_path)).items()
    } == {
        "train": ["wnut17train.conll"],
        "dev": ["emerging.dev.conll"],
        "test": ["emerging.test.annotated"],
    }
    shards = tmp_path / "shards"
    touch(shards, "train/00002.spacy", "train/00001.spacy", "validation/00001.spacy")
    assert {split: [p.name for p in paths] for split, paths in find_files(shards).items()} == {
        "train": ["00001.spacy", "00002.spacy"],
        "dev": ["00001.spacy"],
    }


def test_bad_sources(tmp_path):
    with pytest.raises(CorpusError, match=r"Can't find the file .*none\.iob2'"):
        load_source(str(tmp_path / "none.iob2"))
    touch(tmp_path, "dev.iob2")
    with pytest.raises(CorpusError, match="has no train split: got dev.iob2"):
        load_source(str(tmp_path))
    touch(tmp_path, "train.iob2", "train.conll")
    with pytest.raises(CorpusError, match=r"train files in .* several formats \(.conll, .iob2\)"):
        load_source(str(tmp_path))
    with pytest.raises(CorpusError, match="read as a file of entities, expected the task ner, got"):
        list(read_source([tmp_path / "train.iob2"], "tagger"))
    with pytest.raises(CorpusError, match="read as a file of tags, expected the task tagger, got"):
        list(read_source([tmp_path / "train.conllu"], "ner"))
    touch(tmp_path, "dev.spacy")
    with pytest.raises(CorpusError, match=r"Can't read .*dev\.spacy .*expected a file in spaCy's"):
        list(read_source([tmp_path / "dev.spacy"], "ner"))


def test_excluded_entities_are_outside(tmp_path):
    path = tmp_path / "train.iob2"
    path.write_text("Ann\tB-PER\nis\tB-O\nFrench\tB-OTH\n")
    (record,) = read_source([path], "ner", exclude=["O", "OTH"])
    assert (record.spans, record.labels) == ([(0, 3)], ["PER"])


@pytest.mark.parametrize(
    ("task", "message"),
    [
        ("textcat", "doc 1: got 0 labels in doc.cats, expected exactly one"),
        ("textcat_multilabel", "doc 1: got no labels in doc.cats, expected a value for each"),
        ("tagger", "doc 1: got 0 tags, expected one for each of 2 tokens"),
        ("ner", "doc 1: got 2 tokens without ent_iob, expected entities or none for each token"),
    ],
)
def test_docs_without_annotation(tmp_path, task, message):
    vocab = spacy.blank("en").vocab
    docs = [Doc(vocab, words=["Hello", "world"]), Doc(vocab)]
    DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    with pytest.raises(CorpusError, match=message):
        list(read_source([tmp_path / "train.spacy"], task))
    errors: list[CorpusError] = []
    assert list(read_source([tmp_path / "train.spacy"], task, on_error=errors.append)) == []
    assert "doc 2: got a doc without text" in str(errors[1])
