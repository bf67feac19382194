"""`spacy rnn`: the commands that spaCy lacks.

The entry point of the group spacy_cli imports this module whenever spaCy's command line starts, so
nothing here may import more than spaCy's own commands do.
"""

import typer
from spacy.cli._util import app as spacy_app

HELP = "Commands for recurrent pipelines: data, calibration, explanations, assets and reports."

app = typer.Typer(name="rnn", help=HELP, no_args_is_help=True)
spacy_app.add_typer(app)

# Each adds its command to app.
from . import (  # noqa: E402, F401
    assets,
    calibrate,
    convert,
    download,
    explain,
    reliability,
    report,
)
