"""Draw the speed of pipelines, as a picture for the README. Needs matplotlib."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import RESULTS, BenchmarkError, read_json, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OURS, PEERS, INK, FAINT = "#0b6e99", "#a9b1b8", "#24292f", "#6e7781"
STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Inter", "Helvetica Neue", "Arial", "DejaVu Sans"],
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": FAINT,
    "xtick.color": FAINT,
    "ytick.color": INK,
    "axes.edgecolor": "#d0d7de",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "spacy-rnn",
}
# Words and numbers stay text, and a picture of the same results is the same file.
SAVING = {"dpi": 200, "bbox_inches": "tight", "pad_inches": 0.2}


def colour(name: str) -> str:
    return OURS if name.startswith("rnn_") else PEERS


def speeds(results: Path, case: str) -> dict[str, dict[str, Any]]:
    """RETURNS (Dict[str, Dict[str, Any]]): The rows of one case of speed.py, by system."""
    path = results / "speed" / "pipeline.json"
    if not path.exists():
        raise BenchmarkError(f"No {path}: run 'speed.py --only pipeline' first.")
    rows = [row for row in read_json(path)["rows"] if row["case"] == case]
    return {row["system"]: row for row in rows}


def draw_speed(axes: "Axes", rows: dict[str, dict[str, Any]]) -> None:
    """Bars of words per second, the slowest at the bottom, with the ratio to the baseline."""
    ordered = sorted(rows.values(), key=lambda row: row["median"])
    names = [row["system"] for row in ordered]
    medians = [row["median"] for row in ordered]
    axes.barh(names, medians, color=[colour(name) for name in names], height=0.62)
    for i, row in enumerate(ordered):
        ratio = "" if row["system"] == row["baseline"] else f"   {row['ratio']:.1f}x"
        axes.annotate(
            f"{row['median'] / 1000:,.0f}k{ratio}",
            (row["median"], i),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
        )
    axes.set_title(
        f"Words per second, tagging on CPU, and times {ordered[0]['baseline']}",
        loc="left",
        fontsize=12,
        fontweight="bold",
        pad=12,
    )
    axes.set_xlim(0, max(medians) * 1.15)
    axes.spines[["bottom", "left"]].set_visible(False)
    axes.xaxis.set_visible(False)
    axes.tick_params(left=False)


def main(args: Sequence[str] | None = None) -> int:
    options = ArgumentParser(description=__doc__)
    options.add_argument("results", type=Path, nargs="?", default=RESULTS)
    options.add_argument("--case", default="tagger, new texts", help="which case of speed.py")
    options.add_argument("--format", choices=("svg", "png"), default="svg")
    parsed = options.parse_args(args)
    try:
        rows = speeds(parsed.results, parsed.case)
        if not rows:
            raise BenchmarkError(f"No rows of '{parsed.case}' in the results of speed.py.")
    except BenchmarkError as error:
        say(str(error))
        return 1
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    with pyplot.style.context(STYLE):
        figure, axes = pyplot.subplots(figsize=(8, 0.8 + 0.42 * len(rows)))
        draw_speed(axes, rows)
        path = parsed.results / f"speed.{parsed.format}"
        metadata = {"Date": None} if parsed.format == "svg" else None
        figure.savefig(path, metadata=metadata, **SAVING)
        pyplot.close(figure)
        say(f"Wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
