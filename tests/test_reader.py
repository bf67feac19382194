"""A Hugging Face dataset as a training corpus."""

import json
import logging
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.cli._util import app
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example
from spacy.util import load_config_from_str, registry
from thinc.api import fix_random_seed
from typer.testing import CliRunner

from spacy_rnn.corpus import CorpusError
from spacy_rnn.readers import dataset, shuffle

datasets = pytest.importorskip("datasets")

Rows = list[dict[str, Any]]
TEXTS: Rows = [{"text": f"This is text {i}.", "label": "ab"[i % 2]} for i in range(40)]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path_factory.getbasetemp() / "hf")


@pytest.fixture(scope="module")
def nlp() -> Language:
    return spacy.blank("en")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Write rows to a file of JSON lines and get its name."""

    def make(rows: Rows, name: str = "rows.jsonl") -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf8")
        return str(path)

    return make


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., str]:
    """Save rows with features and get the name of the folder."""

    def make(rows: Rows, **features: Any) -> str:
        table = datasets.Dataset.from_list(rows, features=datasets.Features(features))
        table.save_to_disk(tmp_path / "saved")
        return str(tmp_path / "saved")

    return make


def texts(examples: Iterator[Example]) -> list[str]:
    return [example.reference.text for example in examples]


def entities(example: Example) -> list[tuple[str, str]]:
    return [(ent.text, ent.label_) for ent in example.reference.ents]


STRING = datasets.Value("string")


# Column shapes


def test_text_and_label(nlp: Language, write: Callable[..., str]) -> None:
    examples = list(dataset(write(TEXTS), "textcat")(nlp))
    assert texts(iter(examples)) == [row["text"] for row in TEXTS]
    assert [example.reference.cats for example in examples[:2]] == [{"a": 1.0}, {"b": 1.0}]
    assert [token.text for token in examples[0].predicted] == ["This", "is", "text", "0", "."]
    assert not examples[0].predicted.cats


@pytest.mark.parametrize("streaming", [False, True])
def test_class_labels_give_all_labels(
    nlp: Language, saved: Callable[..., str], tmp_path: Path, streaming: bool
) -> None:
    label = datasets.ClassLabel(names=["neg", "neutral", "pos"])
    folder = saved([{"text": "Good.", "label": 2}], text=STRING, label=label)
    datasets.load_from_disk(folder).to_parquet(tmp_path / "a.parquet")
    for path in (folder, str(tmp_path / "a.parquet")):
        (example,) = dataset(path, "textcat", streaming=streaming)(nlp)
        assert example.reference.cats == {"neg": 0.0, "neutral": 0.0, "pos": 1.0}


def test_given_labels_name_integers(nlp: Language, write: Callable[..., str]) -> None:
    path = write([{"text": "Good.", "stars": 1}])
    read = dataset(path, "textcat", columns={"label": "stars"}, labels=["bad", "good"])
    (example,) = read(nlp)
    assert example.reference.cats == {"bad": 0.0, "good": 1.0}
    read = dataset(path, "textcat", columns={"label": "stars"}, labels=["bad"])
    with pytest.raises(
        CorpusError, match="row 1, line 1: .*'stars' holds 1, expected the index of one of"
    ):
        list(read(nlp))


def test_given_labels_are_all(nlp: Language, write: Callable[..., str]) -> None:
    with pytest.raises(
        CorpusError, match="row 2, line 2: .*'label' holds 'b', expected one of the 2 lab"
    ):
        list(dataset(write(TEXTS), "textcat", labels=["a", "c"])(nlp))


def test_list_of_labels(nlp: Language, write: Callable[..., str]) -> None:
    path = write([{"text": "Good.", "labels": ["x"]}, {"text": "Bad.", "labels": ["y", "z"]}])
    first, second = dataset(path, "textcat_multilabel", labels=["x", "y", "z"])(nlp)
    assert first.reference.cats == {"x": 1.0, "y": 0.0, "z": 0.0}
    assert second.reference.cats == {"x": 0.0, "y": 1.0, "z": 1.0}
    with pytest.raises(CorpusError, match=r'set labels. The first .* rows have \["x", "y", "z"\]'):
        list(dataset(path, "textcat_multilabel")(nlp))


def test_one_column_per_label(nlp: Language, write: Callable[..., str]) -> None:
    path = write([{"text": "Good.", "x": 1, "y": 0}, {"text": "Bad.", "x": 0, "y": 2}])
    corpus = dataset(path, "textcat_multilabel", columns={"labels": ["x", "y"]})(nlp)
    assert next(corpus).reference.cats == {"x": 1.0, "y": 0.0}
    with pytest.raises(CorpusError, match="row 2, line 2: the column 'y' holds 2, expected 0 or 1"):
        next(corpus)


def test_tokens_and_tags(nlp: Language, saved: Callable[..., str]) -> None:
    tags = datasets.List(datasets.ClassLabel(names=["DT", "NN"]))
    rows = [{"tokens": ["The", "can't"], "tags": [0, 1]}]
    (example,) = dataset(saved(rows, tokens=datasets.List(STRING), tags=tags), "tagger")(nlp)
    assert [token.tag_ for token in example.reference] == ["DT", "NN"]
    assert [token.text for token in example.predicted] == ["The", "can't"]


def test_gold_or_own_tokens(nlp: Language, write: Callable[..., str]) -> None:
    path = write([{"text": "I can't.", "tokens": ["I", "can't", "."], "tags": ["A", "B", "C"]}])
    (own,) = dataset(path, "tagger")(nlp)
    (gold,) = dataset(path, "tagger", gold_preproc=True)(nlp)
    assert [token.text for token in own.predicted] == ["I", "ca", "n't", "."]
    assert own.get_aligned("TAG", as_string=True) == ["A", "B", "B", "C"]
    assert [token.text for token in gold.predicted] == ["I", "can't", "."]


@pytest.mark.parametrize("text", [None, "New York  sleeps,Anna says"])
@pytest.mark.parametrize(
    "names", [["O", "B-LOC", "I-LOC", "B-PER"], ["O", "B-LOC", "L-LOC", "U-PER"]]
)
@pytest.mark.parametrize("integers", [False, True])
def test_entity_tags(
    nlp: Language,
    saved: Callable[..., str],
    text: str | None,
    names: list[str],
    integers: bool,
) -> None:
    tags: list[Any] = [1, 2, 0, 0, 3, 0]
    row: dict[str, Any] = {"tokens": ["New", "York", "sleeps", ",", "Anna", "says"]}
    row["ner_tags"] = tags if integers else [names[tag] for tag in tags]
    features = {
        "tokens": datasets.List(STRING),
        "ner_tags": datasets.List(datasets.ClassLabel(names=names) if integers else STRING),
    }
    if text is not None:
        row["text"], features["text"] = text, STRING
    (example,) = dataset(saved([row], **features), "ner", columns={"entities": "ner_tags"})(nlp)
    found = [("New York", "LOC"), ("Anna", "PER")]
    assert entities(example) == found
    assert all(token.ent_iob for token in example.reference)


def test_character_spans(nlp: Language, write: Callable[..., str]) -> None:
    spans = [{"start": 0, "end": 8, "label": "LOC"}]
    (example,) = dataset(write([{"text": "New York", "entities": spans}]), "ner")(nlp)
    assert entities(example) == [("New York", "LOC")]


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (["B-X", "O", "I-X"], "row 1, line 1, token 3: got I-X after O, expected B-X or I-X bef"),
        (["O", "B-Y", "I-X"], "row 1, line 1, token 3: got I-X after B-Y, expected"),
        (["B-X", "I-X", "X"], "row 1, line 1, token 3: got the tag 'X', expected O, or B- or I-"),
        (["O"], "row 1, line 1: got 3 tokens and 1 tags, expected one tag per token"),
        ([0, 1, 0], "holds .0, 1, 0., expected tags, or integers whose names are given .in a conf"),
    ],
)
def test_entity_tag_errors(
    nlp: Language, write: Callable[..., str], tags: list[Any], message: str
) -> None:
    path = write([{"tokens": ["a", "b", "c"], "entities": tags}])
    with pytest.raises(CorpusError, match=message):
        list(dataset(path, "ner")(nlp))


def test_text_is_not_made_of_the_tokens(nlp: Language, write: Callable[..., str]) -> None:
    path = write([{"text": "a c", "tokens": ["a", "b"], "entities": ["O", "B-X"]}])
    with pytest.raises(
        CorpusError, match="row 1, line 1: the text 'a c' is not made of the tokens"
    ):
        list(dataset(path, "ner")(nlp))


def test_entities_that_split_tokens_are_counted(
    nlp: Language, write: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="spacy")
    spans = [{"start": 1, "end": 3, "label": "X"}]
    (example,) = dataset(write([{"text": "New York", "entities": spans}]), "ner")(nlp)
    assert entities(example) == []
    assert "1 entities do not match token boundaries" in caplog.text


@pytest.mark.parametrize(
    ("name", "task", "content"),
    [
        ("a.conllu", "tagger", "1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\t_\n\n"),
        ("a.iob2", "ner", "Go\tO\n\n"),
    ],
)
def test_files_of_sentences(
    nlp: Language, tmp_path: Path, name: str, task: Any, content: str
) -> None:
    (tmp_path / name).write_text(content * 2, encoding="utf8")
    first, _ = dataset(str(tmp_path / name), task)(nlp)
    assert [token.text for token in first.reference] == ["Go"]
    (half,) = dataset(str(tmp_path / name), task, split="train[:50%]")(nlp)
    assert [token.text for token in half.reference] == ["Go"]


@pytest.mark.parametrize("labels", [None, ["z", "y", "x"]])
def test_docs_keep_values_of_zero(nlp: Language, tmp_path: Path, labels: list[str] | None) -> None:
    docs = [nlp.make_doc(text) for text in ("a", "b")]
    docs[0].cats = {"x": 1.0, "y": 0.0}
    docs[1].cats = {"x": 0.0, "y": 0.0}
    DocBin(docs=docs).to_disk(tmp_path / "a.spacy")
    found = dataset(str(tmp_path / "a.spacy"), "textcat_multilabel", labels=labels)(nlp)
    more = {} if labels is None else {"z": 0.0}
    assert [example.reference.cats for example in found] == [doc.cats | more for doc in docs]
    read = dataset(str(tmp_path / "a.spacy"), "textcat_multilabel", labels=["x"])
    with pytest.raises(
        CorpusError, match="doc 1: .*'cats' holds 'y', expected one of the 1 labels"
    ):
        list(read(nlp))


# Where rows come from


@pytest.mark.parametrize("streaming", [False, True])
def test_splits_of_a_folder(
    nlp: Language, write: Callable[..., str], tmp_path: Path, streaming: bool
) -> None:
    write(TEXTS[:2], "data/train-1.jsonl")
    write(TEXTS[2:5], "data/train-2.jsonl")
    write(TEXTS[5:6], "data/dev.jsonl")

    def read(split: str) -> list[str]:
        corpus = dataset(str(tmp_path / "data"), "textcat", split=split, streaming=streaming)
        return texts(corpus(nlp))

    rows = [row["text"] for row in TEXTS]
    assert read("train") == rows[:5]
    assert read("validation") == read("dev") == rows[5:6]
    assert read("dev+train") == rows[5:6] + rows[:5]
    with pytest.raises(CorpusError, match="no split 'test': got dev, train, expected one of"):
        read("test")
    assert read("train[:60%]") == rows[:3]
    assert read("train[3:]") == rows[3:5]
    assert read("train[-1:]+val") == rows[4:6]
    with pytest.raises(CorpusError, match="'train.9:.' of .* has no rows"):
        read("train[9:]")
    with pytest.raises(CorpusError, match="no split 'train.0.5:.' .Unrecognized instruction"):
        read("train[0.5:]")


def test_part_of_a_stream(nlp: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = datasets.IterableDataset.from_generator(lambda: iter(TEXTS))
    monkeypatch.setattr("datasets.load_dataset", lambda *args, **kwargs: {"train": stream})
    read = dataset("some/thing", "textcat", split="train[:60%]", streaming=True)
    with pytest.raises(CorpusError, match="'train.:60%.' is a part.*set streaming = false"):
        list(read(nlp))


def test_row_numbers_of_a_part(nlp: Language, write: Callable[..., str]) -> None:
    path = write([*TEXTS[:5], {"text": "", "label": "a"}])
    with pytest.raises(CorpusError, match="row 6, line 6: the column 'text' holds ''"):
        list(dataset(path, "textcat", split="train[50%:]")(nlp))


def test_saved_splits(nlp: Language, tmp_path: Path) -> None:
    splits = {"train": TEXTS[:3], "unsupervised": TEXTS[3:4]}
    tables = {name: datasets.Dataset.from_list(rows) for name, rows in splits.items()}
    datasets.DatasetDict(tables).save_to_disk(tmp_path / "saved")
    read = dataset(str(tmp_path / "saved"), "textcat", split="unsupervised")
    assert texts(read(nlp)) == [TEXTS[3]["text"]]
    (tmp_path / "saved" / "train" / "state.json").write_text("{", encoding="utf8")
    with pytest.raises(CorpusError, match="Can't read .*saved .*: save the dataset again"):
        list(dataset(str(tmp_path / "saved"), "textcat")(nlp))


def test_data_files(nlp: Language, write: Callable[..., str], tmp_path: Path) -> None:
    for i in range(3):
        write(TEXTS[i : i + 1], f"part-{i}.data")
    files = {"train": str(tmp_path / "part-[01].data"), "dev": [str(tmp_path / "part-2.data")]}
    read = dataset("json", "textcat", data_files=files)
    assert texts(read(nlp)) == [row["text"] for row in TEXTS[:2]]
    read = dataset("json", "textcat", data_files=files, split="dev")
    assert texts(read(nlp)) == [TEXTS[2]["text"]]
    read = dataset(str(tmp_path), "textcat", data_files="nope.csv")
    with pytest.raises(CorpusError, match="No file matches .*nope.csv.: correct data_files"):
        list(read(nlp))


@pytest.mark.parametrize("streaming", [False, True])
def test_options_of_the_format(nlp: Language, tmp_path: Path, streaming: bool) -> None:
    path = tmp_path / "rows.tsv"
    path.write_text('a "good" one\t1\nand a "bad\t0\n', encoding="utf8")
    options = {"column_names": ["text", "label"], "quoting": 3}
    read = dataset(str(path), "textcat", options=options, streaming=streaming)
    assert [(e.reference.text, e.reference.cats) for e in read(nlp)] == [
        ('a "good" one', {"1": 1.0}),
        ('and a "bad', {"0": 1.0}),
    ]
    with pytest.raises(CorpusError, match="options holds nope, expected format, compression, enc"):
        list(dataset(str(path), "textcat", options={"nope": 1}, streaming=streaming)(nlp))


def test_hub_names(nlp: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def load_dataset(*args: Any, **kwargs: Any) -> Any:
        calls.append((args, kwargs))
        return {"test": datasets.Dataset.from_list(TEXTS[:1])}

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    read = dataset(
        "someone/something",
        "textcat",
        split="test",
        name="en",
        revision="abc",
        data_files="x.csv",
        options={"sep": ";"},
        streaming=True,
    )
    assert not calls
    assert texts(read(nlp)) == texts(read(nlp)) == [TEXTS[0]["text"]]
    options = {"name": "en", "revision": "abc", "data_files": "x.csv", "sep": ";"}
    assert calls == [(("someone/something",), {**options, "streaming": True})]


# Order and size


@pytest.mark.parametrize("streaming", [False, True])
def test_order(nlp: Language, write: Callable[..., str], streaming: bool) -> None:
    read = dataset(write(TEXTS), "textcat", streaming=streaming, shuffle_buffer=10)

    def passes(seed: int, n: int = 3) -> list[list[str]]:
        fix_random_seed(seed)
        return [texts(read(nlp)) for _ in range(n)]

    first = passes(0)
    assert first == passes(0)
    assert first != passes(1)
    assert len({tuple(order) for order in first}) == 3
    assert all(sorted(order) == sorted(row["text"] for row in TEXTS) for order in first)


def test_order_does_not_depend_on_who_else_draws(nlp: Language, write: Callable[..., str]) -> None:
    read = dataset(write(TEXTS), "textcat", shuffle_buffer=10)
    fix_random_seed(0)
    alone = texts(read(nlp))
    fix_random_seed(0)
    corpus = read(nlp)
    beside = texts(islice(corpus, 1))
    fix_random_seed(5)
    assert beside + texts(corpus) == alone


def test_shuffle_mixes_all_of_a_buffer() -> None:
    fix_random_seed(0)
    firsts = {next(shuffle(iter(range(100)), 8)) for _ in range(200)}  # type: ignore[arg-type]
    assert firsts == set(range(8))


def test_limit_and_max_length(nlp: Language, write: Callable[..., str]) -> None:
    rows = [{"text": "word " * n + "end", "label": "a"} for n in range(6)]
    path = write(rows)
    assert len(list(dataset(path, "textcat", limit=4)(nlp))) == 4
    lengths = [len(e.reference) for e in dataset(path, "textcat", max_length=4)(nlp)]
    assert lengths == [1, 2, 3]


def test_limit_takes_the_same_rows_each_pass(nlp: Language, write: Callable[..., str]) -> None:
    read = dataset(write(TEXTS), "textcat", limit=5, shuffle_buffer=100)
    assert sorted(texts(read(nlp))) == sorted(row["text"] for row in TEXTS[:5])


# Errors


def test_skip(nlp: Language, write: Callable[..., str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="spacy")
    bad = [{"text": None, "label": "a"}, {"text": "b", "label": None}]
    path = write([*TEXTS[:2], *bad, *TEXTS[2:4]])
    with pytest.raises(CorpusError, match="row 3, line 3: the column 'text' holds None"):
        list(dataset(path, "textcat")(nlp))
    read = dataset(path, "textcat", on_error="skip")
    assert texts(read(nlp)) == [row["text"] for row in TEXTS[:4]]
    (record,) = caplog.records
    assert record.getMessage().startswith(f"Skipped 2 rows of {path}. {path}, row 3, line 3: the")


def test_skip_tokens_that_do_not_make_the_text(nlp: Language, write: Callable[..., str]) -> None:
    rows = [{"text": text, "tokens": ["a", "b"], "tags": ["X", "Y"]} for text in ("a b", "a c")]
    assert len(list(dataset(write(rows), "tagger", on_error="skip")(nlp))) == 1


def test_no_examples(nlp: Language, write: Callable[..., str]) -> None:
    path = write([{"text": "", "label": "a"}] * 3)
    with pytest.raises(CorpusError, match="'train' of .* gave no examples .3 rows skipped."):
        list(dataset(path, "textcat", on_error="skip")(nlp))


def test_unknown_column_word(write: Callable[..., str]) -> None:
    with pytest.raises(CorpusError, match="columns holds txt, expected text, label, labels, tok"):
        dataset(write(TEXTS), "textcat", columns={"txt": "x"})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.jsonl",
            b'{"text": "a", "label": "x"}\n{"text": "b"\n',
            "row 2, line 2: not JSON .*: correct",
        ),
        (
            "a.jsonl",
            b'{"text": "a", "label": "x"}\n{"text": "caf\xe9"}\n',
            "line 2: it is not encoded in UTF-8, and cp1252 makes it .*café",
        ),
        (
            "a.csv",
            b"text,label\na,x\ncaf\xe9,x\n",
            "a.csv, line 3: it is not encoded in UTF-8.*encoding=cp1252",
        ),
        (
            "a.csv",
            b'text,label\n"a,b\nc,d\n',
            "a.csv, row 1, line 2: unexpected end of data.*: correct the file",
        ),
        ("a.csv", b"text,label\na, b,x\nc, d,y\n", "more fields than its header"),
        ("a.csv", b"text,label\n", "no rows|gave no examples"),
        ("a.jsonl", b"", "no rows"),
        ("a.parquet", b"x" * 99, "a.parquet: Parquet magic bytes not found"),
        ("a.csv", b"text,topic\na,b\n", "no column 'label', which textcat needs: got text, topic"),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_damaged_files(
    nlp: Language, tmp_path: Path, name: str, content: bytes, message: str, streaming: bool
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        list(dataset(str(path), "textcat", streaming=streaming)(nlp))


def test_broken_stream_of_the_hub(nlp: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    def rows() -> Iterator[dict[str, str]]:
        yield TEXTS[0]
        raise OSError("connection lost")

    stream = datasets.IterableDataset.from_generator(rows)
    monkeypatch.setattr("datasets.load_dataset", lambda *args, **kwargs: {"train": stream})
    read = dataset("someone/something", "textcat", streaming=True)
    with pytest.raises(CorpusError, match="something, split train: connection lost: try again, or"):
        list(read(nlp))


# In training

CONFIG = """
[nlp]
lang = "en"
pipeline = ["textcat"]

