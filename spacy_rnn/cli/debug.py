from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from spacy import util
from spacy.cli._util import Arg, Opt, import_code, parse_config_overrides, show_validation_error
from spacy.cli.debug_data import debug_data as spacy_debug_data
from thinc.api import Config

from ..pipeline.wiring import require_pretraining
from . import app
from ._util import exit_on_error

HELP = "Look for what is wrong with data and configs of recurrent components."

debug_app = typer.Typer(name="debug", help=HELP, no_args_is_help=True)
app.add_typer(debug_app)


@debug_app.command(
    "data", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def debug_data_cli(
    ctx: typer.Context,  # for overrides of the config
    config_path: Annotated[Path, Arg(help="Path to config file", exists=True, dir_okay=False)],
    code_path: Annotated[
        Path | None, Opt("--code", "-c", help="Python file with additional code")
    ] = None,
    ignore_warnings: Annotated[
        bool, Opt("--ignore-warnings", "-IW", help="Only show stats and errors")
    ] = False,
    verbose: Annotated[
        bool, Opt("--verbose", "-V", help="Print additional information and explanations")
    ] = False,
    no_format: Annotated[
        bool, Opt("--no-format", "-NF", help="Don't pretty-print the results")
    ] = False,
) -> None:
    """
    Show what spacy debug data does, also for rnn_* components: labels and
    rare ones, overlap of the splits, entities that no tokens match.
    """
    overrides = parse_config_overrides(ctx.args)
    import_code(code_path)
    with exit_on_error():
        debug_data(
            config_path,
            overrides,
            ignore_warnings=ignore_warnings,
            verbose=verbose,
            no_format=no_format,
            silent=False,
        )


def debug_data(config_path: Path, overrides: dict[str, Any] | None = None, **options: Any) -> None:
    """Let spaCy report on the data of a config, with its own components in the place of ours.

    config_path (Path): The config.
    overrides (Optional[dict[str, Any]]): Settings by dotted name.
    options (Any): Those of `spacy.cli.debug_data.debug_data`.
    RAISES (UserError): If the config names pretrained weights that would not be read.
    """
    with show_validation_error(config_path):
        config = util.load_config(config_path, overrides=overrides or {}, interpolate=False)
    require_pretraining(config.interpolate())
    with TemporaryDirectory() as folder:
        path = Path(folder) / config_path.name
        stand_in(config).to_disk(path)
        spacy_debug_data(path, **options)


def stand_in(config: Config) -> Config:
    """Put spaCy's components in the place of recurrent ones, of which its report knows nothing.

    config (Config): The config.
    RETURNS (Config): One that reads the same data for the same annotation.
    """
    found = config.copy()
    components, pipeline = found["components"], found["nlp"]["pipeline"]
    for name, component in config["components"].items():
        factory = component.get("factory", "")
        if factory in ("rnn_ner", "rnn_tagger", "rnn_textcat", "rnn_textcat_multilabel"):
            components[name] = {"factory": factory.removeprefix("rnn_")}
            found.get("initialize", {}).get("components", {}).pop(name, None)
    listening = any("Tok2VecListener" in str(component) for component in components.values())
    for name, component in config["components"].items():
        if component.get("factory") == "rnn_tok2vec" and not listening:
            del components[name]
            pipeline.remove(name)
    found["pretraining"] = {}  # of weights that these components cannot take
    found["initialize"]["init_tok2vec"] = None
    return found
