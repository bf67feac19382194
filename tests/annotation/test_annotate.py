"""Texts in, annotations out."""

import csv
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pyarrow.parquet as pq
import pytest
import spacy
from spacy.cli._util import app
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

import spacy_rnn.cli  # noqa: F401  (adds the commands to spaCy's app)
from spacy_rnn.annotation import AnnotationError, annotate
from spacy_rnn.annotation.engines import Job, processes
from spacy_rnn.annotation.shards import Shard
from spacy_rnn.annotation.texts import Row, Source

Files = Callable[[Path], dict[str, bytes]]


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [
        row for path in sorted(folder.glob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]


def read_texts(path: Path) -> list[str]:
    return [json.loads(line)["text"] for line in path.read_text().splitlines()]


def run(*args: object) -> tuple[int, str]:
    """The exit code of the command, and its output on one line."""
    result = CliRunner().invoke(app, ["rnn", "annotate", *map(str, args)])
    return result.exit_code, " ".join(re.sub(r"\x1b\[[\d;]*m", "", result.output).split())


def test_parquet_has_what_the_pipeline_says(
    nlp: Language, model: Path, texts: Path, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    summary = annotate(str(model), Source(str(texts), id_column="name"), output, shard_size=40)
    assert (summary.texts, summary.failures) == (95, 0)
    assert sorted(path.name for path in output.glob("*.parquet")) == [
        "000000.parquet",
        "000001.parquet",
        "000002.parquet",
    ]
    rows = rows_of(output)
    assert [row["id"] for row in rows] == [f"n{i}" for i in range(95)]
    assert list(rows[0]) == ["id", "text", "tokens", "tags", "entities", "cats"]
    for row, doc in zip(rows, nlp.pipe(read_texts(texts)), strict=True):
        assert row["text"] == doc.text
        assert row["tokens"] == [token.text for token in doc]
        assert row["tags"] == [token.tag_ for token in doc]
        spans = [(s["start"], s["end"], s["label"]) for s in row["entities"]]
        assert spans == [(e.start_char, e.end_char, e.label_) for e in doc.ents]
        assert row["cats"] == pytest.approx(doc.cats, abs=1e-5)


def test_other_formats(nlp: Language, model: Path, texts: Path, tmp_path: Path) -> None:
    source = Source(str(texts), id_column="name")
    annotate(str(model), source, tmp_path / "jsonl", form="jsonl", columns=["id", "entities"])
    lines = (tmp_path / "jsonl" / "000000.jsonl").read_text().splitlines()
    assert list(json.loads(lines[3])) == ["id", "entities"]
    assert json.loads(lines[3])["id"] == "n3"
    annotate(str(model), source, tmp_path / "spacy", form="spacy")
    docs = list(DocBin().from_disk(tmp_path / "spacy" / "000000.spacy").get_docs(nlp.vocab))
    assert [doc.user_data["id"] for doc in docs] == [f"n{i}" for i in range(95)]
    assert [doc.text for doc in docs] == read_texts(texts)
    assert docs[5].has_annotation("TAG")
    assert set(docs[5].cats) == {"A", "B"}


def write(path: Path, texts: list[str], vocab: Any) -> None:
    if path.suffix == ".txt":
        path.write_text("".join(f"{text}\n" for text in texts))
    elif path.suffix == ".spacy":
        DocBin(docs=[Doc(vocab, words=text.split(" ")) for text in texts]).to_disk(path)
    elif path.suffix == ".parquet":
        import pyarrow as pa

        pq.write_table(pa.table({"text": texts}), path)
    else:
        with path.open("w", newline="") as file:
            rows = [["text"], *([text] for text in texts)]
            csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows(rows)


@pytest.mark.parametrize("suffix", ["txt", "csv", "tsv", "parquet", "spacy"])
def test_every_kind_of_input(suffix: str, nlp: Language, tmp_path: Path) -> None:
    texts = ["Anna sees York", "NA", "null", 'a "cold", day']
    folder = tmp_path / "input"
    folder.mkdir()
    for i in range(2):
        write(folder / f"{i}.{suffix}", texts, nlp.vocab)
    ending = " " if suffix == "spacy" else ""
    expected = [Row(i, f"{text}{ending}") for i, text in enumerate([*texts, *texts])]
    found = [Row(row.id, row.text) for row in Source(str(folder)).rows()]
    assert found == expected or [r.text.strip() for r in found] == [*texts, *texts]
    size = Source(str(folder)).size()
    assert size is None or 4 <= size <= 12


def test_texts_that_fail_are_listed(model: Path, tmp_path: Path) -> None:
    def refuse(doc: Doc) -> Doc:
        if doc.text == "bad luck":
            raise RuntimeError("no luck")
        return doc

    def load(path: str) -> Language:
        nlp = spacy.load(path)
        nlp.add_pipe("tests_refuse")
        nlp.max_length = 1000
        return nlp

    Language.component("tests_refuse", func=refuse)
    rows = ["Anna", None, "x" * 1001, "", "bad luck", "York"]
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in rows))
    source, output = Source(str(path)), tmp_path / "output"
    summary = annotate(str(model), source, output, load=load, shard_size=4)
    assert (summary.texts, summary.failures) == (6, 3)
    assert [row["id"] for row in rows_of(tmp_path / "output")] == ["0", "3", "5"]
    lines = (tmp_path / "output" / "failures.jsonl").read_text().splitlines()
    failures = {f["id"]: f["error"] for f in map(json.loads, lines)}
    assert failures[1] == "got NoneType, expected a text"
    assert failures[2].startswith("got 1001 characters, expected at most 1000")
    assert failures[4] == "RuntimeError: no luck"


