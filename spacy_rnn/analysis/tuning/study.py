"""A search for the best settings, which can be killed at any time and goes on where it was."""

import itertools
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any, Literal

import optuna
import srsly
from optuna.trial import FrozenTrial, TrialState
from thinc.api import Config

from ..comparison.runs import THREADS
from ..comparison.systems import checked_config
from ..page import page
from ..problems import AnalysisError
from .space import Space

Sampler = Literal["tpe", "random", "grid"]
STUDY = "spacy-rnn"
INTERRUPTED = "interrupted"
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


@dataclass(frozen=True)
class TrialResult:
    """A trial.

    number (int): Its number.
    state (str): "complete", "pruned" or "failed".
    score (Optional[float]): The best score on dev, if there was an evaluation.
    settings (Dict[str, Any]): What it was trained with.
    seconds (float): How long it took.
    reason (str): Why it failed, if it did.
    """

    number: int
    state: str
    score: float | None
    settings: dict[str, Any]
    seconds: float
    reason: str


@dataclass(frozen=True)
class Tuning:
    """What a search has found.

    title (str): The config.
    sampler (str): How settings were chosen.
    trials (List[TrialResult]): The trials that have ended, but for those that were interrupted.
    best (TrialResult): The one with the highest score on dev.
    importances (Dict[str, float]): How much of what decides each setting is, if it is known.
    scales (Dict[str, Dict[str, Any]]): The values of each setting.
    config (str): The best config.
    """

    title: str
    sampler: str
    trials: list[TrialResult]
    best: TrialResult
    importances: dict[str, float]
    scales: dict[str, dict[str, Any]]
    config: str

    def to_json(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): All of it, as what JSON has."""
        return asdict(self)

    def to_html(self) -> str:
        """RETURNS (str): A page that needs no network."""
        return page("tune", f"{self.title}: tuning", self.to_json())

    def _repr_html_(self) -> str:
        style = "width: 100%; height: 80vh; border: 0"
        return f'<iframe srcdoc="{escape(self.to_html())}" style="{style}"></iframe>'


def tune(
    config: Config,
    output: Path,
    space: Space,
    *,
    trials: int | None = None,
    minutes: float | None = None,
    sampler: Sampler = "tpe",
    jobs: int = 1,
    seed: int = 0,
    prune: bool = True,
    title: str = "",
    say: Callable[[str], None] = lambda text: None,
) -> Tuning:
    """Search for the settings with the best score on dev, each trial in a process of its own. A
    search that was interrupted goes on; the trials that were cut off begin anew.

    config (Config): The config, not interpolated, with the paths of the data.
    output (Path): Folder for the study (study.db) and the trials.
    space (Space): What is searched.
    trials (Optional[int]): How many trials there are to be in all. 20 by default, if no minutes are
        given; of a grid, all.
    minutes (Optional[float]): After which no trial begins, and those that run are stopped.
    sampler (str): "tpe" (Bergstra et al. 2011), "random" or "grid".
    jobs (int): Trials at a time, on one thread each.
    seed (int): Seed of what is random about the search.
    prune (bool): Stop trials early whose score is below the median of others at the same step.
    title (str): What to call it.
    say (Callable[[str], None]): Takes what is to be told meanwhile.
    RETURNS (Tuning): What was found.
    RAISES (AnalysisError): If the config cannot be used, or no trial has a score.
    """
    checked_config(title or "the trials", config, {})
    output.mkdir(parents=True, exist_ok=True)
    storage = f"sqlite:///{(output / 'study.db').resolve()}"
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        study_name=STUDY,
        storage=storage,
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1),
    )
    # A search that goes on does not draw what it began with again.
    study.sampler = make_sampler(sampler, seed + len(study.trials))
    require_same(study, config, space, sampler)
    recover(study)
    if sampler == "grid":
        points = list(itertools.product(*(values.grid() for values in space.values())))
        for point in points:
            study.enqueue_trial(dict(zip(space, point, strict=True)), skip_if_exists=True)
        trials = len(points) if trials is None else min(trials, len(points))
    elif trials is None and minutes is None:
        trials = 20
    search = Search(study, storage, config, output, space, prune, say)
    search.run(trials, minutes, jobs)
    return summarize(study, config, space, sampler, title)


def make_sampler(sampler: Sampler, seed: int) -> optuna.samplers.BaseSampler:
    """RETURNS (BaseSampler): What chooses settings. The points of a grid are given to it."""
    if sampler == "tpe":
        return optuna.samplers.TPESampler(seed=seed, n_startup_trials=5)
    return optuna.samplers.RandomSampler(seed=seed)


def require_same(study: optuna.Study, config: Config, space: Space, sampler: str) -> None:
    """RAISES (AnalysisError): If the study is of another config, space or sampler."""
    told = {"config": config.to_str(interpolate=False), "sampler": sampler, "space": repr(space)}
    for name, value in told.items():
        if study.user_attrs.setdefault(name, value) != value:
            raise AnalysisError(
                f"Can't go on with the study: its {name} has changed. Give what it began with, or "
                "another output folder."
            )
        study.set_user_attr(name, value)


def recover(study: optuna.Study) -> None:
    """Put trials that were cut off in line again."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study._storage.set_trial_user_attr(trial._trial_id, "note", INTERRUPTED)
        study.tell(trial.number, state=TrialState.FAIL)
        settings = trial.params or trial.system_attrs.get("fixed_params")
        if settings:
            study.enqueue_trial(settings)


