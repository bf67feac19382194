"""`spacy rnn init`."""

from pathlib import Path

import pytest
import srsly
from spacy.cli._util import app
from thinc.api import Config
from typer.testing import CliRunner

from spacy_rnn.cli.init import init
from spacy_rnn.errors import UserError

SHORT = [{"text": f"word {i}", "label": f"L{i % 30}"} for i in range(90)]
LONG = [{"text": "word " * 150, "label": f"L{i % 2}"} for i in range(30)]
TOPICS = [{"text": "word " * 150, "label": f"L{i % 23}"} for i in range(46)]


def write(path: Path, rows: list[dict]) -> str:
    srsly.write_jsonl(path, rows)
    return str(path)


@pytest.mark.parametrize(
    ("rows", "recipe"),
    [(SHORT, "textcat_intents"), (LONG, "textcat_long"), (TOPICS, "textcat_topics")],
    ids=["short", "long", "topics"],
)
def test_a_look_at_the_data_chooses_the_recipe_and_says_why(tmp_path, rows, recipe):
    data = write(tmp_path / "a.jsonl", rows)
    done = CliRunner().invoke(app, ["rnn", "init", str(tmp_path / "c.cfg"), "--data", data])
    assert done.exit_code == 0, done.output
    assert f"Recipe {recipe}: documents of" in " ".join(done.output.split())
    config = Config().from_disk(tmp_path / "c.cfg", interpolate=False)
    assert config["nlp"]["pipeline"] == ["rnn_textcat"]


def test_entities_in_a_file_of_tokens_are_found(tmp_path):
    lines = ["Ada\tB-PER", "saw\tO", "Paris\tB-LOC", ""]
    (tmp_path / "a.iob").write_text("\n".join(lines * 30), "utf8")
    text = init(tmp_path / "c.cfg", [], [], data=str(tmp_path / "a.iob"), optimize="efficiency")
    assert 'pipeline = ["rnn_ner"]' in text
    assert "width = 128" in text


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (SHORT[:5], "got 5 documents to train on, expected 20 or more"),
        ([{"text": f"a {i}", "label": "x"} for i in range(30)], r"got 1 label \('x'\), expected 2"),
        ([{"a": 1}] * 30, "Can't tell what .* is annotated for"),
    ],
    ids=["few", "one label", "no text"],
)
def test_what_cannot_be_learned_from_says_so(tmp_path, rows, message):
    with pytest.raises(UserError, match=message):
        init(tmp_path / "c.cfg", [], [], data=write(tmp_path / "a.jsonl", rows))
    assert not (tmp_path / "c.cfg").exists()


def test_a_file_that_is_there_stays(tmp_path):
    (tmp_path / "c.cfg").write_text("mine")
    with pytest.raises(UserError, match="already there, expected a new file"):
        init(tmp_path / "c.cfg", ["ner"], [])
    assert (tmp_path / "c.cfg").read_text() == "mine"


def test_a_task_or_a_recipe_is_needed(tmp_path):
    with pytest.raises(UserError, match="expected one of --task, --recipe and --data"):
        init(tmp_path / "c.cfg", [], [])


@pytest.mark.parametrize("task", ["textcat", "textcat_multilabel", "morphologizer"])
def test_efficiency_is_refused_where_it_would_change_nothing(tmp_path, task):
    with pytest.raises(UserError, match=f"No recipe of {task} is smaller.* for ner or tagger"):
        init(tmp_path / "c.cfg", [task], [], optimize="efficiency")
    with pytest.raises(UserError, match="got --shared and --optimize efficiency"):
        init(tmp_path / "c.cfg", ["tagger", "ner"], [], optimize="efficiency", shared=True)
    data = write(tmp_path / "a.jsonl", SHORT)
    with pytest.raises(UserError, match="No recipe of textcat is smaller"):
        init(tmp_path / "c.cfg", [], [], data=data, optimize="efficiency")
