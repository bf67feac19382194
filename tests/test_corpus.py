import json
import logging
import sys
from pathlib import Path

import pytest
import spacy
import srsly

from spacy_rnn.corpus import (
    COLUMNS,
    Columns,
    CorpusError,
    Record,
    Table,
    bad_json_line,
    class_names,
    count_labels,
    label_set,
    load_tables,
    make_doc,
    read_records,
    split_files,
    unseen_labels,
)

datasets = pytest.importorskip("datasets")
errors = datasets.exceptions


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.getbasetemp() / "hf")


@pytest.fixture(scope="module")
def nlp():
    return spacy.blank("en")


def table(rows, features=None):
    return Table("data.jsonl", datasets.Dataset.from_list(rows, features=features))


def records(task, rows, features=None, columns=COLUMNS):
    return list(read_records([table(rows, features)], task, columns))


def docs(nlp, task, rows, features=None):
    found = records(task, rows, features)
    labels = label_set({"train": count_labels(found)}, task)
    return [make_doc(record, nlp, task, labels) for record in found]


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf8")
    return path


ROWS = [{"text": "Very good", "label": "pos"}, {"text": "Bad, really", "label": "neg"}]


# Loading


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
def test_load_formats(tmp_path, name, content):
    path = tmp_path / name
    if content is None:
        datasets.Dataset.from_list(ROWS).to_parquet(path)
    else:
        write(path, content)
    tables = load_tables(str(path))
    assert list(tables) == ["train"]
    assert [table.source for table in tables["train"]] == [str(path)]
    assert list(tables["train"][0].data) == ROWS


def test_load_csv_keeps_words_that_mean_missing(tmp_path):
    path = write(tmp_path / "a.csv", "text,label\nnull,NA\nnan,None\n")
    found = list(read_records(load_tables(str(path))["train"], "textcat"))
    assert [(record.text, record.labels) for record in found] == [
        ("null", ["NA"]),
        ("nan", ["None"]),
    ]


def test_load_is_fresh(tmp_path):
    path = write(tmp_path / "not [a] pattern*" / "a.jsonl", '{"text": "one", "label": "x"}\n')
    assert load_tables(str(path))["train"][0].data[0]["text"] == "one"
    write(path, '{"text": "two", "label": "x"}\n')
    assert load_tables(str(path))["train"][0].data[0]["text"] == "two"


def test_split_files(tmp_path, caplog):
    names = ["en_ewt-ud-train.csv", "b/train-00001.csv", "Dev.jsonl", "my_test.tsv"]
    others = ["latest.csv", "trainer.csv", "notes-train.txt", ".cache/train.csv"]
    for name in names + others:
        write(tmp_path / name, "x")
    caplog.set_level(logging.WARNING, logger="spacy")
    splits = split_files(tmp_path)
    assert {k: [p.name for p in v] for k, v in splits.items()} == {
        "train": ["train-00001.csv", "en_ewt-ud-train.csv"],
        "dev": ["Dev.jsonl"],
        "test": ["my_test.tsv"],
    }


@pytest.mark.parametrize("word", ["dev", "val", "valid", "validation"])
def test_dev_words(tmp_path, word):
    write(tmp_path / f"{word}.csv", "x")
    write(tmp_path / "train.csv", "x")
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
        write(tmp_path / name, "x")
    with pytest.raises(CorpusError, match=message):
        split_files(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "x", r"got the format '\.txt', pass a local json"),
        ("a.jsonl", "", "no rows"),
        ("a.csv", "text,label\n", "no rows"),
        ("a.json", "[]", "no rows"),
        ("a.jsonl", "\n\n", "no rows"),
        ("a.jsonl", '{"text": "a"}\n{"text": "b"\n', r"a.jsonl, line 2: not JSON \(Expecting"),
        ("a.jsonl", '{"text": "a"}\n{"text": \n{"text": "b"}\n', "a.jsonl, line 2: not JSON"),
        ("a.jsonl", '{"text": "a"}\n\n3\n', "a.jsonl, line 3: got '3', expected a JSON object"),
        ("a.json", '[\n{"text": "a"},\n{"text" "b"}]', r"a.json, line 3: not JSON"),
        ("a.csv", 'text,label\n"a,b\nc,d\n', "a.csv: Error tokenizing data.*correct the file"),
        ("a.parquet", "x" * 99, "a.parquet: Parquet magic bytes not found"),
    ],
)
def test_load_errors(tmp_path, name, content, message):
    path = write(tmp_path / name, content)
    with pytest.raises(CorpusError, match=message):
        load_tables(str(path))


