"""`spacy rnn fit`: from data to a pipeline."""

import shutil
from pathlib import Path
from threading import Thread

import pytest
import spacy
import srsly
from spacy import util

from spacy_rnn.cli import fit as module
from spacy_rnn.cli._data import find_task
from spacy_rnn.cli._util import CommandError
from spacy_rnn.cli.fit import fit
from spacy_rnn.corpus import Columns, CorpusError
from spacy_rnn.errors import UserError

STEPS = {"training.optimizer.learn_rate.total_steps": 16, "training.eval_frequency": 8}
SMALL = {"components.rnn_ner.model.tok2vec.width": 32}


@pytest.fixture
def data(tmp_path: Path) -> str:
    lines = [f"Ada{i}\tB-PER\nsaw\tO\nParis\tB-LOC\n" for i in range(80)]
    (tmp_path / "a.iob").write_text("\n".join(lines), "utf8")
    return str(tmp_path / "a.iob")


def test_a_file_becomes_a_calibrated_pipeline_and_is_not_done_twice(data, tmp_path, capsys):
    output = tmp_path / "out"
    scores = fit(data, output, optimize="efficiency", overrides={**STEPS, **SMALL}, silent=False)
    said = " ".join(capsys.readouterr().out.split())
    assert "Task ner, recipe ner_efficiency: small and fast" in said
    assert srsly.read_json(output / "metrics.json") == pytest.approx(scores)
    assert {"ents_f", "ents_f_raw"} <= scores.keys()
    nlp = spacy.load(output / "model")
    assert nlp.get_pipe("rnn_ner").cfg["temperature"] != 1.0
    assert [line["step"] for line in srsly.read_jsonl(output / "training/log.jsonl")] == [0, 8, 16]
    config = spacy.util.load_config(output / "config.cfg")
    assert config["paths"]["train"] == str(output / "corpus/train.spacy")

    shutil.rmtree(output / "training")
    again = fit(data, output, optimize="efficiency", overrides={**STEPS, **SMALL})
    assert again == pytest.approx(scores)
    assert not (output / "training").exists()
    with pytest.raises(UserError, match="begun with optimize = efficiency, got optimize = acc"):
        fit(data, output, overrides={**STEPS, **SMALL})


def test_entities_are_left_out_as_asked(data, tmp_path):
    options = {"optimize": "efficiency", "overrides": {**STEPS, **SMALL}}
    fit(data, tmp_path / "out", exclude=["LOC"], **options)
    assert spacy.load(tmp_path / "out/model").get_pipe("rnn_ner").labels == ("PER",)


def test_pretrained_subwords_are_used_and_stored(data, subwords, tmp_path):
    options = {"optimize": "efficiency", "overrides": {**STEPS, **SMALL}}
    fit(data, tmp_path / "out", vectors=str(subwords), **options)
    nlp = spacy.load(tmp_path / "out/model")
    assert nlp.vocab["Ada"].vector.tolist() == [0, 1, 0, 0, 0]
    assert nlp.config["components"]["rnn_ner"]["model"]["tok2vec"]["include_static_vectors"]
    with pytest.raises(UserError, match="begun with vectors = .*subwords, got vectors = None"):
        fit(data, tmp_path / "out", **options)
    with pytest.raises(UserError, match="Can't find the vectors: got 'lost'"):
        fit(data, tmp_path / "other", vectors="lost", **options)
    assert not (tmp_path / "other").exists()


def test_efficiency_is_refused_where_it_would_change_nothing(tmp_path):
    rows = [{"text": f"a {i}", "label": "xy"[i % 2]} for i in range(50)]
    srsly.write_jsonl(tmp_path / "a.jsonl", rows)
    with pytest.raises(UserError, match="No recipe of textcat is smaller and faster"):
        fit(str(tmp_path / "a.jsonl"), tmp_path / "out", optimize="efficiency")
    assert not (tmp_path / "out").exists()