class Search:
    """Runs the trials of a study."""

    def __init__(
        self,
        study: optuna.Study,
        storage: str,
        config: Config,
        output: Path,
        space: Space,
        prune: bool,
        say: Callable[[str], None],
    ) -> None:
        self.study, self.storage, self.config, self.output = study, storage, config, output
        self.space, self.prune, self.say = space, prune, say
        self.lock = Lock()
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        self.out_of_time = False

    def run(self, trials: int | None, minutes: float | None, jobs: int) -> None:
        """Run trials until there are enough, or time is over."""
        deadline = None if minutes is None else monotonic() + 60 * minutes
        done = len(finished(self.study))
        self.say(f"{done} trials are finished" + (f", of {trials}" if trials else ""))
        pool = ThreadPoolExecutor(jobs)
        running: set[Future[str]] = set()
        try:
            while True:
                left = None if deadline is None else deadline - monotonic()
                open_ = trials is None or len(finished(self.study)) + len(running) < trials
                if open_ and len(running) < jobs and (left is None or left > 0):
                    trial = self.study.ask()
                    settings = {name: v.suggest(trial, name) for name, v in self.space.items()}
                    running.add(pool.submit(self.run_trial, trial, settings))
                    continue
                if not running:
                    break
                if left is not None and left <= 0:
                    self.out_of_time = True
                    self.stop()
                    left = None
                ended, running = wait(running, timeout=left, return_when=FIRST_COMPLETED)
                for future in ended:
                    self.say(future.result())
        finally:
            self.stop()
            pool.shutdown(cancel_futures=True)

    def stop(self) -> None:
        with self.lock:
            for process in self.processes.values():
                process.terminate()

    def run_trial(self, trial: optuna.Trial, settings: dict[str, Any]) -> str:
        """RETURNS (str): What came out, in a line."""
        folder = self.output / "trials" / f"{trial.number:03d}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "config.cfg").write_text(with_settings(self.config, settings), encoding="utf8")
        job = {"study": STUDY, "storage": self.storage, "trial": trial._trial_id}
        job |= {"prune": self.prune, "parent": os.getpid()}
        srsly.write_json(folder / "job.json", job)
        with (folder / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"{__package__}.worker", str(folder)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **dict.fromkeys(THREADS, "1")},
            )
            with self.lock:
                self.processes[trial.number] = process
            code = process.wait()
            with self.lock:
                self.processes.pop(trial.number)
        path = folder / "result.json"
        result: dict[str, Any] = srsly.read_json(path) if path.is_file() else {}
        state = result.get("state", "failed")
        reason = result.get("reason", f"the process ended with exit code {code}")
        if not result and self.out_of_time:
            trial.set_user_attr("note", INTERRUPTED)
            self.study.enqueue_trial(trial.params)
            reason = "out of time"
        with self.lock:
            if state == "complete":
                self.study.tell(trial, result["score"])
                self.keep_best(trial.number)
                return f"trial {trial.number}: {100 * result['score']:.2f}, {_tell(settings)}"
            shutil.rmtree(folder / "model-best", ignore_errors=True)
            shutil.rmtree(folder / "model-last", ignore_errors=True)
            if state == "pruned":
                self.study.tell(trial, state=TrialState.PRUNED)
                return f"trial {trial.number}: stopped early at {100 * result['score']:.2f}"
            trial.set_user_attr("reason", reason)
            self.study.tell(trial, state=TrialState.FAIL)
            return f"trial {trial.number} failed: {reason}"

    def keep_best(self, number: int) -> None:
        """Remove the pipelines of all trials but the best."""
        best = self.study.best_trial.number
        for folder in (self.output / "trials").iterdir():
            shutil.rmtree(folder / "model-last", ignore_errors=True)
            if folder.name != f"{best:03d}" and int(folder.name) not in self.processes:
                shutil.rmtree(folder / "model-best", ignore_errors=True)


