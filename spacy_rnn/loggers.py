"""Loggers of training, registered as `spacy-rnn.*` in pyproject.toml."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import srsly
import tqdm
from spacy.language import Language
from wasabi.tables import row

from .files import replacing

Log = Callable[[dict[str, Any] | None], None]
SetUp = Callable[[Language, IO[str], IO[str]], tuple[Log, Callable[[], None]]]
LOG_FILE = "log.jsonl"


def console_logger(progress_bar: bool = True) -> SetUp:
    """Show training on the console, and keep a log of it beside the models:
    `spacy-rnn.ConsoleLogger.v1`.

    Every evaluation is a row of a table, whose columns are as wide as their names, and a line of
    `log.jsonl` in the directory that the models are saved to.

    progress_bar (bool): Also show how far training is, and how long the rest takes, on a terminal.
    RETURNS (Callable): Sets up the logger.
    """

    def setup(
        nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[Log, Callable[[], None]]:
        pipes = [name for name, pipe in nlp.pipeline if getattr(pipe, "is_trainable", False)]
        training = nlp.config["training"]
        scores = [name for name, weight in training["score_weights"].items() if weight is not None]
        losses = [f"loss {pipe.removeprefix('rnn_')}" for pipe in pipes]
        names = [name.upper() for name in ("epoch", "step", *losses, *scores, "score")]
        widths = [max(len(name), 8) for name in names]
        lines: list[dict[str, Any]] = []
        progress = tqdm.tqdm(
            total=training["max_steps"] or None,
            disable=None if progress_bar else True,
            leave=False,
            file=stderr,
            unit="step",
        )

        def show(values: list[str]) -> None:
            with tqdm.tqdm.external_write_mode(stdout):
                print(
                    row(values, widths=widths, aligns=["r"] * len(widths)), file=stdout, flush=True
                )

        def log(info: dict[str, Any] | None) -> None:
            progress.update(bool(info is None or info["step"]))
            if info is None:
                return
            if not lines:
                show(names)
                show(["-" * width for width in widths])
            line = {
                "epoch": info["epoch"],
                "step": info["step"],
                "losses": {pipe: float(info["losses"][pipe]) for pipe in pipes},
                "scores": {name: _percent(name, info["other_scores"].get(name)) for name in scores},
                "score": float(info["score"]),
            }
            lines.append(line)
            numbers = [*line["losses"].values(), *line["scores"].values(), line["score"]]
            show([str(line["epoch"]), str(line["step"]), *(f"{number:.2f}" for number in numbers)])
            if info.get("output_path"):
                with replacing(Path(info["output_path"]).parent / LOG_FILE) as (part,):
                    srsly.write_jsonl(part, lines)

        return log, progress.close

    return setup


def _percent(name: str, score: float | None) -> float:
    return float(score or 0.0) * (1 if name == "speed" else 100)
