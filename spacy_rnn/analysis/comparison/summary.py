"""From trainings to a comparison: scores, differences, speed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

from spacy import util
from spacy.language import Language
from spacy.training import Example

from ..decisions import Decisions, Kind
from ..footprint import predict
from ..problems import AnalysisError
from ..scores import Bootstrap, Counts, Measure, interval, measure_of
from .advice import advice
from .data import TrainingData, read_docs
from .results import Comparison, SystemResult
from .runs import Run
from .statistics import RESAMPLES, difference, resampled_scores

ROUNDS = 3
N_TIMED = 500  # documents whose prediction is timed


def summarize(
    runs: Sequence[Run],
    kind: Kind,
    title: str,
    failed: Mapping[str, str],
    score: str | None,
    recipe: str,
    train: TrainingData,
) -> Comparison:
    """Put together what came out of trainings, by the score of that name.

    RETURNS (Comparison): The comparison.
    RAISES (AnalysisError): If nothing came out.
    """
    groups: dict[str, list[Run]] = {}
    for run in runs:
        if run.result is not None:
            groups.setdefault(run.system, []).append(run)
    if not groups:
        reasons = "; ".join(f"{label}: {reason}" for label, reason in failed.items())
        raise AnalysisError(f"All trainings failed. {reasons}")
    decisions = {
        name: [Decisions.from_disk(run.folder / "decisions.npz") for run in group]
        for name, group in groups.items()
    }
    _, metric, measured = measure_of(kind, score)
    n_docs = next(iter(decisions.values()))[0].n_docs
    bootstrap = Bootstrap(n_docs, RESAMPLES)
    resampled = {
        name: resampled_scores(each, bootstrap, seed, measured)
        for seed, (name, each) in enumerate(decisions.items())
    }
    nlps = {
        name: util.load_model(group[0].folder / "model-best")
        for name, group in groups.items()
        if group[0].job["config"] is not None
    }
    texts = [doc.text for doc in read_docs(Path(runs[0].job["test"]))[:N_TIMED]]
    speeds = measure(nlps, texts)
    found = [
        _system(name, group, decisions[name], resampled[name], speeds.get(name, ()), measured)
        for name, group in groups.items()
    ]
    found.sort(key=lambda each: -each.score)
    differences = {
        one.name: {
            other.name: difference(
                one.score - other.score, resampled[one.name], resampled[other.name]
            )
            for other in found
            if other is not one
        }
        for one in found
    }
    notes = []
    if max(len(each.seeds) for each in found) == 1:
        notes.append(
            "Each system was trained once: how much trainings differ is not in the intervals. "
            "Take several seeds."
        )
    notes += other_tokens(nlps, texts)
    return Comparison(
        title,
        kind,
        metric,
        recipe,
        {"docs": train.docs, "tokens": train.tokens, "labels": len(train.labels)},
        n_docs,
        found,
        differences,
        advice(found, differences),
        dict(failed),
        notes,
    )


def _system(
    name: str,
    group: Sequence[Run],
    decisions: Sequence[Decisions],
    resampled: Any,
    rates: Sequence[float],
    measured: Measure,
) -> SystemResult:
    results = [run.result or {} for run in group]
    values = [float(measured(Counts.of(each))) for each in decisions]
    return SystemResult(
        name,
        [run.seed for run in group],
        values,
        mean(values),
        *interval(resampled),
        stdev(values) if len(values) > 1 else None,
        results[0]["weights"],
        results[0]["bytes"],
        median(result["training_seconds"] for result in results),
        median(rates or [results[0]["words_per_second"]]),
        min(rates, default=results[0]["words_per_second"]),
        max(rates, default=results[0]["words_per_second"]),
        results[0]["latency"],
        group[0].job["config"],
    )


def other_tokens(nlps: Mapping[str, Language], texts: Sequence[str]) -> list[str]:
    """RETURNS (List[str]): A note, if a pipeline, by a config of its own, splits texts in another
    way than the first.
    """
    tokens = {
        name: [[token.text for token in nlp.make_doc(text)] for text in texts]
        for name, nlp in nlps.items()
    }
    first = next(iter(tokens), "")
    others = [name for name, found in tokens.items() if found != tokens[first]]
    if not others:
        return []
    return [
        f"{', '.join(others)} and {first} do not split texts into the same tokens: their words/s, "
        "and scores that depend on tokens, can't be compared. Give them one [nlp.tokenizer]."
    ]


def measure(nlps: Mapping[str, Language], texts: Sequence[str]) -> dict[str, list[float]]:
    """Time the prediction of pipelines, which take turns, so that what slows the machine down
    slows all of them down.

    nlps (Mapping[str, Language]): The pipelines, by name.
    texts (Sequence[str]): What is predicted.
    RETURNS (Dict[str, List[float]]): Words per second of each round, by name.
    """
    rates: dict[str, list[float]] = {name: [] for name in nlps}
    for _ in range(ROUNDS):
        for name, nlp in nlps.items():
            examples = [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in texts]
            seconds = predict(nlp, examples)
            rates[name].append(sum(len(example.predicted) for example in examples) / seconds)
    return rates
