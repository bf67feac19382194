"""A training that was killed and resumed ends as one that was not."""

import io
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as spacy_train
from thinc.api import Config

from spacy_rnn.training import Interrupted, TrainingError

MakeConfig = Callable[..., Config]
Run = Callable[..., str]
AtStep = Callable[[int, Callable[[], None]], dict[str, str]]
Files = Callable[[Path], dict[str, bytes]]
KINDS = ("tagger", "ner", "textcat", "joint", "streamed")


@pytest.fixture
def killed_and_resumed(
    make_config: MakeConfig, run: Run, at_step: AtStep, kill: Callable[[], None]
) -> Callable[..., str]:
    """Train until a kill as a step begins, then resume."""

    def train(kind: str, output: Path, step: int, every_step: bool = True, **settings: Any) -> str:
        config = make_config(kind, before_update=at_step(step, kill), **settings)
        with pytest.raises(SystemExit):
            run(config, output, every_step=every_step)
        at_step(step, lambda: None)
        return run(config, output, resume=True)

    return train


@pytest.mark.parametrize("kind", KINDS)
def test_ends_as_spacy_train_does(
    kind: str,
    make_config: MakeConfig,
    run: Run,
    at_step: AtStep,
    killed_and_resumed: Callable[..., str],
    files: Files,
    tmp_path: Path,
) -> None:
    assert "Resuming after step 6" in killed_and_resumed(kind, tmp_path / "killed", 7)
    config = make_config(kind, before_update=at_step(0, lambda: None))
    if kind == "joint":  # spaCy's ner draws random numbers, which change how spaCy shuffles
        run(config, tmp_path / "whole")
    else:
        (tmp_path / "whole").mkdir()
        spacy_train(init_nlp(config), tmp_path / "whole", stdout=io.StringIO())
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


@pytest.mark.parametrize(
    "settings",
    [
        {"accumulate_gradient": 3},
        {"max_epochs": 2, "max_steps": 0},
        {"patience": 3, "max_steps": 0, "eval_frequency": 2},
        {"optimizer": {"@optimizers": "RAdam.v1", "learn_rate": 0.01, "use_averages": False}},
    ],
)
def test_resumes_with_every_setting(
    settings: dict[str, Any],
    make_config: MakeConfig,
    run: Run,
    at_step: AtStep,
    killed_and_resumed: Callable[..., str],
    files: Files,
    tmp_path: Path,
) -> None:
    killed_and_resumed("textcat", tmp_path / "killed", 3, **settings)
    callback = at_step(0, lambda: None)
    run(make_config("textcat", before_update=callback, **settings), tmp_path / "whole")
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


def test_goes_back_to_the_last_evaluation(
    make_config: MakeConfig,
    run: Run,
    at_step: AtStep,
    killed_and_resumed: Callable[..., str],
    files: Files,
    tmp_path: Path,
) -> None:
    output = killed_and_resumed("joint", tmp_path / "killed", 7, every_step=False)
    assert "Resuming after step 4" in output
    run(make_config("joint", before_update=at_step(0, lambda: None)), tmp_path / "whole")
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


def test_resumes_beside_frozen_and_annotating_components(
    make_config: MakeConfig,
    run: Run,
    at_step: AtStep,
    kill: Callable[[], None],
    files: Files,
    tmp_path: Path,
) -> None:
    run(make_config("joint"), tmp_path / "source")
    source = {"source": str(tmp_path / "source" / "model-last")}

    def config() -> Config:
        made = make_config(
            "joint",
            frozen_components=["rnn_tok2vec", "ner"],
            annotating_components=["rnn_tok2vec", "rnn_tagger"],
            before_update=at_step(5, lambda: None),
        )
        made["components"].update({"rnn_tok2vec": source, "ner": source})
        return made

    run(config(), tmp_path / "whole")
    killed = config()
    at_step(5, kill)
    with pytest.raises(SystemExit):
        run(killed, tmp_path / "killed")
    run(config(), tmp_path / "killed", resume=True)
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


def test_sigterm_writes_a_checkpoint_after_the_step(
    make_config: MakeConfig, run: Run, at_step: AtStep, files: Files, tmp_path: Path
) -> None:
    terminate = at_step(6, lambda: os.kill(os.getpid(), signal.SIGTERM))
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted, match="SIGTERM"):
        run(make_config("tagger", before_update=terminate), tmp_path / "killed", every_step=False)
    assert signal.getsignal(signal.SIGTERM) is handler
    at_step(6, lambda: None)
    config = make_config("tagger", before_update=terminate)
    assert "Resuming after step 6" in run(config, tmp_path / "killed", resume=True)
    run(config, tmp_path / "whole")
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


