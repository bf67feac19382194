import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from spacy import util
from spacy.cli._util import (
    Arg,
    Opt,
    import_code,
    parse_config_overrides,
)
from wasabi import msg

from . import app
from ._options import UseGpu
from ._util import exit_on_error, read_config, use_device


@app.command("train", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def train_cli(
    ctx: typer.Context,  # for overrides of the config
    config_path: Annotated[
        Path, Arg(help="Path to config file", exists=True, allow_dash=True, dir_okay=False)
    ],
    output_path: Annotated[
        Path,
        Opt("--output", "--output-path", "-o", help="Directory for models and checkpoints"),
    ],
    resume: Annotated[
        bool, Opt("--resume", "-r", help="Go on from the last checkpoint, if there is one")
    ] = False,
    force: Annotated[
        bool,
        Opt(
            "--force",
            "-f",
            help="Resume though config or data have changed; or, without --resume, begin anew "
            "though there is a checkpoint of an unfinished training",
        ),
    ] = False,
    checkpoint_minutes: Annotated[
        float, Opt(min=0, help="Minutes between checkpoints, if no evaluation comes before")
    ] = 10.0,
    code_path: Annotated[
        Path | None,
        Opt("--code", "-c", help="Python file with additional code (registered functions)"),
    ] = None,
    verbose: Annotated[
        bool, Opt("--verbose", "-V", "-VV", help="Display more information for debugging")
    ] = False,
    use_gpu: UseGpu = -1,
) -> None:
    """
    Train a pipeline as spacy train does, with checkpoints from which a
    training that was killed is resumed exactly. Settings of the config are
    overridden by options, such as --paths.train corpus/train.spacy.
    """
    from ..training import Interrupted, train

    if verbose:
        util.logger.setLevel(logging.DEBUG)
    overrides = parse_config_overrides(ctx.args)
    import_code(code_path)
    with exit_on_error():
        use_device(use_gpu)
        config = read_config(config_path, overrides)
        try:
            train(
                config,
                output_path,
                resume=resume,
                force=force,
                minutes=checkpoint_minutes,
                use_gpu=use_gpu,
                stdout=sys.stdout,
                stderr=sys.stderr,
            )
        except Interrupted as error:
            msg.warn(f"Left on {error}: go on with --resume.")
            raise typer.Exit(128 + error.signal) from None