def test_bad_json_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes('{"text": "a"}\n{"text": "caf\xe9"}\n'.encode("latin1"))
    assert bad_json_line(path) == f"{path}, line 2: not encoded in UTF-8"
    with pytest.raises(CorpusError, match="line 2: not encoded in UTF-8"):
        load_tables(str(path))
    path.write_bytes('[{"text": "a"},\n{"text": "caf\xe9"}]\n'.encode("latin1"))
    assert bad_json_line(path) == f"{path}, line 2: not encoded in UTF-8"
    assert bad_json_line(write(path, '{"text": "a"}\n\n')) is None
    assert bad_json_line(write(path, '[{"text": "a"}]')) is None


@pytest.mark.parametrize("source", ["nope.jsonl", "./nope", "no/such/folder"])
def test_missing_path(source):
    with pytest.raises(CorpusError, match=f"Can't find the file or folder '{source}'"):
        load_tables(source)


def test_hub_options_are_for_the_hub(tmp_path):
    with pytest.raises(CorpusError, match="is local, and a config name or revision"):
        load_tables(str(tmp_path), name="x")


def test_hub_offline(monkeypatch):
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(
        CorpusError, match=r"Can't reach the Hugging Face hub.*or pass a local json"
    ):
        load_tables("someone/something")


def test_datasets_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(CorpusError, match=r"run pip install 'spacy-rnn\[datasets\]'"):
        load_tables(str(write(tmp_path / "a.csv", "text,label\na,b\n")))


def test_hub(monkeypatch, caplog):
    calls = []
    data = {
        name: datasets.Dataset.from_list(ROWS) for name in ("test", "validation", "extra", "train")
    }

    def load_dataset(*args, **kwargs):
        calls.append((args, kwargs))
        return data

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    tables = load_tables("someone/something", name="en", revision="v1")
    options = {"name": "en", "data_files": None, "revision": "v1", "streaming": False}
    assert calls == [(("someone/something",), options)]
    assert list(tables) == ["train", "dev", "test"]
    assert tables["dev"][0].source == "someone/something, split validation"
    data["dev"] = data["validation"].select([])
    with pytest.raises(CorpusError, match="split dev has no rows"):
        load_tables("something")
    data.clear()
    data["test"] = datasets.Dataset.from_list(ROWS)
    with pytest.raises(CorpusError, match="something has no train split: got test"):
        load_tables("something")


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
        load_tables("x")


# Rows to records


def test_class_names():
    label = datasets.ClassLabel(names=["a", "b"])
    assert class_names(label) == ["a", "b"]
    assert class_names(datasets.List(label)) == ["a", "b"]
    assert class_names(datasets.List({"start": datasets.Value("int32"), "label": label})) == [
        "a",
        "b",
    ]
    assert class_names(datasets.List({"start": datasets.Value("int32")})) is None
    assert class_names(datasets.Value("string")) is None


def test_labels_from_strings_integers_and_class_labels():
    names = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    )
    rows = [{"text": "a", "label": 1}, {"text": "b", "label": 0}]
    assert [record.labels for record in records("textcat", rows)] == [["1"], ["0"]]
    assert [record.labels for record in records("textcat", rows, names)] == [["pos"], ["neg"]]
    assert [record.labels for record in records("textcat", ROWS)] == [["pos"], ["neg"]]


def test_columns():
    rows = [{"words": ["a"], "xpos": ["X"], "text": "a"}]
    columns = Columns(tokens="words", tags="xpos", text="none")
    (record,) = records("tagger", rows, columns=columns)
    assert record == Record("data.jsonl, row 1", None, ["a"], ["X"], [])


ENTITY = {"start": 0, "end": 1, "label": "X"}