@pytest.mark.parametrize("evaluation", [1, 2])
def test_sigterm_does_not_wait_for_the_evaluation(
    evaluation: int, make_config: MakeConfig, run: Run, files: Files, tmp_path: Path
) -> None:
    actions: list[Callable[[], None]] = []

    @spacy.registry.readers("tests.dev.v1")
    def reader(path: str) -> Callable[[Language], Any]:
        read = spacy.registry.readers.get("spacy.Corpus.v1")(path, gold_preproc=False)

        def read_and_act(nlp: Language) -> Any:
            examples = read(nlp)
            yield next(examples)
            if actions:
                actions.pop()()
            yield from examples

        return read_and_act

    def config() -> Config:
        made = make_config("joint", max_steps=8)
        made["corpora"]["dev"]["@readers"] = "tests.dev.v1"
        return made

    actions += [lambda: os.kill(os.getpid(), signal.SIGTERM), *[lambda: None] * evaluation]
    with pytest.raises(Interrupted, match="SIGTERM"):
        run(config(), tmp_path / "killed", every_step=False)
    assert f"Resuming after step {4 * evaluation}" in run(
        config(), tmp_path / "killed", resume=True
    )
    run(config(), tmp_path / "whole")
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


def test_log_file_is_whole(
    make_config: MakeConfig, run: Run, at_step: AtStep, kill: Callable[[], None], tmp_path: Path
) -> None:
    log = tmp_path / "log.jsonl"
    logger = {"@loggers": "spacy.ConsoleLogger.v3", "output_file": str(log)}
    config = make_config("tagger", logger=logger, before_update=at_step(6, kill))
    with pytest.raises(SystemExit):
        run(config, tmp_path / "output")
    at_step(6, lambda: None)
    output = run(config, tmp_path / "output", resume=True)
    assert [json.loads(line)["step"] for line in log.read_text().splitlines()] == [0, 4, 8]
    assert output.count("LOSS RNN_T...") == 1


def test_killed_as_the_last_model_is_saved(
    make_config: MakeConfig, run: Run, kill: Callable[[], None], files: Files, tmp_path: Path
) -> None:
    kills: list[Callable[[], None]] = []

    @spacy.registry.callbacks("tests.before_saving.v1")
    def before_saving() -> Callable[[Language], Language]:
        def callback(nlp: Language) -> Language:
            if len(kills) == 1:
                kills.pop()()
            if kills:
                kills.pop()
            return nlp

        return callback

    config = make_config("tagger", before_to_disk={"@callbacks": "tests.before_saving.v1"})
    kills += [kill] * 4  # after steps 0, 4, 8 and 10
    with pytest.raises(SystemExit):
        run(config, tmp_path / "killed")
    assert "Resuming after step 10" in run(config, tmp_path / "killed", resume=True)
    run(config, tmp_path / "whole")
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


def test_finished_training_is_not_repeated(
    make_config: MakeConfig, run: Run, files: Files, tmp_path: Path
) -> None:
    assert "No checkpoint in" in run(make_config("tagger"), tmp_path, resume=True)
    before = files(tmp_path)
    assert "Training is finished" in run(make_config("tagger"), tmp_path, resume=True)
    assert files(tmp_path) == before
    assert "Saved pipeline" in run(make_config("tagger"), tmp_path)


def test_unfinished_training_is_not_lost(
    make_config: MakeConfig, run: Run, at_step: AtStep, kill: Callable[[], None], tmp_path: Path
) -> None:
    config = make_config("tagger", before_update=at_step(3, kill))
    with pytest.raises(SystemExit):
        run(config, tmp_path)
    at_step(3, lambda: None)
    with pytest.raises(TrainingError, match=r"step 2\).* --resume, or begin anew with --force"):
        run(config, tmp_path)
    assert "Saved pipeline" in run(config, tmp_path, force=True)


def test_changes_of_config_and_data_are_refused(
    make_config: MakeConfig,
    run: Run,
    at_step: AtStep,
    kill: Callable[[], None],
    corpus: Path,
    tmp_path: Path,
) -> None:
    data = tmp_path / "dev.spacy"
    data.write_bytes((corpus / "dev.spacy").read_bytes())

    def config(**settings: Any) -> Config:
        made = make_config("tagger", before_update=at_step(3, kill), **settings)
        made["corpora"]["dev"]["path"] = str(data)
        return made

    with pytest.raises(SystemExit):
        run(config(), tmp_path / "output")
    with pytest.raises(TrainingError, match=r"\(training.dropout was 0.2, is 0.3\)"):
        run(config(dropout=0.3), tmp_path / "output", resume=True)
    data.write_bytes((corpus / "train.spacy").read_bytes())
    with pytest.raises(TrainingError, match=r"corpora.dev.path was 'data \w+', is 'data \w+'"):
        run(config(), tmp_path / "output", resume=True)
    changed = config()
    at_step(3, lambda: None)
    output = run(changed, tmp_path / "output", resume=True, force=True)
    assert "Config or data have changed: corpora.dev.path" in output


def test_corpus_in_another_order_is_refused(
    make_config: MakeConfig, run: Run, at_step: AtStep, kill: Callable[[], None], tmp_path: Path
) -> None:
    order = [1]

    @spacy.registry.readers("tests.order.v1")
    def reader(path: str) -> Callable[[Language], Any]:
        read = spacy.registry.readers.get("spacy.Corpus.v1")(path, gold_preproc=False)
        return lambda nlp: list(read(nlp))[:: order[0]]

    config = make_config("tagger", before_update=at_step(3, kill))
    config["corpora"]["train"]["@readers"] = "tests.order.v1"
    with pytest.raises(SystemExit):
        run(config, tmp_path)
    order[0] = -1
    with pytest.raises(TrainingError, match="did not give the same texts in the same order"):
        run(config, tmp_path, resume=True)
