from pathlib import Path
from typing import Annotated

from spacy.cli._util import Arg, Opt
from wasabi import msg

from ..loading import load_pipeline
from . import app
from ._util import exit_on_error, require_output


@app.command("export")
def export_cli(
    model: Annotated[str, Arg(help="Pipeline, by name or path")],
    output: Annotated[Path, Arg(help="Folder for the graph", file_okay=False)],
    component: Annotated[
        str | None,
        Opt("--component", "-c", help="Component (not needed if only one can be exported)"),
    ] = None,
    force: Annotated[bool, Opt("--force", "-F", help="Replace the folder if it exists")] = False,
) -> None:
    """
    Write a component as a graph of ONNX, from the features of words to scores,
    with its labels, modules that feed it and an example: for programs without
    torch and spaCy.
    """
    from ..export import FILES, export

    with exit_on_error():
        require_output(output, force, FILES)
        export(load_pipeline(model), output, component)
        size = sum(file.stat().st_size for file in output.iterdir())
    msg.good(f"Exported the component, {size / 1e6:.1f} MB", output)
    msg.text(f"python {output / 'example.py'} 'We liked the soup .'")