def with_settings(config: Config, settings: dict[str, Any]) -> str:
    """RETURNS (str): A config with other settings."""
    text = config.to_str(interpolate=False)
    return Config().from_str(text, interpolate=False, overrides=settings).to_str(interpolate=False)


def finished(study: optuna.Study) -> list[FrozenTrial]:
    """RETURNS (List[FrozenTrial]): The trials that have ended, but for those that were cut off."""
    found = study.get_trials(deepcopy=False, states=FINISHED)
    return [trial for trial in found if trial.user_attrs.get("note") != INTERRUPTED]


def summarize(
    study: optuna.Study, config: Config, space: Space, sampler: str, title: str
) -> Tuning:
    """RETURNS (Tuning): What a study has found.
    RAISES (AnalysisError): If no trial has ended well.
    """
    results = [_result(trial, space) for trial in finished(study)]
    complete = [trial for trial in results if trial.state == "complete"]
    if not complete:
        reasons = {trial.reason for trial in results if trial.reason}
        raise AnalysisError(
            f"No trial has a score: got {len(results)} trials that failed or were stopped"
            f"{f' ({next(iter(reasons))})' if reasons else ''}. Give more time, or other settings."
        )
    best = max(complete, key=lambda trial: trial.score or 0.0)
    importances: dict[str, float] = {}
    if len({trial.score for trial in complete}) > 3:
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that of few trials little can be told
            importances = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return Tuning(
        title,
        sampler,
        results,
        best,
        importances,
        {name: asdict(values) for name, values in space.items()},
        with_settings(config, best.settings),
    )


def _result(trial: FrozenTrial, space: Space) -> TrialResult:
    names = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned"}
    score = trial.value
    if score is None and trial.intermediate_values:
        score = max(trial.intermediate_values.values())
    return TrialResult(
        trial.number,
        names.get(trial.state, "failed"),
        score,
        {name: space[name].value(found) for name, found in trial.params.items() if name in space},
        0.0 if trial.duration is None else trial.duration.total_seconds(),
        trial.user_attrs.get("reason", ""),
    )


def _tell(settings: dict[str, Any]) -> str:
    parts: Iterable[str] = (
        f"{name.rpartition('.')[2]} {value:.3g}"
        if isinstance(value, float)
        else f"{name.rpartition('.')[2]} {value}"
        for name, value in settings.items()
    )
    return ", ".join(parts)
