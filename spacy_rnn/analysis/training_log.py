"""The curves of a training, from the file that a console logger writes, ours or spaCy's v3."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import srsly
from spacy.language import Language

from ..loggers import LOG_FILE
from .problems import AnalysisError

RELATIVE_TOLERANCE = 1e-4
TRAINING = "training"  # where `spacy rnn fit` keeps it


@dataclass(frozen=True)
class TrainingLog:
    """What a training has logged.

    path (str): The file.
    rows (List[Dict[str, Any]]): By evaluation: step, epoch, losses by component, scores by name in
        percent, and the score that the best pipeline is chosen by.
    best (Optional[int]): The row that the pipeline is from, if it says so.
    """

    path: str
    rows: list[dict[str, Any]]
    best: int | None


def find_log(nlp: Language, given: Path | None) -> tuple[TrainingLog | None, str]:
    """Find the log of a pipeline's training.

    nlp (Language): The pipeline.
    given (Optional[Path]): The file. By default the one that the pipeline's config names, or that
        lies beside the pipeline, or in the folder that `spacy rnn fit` trains in.
    RETURNS (Tuple[Optional[TrainingLog], str]): The log; or none, and why.
    RAISES (AnalysisError): If the file was given and is missing, or is not such a log.
    """
    path = given
    if path is None:
        name = nlp.config.get("training", {}).get("logger", {}).get("output_file")
        if name:
            path = Path(name)
            if not path.exists():
                return (
                    None,
                    f"The log of the training, {path}, is not there. Give its place with --log.",
                )
        else:
            folders = [nlp.path.parent, nlp.path.parent / TRAINING] if nlp.path else []
            path = next((f / LOG_FILE for f in folders if (f / LOG_FILE).exists()), None)
            if path is None:
                return None, (
                    f"The training was not logged to a file. Curves need {LOG_FILE} beside the "
                    "pipeline, as spacy-rnn.ConsoleLogger.v1 writes it, an output_file of "
                    "spacy.ConsoleLogger.v3 in [training.logger], or --log."
                )
    log = TrainingLog(str(path), read_log(path), None)
    losses = {
        name: nlp.meta["performance"][f"{name}_loss"]
        for name in nlp.pipe_names
        if f"{name}_loss" in nlp.meta.get("performance", {})
    }
    if not losses:
        return (
            log,
            "The pipeline does not tell its losses: whether the log is its own is not known.",
        )
    for i, row in enumerate(log.rows):
        if all(_near(row["losses"].get(name), loss) for name, loss in losses.items()):
            return TrainingLog(log.path, log.rows, i), ""
    told = ", ".join(f"{loss:.2f} of {name}" for name, loss in losses.items())
    return None, (
        f"The log {path} is of another run: the pipeline tells a loss of {told}, which none of the "
        f"log's {len(log.rows)} rows has."
    )


def read_log(path: Path) -> list[dict[str, Any]]:
    """Read a log.

    path (Path): The file.
    RETURNS (List[Dict[str, Any]]): Its rows.
    RAISES (AnalysisError): If it is missing, or not a log.
    """
    if not path.is_file():
        raise AnalysisError(f"Can't find the log {path}: expected a file that training wrote.")
    try:
        rows = list(srsly.read_jsonl(path))
    except ValueError as error:
        rows, reason = [], str(error)
    else:
        reason = "it has no rows with step, losses and score"
    keys = {"step", "epoch", "losses", "scores", "score"}
    if not rows or not all(isinstance(row, dict) and keys <= row.keys() for row in rows):
        raise AnalysisError(
            f"Can't read the log {path}: {reason}. Expected lines of JSON as a console logger "
            "writes them."
        )
    return rows


def _near(one: float | None, other: float) -> bool:
    return one is not None and math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE)
