"""`spacy rnn`: the commands that spaCy lacks.

The entry point of the group spacy_cli imports this module whenever spaCy's command line starts, so
nothing here may import more than spaCy's own commands do, and nothing that goes wrong here may
take spaCy's commands along.
"""

from typing import Any

import typer
from spacy.cli._util import app as spacy_app
from typer.main import get_command
from wasabi import msg

HELP = "Commands for recurrent pipelines: data, calibration, explanations, assets and reports."
OLDEST_TYPER = "0.12.4"  # the first that knows `str | None`

app = typer.Typer(name="rnn", help=HELP, no_args_is_help=True)


def step_aside(error: Exception) -> None:
    """Put one command that says why in the place of all."""
    reason = (
        f"The commands of spacy-rnn cannot be used with what is installed ({type(error).__name__}: "
        f"{error}): got typer {typer.__version__}, expected {OLDEST_TYPER} or later, run "
        f"pip install -U 'typer>={OLDEST_TYPER}'. Pipelines and spaCy's commands are not affected."
    )

    def rnn(_: typer.Context) -> None:
        msg.fail(reason, exits=1)

    settings: Any = {"allow_extra_args": True, "ignore_unknown_options": True}
    spacy_app.command("rnn", help=reason, context_settings=settings, add_help_option=False)(rnn)


try:
    # Each adds its command to app.
    from . import (  # noqa: F401
        annotate,
        assets,
        calibrate,
        compare,
        convert,
        debug,
        distil,
        download,
        explain,
        export,
        finetune,
        fit,
        init,
        reliability,
        report,
        scores,
        subwords,
        train,
        tune,
    )

    get_command(app)  # which reads the types of all parameters
except Exception as error:  # an old typer raises TypeError or RuntimeError, a new one who knows
    step_aside(error)
else:
    spacy_app.add_typer(app)
