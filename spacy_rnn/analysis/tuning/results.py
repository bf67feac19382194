"""What a search has found."""

import warnings
from dataclasses import asdict, dataclass
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState
from thinc.api import Config

from ...dotted import setting
from ..page import frame, page
from ..problems import AnalysisError
from .space import Space

INTERRUPTED = "interrupted"
ENOUGH = 10  # complete trials, to tell which settings matter
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
    own (Optional[TrialResult]): The one with the settings that the config had, if there is one.
    importances (Dict[str, float]): How much of what decides each setting is. Empty where fewer than
        ten trials are complete, which would mislead.
    scales (Dict[str, Dict[str, Any]]): The values of each setting.
    config (str): The best config.
    """

    title: str
    sampler: str
    trials: list[TrialResult]
    best: TrialResult
    own: TrialResult | None
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
        return frame(self.to_html())


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
    settings = {name: setting(config, name) for name in space}
    own = next((trial for trial in complete if trial.settings == settings), None)
    importances: dict[str, float] = {}
    if len(complete) >= ENOUGH and len({trial.score for trial in complete}) > 1:
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that of few trials little can be told
            importances = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return Tuning(
        title,
        sampler,
        results,
        best,
        own,
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