def test_goes_on_where_it_was_left(
    nlp: Language, model: Path, texts: Path, files: Files, tmp_path: Path
) -> None:
    source = Source(str(texts))
    annotate(str(model), source, tmp_path / "whole", shard_size=10)
    annotate(str(model), source, tmp_path / "output", shard_size=10)
    for number in (2, 3, 9):
        (tmp_path / "output" / f"{number:06}.parquet").unlink()
    (tmp_path / "output" / "000004.parquet.part").write_bytes(b"half")
    summary = annotate(str(model), source, tmp_path / "output", shard_size=10)
    assert (summary.texts, summary.found) == (95, 70)
    (tmp_path / "output" / "000004.parquet.part").unlink()
    assert files(tmp_path / "output") == files(tmp_path / "whole")


def test_a_shard_depends_on_none_before_it(files: Files, tmp_path: Path) -> None:
    generator = random.Random(0)
    texts = [" ".join(f"w{generator.randint(0, 999)}" for _ in range(9)) for _ in range(80)]
    made = spacy.blank("en")
    pipe = made.add_pipe("rnn_textcat")  # of the default width, where last bits may differ
    for label in ("A", "B"):
        pipe.add_label(label)
    made.initialize()
    output_layer = pipe.model.get_ref("output_layer")
    output_layer.set_param("W", numpy.random.rand(*output_layer.get_param("W").shape).astype("f"))
    made.to_disk(tmp_path / "model")
    path = tmp_path / "texts.txt"
    path.write_text("\n".join(texts))
    source, output = Source(str(path)), tmp_path / "output"
    for folder in (tmp_path / "whole", output):
        annotate(str(tmp_path / "model"), source, folder, shard_size=7)
    for number in (3, 7):
        (output / f"{number:06}.parquet").unlink()
    annotate(str(tmp_path / "model"), source, output, shard_size=7)
    assert files(output) == files(tmp_path / "whole")


