from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import srsly
import typer
from spacy.cli._util import Arg, Opt, parse_config_overrides
from wasabi.printer import Printer

from . import app
from ._options import Address, EngineName, EngineOption, Jobs, Lang
from ._util import CommandError, exit_on_error, goes_on, staged

if TYPE_CHECKING:
    from ..analysis import Comparison
    from ..analysis.workers import Engine


@app.command("compare", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def compare_cli(
    ctx: typer.Context,  # for overrides of the configs
    data_path: Annotated[
        Path, Arg(help="Folder with train.spacy, dev.spacy and test.spacy", file_okay=False)
    ],
    output_path: Annotated[
        Path, Arg(help="Folder for the trainings, comparison.html and .json", file_okay=False)
    ],
    systems: Annotated[
        str | None,
        Opt(
            "--systems",
            "-s",
            help="Names with commas between them, or paths of configs (default: all of the task)",
        ),
    ] = None,
    seeds: Annotated[int, Opt("--seeds", "-n", help="Trainings of each system", min=1)] = 2,
    jobs: Jobs = 1,
    engine: EngineOption = EngineName.local,
    address: Address = None,
    task: Annotated[
        str | None,
        Opt(
            "--task",
            "-t",
            help="textcat, textcat_multilabel, tagger or ner (default: what is annotated)",
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        Opt("--recipe", "-r", help="Recipe that ours follow (default: the one for the data)"),
    ] = None,
    steps: Annotated[
        int | None, Opt("--steps", help="Training steps (default: the recipe's)", min=1)
    ] = None,
    lang: Lang = "en",
    score: Annotated[
        str | None,
        Opt(
            "--score",
            help="Score that decides, such as cats_macro_f, tag_acc or ents_f (default: accuracy, "
            "or the F-score of entities and of labels that do not exclude each other)",
        ),
    ] = None,
) -> None:
    """
    Train LSTM, GRU and their rivals alike on your data, and say which to take:
    scores with intervals, size, speed and a paired test of each two. What is
    finished is not repeated: after an interruption, or with other systems, give
    the same command again. Settings for all are overridden by options, such as
    --training.eval_frequency 50.
    """
    overrides = parse_config_overrides(ctx.args)
    with exit_on_error(), goes_on():
        compare(
            data_path,
            output_path,
            systems=None if systems is None else systems.split(","),
            seeds=seeds,
            jobs=jobs,
            engine=engine.value,
            address=address,
            task=task,
            recipe=recipe,
            steps=steps,
            lang=lang,
            score=score,
            overrides=overrides,
            silent=False,
        )


def compare(
    data_path: Path,
    output_path: Path,
    *,
    systems: list[str] | None = None,
    seeds: int = 2,
    jobs: int = 1,
    engine: "Engine" = "local",
    address: str | None = None,
    task: str | None = None,
    recipe: str | None = None,
    steps: int | None = None,
    lang: str = "en",
    score: str | None = None,
    overrides: dict[str, Any] | None = None,
    silent: bool = True,
) -> "Comparison":
    """Train systems alike, and compare them.

    data_path (Path): Folder with train.spacy, dev.spacy and test.spacy.
    output_path (Path): Folder for the trainings, comparison.html and comparison.json.
    systems (Optional[List[str]]): Names, or paths of configs. All of the task by default.
    seeds (int): Trainings of each system.
    jobs (int): Trainings at a time, on one thread each.
    engine (Literal["local", "ray"]): Processes of this machine, or tasks on a Ray cluster.
    address (Optional[str]): The address of the cluster.
    task (Optional[str]): The task. By default what the data is annotated for.
    recipe (Optional[str]): The recipe that ours follow. By default the one that suits the
        data.
    steps (Optional[int]): Training steps. By default the recipe's.
    lang (str): The language.
    score (Optional[str]): The score that decides, as spaCy names it. By default the task's first.
    overrides (Optional[Dict[str, Any]]): Settings for all systems, by dotted name.
    silent (bool): Don't print any output.
    RETURNS (Comparison): The comparison.
    RAISES (UserError): If the data or a system cannot be used, or a training failed.
    """
    from .. import analysis
    from ..analysis.comparison.data import KINDS

    msg = Printer(no_print=silent, pretty=not silent)
    if task is not None and task not in KINDS:
        raise CommandError(f"Unknown task: got '{task}', expected one of {', '.join(KINDS)}.")
    found = analysis.compare(
        data_path,
        output_path,
        names=systems,
        seeds=range(seeds),
        jobs=jobs,
        engine=engine,
        address=address,
        kind=task,
        recipe=recipe,
        steps=steps,
        lang=lang,
        score=score,
        overrides=overrides,
        say=msg.info,
    )
    rows = [
        (
            each.name,
            f"{100 * each.score:.2f}" + (f" ± {100 * each.spread:.2f}" if each.spread else ""),
            f"{100 * each.low:.1f} to {100 * each.high:.1f}",
            f"{each.weights:,}",
            "-" if each.bytes is None else f"{each.bytes / 1e6:.1f}",
            f"{each.training_seconds:.0f}",
            f"{each.words_per_second:,.0f}",
            "-" if each.latency is None else f"{1000 * each.latency:.1f}",
        )
        for each in found.systems
    ]
    header = ("", found.metric, "95 %", "weights", "MB", "training s", "words/s", "ms a text")
    msg.table(rows, header=header, aligns=["l"] + ["r"] * 7, divider=True)
    for note in found.notes:
        msg.warn(note)
    msg.info(found.advice)
    page, data = output_path / "comparison.html", output_path / "comparison.json"
    with staged(page, data) as (page_part, data_part):
        page_part.write_text(found.to_html(), encoding="utf8")
        srsly.write_json(data_part, found.to_json())
    msg.good(f"Saved the comparison to {page} and {data}")
    if found.failed:
        failed = "; ".join(f"{label}: {reason}" for label, reason in found.failed.items())
        raise CommandError(
            f"{len(found.failed)} trainings failed, the others are compared. {failed}"
        )
    return found