[components]

[components.textcat]
factory = "textcat"

[components.textcat.model]
@architectures = "spacy.TextCatBOW.v3"
exclusive_classes = true
ngram_size = 1
no_output_layer = false
length = 1024

[corpora]

[corpora.train]
@readers = "spacy-rnn.Dataset.v1"
path = {path}
task = "textcat"
labels = ["a", "b"]
streaming = {streaming}
shuffle_buffer = 10

[corpora.dev]
@readers = "spacy-rnn.Dataset.v1"
path = {path}
task = "textcat"
split = "train[50%:]"

[training]
train_corpus = "corpora.train"
dev_corpus = "corpora.dev"
max_epochs = {max_epochs}
max_steps = 20
eval_frequency = 10

[training.optimizer]
@optimizers = "Adam.v1"
learn_rate = 0.1
"""


def test_resolves_from_a_config(nlp: Language, write: Callable[..., str]) -> None:
    path = json.dumps(write(TEXTS))
    text = CONFIG.format(path=path, streaming="false", max_epochs=0)
    config = load_config_from_str(text)
    corpus = registry.resolve(config["corpora"])["dev"]
    assert texts(corpus(nlp)) == [row["text"] for row in TEXTS[20:]]


@pytest.mark.parametrize(("streaming", "max_epochs"), [("true", -1), ("false", -1), ("false", 0)])
def test_train(write: Callable[..., str], tmp_path: Path, streaming: str, max_epochs: int) -> None:
    words = {"a": "good", "b": "bad"}
    rows = [{**row, "text": words[row["label"]]} for row in TEXTS]
    text = CONFIG.format(path=json.dumps(write(rows)), streaming=streaming, max_epochs=max_epochs)
    config = tmp_path / "config.cfg"
    config.write_text(text, encoding="utf8")

    def run(*args: object) -> str:
        result = CliRunner().invoke(app, [str(arg) for arg in args])
        assert result.exit_code == 0, (result.output, result.exception)
        return result.output

    run("init", "fill-config", config, config)
    run("train", config, "--output", tmp_path / "out")
    nlp = spacy.load(tmp_path / "out" / "model-best")
    assert nlp("good").cats["a"] > 0.5 > nlp("bad").cats["a"]
    run("init", "labels", config, tmp_path / "labels")
    labels = (tmp_path / "labels" / "textcat.json").read_text(encoding="utf8")
    assert json.loads(labels) == ["a", "b"]
    if max_epochs == 0:  # of 40 rows, debug data says that they are few
        output = CliRunner().invoke(app, ["debug", "data", str(config)]).output
        assert "40 training docs" in output
        assert "Text Classification: 2 label(s)" in output
