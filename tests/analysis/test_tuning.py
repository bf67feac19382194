"""Searches: what is searched, what fails, and that nothing is lost when they are killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import optuna
import pytest
import spacy
import srsly
from spacy.tokens import Doc, DocBin
from thinc.api import Config

from spacy_rnn.analysis import AnalysisError
from spacy_rnn.analysis.tuning import read_space, tune
from spacy_rnn.analysis.tuning.search import Search
from spacy_rnn.analysis.tuning.space import Choice, Range, default_space
from spacy_rnn.recipes import make_config

SAMPLE = Path(__file__).parents[2] / "assets/sample"
CELL = "components.rnn_textcat.model.tok2vec.cell"
SPACE = {"training.dropout": Range(0.1, 0.5), CELL: Choice(["lstm", "gru"])}
STEPS = {
    "training.optimizer.learn_rate.total_steps": 4,
    "training.optimizer.learn_rate.warmup_steps": 1,
    "training.eval_frequency": 2,
    "components.rnn_textcat.model.tok2vec.width": 8,
    "components.rnn_textcat.model.tok2vec.char_ngram_rows": 0,
}


@pytest.fixture
def config(tmp_path):
    """RETURNS (Config): Of a small training on a little of the sample."""
    vocab = spacy.blank("en").vocab
    paths = {}
    for split in ("train", "dev"):
        docs = []
        for row in list(srsly.read_jsonl(SAMPLE / f"{split}.jsonl"))[:60]:
            doc = Doc(vocab, words=row["tokens"])
            labels = ("positive", "negative", "neutral")
            doc.cats = {label: float(label == row["label"]) for label in labels}
            docs.append(doc)
        DocBin(docs=docs).to_disk(tmp_path / f"{split}.spacy")
        paths[f"paths.{split}"] = str(tmp_path / f"{split}.spacy")
    text = make_config(["textcat"], overrides={**STEPS, **paths})
    return Config().from_str(text, interpolate=False)


@pytest.fixture
def fake(monkeypatch):
    """RETURNS: Sets what a trial gives in place of training: a score, or an error."""

    def use(outcome):
        def run_trial(self, trial, settings):
            found = outcome(settings)
            if isinstance(found, str):
                trial.set_user_attr("reason", found)
                self.study.tell(trial, state=optuna.trial.TrialState.FAIL)
                return found
            self.study.tell(trial, found)
            return "done"

        monkeypatch.setattr(Search, "run_trial", run_trial)

    return use


def test_the_space_is_read_from_the_config_or_a_file(config, tmp_path):
    assert list(default_space(config)) == [
        "training.dropout",
        "training.optimizer.learn_rate.initial_rate",
        "training.batcher.size",
        CELL,
        CELL.replace("cell", "width"),
        CELL.replace("cell", "depth"),
    ]
    block = f'[tune]\ntraining.dropout = {{"low": 0.1, "high": 0.5}}\n{CELL} = ["lstm", "gru"]\n'
    (tmp_path / "space.cfg").write_text(block)
    assert read_space(config, tmp_path / "space.cfg") == SPACE
    both = Config().from_str(config.to_str() + "\n" + block, interpolate=False)
    assert read_space(both, None) == SPACE
    assert "tune" not in both


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("training.dropuot = [0.1, 0.2]", "Unknown setting in .tune.: got training.dropuot"),
        ("training.dropout = []", r"Can't search training.dropout: got \[\], expected a list"),
        ("training.dropout = 0.1", "Can't search training.dropout: got 0.1"),
        ('training.dropout = {"low": 0.5, "high": 0.1}', "Empty range in .tune.: .* 0.5 to 0.1"),
        ('training.dropout = {"low": 0, "high": 1, "log": true}', "logarithmic scale, above 0"),
    ],
)
def test_a_wrong_space_is_refused(config, tmp_path, line, message):
    (tmp_path / "space.cfg").write_text(f"[tune]\n{line}\n")
    with pytest.raises(AnalysisError, match=message):
        read_space(config, tmp_path / "space.cfg")


def test_a_grid_has_the_ends_of_ranges():
    assert Range(1, 8).grid() == [1, 3, 6, 8]
    assert Range(0.001, 1.0, log=True).grid() == pytest.approx([0.001, 0.01, 0.1, 1.0])
    assert Range(1, 2).grid() == [1, 2]


def test_a_search_finds_the_best_and_tells_what_failed(config, tmp_path, fake):
    fake(lambda s: "out of memory" if s["training.dropout"] < 0.13 else s["training.dropout"])
    found = tune(config, tmp_path / "out", SPACE, trials=25, title="x.cfg")
    assert len(found.trials) == 25
    failed = [trial for trial in found.trials if trial.state == "failed"]
    assert failed
    assert all(trial.reason == "out of memory" for trial in failed)
    assert found.best.settings["training.dropout"] > 0.45
    assert max(found.importances, key=found.importances.get) == "training.dropout"
    best = Config().from_str(found.config, interpolate=False)
    assert best["training"]["dropout"] == found.best.settings["training.dropout"]
    assert len(found.to_html()) < 1_000_000


def test_the_first_trial_is_the_config_as_it_is(config, tmp_path, fake):
    fake(lambda s: 0.5)
    space = {**SPACE, CELL.replace("cell", "depth"): Choice([2, 3])}
    config["training"]["dropout"] = 0.45
    for trials in (1, 2):  # once, though the search goes on
        found = tune(config, tmp_path / "out", space, trials=trials)
        settings = [trial.settings for trial in found.trials]
        assert [s["training.dropout"] == 0.45 for s in settings] == [True, False][:trials]
        assert settings[0][CELL] == "lstm"
        assert found.own is None  # as the space lacks its depth
        assert settings[0][CELL.replace("cell", "depth")] in (2, 3)  # 1 is none of the space


def test_the_score_of_the_config_as_it_is_is_told(config, tmp_path, fake):
    fake(lambda s: s["training.dropout"])
    found = tune(config, tmp_path / "out", SPACE, trials=5)
    assert found.own == found.trials[0]
    assert found.best.score >= found.own.score == config["training"]["dropout"]


@pytest.mark.parametrize("role", ["train", "dev"])
def test_without_data_no_trial_begins(config, tmp_path, role):
    config["paths"][role] = str(tmp_path / "none.spacy")
    with pytest.raises(
        AnalysisError, match=f"x.cfg: got no documents from its {role}_corpus, .*none.spacy"
    ):
        tune(config, tmp_path / "out", SPACE, trials=2, title="x.cfg")
    assert not (tmp_path / "out").exists()


def test_trials_that_would_not_be_evaluated_are_refused(config, tmp_path):
    config["training"]["eval_frequency"] = 5
    with pytest.raises(
        AnalysisError, match=r"max_steps of 4 and eval_frequency of 5, .*frequency 1"
    ):
        tune(config, tmp_path / "out", SPACE, trials=2)


def test_of_few_trials_it_is_not_told_which_settings_matter(config, tmp_path, fake):
    fake(lambda s: s["training.dropout"])
    assert tune(config, tmp_path / "out", SPACE, trials=9, prune=False).importances == {}
    assert tune(config, tmp_path / "out", SPACE, trials=10, prune=False).importances


def test_a_grid_goes_on_where_it_was_cut_off(config, tmp_path, fake):
    calls = []

    def die_at_the_third(settings):
        calls.append(settings)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return settings["training.dropout"]

    fake(die_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        tune(config, tmp_path / "out", SPACE, sampler="grid")
    found = tune(config, tmp_path / "out", SPACE, sampler="grid")
    tried = sorted((t.settings["training.dropout"], t.settings[CELL]) for t in found.trials)
    assert tried == [(d, c) for d in Range(0.1, 0.5).grid() for c in ("gru", "lstm")]
    assert len(calls) == len(tried) + 1
    with pytest.raises(AnalysisError, match="its space has changed"):
        tune(config, tmp_path / "out", {"training.dropout": Range(0.1, 0.2)}, sampler="grid")


def test_time_is_kept(config, tmp_path, fake):
    fake(lambda settings: time.sleep(0.05) or 0.5)
    start = time.monotonic()
    found = tune(config, tmp_path / "out", SPACE, minutes=0.02)
    assert time.monotonic() - start < 30
    assert found.trials


def test_without_a_score_there_is_an_error(config, tmp_path, fake):
    fake(lambda settings: "no such file")
    with pytest.raises(AnalysisError, match=r"got 2 trials that failed .* \(no such file\)"):
        tune(config, tmp_path / "out", SPACE, trials=2)


@pytest.mark.slow
def test_a_search_that_is_killed_ends_with_the_same_grid(config, tmp_path):
    (tmp_path / "config.cfg").write_text(config.to_str(interpolate=False))
    (tmp_path / "space.cfg").write_text(f'[tune]\n{CELL} = ["lstm", "gru", "mingru"]\n')
    command = [sys.executable, "-m", "spacy", "rnn", "tune", "config.cfg", "out", "--sampler"]
    command += ["grid", "--space", "space.cfg", "--no-prune"]
    for _ in range(2):
        running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
        log = tmp_path / "out/trials"
        n_logs, end = len(list(log.glob("*/log.txt"))), time.monotonic() + 300
        while len(list(log.glob("*/log.txt"))) == n_logs and time.monotonic() < end:
            time.sleep(0.1)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = srsly.read_json(tmp_path / "out/tuning.json")
    assert sorted(t["settings"][CELL] for t in found["trials"]) == ["gru", "lstm", "mingru"]
    assert {t["state"] for t in found["trials"]} == {"complete"}
    best = Config().from_disk(tmp_path / "out/best.cfg")
    assert (
        best["components"]["rnn_textcat"]["model"]["tok2vec"]["cell"]
        == (found["best"]["settings"][CELL])
    )
    number = found["best"]["number"]
    nlp = spacy.load(tmp_path / f"out/trials/{number:03d}/model-best")
    assert nlp.meta["performance"]["cats_score"] == pytest.approx(found["best"]["score"])
    models = list((tmp_path / "out/trials").glob("*/model-*"))
    assert models == [tmp_path / f"out/trials/{number:03d}/model-best"]


@pytest.mark.slow
def test_a_loss_that_is_no_number_is_told_and_the_search_goes_on(config, tmp_path):
    said = []
    space = {"training.optimizer.learn_rate.initial_rate": Choice([1e30, 0.001])}
    found = tune(config, tmp_path / "out", space, sampler="grid", say=said.append)
    assert [trial.state for trial in found.trials] == ["failed", "complete"]
    assert "NaN" in found.trials[0].reason
    assert any(line.startswith("trial 0 failed: ") and "NaN" in line for line in said)
    assert found.best.settings == {"training.optimizer.learn_rate.initial_rate": 0.001}
    assert found.trials[0].reason in found.to_html()


@pytest.mark.slow
def test_trials_that_time_cuts_off_begin_anew(config, tmp_path):
    said, space = [], {CELL: Choice(["gru"])}
    with pytest.raises(AnalysisError, match="No trial has a score: got 0 trials"):
        tune(config, tmp_path / "out", space, minutes=0.01, say=said.append)
    assert said[-1] == "trial 0 was stopped, as time is over: it begins anew next time"
    found = tune(config, tmp_path / "out", space, trials=1)
    assert [(trial.state, trial.settings) for trial in found.trials] == [
        ("complete", {CELL: "gru"})
    ]
