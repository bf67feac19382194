"""Which system to take: trained alike, tested on the same documents, compared in pairs."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import srsly
from thinc.api import Config

from ..configs import require_data
from ..decisions import Kind
from ..problems import AnalysisError
from ..scores import measure_of
from ..workers import Engine, workers
from .data import TrainingData, find_kind
from .results import Comparison
from .runs import SPLITS, Run, Runner, digest
from .summary import summarize
from .systems import BASELINES, system_config, systems


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
    score: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    engine: Engine = "local",
    address: str | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Comparison:
    """Train systems alike, test them and compare them. What is finished is not repeated, unless
    its config or the data has changed.

    data (Path): Folder with train.spacy, dev.spacy and test.spacy, or NAME-train.spacy and so on.
    output (Path): Folder for the trainings.
    names (Optional[Sequence[str]]): The systems. All for the task by default.
    seeds (Sequence[int]): Seeds, with each of which each system is trained.
    jobs (int): Trainings at a time, on one thread each.
    kind (Optional[str]): The task. By default the one that the data is annotated for.
    recipe (Optional[str]): The recipe that ours follow. By default the one that suits the
        data.
    steps (Optional[int]): Training steps. By default the recipe's.
    lang (str): The language.
    score (Optional[str]): The score that decides, such as "cats_macro_f". By default the accuracy
        of texts and tags, and the F-score of entities and of labels that do not exclude each other.
        Nothing is trained again for another.
    overrides (Optional[Mapping[str, Any]]): Settings for all systems, by dotted name.
    engine (Literal["local", "ray"]): Processes of this machine, or tasks on a Ray cluster.
    address (Optional[str]): The address of the cluster.
    say (Callable[[str], None]): Takes what is to be told meanwhile.
    RETURNS (Comparison): The comparison.
    RAISES (AnalysisError): If the data or a system cannot be used, or all trainings failed.
    RAISES (UnlearnableError): If nothing can be learned from the data.
    RAISES (ClusterError): If the cluster cannot be used.
    """
    paths = {split: find_split(data, split) for split in SPLITS}
    kind = kind or find_kind(paths["test"])
    measure_of(kind, score)  # raises if there is none
    train = TrainingData.of(paths["train"], kind)
    if recipe is None:
        recipe, reason = train.suitable_recipe(kind)
        say(f"Recipe {recipe}: {reason}")
    configs = {
        name: system_config(name, kind, recipe, lang, steps, overrides or {})
        for name in dict.fromkeys(names or systems(kind))
    }
    # All are tested on the same tokens and sentences, whatever a config of the user's says.
    gold_preproc = (overrides or {}).get("corpora.dev.gold_preproc", kind in ("tagger", "ner"))
    runs = plan(configs, paths, output, kind, seeds, lang, gold_preproc)
    require_all_data(runs)
    with workers(engine, address) as start:
        failed = Runner(jobs, say, start).run_all(runs)
    return summarize(runs, kind, str(data), failed, score, recipe, train)


def find_split(data: Path, split: str) -> Path:
    """RETURNS (Path): The file of a split.
    RAISES (AnalysisError): If there is not exactly one.
    """
    found = [*data.glob(f"{split}.spacy"), *data.glob(f"*-{split}.spacy")]
    if len(found) != 1:
        got = ", ".join(path.name for path in found) or "none"
        raise AnalysisError(
            f"Can't compare on {data}: got {got} for the {split} split, expected one file, "
            f"{split}.spacy or NAME-{split}.spacy, as 'spacy rnn convert' writes it."
        )
    return found[0]


def require_all_data(runs: Sequence[Run]) -> None:
    """Make sure that all systems that are to be trained have data, before one is. Those that read
    the same in the same way are looked at once.

    RAISES (AnalysisError): If data cannot be read, or there is none.
    """
    seen = set()
    for run in runs:
        if run.job["config"] is not None and run.result is None:
            overrides = run.job["overrides"] | {"system.seed": 0}
            config = Config().from_str(run.job["config"], interpolate=False, overrides=overrides)
            data = config["corpora"], config["training"]["train_corpus"]
            key = srsly.json_dumps([data, config["training"]["dev_corpus"], config["paths"]])
            if key not in seen:
                seen.add(key)
                require_data(run.job["system"], config)


def plan(
    configs: Mapping[str, str | None],
    paths: Mapping[str, Path],
    output: Path,
    kind: Kind,
    seeds: Sequence[int],
    lang: str,
    gold_preproc: bool,
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
            job |= {"lang": lang, "gold_preproc": gold_preproc, **places}
            if config is not None:
                settings = {"paths.train": places["train"], "paths.dev": places["dev"]}
                job["overrides"] = {**settings, "system.seed": seed}
            runs.append(Run(title, seed, folder, job, data))
    return runs