def test_what_was_interrupted_goes_on_where_it_stopped(data, tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    output, options = tmp_path / "out", {"optimize": "efficiency", "overrides": {**STEPS, **SMALL}}
    with monkeypatch.context() as patch:
        patch.setattr(module, "calibrate", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fit(data, output, **options)
    best = (output / "training/model-best/meta.json").stat().st_mtime_ns
    Path(data).unlink()  # is not read again
    fit(data, output, **options)
    assert (output / "training/model-best/meta.json").stat().st_mtime_ns == best
    spacy.load(output / "model")


def test_what_was_interrupted_in_conversion_begins_anew(data, tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    output, options = tmp_path / "out", {"optimize": "efficiency", "overrides": {**STEPS, **SMALL}}
    with monkeypatch.context() as patch:
        patch.setattr(module, "make_config", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fit(data, output, **options)
    fit(data, output, **options)
    spacy.load(output / "model")


def test_data_that_is_not_there_is_told_once(tmp_path, spacy_cli):
    code, printed = spacy_cli("rnn", "fit", tmp_path / "a.csv", tmp_path / "out")
    assert code == 1
    assert printed.count("Can't find") == 1
    assert not (tmp_path / "out").exists()


def test_rows_without_text_are_told_alone(tmp_path, spacy_cli):
    (tmp_path / "a.csv").write_text("text,label\n" + ",x\n,y\n" * 20, "utf8")
    code, printed = spacy_cli("rnn", "fit", tmp_path / "a.csv", tmp_path / "out")
    assert code == 1
    assert "row 1, line 2: the column 'text' holds '', expected a string" in printed
    assert "ner" not in printed
    assert not (tmp_path / "out").exists()


def test_an_interruption_after_training_says_how_to_go_on(data, tmp_path, monkeypatch, spacy_cli):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "calibrate", interrupt)
    options = [f"--{name}={value}" for name, value in (STEPS | SMALL).items()]
    code, printed = spacy_cli(
        "rnn", "fit", data, tmp_path / "out", "--optimize", "efficiency", *options
    )
    assert code == 130
    assert "give the same command again to go on" in printed


def test_a_folder_of_something_else_stays(data, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("x")
    with pytest.raises(UserError, match="already there, and not of spacy rnn fit"):
        fit(data, tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_label_alone_leaves_nothing_half_done(tmp_path):
    srsly.write_jsonl(tmp_path / "a.jsonl", [{"text": f"a {i}", "label": "x"} for i in range(50)])
    with pytest.raises(UserError, match=r"got 1 label \('x'\), expected 2 or more"):
        fit(str(tmp_path / "a.jsonl"), tmp_path / "out", task="textcat")
    assert not (tmp_path / "out").exists()


def test_five_rows_are_too_few(tmp_path):
    srsly.write_jsonl(
        tmp_path / "a.jsonl", [{"text": f"a {i}", "label": "xy"[i % 2]} for i in range(5)]
    )
    with pytest.raises(UserError, match="documents to train on, expected 20 or more"):
        fit(str(tmp_path / "a.jsonl"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_option_that_is_wrong_can_be_corrected(data, tmp_path, spacy_cli):
    output, options = tmp_path / "out", ["--optimize", "efficiency"]
    options += [f"--{name}={value}" for name, value in (STEPS | SMALL).items()]
    for wrong, message in (
        (
            "--training.dropuot=0.1",
            "Unknown setting: got training.dropuot, which the config of ner",
        ),
        ("--components.rnn_ner.n_best=0", "Invalid n_best: got 0, expected 1 or more"),
        ("--recipe=textcat", "annotated for ner: got the recipe textcat, which is for textcat"),
        ("--recipe=neer", "Unknown recipe: got 'neer', expected one of"),
    ):
        code, printed = spacy_cli("rnn", "fit", data, output, *options, wrong)
        assert code == 1, printed
        assert message in printed
        assert printed.count("✘") == 1
    code, printed = spacy_cli("rnn", "fit", data, output, *options)
    assert code == 0, printed
    spacy.load(output / "model")


def columns_told(tmp_path, spacy_cli, *options):
    (tmp_path / "a.csv").write_text("review,stars\n" + "It was good,5\n" * 50, "utf8")
    code, printed = spacy_cli("rnn", "fit", tmp_path / "a.csv", tmp_path / "out", *options)
    assert code == 1
    return " ".join(printed.split())


def test_columns_of_other_names_are_told_once(tmp_path, spacy_cli):
    printed = columns_told(tmp_path, spacy_cli)
    assert "got the columns review, stars, expected text and label, " in printed
    assert "tagger needs" not in printed


def test_a_column_that_was_named_and_is_missing_is_told_alone(tmp_path, spacy_cli):
    printed = columns_told(tmp_path, spacy_cli, "--columns", "text=review,label=star")
    assert "a.csv has no column 'star', which textcat needs: got review, stars" in printed
    assert "tagger needs" not in printed


def test_what_was_only_tried_is_not_warned_of(tmp_path, caplog):
    """Lists of labels could be tags of entities, until the texts are read."""
    rows = [{"text": f"so {i} it is", "labels": ["xy"[i % 2], "z"]} for i in range(50)]
    srsly.write_jsonl(tmp_path / "a.jsonl", rows)
    assert find_task(str(tmp_path / "a.jsonl"), Columns()) == "textcat_multilabel"
    assert not caplog.records


def test_other_threads_are_warned_while_something_is_only_tried(tmp_path, caplog, monkeypatch):
    def open_splits(*args, **kwargs):
        thread = Thread(target=util.logger.warning, args=("elsewhere",))
        thread.start()
        thread.join()
        util.logger.warning("here")
        raise CorpusError("no data")

    monkeypatch.setattr("spacy_rnn.cli._data.open_splits", open_splits)
    with pytest.raises(CommandError, match="no data"):
        find_task(str(tmp_path), Columns())
    util.logger.warning("afterwards")
    assert {record.message for record in caplog.records} == {"elsewhere", "afterwards"}


def test_a_tagger_is_not_calibrated(tmp_path, capsys):
    lines = [f"Ada{i}\tN\nsaw\tV\nParis\tN\n" for i in range(60)]
    (tmp_path / "a.tsv").write_text("\n".join(lines), "utf8")
    small = {"components.rnn_tagger.model.tok2vec.width": 16}
    options = {"task": "tagger", "columns": ["tokens=1,tags=2"], "overrides": {**STEPS, **small}}
    fit(str(tmp_path / "a.tsv"), tmp_path / "out", **options, silent=False)
    assert "Calibration" not in capsys.readouterr().out
    assert spacy.load(tmp_path / "out/model").pipe_names == ["rnn_tagger"]


def test_rows_that_are_all_bad_are_told_by_the_first(tmp_path, spacy_cli):
    srsly.write_jsonl(tmp_path / "a.jsonl", [{"text": "", "label": "x"}] * 30)
    call = ("fit", tmp_path / "a.jsonl", tmp_path / "out", "--task", "textcat")
    code, printed = spacy_cli("rnn", *call)
    assert code == 1
    assert "row 1, line 1: the column 'text' holds ''" in " ".join(printed.split())
