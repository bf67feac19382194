from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from spacy import util
from spacy.cli._util import Arg
from spacy.training import Corpus, Example
from wasabi.printer import Printer

from ..pipeline.calibration import expected_calibration_error
from . import app
from ._util import CommandError, exit_on_error, staged


@dataclass(frozen=True)
class Calibration:
    """How well the probabilities of a component are calibrated.

    name (str): The component.
    before (float): Expected calibration error on the data, from 0 to 1.
    after (float): The same, after calibration on the same data.
    temperature (float): What scores are now divided by before they become probabilities.
    thresholds (dict[str, float]): Thresholds by label, where the component has them.
    """

    name: str
    before: float
    after: float
    temperature: float
    thresholds: dict[str, float]


@app.command("calibrate")
def calibrate_cli(
    model: Annotated[str, Arg(help="Pipeline, by name or path")],
    data_path: Annotated[
        Path, Arg(help="Data in the .spacy format that the pipeline was not trained on")
    ],
    output: Annotated[Path, Arg(help="Directory to save the calibrated pipeline to")],
) -> None:
    """
    Make the probabilities of a trained pipeline the frequencies with which it
    is right, and fit the thresholds of its text categorizers. Which entity or
    which label is best stays the same. The development data will do.
    """
    with exit_on_error():
        calibrate(model, data_path, output, silent=False)


def calibrate(
    model: str | Path, data_path: Path, output: Path, *, silent: bool = True
) -> list[Calibration]:
    """Calibrate all components of a pipeline that can be, and save it.

    model (Union[str, Path]): The pipeline, by name or path.
    data_path (Path): Annotated data. A component that it has no annotation for stays as it is.
    output (Path): Directory to save the calibrated pipeline to.
    silent (bool): Don't print any output.
    RETURNS (list[Calibration]): What was calibrated.
    RAISES (CommandError): If nothing can be calibrated, a path is missing or the output exists.
    """
    msg = Printer(no_print=silent, pretty=not silent)
    if output.exists():
        raise CommandError(
            f"Can't save the calibrated pipeline to {output}: it is already there, expected a new "
            "directory. Remove it, or choose another name."
        )
    if not data_path.exists():
        raise CommandError(f"Can't find {data_path}: expected a file or folder of .spacy data.")
    try:
        nlp = util.load_model(model)
    except OSError as error:
        raise CommandError(f"Can't load the pipeline {model}: {error}") from error
    pipes: dict[str, Any] = {n: pipe for n, pipe in nlp.pipeline if hasattr(pipe, "calibrate")}
    if not pipes:
        raise CommandError(
            f"Nothing to calibrate in {model}: got the components {', '.join(nlp.pipe_names)}, "
            "expected rnn_textcat, rnn_textcat_multilabel or rnn_ner among them."
        )
    examples = list(Corpus(data_path)(nlp))
    # Components may listen to others, and find what these computed in the documents.
    for _ in nlp.pipe(example.predicted for example in examples):
        pass
    results = []
    for name, pipe in pipes.items():
        try:
            results.append(calibrate_pipe(name, pipe, examples))
        except ValueError as error:
            msg.warn(str(error))
    if not results:
        raise CommandError(
            f"Nothing was calibrated: expected gold-standard annotation of {', '.join(pipes)} in "
            f"{data_path}, on which the pipeline predicts something."
        )
    with staged(output) as (part,):
        nlp.to_disk(part)
    rows = [
        (r.name, f"{r.before:.4f}", f"{r.after:.4f}", f"{r.temperature:.2f}", len(r.thresholds))
        for r in results
    ]
    header = ("", "ECE before", "ECE after", "temperature", "thresholds")
    msg.table(rows, header=header, aligns=["l", "r", "r", "r", "r"], divider=True)
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
    temperature = pipe.calibrate(examples)
    after = expected_calibration_error(*pipe.confidences(examples))
    thresholds = pipe.fit_thresholds(examples) if hasattr(pipe, "fit_thresholds") else {}
    return Calibration(name, before, after, temperature, thresholds)
