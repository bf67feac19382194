import re
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated, Any

import srsly
from spacy.cli._util import Arg, Opt
from wasabi.printer import Printer

from . import app
from ._util import CommandError, exit_on_error, staged

# fmt: off
SCORES = (
    "tag_acc", "pos_acc", "morph_acc", "cats_score", "cats_macro_f", "cats_micro_f",
    "cats_macro_auc", "ents_p", "ents_r", "ents_f", "sents_f", "dep_uas", "dep_las",
    "token_acc", "speed",
)
# fmt: on
SEED = re.compile(r"(?P<base>.*)-seed(?P<seed>\d+)")
# What Markdown takes for more than itself; an underscore within a word is one.
SPECIAL = re.compile(r"[\\`*\[\]<>|]|(?<![a-zA-Z0-9])_|_(?![a-zA-Z0-9])")


@dataclass(frozen=True)
class Row:
    """The scores of one metrics file, or their mean over files that differ only in the seed.

    name (str): Path of the file below the metrics directory, without its suffix and, for a mean,
        without the seed.
    scores (dict[str, float]): The scores by name, as fractions, and the speed in words per second.
    seeds (int): The number of files that the row stands for.
    spread (Optional[dict[str, float]]): Sample standard deviation of each score, for a mean.
    """

    name: str
    scores: dict[str, float]
    seeds: int = 1
    spread: dict[str, float] | None = None

    @property
    def title(self) -> str:
        return self.name if self.spread is None else f"{self.name}: mean ± sd ({self.seeds} seeds)"

    def cell(self, score: str) -> str:
        """Format a score: percent with two decimals, speed as an integer, "-" where absent."""
        if score not in self.scores:
            return "-"
        values = [self.scores[score]]
        if self.spread is not None:
            values.append(self.spread[score])
        return " ± ".join(f"{v:.0f}" if score == "speed" else f"{v * 100:.2f}" for v in values)


@app.command("scores")
def scores_cli(
    metrics_dir: Annotated[
        Path,
        Arg(
            help="Directory with the JSON files that 'evaluate --output' wrote, at any depth",
        ),
    ],
    output: Annotated[
        Path | None,
        Opt(
            "--output",
            "-o",
            help="Markdown file to write the table to; the scores go to a JSON file beside it",
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """
    Collect the scores that "evaluate --output" wrote into one table, with a
    row per file. Files whose names differ only in a final -seedN are followed
    by the mean and the standard deviation of their scores.
    """
    with exit_on_error():
        scores(metrics_dir, output, silent=False)


def scores(metrics_dir: Path, output: Path | None = None, *, silent: bool = True) -> list[Row]:
    """Collect scores into one table.

    metrics_dir (Path): Directory with metrics files, at any depth.
    output (Optional[Path]): Markdown file to write. The scores go to a JSON file beside it.
    silent (bool): Don't print any output.
    RETURNS (list[Row]): The rows of the table.
    RAISES (CommandError): If there are no metrics, or the output is not a Markdown file.
    """
    msg = Printer(no_print=silent, pretty=not silent)
    if output is not None and output.suffix != ".md":
        raise CommandError(
            f"Can't write the table to {output}: expected a name that ends in .md, as the scores "
            f"go to a .json file beside it."
        )
    own_json = output.with_suffix(".json").resolve() if output is not None else None
    files = [path for path in metrics_dir.rglob("*.json") if path.resolve() != own_json]
    rows = []
    for path in files:
        try:
            scores = read_scores(path)
        except CommandError as error:
            msg.warn(f"Left out {error}")
            continue
        if scores:
            rows.append(Row(path.relative_to(metrics_dir).with_suffix("").as_posix(), scores))
        else:
            msg.warn(f"Left out {path}: none of the scores is in it")
    if not rows:
        raise CommandError(
            f"No metrics below {metrics_dir}: expected JSON files with scores, as written by "
            f"'spacy evaluate MODEL DATA --output {metrics_dir / 'NAME.json'}'."
        )
    rows = add_means(rows)
    columns = [score for score in SCORES if any(score in row.scores for row in rows)]
    table = [[row.title, *(row.cell(score) for score in columns)] for row in rows]
    aligns = ["l"] + ["r"] * len(columns)
    msg.table(table, header=("", *columns), aligns=aligns, divider=True)
    if output is not None:
        with staged(output, output.with_suffix(".json")) as (markdown, data):
            markdown.write_text(to_markdown(table, columns), encoding="utf8")
            srsly.write_json(data, [vars(row) for row in rows])
        msg.good(f"Saved the table to {output} and {output.with_suffix('.json')}")
    return rows


def read_scores(path: Path) -> dict[str, float]:
    """Read the scores to report from a metrics file.

    path (Path): The file.
    RETURNS (dict[str, float]): The scores that have a value.
    RAISES (CommandError): If the file is not JSON.
    """
    try:
        metrics: Any = srsly.read_json(path)
    except ValueError as error:
        raise CommandError(
            f"{path}: it is not JSON ({error}): write it again with 'spacy evaluate', or remove it."
        ) from error
    if not isinstance(metrics, dict):
        return {}
    return {
        score: metrics[score] for score in SCORES if isinstance(metrics.get(score), (int, float))
    }


def add_means(rows: list[Row]) -> list[Row]:
    """Sort rows by name and seed, and add the mean after rows that differ only in the seed. A mean
    has the scores that all its rows have.

    rows (list[Row]): The rows of the files.
    RETURNS (list[Row]): The sorted rows and the means.
    """
    result = []
    for (base, _), group in groupby(sorted(rows, key=_seed_key), lambda row: _seed_key(row)[:2]):
        runs = list(group)
        result.extend(runs)
        if len(runs) > 1:
            shared = [score for score in SCORES if all(score in run.scores for run in runs)]
            values = {score: [run.scores[score] for run in runs] for score in shared}
            means = {score: mean(values[score]) for score in shared}
            spread = {score: stdev(values[score]) for score in shared}
            result.append(Row(base, means, len(runs), spread))
    return result


def _seed_key(row: Row) -> Any:
    match = SEED.fullmatch(row.name)
    return (match["base"], True, int(match["seed"])) if match else (row.name, False, 0)


def to_markdown(table: list[list[str]], columns: list[str]) -> str:
    """Format a table as Markdown.

    table (list[list[str]]): The cells, row by row, each row with its title first.
    columns (list[str]): The titles of the other columns.
    RETURNS (str): The Markdown text.
    """
    rows = [[SPECIAL.sub(r"\\\g<0>", cell) for cell in line] for line in [["", *columns], *table]]
    lines = [rows[0], ["---", *("---:" for _ in columns)], *rows[1:]]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
