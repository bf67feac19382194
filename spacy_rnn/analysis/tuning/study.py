"""A search for the best settings, which can be killed at any time and goes on where it was."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.trial import TrialState
from thinc.api import Config

from ...dotted import setting
from ..configs import checked, require_data
from ..problems import AnalysisError
from ..workers import Engine, workers
from .results import INTERRUPTED, Tuning, summarize
from .search import STUDY, Search
from .space import Space

Sampler = Literal["tpe", "random", "grid"]


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
    engine: Engine = "local",
    address: str | None = None,
    title: str = "",
    say: Callable[[str], None] = lambda text: None,
) -> Tuning:
    """Search for the settings with the best score on dev, each trial in a process of its own. The
    first trial has the config's own settings, as far as the space has them, unless there is a grid.
    A search that was interrupted goes on; the trials that were cut off begin anew.

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
    engine (Literal["local", "ray"]): Processes of this machine, or tasks on a Ray cluster.
    address (Optional[str]): The address of the cluster.
    title (str): What to call it.
    say (Callable[[str], None]): Takes what is to be told meanwhile.
    RETURNS (Tuning): What was found.
    RAISES (AnalysisError): If the config or its data cannot be used, or no trial has a score.
    RAISES (ClusterError): If the cluster cannot be used.
    """
    name = title or "the trials"
    complete = checked(name, config, {}).config
    require_evaluation(name, complete)
    require_data(name, complete)
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
    else:
        if own := own_settings(config, space):
            study.enqueue_trial(own, skip_if_exists=True)
        if trials is None and minutes is None:
            trials = 20
    with workers(engine, address) as start:
        search = Search(study, storage, config, output, space, prune, say, start)
        search.run(trials, minutes, jobs)
    return summarize(study, config, space, sampler, title)


def require_evaluation(name: str, config: Config) -> None:
    """RAISES (AnalysisError): If there is no evaluation but before the first step."""
    training = config.interpolate()["training"]
    steps, often = training["max_steps"], training["eval_frequency"]
    if 0 < steps < often:
        raise AnalysisError(
            f"Can't search settings of {name}: got max_steps of {steps:,} and eval_frequency of "
            f"{often:,}, by which only weights that are not trained are evaluated, expected an "
            f"evaluation in time, as by --training.eval_frequency {max(1, steps // 5)}."
        )


def own_settings(config: Config, space: Space) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What the config has now, where the space has it too, as the study
    knows it.
    """
    own = {name: values.find(setting(config, name)) for name, values in space.items()}
    return {name: found for name, found in own.items() if found is not None}


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
