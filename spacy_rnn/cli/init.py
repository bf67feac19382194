from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal, cast

from spacy.cli._util import Arg, Opt
from wasabi.printer import Printer

from ..corpus import Task
from ..recipes import make_config, recipes
from ..recipes.choice import choose, default_recipe
from . import app
from ._data import find_task, look, open_data, parse_columns
from ._options import Cell, Columns, Exclude, Lang, Optimize, Optimizing, Vectors
from ._util import CommandError, exit_on_error, staged


class RecipeTask(str, Enum):
    textcat = "textcat"
    textcat_multilabel = "textcat_multilabel"
    tagger = "tagger"
    morphologizer = "morphologizer"
    ner = "ner"


@app.command("init")
def init_cli(
    output: Annotated[
        Path, Arg(help="File to write, or - for the standard output", allow_dash=True)
    ],
    task: Annotated[
        list[RecipeTask] | None,
        Opt("--task", "-t", help="What to train for. Can be repeated, with --shared"),
    ] = None,
    recipe: Annotated[
        list[str] | None,
        Opt("--recipe", "-r", help="Recipe, instead of a task: " + ", ".join(recipes())),
    ] = None,
    data: Annotated[
        str | None, Opt("--data", "-d", help="Data to look at, from which the recipe is chosen")
    ] = None,
    columns: Columns = None,
    exclude: Exclude = None,
    lang: Lang = "en",
    optimize: Optimizing = Optimize.accuracy,
    shared: Annotated[bool, Opt("--shared", help="Let all components share an encoder")] = False,
    cell: Cell = None,
    vectors: Vectors = None,
    distilled: Annotated[
        str | None, Opt(help="What 'spacy rnn distil' wrote, to train on beside annotated data")
    ] = None,
    gpu: Annotated[bool, Opt("--gpu", "-G", help="Train on a GPU")] = False,
    force: Annotated[bool, Opt("--force", "-F", help="Replace the file if it exists")] = False,
) -> None:
    """
    Write a complete, commented training config from the recipes. With --data,
    a look at the data chooses the recipe.
    """
    with exit_on_error():
        init(
            output,
            [choice.value for choice in task or []],
            recipe or [],
            data=data,
            columns=columns or [],
            exclude=exclude or [],
            lang=lang,
            optimize=optimize.value,
            shared=shared,
            cell=cell.value if cell else None,
            vectors=vectors,
            distilled=distilled,
            gpu=gpu,
            force=force,
            silent=False,
        )


def init(
    output: Path,
    tasks: list[str],
    names: list[str],
    *,
    data: str | None = None,
    columns: list[str] | None = None,
    exclude: Sequence[str] = (),
    lang: str = "en",
    optimize: Literal["efficiency", "accuracy"] = "accuracy",
    shared: bool = False,
    cell: Literal["lstm", "gru", "mingru"] | None = None,
    vectors: str | None = None,
    distilled: str | None = None,
    gpu: bool = False,
    force: bool = False,
    silent: bool = True,
) -> str:
    """Write a training config.

    output (Path): The file, or "-" for the standard output.
    tasks (list[str]): What to train for.
    names (list[str]): Recipes, instead of tasks.
    data (Optional[str]): Data to look at.
    columns (Optional[list[str]]): What its columns hold, as "role=column".
    exclude (Sequence[str]): Labels of entities to leave out.
    force (bool): Replace the file if it exists.
    silent (bool): Don't print any output.
    RETURNS (str): The config. Other arguments are those of `make_config`.
    RAISES (UserError): If there is no such recipe or it cannot be told which, the
        data cannot be used or the file exists.
    """
    to_stdout = str(output) == "-"
    msg = Printer(no_print=silent or to_stdout, pretty=not silent)
    if output.exists() and not force and not to_stdout:
        raise CommandError(
            f"Can't write the config to {output}: it is already there, expected a new file. Choose "
            "another name, or replace it with --force."
        )
    if bool(tasks) + bool(names) + bool(data and not tasks) != 1:
        given = [name for name, value in (("--task", tasks), ("--recipe", names)) if value]
        given += ["--data"] if data else []
        raise CommandError(
            f"Can't tell which config to write: got {' and '.join(given) or 'none'}, expected one "
            "of --task, --recipe and --data."
        )
    if shared and optimize == "efficiency":
        raise CommandError(
            "The encoder that components share has one size: got --shared and --optimize "
            "efficiency, expected one of the two. Set a smaller width of [components.tok2vec.model]"
            " in the config."
        )
    if data is not None:
        roles = parse_columns(columns or [])
        task = cast(Task, tasks[0]) if tasks else find_task(data, roles, exclude)
        summary = look(open_data(data, task, roles, {}, exclude=exclude)["train"], lang)
        choice = choose(
            task,
            optimize,
            docs=summary.docs,
            tokens=summary.tokens,
            labels=summary.labels,
        )
        msg.info(f"Recipe {choice.recipe}: {choice.reason}")
        names = [choice.recipe]
    names = names or [default_recipe(task, optimize) for task in tasks]
    text = make_config(
        names,
        shared=shared,
        lang=lang,
        cell=cell,
        vectors=vectors,
        distilled=distilled,
        gpu=gpu,
    )
    if to_stdout:
        print(text)
        return text
    with staged(output) as (part,):
        part.write_text(text, encoding="utf8")
    msg.good(f"Saved the config to {output}")
    msg.text(
        f"python -m spacy rnn train {output} --output training --paths.train train.spacy "
        "--paths.dev dev.spacy"
    )
    return text
