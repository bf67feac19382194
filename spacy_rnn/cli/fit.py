import io
import shutil
import sys
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import srsly
import typer
from spacy.cli._util import Arg, Opt, parse_config_overrides
from spacy.language import Language
from spacy.training import Example
from thinc.api import Config
from wasabi.printer import Printer

from ..corpus import Report, Task
from ..corpus.splits import Split
from ..loading import load_pipeline
from ..recipes import make_config, require_vectors, task_of
from ..recipes.choice import (
    MIN_DOCS,
    Choice,
    choose,
    default_recipe,
    require_docs,
)
from . import app
from ._data import find_task, open_data, parse_columns
from ._options import Cell, Columns, Exclude, Lang, Optimize, Optimizing, UseGpu, Vectors
from ._util import (
    CommandError,
    exit_on_error,
    goes_on,
    read_examples,
    staged,
    use_device,
)
from .calibrate import calibrate
from .convert import TaskName, convert

STATE = "fit.json"
SHARES = {"dev": 0.1, "test": 0.1}  # of train, where the data has no such split
BY_TOKENS = ("tagger", "ner")
RAW_GAP = 0.1  # by how much scores on raw text are lower where the tokenizer differs
MAIN_SCORES = {"textcat": "cats_micro_f", "textcat_multilabel": "cats_macro_f"}
MAIN_SCORES |= {"tagger": "tag_acc", "ner": "ents_f"}


