from pathlib import Path
from typing import Annotated

import srsly
from spacy.cli._util import Arg, Opt
from wasabi.printer import Printer

from ..errors import UserError
from ..loading import load_pipeline
from ..pipeline.calibration import BINS, Reliability
from . import app
from ._diagram import reliability_diagram
from ._options import GoldPreproc
from ._util import CommandError, exit_on_error, load_examples, staged


@app.command("reliability")
def reliability_cli(
    model: Annotated[str, Arg(help="Pipeline, by name or path")],
    data_path: Annotated[Path, Arg(help="Annotated data in the .spacy format")],
    output: Annotated[
        Path | None, Opt("--output", "-o", help="SVG file with a diagram, or JSON", dir_okay=False)
    ] = None,
    gold_preproc: GoldPreproc = False,
) -> None:
    """
    Compare the probabilities that a pipeline gives with how often it is right:
    those of entities and of document labels, in ten bins from 0 to 1.
    """
    with exit_on_error():
        reliability(model, data_path, output, gold_preproc=gold_preproc, silent=False)


def reliability(
    model: str | Path,
    data_path: Path,
    output: Path | None = None,
    *,
    gold_preproc: bool = False,
    silent: bool = True,
) -> dict[str, Reliability]:
    """Compare the probabilities that a pipeline gives with how often it is right.

    model (Union[str, Path]): The pipeline, by name or path.
    data_path (Path): Annotated data.
    output (Optional[Path]): File to write to: a diagram as .svg, or the figures as .json.
    gold_preproc (bool): Use gold-standard tokens and sentences.
    silent (bool): Don't print any output.
    RETURNS (dict[str, Reliability]): How reliable the probabilities are, by component.
    RAISES (CommandError): If the pipeline or the data cannot be used.
    """
    msg = Printer(no_print=silent, pretty=not silent)
    if output is not None and output.suffix not in (".svg", ".json"):
        raise CommandError(
            f"Can't write {output}: got the format '{output.suffix}', expected .svg or .json."
        )
    nlp = load_pipeline(model)
    pipes = {name: pipe for name, pipe in nlp.pipeline if hasattr(pipe, "confidences")}
    if not pipes:
        raise CommandError(
            f"Nothing to compare in {model}: got the components {', '.join(nlp.pipe_names)}, "
            "expected rnn_textcat, rnn_textcat_multilabel or rnn_ner among them."
        )
    examples = load_examples(nlp, data_path, gold_preproc)
    found = {}
    for name, pipe in pipes.items():
        try:
            scores, right = pipe.confidences(examples)
        except UserError as error:
            msg.warn(str(error))
        else:
            if len(scores):
                found[name] = Reliability.of(scores, right)
    if not found:
        raise CommandError(
            f"Nothing to compare: expected gold-standard annotation of {', '.join(pipes)} in "
            f"{data_path}, on which the pipeline predicts something."
        )
    for name, result in found.items():
        rows = [
            (
                f"{low / BINS:.1f} to {(low + 1) / BINS:.1f}",
                count,
                f"{mean:.2f}",
                f"{share:.2f}",
                f"{ends[0]:.2f} to {ends[1]:.2f}",
            )
            for low, (count, mean, share, ends) in enumerate(
                zip(*result[:3], result.intervals(), strict=True)
            )
            if count
        ]
        msg.divider(f"{name}: expected calibration error {result.error:.3f}")
        msg.table(
            rows,
            header=("probability", "predictions", "mean", "right", "95 % interval"),
            aligns=["l", "r", "r", "r", "r"],
            divider=True,
        )
    if output is not None:
        with staged(output) as (part,):
            if output.suffix == ".svg":
                part.write_text(reliability_diagram(found), encoding="utf8")
            else:
                srsly.write_json(part, {name: result.to_json() for name, result in found.items()})
        msg.good(f"Saved {output}")
    return found