@pytest.mark.parametrize(
    ("task", "row", "message"),
    [
        ("textcat", {"text": "a"}, "no column 'label', which textcat needs: got text; name"),
        ("textcat_multilabel", {"text": "a"}, "no column 'labels'"),
        ("tagger", {"text": "a", "tags": ["X"]}, "no column 'tokens'"),
        ("ner", {"entities": [ENTITY]}, "no column 'text'"),
        ("textcat", {"text": None, "label": "x"}, "'text' holds None, expected a string"),
        ("textcat", {"text": " \n", "label": "x"}, r"'text' holds ' \\n', expected a string"),
        ("textcat", {"text": "a", "label": None}, "'label' holds None, expected a label"),
        ("textcat", {"text": "a", "label": ""}, "'label' holds '', expected a label"),
        ("textcat", {"text": "a", "label": 0.5}, "'label' holds 0.5, expected a label"),
        ("textcat_multilabel", {"text": "a", "labels": None}, "'labels' holds None, expected a l"),
        ("textcat_multilabel", {"text": "a", "labels": ["", "b"]}, "'labels' holds ''"),
        ("tagger", {"tokens": ["a", "b"], "tags": ["X"]}, "got 2 tokens and 1 tags, expected one"),
        ("tagger", {"tokens": [], "tags": []}, r"'tokens' holds \[\], expected at least one"),
        ("tagger", {"tokens": ["a", ""], "tags": ["X", "Y"]}, "'tokens' holds ''"),
        ("tagger", {"tokens": ["a"], "tags": [None]}, "'tags' holds None"),
        ("ner", {"text": "a", "entities": None}, "'entities' holds None, expected a list"),
        ("ner", {"text": "a", "entities": [{"start": 0, "end": 1}]}, "expected an entity with"),
        ("ner", {"text": "a", "entities": [{**ENTITY, "end": None}]}, "expected an entity with"),
        ("ner", {"text": "a", "entities": [{**ENTITY, "end": 2}]}, "from 0 to 2, expected 0 <="),
        ("ner", {"text": "a", "entities": [{**ENTITY, "start": -1}]}, "from -1 to 1, expected"),
        ("ner", {"text": "a", "entities": [{**ENTITY, "end": 0}]}, "from 0 to 0, expected"),
        ("ner", {"text": "a", "entities": [{**ENTITY, "label": ""}]}, "'entities' holds ''"),
        ("ner", {"text": "a", "entities": [ENTITY, ENTITY]}, "one entity ends at 1 and another"),
        ("ner", {"tokens": ["a", "b"], "entities": [{**ENTITY, "end": 4}]}, "<= 3, the length"),
        ("ner", {"tokens": ["a", "b"], "entities": ["O"]}, "got 2 tokens and 1 tags, expected"),
    ],
)
def test_row_errors(task, row, message):
    with pytest.raises(CorpusError, match=f"^data.jsonl(, row 1:)? .*{message}"):
        records(task, [row])


def test_row_number_and_index_out_of_range():
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    )
    rows = [{"text": "a", "label": 1}, {"text": "b", "label": -1}]
    message = "data.jsonl, row 2: the column 'label' holds -1, expected the index of one of the 2"
    with pytest.raises(CorpusError, match=message):
        records("textcat", rows, features)


def test_bad_rows_are_reported():
    rows = [{"text": "a", "label": "x"}, {"text": None, "label": "x"}, {"text": "b", "label": ""}]
    reported = []
    found = list(read_records([table(rows)], "textcat", on_error=reported.append))
    assert [record.text for record in found] == ["a"]
    assert [str(error).split(":")[0] for error in reported] == [
        "data.jsonl, row 2",
        "data.jsonl, row 3",
    ]


def test_damaged_tsv(tmp_path):
    path = write(tmp_path / "a.tsv", 'text\tlabel\n"a\tx\nb "c"\ty\n')
    with pytest.raises(CorpusError, match="a.tsv, row 1: a double quote opens a field and is not"):
        list(read_records(load_tables(str(path))["train"], "textcat"))


# Labels


def test_label_set():
    def texts(labels):
        return count_labels(Record("", "", None, [label], []) for label in labels)

    counts = {"train": texts("baab"), "dev": texts("ab")}
    assert label_set(counts, "textcat") == ["a", "b"]
    counts["test"] = texts("accd")
    assert unseen_labels(counts) == ["'c' (test: 2)", "'d' (test: 1)"]
    for task in ("textcat", "textcat_multilabel"):
        with pytest.raises(CorpusError, match=r"lacks: 'c' \(test: 2\), 'd' \(test: 1\)\. The sc"):
            label_set(counts, task)
    for task in ("tagger", "ner"):
        assert label_set(counts, task) == ["a", "b"]


# Records to docs


