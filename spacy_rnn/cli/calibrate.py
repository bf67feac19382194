from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from spacy.cli._util import Arg, Opt
from spacy.training import Example
from wasabi.printer import Printer

from ..errors import UserError
from ..loading import load_pipeline
from ..pipeline.calibration import expected_calibration_error
from ..pipeline.evidence import Fit
from . import app
from ._options import GoldPreproc
from ._util import CommandError, exit_on_error, load_examples, require_output, staged


@dataclass(frozen=True)
class Calibration:
    """How well the probabilities of a component are calibrated.

    name (str): The component.
    before (float): Expected calibration error on the data, from 0 to 1.
    after (float): The same, after calibration on the same data.
    temperature (float): What scores are now divided by before they become probabilities.
    thresholds (dict[str, float]): Thresholds by label, where the component has them.
    fits (dict[str, Fit]): What was fitted, "temperature" and "thresholds", and what it gains on
        other data.
    """

    name: str
    before: float
    after: float
    temperature: float
    thresholds: dict[str, float]
    fits: dict[str, Fit]


@app.command("calibrate")
def calibrate_cli(
    model: Annotated[str, Arg(help="Pipeline, by name or path")],
    data_path: Annotated[
        Path, Arg(help="Data in the .spacy format that the pipeline was not trained on")
    ],
    output: Annotated[Path, Arg(help="Directory to save the calibrated pipeline to")],
    gold_preproc: GoldPreproc = False,
    force: Annotated[
        bool, Opt("--force", "-F", help="Replace a pipeline that is at the output already")
    ] = False,
) -> None:
    """
    Make the probabilities of a trained pipeline the frequencies with which it
    is right, and fit the thresholds of rnn_textcat_multilabel, rnn_ner and
    out-of-scope labels, so that their F-scores are highest. The development
    data will do. What they cannot tell is left as it is.
    """
    with exit_on_error():
        calibrate(model, data_path, output, gold_preproc=gold_preproc, force=force, silent=False)


def calibrate(
    model: str | Path,
    data_path: Path,
    output: Path,
    *,
    gold_preproc: bool = False,
    force: bool = False,
    silent: bool = True,
) -> list[Calibration]:
    """Calibrate all components of a pipeline that can be, and save it.

    model (Union[str, Path]): The pipeline, by name or path.
    data_path (Path): Annotated data. A component that it has no annotation for stays as it is.
    output (Path): Directory to save the calibrated pipeline to.
    gold_preproc (bool): Use gold-standard tokens and sentences.
    force (bool): Replace a pipeline that is at the output already.
    silent (bool): Don't print any output.
    RETURNS (list[Calibration]): What was calibrated.
    RAISES (CommandError): If nothing can be calibrated, a path is missing or the output exists.
    """
    msg = Printer(no_print=silent, pretty=not silent)
    require_output(output, force)
    nlp = load_pipeline(model)
    pipes: dict[str, Any] = {n: pipe for n, pipe in nlp.pipeline if hasattr(pipe, "calibrate")}
    if not pipes:
        raise CommandError(
            f"Nothing to calibrate in {model}: got the components {', '.join(nlp.pipe_names)}, "
            "expected rnn_textcat, rnn_textcat_multilabel or rnn_ner among them."
        )
    examples = load_examples(nlp, data_path, gold_preproc)
    results = []
    for name, pipe in pipes.items():
        try:
            results.append(calibrate_pipe(name, pipe, examples))
        except UserError as error:
            msg.warn(str(error))
    if not results:
        raise CommandError(
            f"Nothing was calibrated: expected gold-standard annotation of {', '.join(pipes)} in "
            f"{data_path}, on which the pipeline predicts something."
        )
    with staged(output) as (part,):
        nlp.to_disk(part)
    rows = [(r.name, f"{r.before:.4f}", f"{r.after:.4f}") for r in results]
    msg.table(rows, header=("", "ECE before", "after"), aligns=["l", "r", "r"], divider=True)
    fitted = [(r.name, *describe(what, fit)) for r in results for what, fit in r.fits.items()]
    header = ("", "fitted", "gain", "90 % interval", "")
    msg.table(fitted, header=header, aligns=["l", "l", "r", "r", "l"], divider=True)
    msg.good(f"Saved the pipeline to {output}")
    return results


def calibrate_pipe(name: str, pipe: Any, examples: list[Example]) -> Calibration:
    """Calibrate a component.

    name (str): The name of the component.
    pipe (Any): The component.
    examples (list[Example]): Annotated documents, through which the pipeline has run.
    RETURNS (Calibration): How well it is calibrated.
    RAISES (ValueError): If the examples lack annotation or predictions.
    """
    before = expected_calibration_error(*pipe.confidences(examples))
    fits = {"temperature": pipe.calibrate(examples)}
    thresholds = pipe.fit_thresholds(examples)
    if thresholds.best:
        fits["thresholds"] = thresholds
    if pipe.cfg["temperature"] != fits["temperature"].kept.get("temperature", 1.0):
        # Other entities are predicted with the threshold of "O", and were fitted anew.
        fits["temperature"] = pipe.calibrate(examples)
    after = expected_calibration_error(*pipe.confidences(examples))
    return Calibration(
        name, before, after, pipe.cfg["temperature"], dict(pipe.cfg["thresholds"]), fits
    )


def describe(what: str, fit: Fit) -> tuple[str, str, str, str]:
    """RETURNS (tuple[str, str, str, str]): A row of the table: what was fitted, what it gains, of
    log-likelihood or of F-score in percent, how sure that is, and what was done.
    """
    factor = 100 if what == "thresholds" else 1
    gain, low, high = (f"{factor * value:+.3g}" for value in (fit.gain, fit.low, fit.high))
    if len(fit.best) > 1:
        name = f"{len(fit.best)} thresholds"
    else:
        [(key, value)] = fit.best.items()
        name = f"{what} {value:.2f}" if key == what else f"threshold of {key} {value:.2f}"
    done = "left as it was: the data cannot tell"
    if fit.kept:
        done = "kept" if len(fit.kept) == len(fit.best) else f"{len(fit.kept)} kept"
    return name, f"{gain} {'F' if factor == 100 else 'nats'}", f"{low} to {high}", done