def test_processes_write_the_same_bytes(
    nlp: Language, model: Path, texts: Path, files: Files, tmp_path: Path
) -> None:
    source = Source(str(texts))
    annotate(str(model), source, tmp_path / "one", shard_size=10)
    threads = set(threading.enumerate())
    annotate(str(model), source, tmp_path / "two", shard_size=10, n_process=2)
    # One that still manages processes when Python ends can find them gone.
    assert set(threading.enumerate()) <= threads
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_output_of_something_else_is_refused(
    nlp: Language, model: Path, texts: Path, tmp_path: Path
) -> None:
    output = tmp_path / "output"
    annotate(str(model), Source(str(texts)), output)
    other = tmp_path / "other"
    nlp.meta["version"] = "9.9"
    nlp.to_disk(other)
    code, text = run(other, texts, output)
    assert code == 1
    assert "has other annotations: model was 'en_pipeline 0.0.0" in text
    assert "is 'en_pipeline 9.9" in text
    more = tmp_path / "more.jsonl"
    more.write_text(texts.read_text() * 2)
    code, text = run(model, more, output)
    assert code == 1
    assert "input was 'texts.jsonl" in text
    assert "is 'more.jsonl" in text
    code, text = run(model, texts, output, "--columns", "entities")
    assert "columns was" in text
    code, text = run(model, texts, tmp_path)
    assert code == 1
    assert "has something else in it" in text


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["missing.jsonl"], "Can't read missing.jsonl: got no such file"),
        (["TEXTS", "--columns", "tag"], "Can't write the column 'tag', expected some of id, text"),
        (["TEXTS", "--text-column", "body"], "has no column 'body': got name, text"),
        (["TEXTS", "--id-column", "key"], "has no column 'key': got name, text"),
    ],
)
def test_command_says_what_is_wrong(
    args: list[str], message: str, model: Path, texts: Path, tmp_path: Path
) -> None:
    source, *options = [str(texts) if arg == "TEXTS" else arg for arg in args]
    code, text = run(model, source, tmp_path / "output", *options)
    assert code == 1
    assert message in text


def test_command(model: Path, texts: Path, tmp_path: Path) -> None:
    code, text = run(model, texts, tmp_path / "output", "--to", "jsonl", "--shard-size", 50)
    assert code == 0, text
    assert "Annotated 95 texts" in text
    assert (tmp_path / "output" / "000001.jsonl").exists()
    code, text = run(model, texts, tmp_path / "output", "--to", "jsonl", "--shard-size", 50)
    assert "Annotated 95 texts, all of them before" in text
    assert "a second" not in text


class Deadly:
    """Ends the process that unpickles it."""

    def __reduce__(self) -> tuple[Callable[[int], None], tuple[int]]:
        return os._exit, (1,)


def test_death_of_a_process_is_told(model: Path, tmp_path: Path) -> None:
    job = Job(str(model), tmp_path, "jsonl", ["text"])
    with pytest.raises(AnnotationError, match=r"A process ended before .* to go on"):
        list(processes(1)(job, [Shard(0, [Row(0, Deadly())])]))


@pytest.mark.slow
def test_kills_at_random_moments(model: Path, texts: Path, files: Files, tmp_path: Path) -> None:
    texts.write_text(texts.read_text() * 50)
    command = [sys.executable, "-m", "spacy", "rnn", "annotate", str(model), str(texts)]
    options = ["--shard-size", "100", "--n-process", "2"]
    begun = time.monotonic()
    subprocess.run([*command, str(tmp_path / "whole"), *options], check=True, timeout=600)
    seconds = time.monotonic() - begun
    generator = random.Random(0)
    for _ in range(5):
        process = subprocess.Popen([*command, str(tmp_path / "killed"), *options])
        time.sleep(generator.uniform(seconds / 2, seconds))
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run([*command, str(tmp_path / "killed"), *options], check=True, timeout=600)
    found = files(tmp_path / "killed")
    assert {k: v for k, v in found.items() if not k.endswith(".part")} == files(tmp_path / "whole")