def test_textcat_docs(nlp):
    first, second = docs(nlp, "textcat", ROWS)
    assert first.cats == {"neg": 0.0, "pos": 1.0}
    assert list(first.cats) == ["neg", "pos"]
    assert second.cats == {"neg": 1.0, "pos": 0.0}
    assert [token.text for token in second] == ["Bad", ",", "really"]


def test_textcat_ignores_gold_tokens(nlp):
    (doc,) = docs(nlp, "textcat", [{"text": "can't", "label": "x", "tokens": ["can't"]}])
    assert [token.text for token in doc] == ["ca", "n't"]


def test_multilabel_docs(nlp):
    rows = [{"text": "a", "labels": ["y", "x"]}, {"text": "b", "labels": []}]
    first, second = docs(nlp, "textcat_multilabel", rows)
    assert first.cats == {"x": 1.0, "y": 1.0}
    assert second.cats == {"x": 0.0, "y": 0.0}


def test_tagger_docs(nlp):
    (doc,) = docs(nlp, "tagger", [{"tokens": ["can't", "go"], "tags": ["MD", "VB"]}])
    assert [(token.text, token.tag_) for token in doc] == [("can't", "MD"), ("go", "VB")]
    assert doc.has_unknown_spaces


def test_tagger_docs_with_text(nlp):
    rows = [{"text": "I  ca\nn't.", "tokens": ["I", "ca", "\n", "n't", "."], "tags": list("abcde")}]
    (doc,) = docs(nlp, "tagger", rows)
    assert doc.text == "I  ca\nn't."
    tags = {token.text: token.tag_ for token in doc}
    assert tags == {"I": "a", " ": "", "ca": "b", "\n": "", "n't": "d", ".": "e"}


def test_tokens_that_do_not_make_the_text(nlp):
    with pytest.raises(CorpusError, match=r"data.jsonl, row 1: \[E194\]"):
        docs(nlp, "tagger", [{"text": "a b", "tokens": ["a", "c"], "tags": ["X", "Y"]}])


def test_text_too_long_for_the_tokenizer(nlp, monkeypatch):
    monkeypatch.setattr(nlp, "max_length", 3)
    with pytest.raises(CorpusError, match=r"data.jsonl, row 2: \[E088\]"):
        docs(nlp, "textcat", [{"text": "abc", "label": "x"}, {"text": "abcd", "label": "x"}])


NER_TEXT = "I saw New York City on Monday."


@pytest.mark.parametrize("tokens", [None, ["I saw", "New", "York", "City", "on", "Monday", "."]])
def test_ner_docs(nlp, tokens):
    row = {
        "text": NER_TEXT,
        "entities": [
            {"start": 23, "end": 29, "label": "DATE"},
            {"start": 6, "end": 19, "label": "GPE"},
        ],
    }
    (doc,) = docs(nlp, "ner", [row | ({"tokens": tokens} if tokens else {})])
    assert doc.text == NER_TEXT
    assert [(ent.text, ent.label_) for ent in doc.ents] == [
        ("New York City", "GPE"),
        ("Monday", "DATE"),
    ]
    assert doc[0].ent_iob_ == "O"
    assert tokens is None or doc[0].text == "I saw"


def test_ner_docs_without_text(nlp):
    rows = [{"tokens": ["New", "York"], "entities": [{"start": 4, "end": 8, "label": "X"}]}]
    (doc,) = docs(nlp, "ner", rows)
    assert [ent.text for ent in doc.ents] == ["York"]


def test_ner_entity_that_splits_a_token(nlp):
    row = {
        "text": NER_TEXT,
        "entities": [{"start": 7, "end": 14, "label": "X"}, {"start": 15, "end": 19, "label": "X"}],
    }
    (record,) = records("ner", [row])
    doc = make_doc(record, nlp, "ner", [])
    assert [ent.text for ent in doc.ents] == ["City"]
    assert len(record.spans) - len(doc.ents) == 1
    assert [token.ent_iob_ for token in doc] == ["O", "O", "", "", "B", "O", "O", "O"]


def test_ner_entities_as_dict_of_lists(nlp):
    row = {"text": NER_TEXT, "entities": {"start": [6], "end": [14], "label": ["X"]}}
    (doc,) = docs(nlp, "ner", [row])
    assert [ent.text for ent in doc.ents] == ["New York"]


def test_same_input_gives_same_bytes(nlp):
    def convert():
        return [doc.to_bytes() for doc in docs(nlp, "textcat", ROWS)]

    assert convert() == convert()
    assert srsly.msgpack_loads(convert()[0])
