"""A process of its own that trains one trial: python -m …worker FOLDER."""

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import srsly
from spacy import util
from spacy.language import Language
from spacy.training.initialize import init_nlp
from spacy.training.loop import train
from spacy.util import registry

from ...orphans import end_with_parent

LOGGER = "spacy-rnn.Trial.v1"


def run(folder: Path) -> None:
    """Train a trial.

    folder (Path): Where job.json says what to do, and where result.json goes.
    """
    job: dict[str, Any] = srsly.read_json(folder / "job.json")
    study = optuna.load_study(study_name=job["study"], storage=job["storage"])
    trial = optuna.Trial(study, job["trial"])
    watch = Watch(trial, job["prune"])
    registry.loggers.register(LOGGER, func=lambda: watch.logger)
    config = util.load_config(folder / "config.cfg", interpolate=False)
    config["training"]["logger"] = {"@loggers": LOGGER}
    result: dict[str, Any] = {"state": "complete"}
    try:
        train(init_nlp(config), folder, stdout=sys.stdout, stderr=sys.stderr)
    except optuna.TrialPruned:
        result["state"] = "pruned"
    except Exception as error:  # whatever a training can fail by is told, and the study goes on
        reason = " ".join(str(error).split())
        result.update(state="failed", reason=f"{type(error).__name__}: {reason}"[:500])
    result["score"] = max(watch.scores, default=None)
    srsly.write_json(folder / "result.json", result)


class Watch:
    """Follows a training by its evaluations, through spaCy's logger.

    trial (Trial): The trial.
    prune (bool): Whether to stop it where it does worse than others did.
    """

    def __init__(self, trial: optuna.Trial, prune: bool) -> None:
        self.trial, self.prune = trial, prune
        self.scores: list[float] = []

    def logger(self, nlp: Language, *_: Any) -> tuple[Callable[..., None], Callable[[], None]]:
        """RETURNS (Tuple[Callable, Callable]): What spaCy calls at each step, and in the end."""
        return self.log_step, lambda: None

    def log_step(self, info: dict[str, Any] | None) -> None:
        """Take note of an evaluation.

        RAISES (TrialPruned): If the trial is not worth going on.
        RAISES (ValueError): If a loss is not a number.
        """
        if info is None:
            return
        wrong = [name for name, loss in info["losses"].items() if not math.isfinite(loss)]
        if wrong:
            raise ValueError(f"the loss of {', '.join(wrong)} is not a number at {info['step']}")
        print(f"step {info['step']}: {info['score']:.4f}", flush=True)
        self.scores.append(float(info["score"]))
        self.trial.report(max(self.scores), info["step"])
        if self.prune and self.trial.should_prune():
            raise optuna.TrialPruned


if __name__ == "__main__":
    end_with_parent()
    run(Path(sys.argv[1]))