@app.command("fit", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def fit_cli(
    ctx: typer.Context,  # for overrides of the config
    data: Annotated[
        str, Arg(help="Data as spacy rnn convert takes it: a file, a folder or a hub dataset")
    ],
    output: Annotated[Path, Arg(help="Directory for all that is made", file_okay=False)],
    task: Annotated[
        TaskName | None, Opt("--task", "-t", help="What the data is annotated for")
    ] = None,
    columns: Columns = None,
    exclude: Exclude = None,
    recipe: Annotated[
        str | None, Opt("--recipe", "-r", help="Recipe, by default the one that suits the data")
    ] = None,
    lang: Lang = "en",
    optimize: Optimizing = Optimize.accuracy,
    cell: Cell = None,
    vectors: Vectors = None,
    use_gpu: UseGpu = -1,
) -> None:
    """
    From data to a pipeline: convert, choose a config, train, calibrate and
    evaluate. What was interrupted goes on where it stopped when the command
    is given again. Settings of the config are overridden by options, such as
    --system.seed 1.
    """
    from ..training import Interrupted

    with exit_on_error(), goes_on():
        try:
            fit(
                data,
                output,
                task=cast(Any, task.value if task else None),
                columns=columns or [],
                exclude=exclude or [],
                recipe=recipe,
                lang=lang,
                optimize=optimize.value,
                cell=cell.value if cell else None,
                vectors=vectors,
                use_gpu=use_gpu,
                overrides=parse_config_overrides(ctx.args),
                silent=False,
            )
        except Interrupted as error:
            Printer().warn(f"Left on {error}: give the same command again to go on.")
            raise typer.Exit(128 + error.signal) from None


def fit(
    data: str,
    output: Path,
    *,
    task: Task | None = None,
    columns: list[str] | None = None,
    exclude: list[str] | None = None,
    recipe: str | None = None,
    lang: str = "en",
    optimize: Literal["efficiency", "accuracy"] = "accuracy",
    cell: Literal["lstm", "gru", "mingru"] | None = None,
    vectors: str | None = None,
    use_gpu: int = -1,
    overrides: dict[str, Any] | None = None,
    silent: bool = True,
) -> dict[str, float]:
    """Make a pipeline from data.

    data (str): The data.
    output (Path): Directory for the converted data, config.cfg, training, the pipeline in `model`
        and metrics.json.
    task (Optional[Task]): What the data is annotated for. Found in the data by default.
    columns (Optional[list[str]]): What columns hold, as "role=column".
    exclude (Optional[list[str]]): Labels of entities to leave out.
    recipe (Optional[str]): The recipe. Chosen by the data by default.
    lang (str): The language.
    optimize (str): "accuracy" or "efficiency".
    cell (Optional[str]): The recurrent cell, by default the recipe's.
    vectors (Optional[str]): What `spacy rnn subwords` or `spacy init vectors` wrote, to embed words
        by too.
    use_gpu (int): Number of the GPU, or -1 for the CPU.
    overrides (Optional[dict[str, Any]]): Settings of the config by dotted name.
    silent (bool): Don't print any output.
    RETURNS (dict[str, float]): The scores on the test split.
    RAISES (UserError): If the data cannot be used or learned from, or the output
        is of something else.
    """
    msg = Printer(no_print=silent, pretty=not silent)
    asked = {
        "data": data,
        "task": task,
        "columns": columns or [],
        "exclude": exclude or [],
        "recipe": recipe,
        "lang": lang,
        "optimize": optimize,
        "cell": cell,
        "vectors": vectors,
        "overrides": overrides or {},
    }
    state = _begin(output, asked)
    if "scores" in state:
        msg.good(f"Finished before: {output / 'model'}")
        return cast(dict[str, float], state["scores"])
    if "recipe" not in state:
        state.update(_prepare(output, asked, msg))
        _keep(output, state)
    msg.info(f"Task {state['task']}, recipe {state['recipe']}: {state['reason']}")
    _train(output, use_gpu, msg)
    if state["task"] == "tagger":  # gives no probabilities
        with staged(output / "model") as (part,):
            shutil.copytree(output / "training" / "model-best", part)
    else:
        msg.divider("Calibration")
        _calibrate(output, state["task"], msg)
    msg.divider("Evaluation")
    state["scores"] = _evaluate(output, state["task"], msg)
    _keep(output, state)
    msg.good(f"The pipeline is {output / 'model'}, its config {output / 'config.cfg'}")
    return cast(dict[str, float], state["scores"])


def _begin(output: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """RETURNS (dict[str, Any]): What was done before, and is not done again."""
    path = output / STATE
    if not path.exists():
        if output.exists() and any(output.iterdir()):
            raise CommandError(
                f"Can't use {output}: it is already there, and not of spacy rnn fit, expected a "
                "new directory or one where it was interrupted. Choose another name."
            )
        return {"asked": asked}
    state = cast(dict[str, Any], srsly.read_json(path))
    changed = [name for name, value in asked.items() if state["asked"].get(name) != value]
    if changed and "scores" not in state and not any((output / "training").glob("*")):
        return {"asked": asked}  # nothing is trained that could be lost
    if changed:
        was = ", ".join(f"{name} = {state['asked'].get(name)}" for name in changed)
        now = ", ".join(f"{name} = {asked[name]}" for name in changed)
        raise CommandError(
            f"Can't go on in {output}: it was begun with {was}, got {now}. Give the same options, "
            "or choose another directory."
        )
    return state


def _keep(output: Path, state: dict[str, Any]) -> None:
    with staged(output / STATE) as (part,):
        srsly.write_json(part, state)


def _prepare(output: Path, asked: dict[str, Any], msg: Printer) -> dict[str, Any]:
    """Convert the data and write the config.

    RETURNS (dict[str, Any]): The task, the recipe and why.
    """
    columns, exclude = parse_columns(asked["columns"]), asked["exclude"]
    task = asked["task"] or find_task(asked["data"], columns, exclude)
    default_recipe(task, asked["optimize"])  # raises if there is none
    if asked["vectors"] is not None:
        require_vectors(asked["vectors"])
    if asked["recipe"] and (suits := task_of(asked["recipe"])) != task:
        raise CommandError(
            f"The data is annotated for {task}: got the recipe {asked['recipe']}, which is for "
            f"{suits}. Choose one for {task}, or leave it to the data."
        )
    splits = open_data(asked["data"], task, columns, SHARES, exclude=exclude)
    report = Report(skip=True)
    found = sum(1 for _ in islice(splits["train"].read(report), MIN_DOCS))
    if not found and report.reasons:
        raise CommandError(report.reasons[0])
    require_docs(found)
    _keep(output, {"asked": asked})
    try:
        return {"task": task, **_convert_and_choose(splits, output, task, asked, msg)}
    except ValueError:
        shutil.rmtree(output)  # which holds nothing else yet
        raise


def _convert_and_choose(
    splits: dict[str, Split], output: Path, task: Task, asked: dict[str, Any], msg: Printer
) -> dict[str, Any]:
    """RETURNS (dict[str, Any]): The recipe and why."""
    summaries = convert(splits, output / "corpus", lang=asked["lang"], silent=msg.no_print)
    train = summaries["train"]
    choice = choose(
        task, asked["optimize"], docs=train.docs, tokens=train.tokens, labels=train.labels
    )
    if asked["recipe"]:
        choice = Choice(asked["recipe"], "as asked for")
    paths = {f"paths.{name}": str(summaries[name].path) for name in ("train", "dev")}
    text = make_config(
        [choice.recipe],
        lang=asked["lang"],
        cell=asked["cell"],
        vectors=asked["vectors"],
        overrides={**paths, **asked["overrides"]},
    )
    with staged(output / "config.cfg") as (part,):
        part.write_text(text, encoding="utf8")
    return {"recipe": choice.recipe, "reason": choice.reason}


def _train(output: Path, use_gpu: int, msg: Printer) -> None:
    """Train, from the last checkpoint if there is one."""
    from ..training import train

    use_device(use_gpu, silent=msg.no_print)
    out = io.StringIO() if msg.no_print else sys.stdout
    config = Config().from_disk(output / "config.cfg", interpolate=False)
    if use_gpu >= 0:
        config["system"]["gpu_allocator"] = "pytorch"
    folder = output / "training"
    train(config, folder, resume=True, use_gpu=use_gpu, stdout=out, stderr=sys.stderr)


def _calibrate(output: Path, task: str, msg: Printer) -> None:
    """Calibrate the best model, or take it as it is where nothing can be."""
    best, model = output / "training" / "model-best", output / "model"
    try:
        calibrate(
            best,
            output / "corpus" / "dev.spacy",
            model,
            gold_preproc=task in BY_TOKENS,
            force=model.exists(),
            silent=msg.no_print,
        )
    except CommandError as error:
        msg.info(f"The pipeline stays as it was trained. {error}")
        with staged(model) as (part,):
            shutil.copytree(best, part)


def _evaluate(output: Path, task: str, msg: Printer) -> dict[str, float]:
    """RETURNS (dict[str, float]): The scores on test."""
    nlp = load_pipeline(output / "model")
    path = output / "corpus" / "test.spacy"
    scores = _scores(nlp, path, gold_preproc=task in BY_TOKENS)
    main = MAIN_SCORES[task]
    if task in BY_TOKENS:
        raw = _scores(nlp, path, gold_preproc=False)
        scores[f"{main}_raw"] = raw[main]
        if raw[main] < scores[main] - RAW_GAP:
            msg.warn(
                f"From raw text {main} is {100 * raw[main]:.2f}, on the tokens of the data "
                f"{100 * scores[main]:.2f}: the tokenizer of '{nlp.lang}' divides texts otherwise "
                "than the data does. Name the language of the data with --lang."
            )
    with staged(output / "metrics.json") as (part,):
        srsly.write_json(part, scores)
    names = [name for name in scores if name != "speed" and not name.startswith("token")]
    msg.table([(name, f"{100 * scores[name]:.2f}") for name in names], aligns=["l", "r"])
    return scores


def _scores(nlp: Language, path: Path, *, gold_preproc: bool) -> dict[str, float]:
    examples: list[Example] = read_examples(nlp, path, gold_preproc=gold_preproc)
    scores = nlp.evaluate(examples)
    return {name: score for name, score in scores.items() if isinstance(score, float)}
