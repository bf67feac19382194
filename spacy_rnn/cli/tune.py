from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import srsly
import typer
from spacy.cli._util import Arg, Opt, parse_config_overrides
from wasabi.printer import Printer

from ..loading import load_pipeline
from . import app
from ._options import Address, EngineName, EngineOption, Jobs
from ._util import (
    CommandError,
    exit_on_error,
    goes_on,
    read_config,
    read_examples,
    staged,
)

if TYPE_CHECKING:
    from ..analysis.tuning import Tuning
    from ..analysis.workers import Engine

SAMPLERS = ("tpe", "random", "grid")


@app.command("tune", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def tune_cli(
    ctx: typer.Context,  # for overrides of the config
    config_path: Annotated[Path, Arg(help="Config file", exists=True, dir_okay=False)],
    output_path: Annotated[
        Path,
        Arg(help="Folder for the study, the trials, best.cfg and tuning.html", file_okay=False),
    ],
    space: Annotated[
        Path | None,
        Opt(
            "--space", help="File with a block [tune] (default: the config's, or what is sensible)"
        ),
    ] = None,
    trials: Annotated[
        int | None, Opt("--trials", "-n", help="Trials in all (default: 20)", min=1)
    ] = None,
    minutes: Annotated[
        float | None, Opt("--minutes", "-m", help="Time after which the search ends", min=0)
    ] = None,
    sampler: Annotated[str, Opt("--sampler", "-s", help="tpe, random or grid")] = "tpe",
    jobs: Jobs = 1,
    engine: EngineOption = EngineName.local,
    address: Address = None,
    seed: Annotated[int, Opt("--seed", help="Seed of the search")] = 0,
    prune: Annotated[bool, Opt("--prune/--no-prune", help="Stop bad trials early")] = True,
    test: Annotated[
        Path | None, Opt("--test", "-t", help="Data to score the best pipeline on, in the end")
    ] = None,
) -> None:
    """
    Search for the settings of a config with the best score on dev. A search
    that was interrupted, even by a power cut, goes on when the same command is
    given again. Settings are overridden by options, such as
    --paths.train corpus/train.spacy.
    """
    overrides = parse_config_overrides(ctx.args)
    with exit_on_error(), goes_on():
        tune(
            config_path,
            output_path,
            space=space,
            trials=trials,
            minutes=minutes,
            sampler=sampler,  # type: ignore[arg-type]
            jobs=jobs,
            engine=engine.value,
            address=address,
            seed=seed,
            prune=prune,
            test=test,
            overrides=overrides,
            silent=False,
        )


def tune(
    config_path: Path,
    output_path: Path,
    *,
    space: Path | None = None,
    trials: int | None = None,
    minutes: float | None = None,
    sampler: Literal["tpe", "random", "grid"] = "tpe",
    jobs: int = 1,
    engine: "Engine" = "local",
    address: str | None = None,
    seed: int = 0,
    prune: bool = True,
    test: Path | None = None,
    overrides: dict[str, Any] | None = None,
    silent: bool = True,
) -> "Tuning":
    """Search for the settings of a config with the best score on dev.

    config_path (Path): The config.
    output_path (Path): Folder for the study, the trials, best.cfg, tuning.html and tuning.json.
    space (Optional[Path]): File with a block [tune].
    trials (Optional[int]): Trials in all.
    minutes (Optional[float]): Time after which the search ends.
    sampler (str): "tpe", "random" or "grid".
    jobs (int): Trials at a time, on one thread each.
    engine (Literal["local", "ray"]): Processes of this machine, or tasks on a Ray cluster.
    address (Optional[str]): The address of the cluster.
    seed (int): Seed of the search.
    prune (bool): Stop bad trials early.
    test (Optional[Path]): Data to score the best pipeline on.
    overrides (Optional[Dict[str, Any]]): Other settings by dotted name.
    silent (bool): Don't print any output.
    RETURNS (Tuning): What was found.
    RAISES (UserError): If the config or the space cannot be used, or no trial has a score.
    """

    try:
        from ..analysis import tuning
    except ImportError as error:
        raise CommandError(
            f"Can't search without Optuna ({error}): run pip install 'spacy-rnn[tune]'."
        ) from error
    msg = Printer(no_print=silent, pretty=not silent)
    if sampler not in SAMPLERS:
        raise CommandError(f"Unknown sampler: got '{sampler}', expected {', '.join(SAMPLERS)}.")
    config = read_config(config_path, overrides or {})
    searched = tuning.read_space(config, space)
    found = tuning.tune(
        config,
        output_path,
        searched,
        trials=trials,
        minutes=minutes,
        sampler=sampler,
        jobs=jobs,
        engine=engine,
        address=address,
        seed=seed,
        prune=prune,
        title=str(config_path),
        say=msg.info,
    )
    best = output_path / "best.cfg"
    page, data = output_path / "tuning.html", output_path / "tuning.json"
    with staged(best, page, data) as (best_part, page_part, data_part):
        best_part.write_text(found.config, encoding="utf8")
        page_part.write_text(found.to_html(), encoding="utf8")
        srsly.write_json(data_part, found.to_json())
    settings = [
        (k, f"{v:.3g}" if isinstance(v, float) else v) for k, v in found.best.settings.items()
    ]
    msg.table(settings, header=("setting", "best"), divider=True, max_col=80)
    own = f" (the config's own settings: {100 * (found.own.score or 0):.2f})" if found.own else ""
    msg.good(f"Best on dev: {100 * (found.best.score or 0):.2f}, by trial {found.best.number}{own}")
    if test is not None:
        nlp = load_pipeline(output_path / "trials" / f"{found.best.number:03d}" / "model-best")
        gold_preproc = nlp.config["corpora"]["dev"].get("gold_preproc", False)
        scores = nlp.evaluate(read_examples(nlp, test, gold_preproc=gold_preproc))
        told = {k: v for k, v in scores.items() if isinstance(v, float) and k != "speed"}
        msg.table([(k, f"{100 * v:.2f}") for k, v in told.items()], header=("on test", ""))
    msg.good(f"Saved {best}, {page} and {data}")
    return found
