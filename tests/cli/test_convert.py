import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import DocBin
from spacy.training import Corpus

from spacy_rnn.cli._util import CommandError
from spacy_rnn.cli.convert import convert
from spacy_rnn.corpus import CorpusError
from spacy_rnn.corpus.splits import open_splits

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
    summaries = convert(open_splits(str(folder), "textcat"), out)
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
    convert(open_splits(str(folder), "textcat"), out)
    before = {path: path.read_bytes() for path in out.iterdir()}
    srsly.write_jsonl(folder / "train.jsonl", TRAIN[:2])
    srsly.write_jsonl(folder / "test.jsonl", [*TRAIN, {"text": "", "label": "pos"}])
    code, output = spacy_cli("rnn", "convert", folder, out, "--task", "textcat")
    assert code == 1
    assert "test.jsonl, row 4, line 4: the column 'text' holds '', expected a string" in output
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_failure_while_writing(folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    to_disk = DocBin.to_disk

    def full_disk(self, path):
        to_disk(self, path)
        if path.name.startswith("test"):
            raise OSError("no space left")

    monkeypatch.setattr(DocBin, "to_disk", full_disk)
    with pytest.raises(CommandError, match="Can't write .*: no space left"):
        convert(open_splits(str(folder), "textcat"), out)
    assert list(out.iterdir()) == []


def test_label_that_train_lacks(folder, tmp_path):
    srsly.write_jsonl(folder / "valid.jsonl", [*TRAIN, {"text": "Hm", "label": "mixed"}])
    with pytest.raises(CorpusError, match=r"Labels that train lacks: 'mixed' \(dev: 1\)"):
        convert(open_splits(str(folder), "textcat"), tmp_path / "out")


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
    assert "Entities of train that don't match token boundaries: 1. In docs, their" in output


def test_file_of_an_earlier_run(folder, tmp_path, spacy_cli):
    convert(open_splits(str(folder), "textcat"), tmp_path / "out")
    args = ["rnn", "convert", folder / "train.jsonl", tmp_path / "out", "--task", "textcat"]
    code, output = spacy_cli(*args)
    assert code == 0
    assert "test.spacy is from an earlier run" in output
    assert "dev.spacy is from an earlier run" in output


def test_bad_rows_are_skipped_and_counted(folder, tmp_path, spacy_cli):
    bad = [{"text": " ", "label": "pos"}, {"text": "Hm", "label": None}]
    srsly.write_jsonl(folder / "train.jsonl", [*TRAIN, *bad])
    out = tmp_path / "out"
    summaries = convert(open_splits(str(folder), "textcat"), out, on_error="skip")
    assert [summary.report.skipped for summary in summaries.values()] == [2, 0, 0]
    assert len(read(out / "train.spacy")) == 3
    args = ["rnn", "convert", folder, out, "--task", "textcat"]
    code, output = spacy_cli(*args, "--on-error", "skip")
    assert code == 0
    for part in ("Docs 3 2 2", "Skipped rows 2 0 0", "Rows left out of train: 2", "row 5"):
        assert part in output
    assert spacy_cli(*args)[0] == 1


def test_only_bad_rows(folder, tmp_path):
    srsly.write_jsonl(folder / "test.jsonl", [{"text": " ", "label": "pos"}])
    with pytest.raises(
        CommandError, match=r"test split has no docs.*: 1 rows were left out; .*row"
    ):
        convert(open_splits(str(folder), "textcat"), tmp_path / "out", on_error="skip")
    assert not list((tmp_path / "out").iterdir())


def test_iob_files(tmp_path, spacy_cli):
    folder = tmp_path / "data"
    folder.mkdir()
    sentences = "Ann\tB-PER\nLee\tI-PER\n\nParis\tB-LOC\n.\tB-O\n\n"
    (folder / "train.iob2").write_text(sentences + "Bob\tB-PER\n")
    args = ["rnn", "convert", folder, tmp_path / "out", "--task", "ner", "-x", "O", "-n", "2"]
    code, output = spacy_cli(*args)
    assert code == 0
    for part in ("Docs 2", "Tokens 5", "PER 2", "LOC 1"):
        assert part in output
    assert "O 1" not in output
    first, second = read(tmp_path / "out" / "train.spacy")
    assert [(ent.text, ent.label_) for ent in first.ents] == [("Ann Lee", "PER"), ("Paris", "LOC")]
    assert [token.ent_iob_ for token in first] == ["B", "I", "B", "O"]
    assert [sent.text for sent in first.sents] == ["Ann Lee", "Paris ."]
    assert [sent.text for sent in second.sents] == ["Bob"]
    (folder / "train.iob2").write_text(sentences + "Bob\tO\nLee\tI-PER\n")
    code, output = spacy_cli(*args)
    assert code == 1
    assert "train.iob2, line 8: got I-PER after O" in output
    code, output = spacy_cli(*args, "--on-error", "skip")
    assert code == 0
    assert "Docs 1" in output
    assert "Rows left out of train: 1" in output


def test_new_splits(folder, tmp_path, spacy_cli):
    rows = [{"text": f"Text {i}", "label": "ab"[i % 2]} for i in range(40)]
    srsly.write_jsonl(folder / "train.jsonl", rows)
    args = ["rnn", "convert", folder / "train.jsonl", tmp_path / "out", "--task", "textcat"]
    code, output = spacy_cli(*args, "--dev", 0.1, "--test", 0.25, "--seed", 1)
    assert code == 0
    assert "Docs 26 4 10" in output
    assert "a 13 2 5 b 13 2 5" in output
    texts = [
        doc.text
        for name in ("train", "dev", "test")
        for doc in read(tmp_path / "out" / f"{name}.spacy")
    ]
    assert sorted(texts) == sorted(row["text"] for row in rows)
    args[2] = folder
    code, output = spacy_cli(*args, "--dev", 0.1)
    assert code == 1
    assert "There is a dev split" in output


def test_shards(folder, tmp_path):
    out = tmp_path / "out"
    splits = open_splits(str(folder), "textcat")
    summaries = convert(splits, out, shard_size=2)
    assert summaries["train"].path == out / "train"
    assert sorted(path.name for path in (out / "train").iterdir()) == ["00001.spacy", "00002.spacy"]
    assert [path.name for path in (out / "dev").iterdir()] == ["00001.spacy"]
    corpus = Corpus(out / "train")
    assert [example.reference.text for example in corpus(spacy.blank("en"))] == [
        row["text"] for row in TRAIN
    ]
    convert(splits, out, shard_size=3)
    assert [path.name for path in (out / "train").iterdir()] == ["00001.spacy"]
    again = convert(open_splits(str(out), "textcat"), tmp_path / "again")
    assert [summary.docs for summary in again.values()] == [3, 2, 2]


def test_shards_never_replace_other_files(folder, tmp_path):
    (tmp_path / "out" / "train").mkdir(parents=True)
    (tmp_path / "out" / "train" / "notes.txt").touch()
    with pytest.raises(CommandError, match="train is a folder of other files, and would be repla"):
        convert(open_splits(str(folder), "textcat"), tmp_path / "out", shard_size=2)
    assert (tmp_path / "out" / "train" / "notes.txt").exists()


ROUND_TRIPS = {
    "textcat": [{"text": "Two  spaces", "label": "a"}, {"text": "\u00e9t\u00e9", "label": "b"}],
    "textcat_multilabel": [{"text": "Hi", "labels": ["a", "b"]}, {"text": "Oh", "labels": []}],
    "tagger": [
        {"text": "I do  n't.", "tokens": ["I", "do", "n't", "."], "tags": ["P", "V", "R", "."]}
    ],
    "ner": [
        {
            "text": "New York, 10am",
            "tokens": ["New", "York", ",", "10am"],
            "entities": [
                {"start": 0, "end": 8, "label": "GPE"},
                {"start": 10, "end": 14, "label": "TIME"},
            ],
        }
    ],
}


@pytest.mark.parametrize("task", ROUND_TRIPS)
def test_back_to_jsonl(task, tmp_path):
    source = tmp_path / "train.jsonl"
    srsly.write_jsonl(source, ROUND_TRIPS[task])
    convert(open_splits(str(source), task), tmp_path / "docs")
    convert(open_splits(str(tmp_path / "docs"), task), tmp_path / "rows", to="jsonl")
    assert list(srsly.read_jsonl(tmp_path / "rows" / "train.jsonl")) == ROUND_TRIPS[task]
    convert(open_splits(str(source), task), tmp_path / "copy", to="jsonl", shard_size=1)
    found = sorted((tmp_path / "copy" / "train").iterdir())
    assert [row for path in found for row in srsly.read_jsonl(path)] == ROUND_TRIPS[task]


def test_jsonl_has_the_columns_that_were_named(tmp_path, spacy_cli):
    rows = [{"words": "Hi", "x": 1, "y": 0}, {"words": "Oh", "x": 0, "y": 0}]
    srsly.write_jsonl(tmp_path / "train.jsonl", rows)
    args = [tmp_path / "train.jsonl", tmp_path / "out", "--task", "textcat_multilabel"]
    columns = ["--text", "words", "--labels", "x", "--labels", "y"]
    assert spacy_cli("rnn", "convert", *args, *columns, "--to", "jsonl")[0] == 0
    assert list(srsly.read_jsonl(tmp_path / "out" / "train.jsonl")) == rows


def test_unknown_language(folder, tmp_path):
    with pytest.raises(CommandError, match="Can't use the language 'qq'"):
        convert(open_splits(str(folder), "textcat"), tmp_path / "out", lang="qq")


def test_hash_seed_does_not_change_the_bytes(folder, tmp_path):
    code = (
        "import sys; from pathlib import Path; from spacy_rnn.cli.convert import convert;"
        "from spacy_rnn.corpus.splits import open_splits;"
        "convert(open_splits(sys.argv[1], 'textcat'), Path(sys.argv[2]))"
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
        "roots = lambda names: {name.split('.')[0] for name in names};"
        "new = roots(sys.modules) - roots(before) - {'spacy_rnn'};"
        "assert new <= set(sys.stdlib_module_names), new"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


# What was understood, and how it is set


def run(spacy_cli, tmp_path, name, content, task, *more, code=0):
    """RETURNS (tuple[str, list]): The output, and the rows of train."""
    path = tmp_path / name
    if isinstance(content, dict):
        path.mkdir()
        for file, text in content.items():
            (path / file).write_text(text)
    else:
        path.write_text(content)
    args = ["rnn", "convert", path, tmp_path / "out", "--task", task, "--to", "jsonl", *more]
    got, output = spacy_cli(*args)
    assert got == code, output
    rows = tmp_path / "out" / "train.jsonl"
    return output, list(srsly.read_jsonl(rows)) if code == 0 else []


def test_columns_by_number(tmp_path, spacy_cli):
    content = "1\tIda\tB-A\tB-B\n2\tran\tO\tO\n"
    args = [spacy_cli, tmp_path, "a.conll", content, "ner"]
    output, _ = run(*args, code=1)
    assert "its columns 3 and 4 hold entity tags: choose with --columns entities=3 or" in output
    for more in (["--columns", "entities=4"], ["--entities", "4"]):
        output, rows = run(*args, *more)
        assert (
            "(tokens): tokens=2, entities=4 (IOB2); left out: 1 (index), 3 (entity tags)" in output
        )
        span = {"start": 0, "end": 3, "label": "B"}
        assert rows == [{"tokens": ["Ida", "ran"], "entities": [span]}]
    output, _ = run(*args, "--columns", "entity=4", code=1)
    assert "columns holds entity, expected text, label, labels, tokens, tags, entities" in output
    output, _ = run(*args, "--columns", "4", code=1)
    assert "Can't read '4': expected name=value" in output


def test_columns_of_several_labels(tmp_path, spacy_cli):
    columns = ["--columns", "text=t,labels=x,labels=y"]
    _, rows = run(spacy_cli, tmp_path, "a.csv", "t,x,y\na,1,0\n", "textcat_multilabel", *columns)
    assert rows == [{"t": "a", "x": 1, "y": 0}]


def test_options(tmp_path, spacy_cli):
    args = [spacy_cli, tmp_path, "a.data", "good;Hi\nbad;Oh\n", "textcat"]
    _, rows = run(*args, "--option", "column_names=label,text", "--option", "delimiter=;")
    assert rows == [{"text": "Hi", "label": "good"}, {"text": "Oh", "label": "bad"}]
    output, _ = run(*args, "--option", "format=xml", code=1)
    assert "The option format is 'xml', expected table, json, tokens" in output
    output, _ = run(*args, "--option", "quoting=some", code=1)
    assert "The option quoting is 'some', expected minimal, none" in output
    output, _ = run(*args, "--option", "delimiter=::", code=1)
    assert "The option delimiter is '::', expected one character" in output
    output, _ = run(*args, "--option", "multi_hot=maybe", code=1)
    assert "The option multi_hot is 'maybe', expected true or false" in output


def test_label_names(tmp_path, spacy_cli):
    content = '{"tokens": ["Ida", "Bo"], "ner_tags": [1, 2]}\n'
    args = [spacy_cli, tmp_path, "a.jsonl", content, "ner"]
    assert "--label-names" in run(*args, code=1)[0]
    _, rows = run(*args, "--label-names", "O, B-PER,I-PER")
    assert rows[0]["entities"] == [{"start": 0, "end": 6, "label": "PER"}]


def test_merged_subtokens(tmp_path, spacy_cli):
    fields = "_\t_\t0\troot\t_\t"
    content = (
        f"# text = don't\n1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_\n"
        f"1\tdo\tdo\tAUX\tVB\t{fields}_\n2\tn't\tnot\tPART\tRB\t{fields}_\n"
    ).replace("\t_\t_\t0", "\t_\t0")
    args = [spacy_cli, tmp_path, "a.conllu", content, "tagger"]
    output, rows = run(*args)
    assert "tags=tags (xpos, or upos where a word has none)" in output
    assert rows == [{"text": "don't", "tokens": ["do", "n't"], "tags": ["VB", "RB"]}]
    assert run(*args, "-T")[1] == [{"text": "don't", "tokens": ["don't"], "tags": ["VB_RB"]}]


CSVS = {"train.csv": "text,label\na,x\nb,y\n"}


@pytest.mark.parametrize("test", ["text\nc\n", "text,label\nc,\n", "text,label\nc,-1\nd,-1\n"])
def test_split_without_labels(tmp_path, spacy_cli, caplog, test):
    _, rows = run(spacy_cli, tmp_path, "d", {**CSVS, "test.csv": test}, "textcat")
    assert len(rows) == 2
    assert "Left out the test split" in caplog.text
    assert not (tmp_path / "out" / "test.jsonl").exists()


def test_split_of_which_a_row_has_no_label(tmp_path, spacy_cli):
    files = {**CSVS, "test.csv": "text,label\nc,x\nd,\n"}
    output, _ = run(spacy_cli, tmp_path, "d", files, "textcat", code=1)
    assert "test.csv, row 2, line 3: the column 'label' holds '', expected a label" in output


def test_chosen_splits(tmp_path, spacy_cli):
    files = {**CSVS, "valid.csv": CSVS["train.csv"], "test.csv": "text,label\nc,new\n"}
    args = [spacy_cli, tmp_path, "d", files, "textcat", "--split", "train", "--split", "dev"]
    output, _ = run(*args)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "dev.jsonl",
        "train.jsonl",
    ]
    code, output = spacy_cli(
        *["rnn", "convert", tmp_path / "d", tmp_path / "x", "-t", "textcat", "--split", "extra"]
    )
    assert code == 1
    assert "has no split extra: got test, train, dev, expected some of these" in output


def test_refused_rows_are_counted(tmp_path, spacy_cli):
    content = "".join(
        f'{{"text": "a", "label": "{label}", "answer": "{answer}"}}\n'
        for label, answer in (("x", "accept"), ("y", "accept"), ("x", "reject"), ("x", "ignore"))
    )
    output, rows = run(spacy_cli, tmp_path, "a.jsonl", content, "textcat")
    assert [row["label"] for row in rows] == ["x", "y"]
    assert "Rows left out of train, as they ask for it: 1 with answer: reject" in output
    assert "1 with answer: ignore" in output


def test_look_at_the_whole(tmp_path, spacy_cli):
    output, _ = run(spacy_cli, tmp_path, "a.csv", "text,label\na,x\nb,x\n", "textcat")
    assert "Train has one label only, 'x'" in output
    content = "a\tB-O\nb\tB-O\n\n" + "c\tI-X\nd\tO\n\n"
    output, _ = run(spacy_cli, tmp_path, "b.conll", content + content, "ner", "--on-error", "skip")
    assert "A label is called O (4 entities)" in output
    assert "50% of the rows of train were left out" in output
    output, _ = run(spacy_cli, tmp_path, "c.conll", "a\tO\nb\tO\n", "ner", code=1)
    assert "The train split has no entities at all, so that nothing could be learned" in output


def test_too_many_docs_for_one_file(folder, tmp_path, spacy_cli, monkeypatch):
    monkeypatch.setattr("spacy_rnn.corpus.shards.LARGEST", 4500)
    args = ["rnn", "convert", folder, tmp_path / "out", "--task", "textcat"]
    code, output = spacy_cli(*args)
    assert code == 1
    assert "One file would hold 3 docs or more, and take over" in output
    assert "set --shard-size, such as 10000" in output
    assert not list((tmp_path / "out").glob("*"))
    assert spacy_cli(*args, "--shard-size", "2")[0] == 0
    assert spacy_cli(*args, "--to", "jsonl")[0] == 0


def test_damaged_docs(folder, tmp_path, spacy_cli):
    convert(open_splits(str(folder), "textcat"), tmp_path / "docs")
    path = tmp_path / "docs" / "train.spacy"
    whole = path.read_bytes()
    flipped = bytes([*whole[:50], whole[50] ^ 1, *whole[51:]])
    for content in (whole[:-9], flipped, b"", b"no docs", zlib.compress(b"\x93\x01\x02\x03")):
        path.write_bytes(content)
        code, output = spacy_cli("rnn", "convert", path, tmp_path / "out", "--task", "textcat")
        assert code == 1
        assert "train.spacy" in output
        assert "Traceback" not in output
    assert not (tmp_path / "out").exists()
