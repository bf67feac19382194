"""Which system to take: trained alike, tested on the same documents, compared in pairs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

import spacy
from spacy import util
from spacy.tokens import DocBin
from spacy.training import Example

from ..decisions import Decisions, Kind
from ..footprint import predict
from ..page import page
from ..problems import AnalysisError
from ..scores import SCORES, Bootstrap, Counts, interval
from .runs import SPLITS, Run, Runner, digest
from .statistics import RESAMPLES, Difference, difference, resampled_scores
from .systems import BASELINES, RECIPES, system_config, systems

ROUNDS = 3
# Documents whose prediction is timed.
N_TIMED = 500


@dataclass(frozen=True)
class SystemResult:
    """What came out of a system.

    name (str): Its name.
    seeds (List[int]): The seeds that it was trained with.
    values (List[float]): The score on test, by seed.
    score (float): Their mean.
    low (float): Where its 95 % interval begins, over resamples of documents and trainings.
    high (float): Where it ends.
    spread (Optional[float]): Standard deviation over seeds, if there are several.
    weights (int): Number of trained numbers.
    bytes (Optional[int]): Size on disk, if it is on disk.
    training_seconds (float): How long a training took.
    words_per_second (float): In batches, the median of rounds in which systems take turns.
    slowest (float): That of the slowest round.
    fastest (float): That of the fastest round.
    latency (Optional[float]): Time for one text, in seconds.
    """

    name: str
    seeds: list[int]
    values: list[float]
    score: float
    low: float
    high: float
    spread: float | None
    weights: int
    bytes: int | None
    training_seconds: float
    words_per_second: float
    slowest: float
    fastest: float
    latency: float | None


@dataclass(frozen=True)
class Comparison:
    """A comparison of systems.

    title (str): The data.
    kind (str): The task.
    metric (str): What the score is.
    n_docs (int): Number of test documents.
    systems (List[SystemResult]): What came out, the highest score first.
    differences (Dict[str, Dict[str, Difference]]): How much better a system (first) is than
        another (second).
    advice (str): What follows.
    failed (Dict[str, str]): Trainings that failed, and why.
    notes (List[str]): What a reader has to know.
    """

    title: str
    kind: Kind
    metric: str
    n_docs: int
    systems: list[SystemResult]
    differences: dict[str, dict[str, Difference]]
    advice: str
    failed: dict[str, str]
    notes: list[str]

    def to_json(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): All of it, as what JSON has."""
        return asdict(self)

    def to_html(self) -> str:
        """RETURNS (str): A page that needs no network."""
        return page("compare", f"{self.title}: comparison", self.to_json())

    def _repr_html_(self) -> str:
        style = "width: 100%; height: 80vh; border: 0"
        return f'<iframe srcdoc="{escape(self.to_html())}" style="{style}"></iframe>'


