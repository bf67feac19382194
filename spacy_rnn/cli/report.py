from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import srsly
from spacy.cli._util import Arg, Opt
from wasabi.printer import Printer

from ..loading import load_pipeline
from . import app
from ._options import GoldPreproc
from ._util import CommandError, exit_on_error, read_examples, staged

if TYPE_CHECKING:
    from ..analysis import Report


@app.command("report")
def report_cli(
    model: Annotated[str, Arg(help="Pipeline, by name or path")],
    data_path: Annotated[Path, Arg(help="Annotated data in the .spacy format")],
    output: Annotated[
        list[Path] | None,
        Opt(
            "--output",
            "-o",
            help="HTML page or JSON file to write; may be repeated",
            dir_okay=False,
        ),
    ] = None,
    train: Annotated[
        Path | None,
        Opt("--train", "-t", help="Training data, to find unknown words and near-duplicates"),
    ] = None,
    log: Annotated[
        Path | None,
        Opt(
            "--log",
            "-l",
            help="What spacy.ConsoleLogger.v3 wrote in training (default: the file in the config)",
        ),
    ] = None,
    gold_preproc: GoldPreproc = False,
) -> None:
    """
    Report why a pipeline errs, on one page: scores with intervals, also by
    label and by part of the data, which labels are taken for which, every
    error, how far probabilities can be trusted, how the training went, size
    and speed.
    """
    with exit_on_error():
        report(
            model,
            data_path,
            output or [],
            train=train,
            log=log,
            gold_preproc=gold_preproc,
            silent=False,
        )


def report(
    model: str | Path,
    data_path: Path,
    outputs: list[Path],
    *,
    train: Path | None = None,
    log: Path | None = None,
    gold_preproc: bool = False,
    silent: bool = True,
) -> "Report":
    """Report why a pipeline errs.

    model (Union[str, Path]): The pipeline, by name or path.
    data_path (Path): Annotated data.
    outputs (List[Path]): HTML pages and JSON files to write.
    train (Optional[Path]): Training data.
    log (Optional[Path]): What `spacy.ConsoleLogger.v3` wrote in training.
    gold_preproc (bool): Use gold-standard tokens and sentences.
    silent (bool): Don't print any output.
    RETURNS (Report): The report.
    RAISES (UserError): If the pipeline or the data cannot be used, or the name of an output
        does not tell what to write.
    """
    from .. import analysis

    msg = Printer(no_print=silent, pretty=not silent)
    for path in outputs:
        if path.suffix not in (".html", ".json"):
            raise CommandError(
                f"Can't write the report to {path}: expected a name that ends in .html or .json."
            )
    nlp = load_pipeline(model)
    examples = read_examples(nlp, data_path, gold_preproc=gold_preproc)
    train_docs = None
    if train is not None:
        train_docs = [example.reference for example in read_examples(nlp, train)]
    msg.info(f"Predicting {len(examples):,} texts")
    found = analysis.report(
        nlp, examples, train=train_docs, log=log, title=str(model), data=str(data_path)
    )
    for component in found.components:
        msg.divider(component.name)
        rows = [
            (score.title, f"{score.value:.2%}", f"{score.low:.2%} to {score.high:.2%}")
            for score in component.scores
            if score.value is not None
        ]
        header = ("", "score", "95 % interval")
        msg.table(rows, header=header, aligns=["l", "r", "r"], divider=True)
        for note in component.notes:
            msg.warn(note)
    for note in (found.log_note, *found.notes):
        if note:
            msg.warn(note)
    with staged(*outputs) as parts:
        for path, part in zip(outputs, parts, strict=True):
            if path.suffix == ".html":
                part.write_text(found.to_html(), encoding="utf8")
            else:
                srsly.write_json(part, found.to_json())
    for path in outputs:
        msg.good(f"Saved the report to {path}")
    return found