def compare(
    data: Path,
    output: Path,
    *,
    names: Sequence[str] | None = None,
    seeds: Sequence[int] = (0, 1),
    jobs: int = 1,
    kind: Kind | None = None,
    recipe: str | None = None,
    steps: int | None = None,
    lang: str = "en",
    overrides: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Comparison:
    """Train systems alike, test them and compare them. What is finished is not repeated, unless
    its config or the data has changed.

    data (Path): Folder with train.spacy, dev.spacy and test.spacy.
    output (Path): Folder for the trainings.
    names (Optional[Sequence[str]]): The systems. All for the task by default.
    seeds (Sequence[int]): Seeds, with each of which each system is trained.
    jobs (int): Trainings at a time, on one thread each.
    kind (Optional[str]): The task. By default the one that the data is annotated for.
    recipe (Optional[str]): The recipe that ours follow. By default the task's.
    steps (Optional[int]): Training steps. By default the recipe's.
    lang (str): The language.
    overrides (Optional[Mapping[str, Any]]): Settings for all systems, by dotted name.
    say (Callable[[str], None]): Takes what is to be told meanwhile.
    RETURNS (Comparison): The comparison.
    RAISES (AnalysisError): If the data or a system cannot be used, or all trainings failed.
    """
    paths = {split: data / f"{split}.spacy" for split in SPLITS}
    missing = [str(path) for path in paths.values() if not path.is_file()]
    if missing:
        raise AnalysisError(
            f"Can't compare on {data}: found no {', '.join(missing)}, expected train.spacy, "
            "dev.spacy and test.spacy, as 'spacy rnn convert' writes them."
        )
    kind = kind or find_kind(paths["test"])
    configs = {
        name: system_config(name, kind, recipe or RECIPES[kind], lang, steps, overrides or {})
        for name in dict.fromkeys(names or systems(kind))
    }
    runs = plan(configs, paths, output, kind, seeds, lang)
    failed = Runner(jobs, say).run_all(runs)
    return summarize(runs, kind, str(data), failed)


def plan(
    configs: Mapping[str, str | None],
    paths: Mapping[str, Path],
    output: Path,
    kind: Kind,
    seeds: Sequence[int],
    lang: str,
) -> list[Run]:
    """RETURNS (List[Run]): The trainings, seed by seed, so that all systems have the first ones."""
    data = digest(list(paths.values()))
    places = {split: str(path.resolve()) for split, path in paths.items()}
    runs = []
    for seed in seeds:
        for name, config in configs.items():
            if name in BASELINES[kind] and seed != seeds[0]:
                continue  # they have no seed
            title = Path(name).stem if name.endswith(".cfg") else name
            folder = output / f"{title}-seed{seed}"
            job: dict[str, Any] = {"system": name, "kind": kind, "config": config, "seed": seed}
            job |= {"lang": lang, "gold_preproc": kind in ("tagger", "ner"), **places}
            if config is not None:
                settings = {"paths.train": places["train"], "paths.dev": places["dev"]}
                job["overrides"] = {**settings, "system.seed": seed}
            runs.append(Run(title, seed, folder, job, data))
    return runs


def find_kind(path: Path) -> Kind:
    """RETURNS (str): The task that data is annotated for.
    RAISES (AnalysisError): If it is annotated for none, or several.
    """
    docs = list(DocBin().from_disk(path).get_docs(spacy.blank("xx").vocab))
    found: list[Kind] = []
    if any(doc.cats for doc in docs):
        one = all(sum(value > 0 for value in doc.cats.values()) == 1 for doc in docs)
        found.append("textcat" if one else "textcat_multilabel")
    if any(doc.ents for doc in docs):
        found.append("ner")
    if any(token.tag for doc in docs for token in doc):
        found.append("tagger")
    if len(found) != 1:
        raise AnalysisError(
            f"Can't tell the task from {path}: it has {len(docs):,} texts with annotation for "
            f"{' and '.join(found) or 'no task'}. Give the task (--task), one of "
            f"{', '.join(RECIPES)}, or other data."
        )
    return found[0]


def summarize(runs: Sequence[Run], kind: Kind, title: str, failed: Mapping[str, str]) -> Comparison:
    """Put together what came out of trainings.

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
    n_docs = next(iter(decisions.values()))[0].n_docs
    bootstrap = Bootstrap(n_docs, RESAMPLES)
    resampled = {
        name: resampled_scores(each, bootstrap, seed)
        for seed, (name, each) in enumerate(decisions.items())
    }
    speeds = measure({name: group[0] for name, group in groups.items()})
    found = [
        _system(name, group, decisions[name], resampled[name], speeds.get(name, ()))
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
    return Comparison(
        title,
        kind,
        SCORES[kind][0][1],
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
) -> SystemResult:
    results = [run.result or {} for run in group]
    score = SCORES[decisions[0].kind][0][2]
    values = [float(score(Counts.of(each))) for each in decisions]
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
    )


def measure(runs: Mapping[str, Run]) -> dict[str, list[float]]:
    """Time the prediction of pipelines, which take turns, so that what slows the machine down
    slows all of them down.

    runs (Mapping[str, Run]): A training of each system.
    RETURNS (Dict[str, List[float]]): Words per second of each round, by system.
    """
    nlps = {
        name: util.load_model(run.folder / "model-best")
        for name, run in runs.items()
        if run.job["config"] is not None
    }
    if not nlps:
        return {}
    test = next(iter(runs.values())).job["test"]
    docs = list(DocBin().from_disk(test).get_docs(spacy.blank("xx").vocab))
    texts = [doc.text for doc in docs[:N_TIMED]]
    rates: dict[str, list[float]] = {name: [] for name in nlps}
    for _ in range(ROUNDS):
        for name, nlp in nlps.items():
            examples = [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in texts]
            seconds = predict(nlp, examples)
            rates[name].append(sum(len(example.predicted) for example in examples) / seconds)
    return rates


def advice(
    found: Sequence[SystemResult], differences: Mapping[str, Mapping[str, Difference]]
) -> str:
    """Say what follows, never naming a winner among systems between which there is no clear
    difference.

    found (Sequence[SystemResult]): The systems, the highest score first.
    differences (Mapping[str, Mapping[str, Difference]]): How much better one is than another.
    RETURNS (str): A sentence or two.
    """
    best = found[0]
    if len(found) == 1:
        return f"Only {best.name} was trained: there is nothing to compare it with."
    equal = [best] + [
        other for other in found[1:] if not differences[best.name][other.name].is_clear
    ]
    if len(equal) == 1:
        second = found[1]
        gap = differences[best.name][second.name]
        return (
            f"{best.name} is better than all others at 95 %, than {second.name} by "
            f"{100 * gap.value:.1f} points ({100 * gap.low:.1f} to {100 * gap.high:.1f}): take it."
        )
    rest = ", ".join(f"{each.name}" for each in equal[:-1]) + f" and {equal[-1].name}"
    told = f"No difference between {rest} at 95 %"
    fast = sorted(equal, key=lambda each: -each.words_per_second)
    first, second = fast[:2]
    if first.slowest > second.fastest:
        ratio = first.words_per_second / second.words_per_second
        return f"{told}; {first.name} is {ratio:.1f}x as fast as {second.name}: take it."
    small = min(equal, key=lambda each: each.weights)
    return f"{told}, nor is one clearly the fastest; {small.name} is the smallest: take it."
