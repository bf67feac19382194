"""Make Markdown tables of the results."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import ablations
from harness import RESULTS, BenchmarkError, read_json, say

TITLES = {
    "pipeline": "Pipelines: from text to annotations",
    "cores": "Pipelines on all cores",
    "encoder": "Encoders alone",
    "crf": "Conditional random fields (ns per token)",
    "training": "Training",
    "backend": "spaCy's own pipelines with OneDNNOps",
    "latency": "Latency of single short texts",
    "load": "Loading",
    "subwords": "Pretrained subwords: taggers and entity recognisers with and without",
    "growth": "Pipelines by length, batch and width (ns per word)",
    "cells": "Recurrent cells: weights of the encoder, and taggers with it",
    "engines": "Engines: torch and ONNX Runtime",
    "length": "Encoders by length, batch and width (ns per token)",
}
CELLS = ("lstm", "gru")
COMPARISONS = """# LSTM or GRU

Test, percent; means and standard deviations over seeds. Where the interval has 0 in it, the two
cannot be told apart. Each set by a command like this one, with the recipe that `spacy rnn fit`
would choose as well; the linear model (SVM) is of texts only:

```
python -m spacy rnn compare corpus/hub/banking77 comparison --systems lstm,gru,tfidf --seeds 3
```
"""
ACCURACY = """# Scores of configs

Percent, mean ± standard deviation over seeds. Models are selected on dev. The file of each set
holds the configs and, where they are known, the commits. To measure again, give the config and the
overrides in the file to `spacy rnn compare DATA OUTPUT --systems CONFIG`: a config trains as it
says. Rivals have the training settings that `spacy init config` writes. Entity recognisers of ours
are calibrated on dev, which also fits their threshold, as the workflow `ner` of the project does.
"""
TRANSFER = """# Pretrained subwords, and students of teachers

Test, percent; means and standard deviations over seeds. `spacy rnn compare` trained the configs
that `spacy rnn init` writes with `--vectors` (subwords) and with `--distilled` as well (student).
The file of each holds the config. The thresholds of WNUT-17's student were fitted afterwards, by
`spacy rnn calibrate`, as the recipe does while it trains.

"""
SPLITS = ("dev", "test")
# A line a case, a column a system.
GRIDS = ("growth", "length")


def table(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """RETURNS (str): A Markdown table, the columns after the first `left` aligned to the right."""
    rule = ["---" if i < left else "---:" for i in range(len(header))]
    return "".join(f"| {' | '.join(line)} |\n" for line in (header, rule, *rows))


def number(value: float) -> str:
    """RETURNS (str): Three significant digits at least."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def environment_line(result: dict[str, Any]) -> str:
    machine = result["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    threads = f" Threads: {result['threads']}." if "threads" in result else ""
    memory = f", {machine['memory_gib']:.0f} GiB" if machine["memory_gib"] else ""
    load = machine["load_average"]
    return (
        f"{machine['cpu']}, {machine['cores']} cores{memory}, {machine['system']}, load average "
        f"{'unknown' if load is None else f'{load:.1f}'} at the start.{threads} {versions}."
    )


def speed(folder: Path) -> str:
    """RETURNS (str): The tables of all sections that one or several runs of speed.py wrote."""
    parts = ["# Speed\n"]
    for name in TITLES:
        path = folder / f"{name}.json"
        if path.exists():
            result = read_json(path)
            texts = result["texts"]
            parts.append(f"## {TITLES[name]}\n")
            parts.append(
                f"{environment_line(result)} {texts['texts']:,} texts of {texts['file']}; medians "
                f"of {len(result['rows'][0]['rounds'])} interleaved rounds, lowest to highest in "
                "parentheses.\n"
            )
            parts.append(grid(result["rows"]) if name in GRIDS else cases(result["rows"]))
    if len(parts) == 1:
        raise BenchmarkError(f"No results in {folder}: run speed.py first.")
    return "\n".join(parts)


def cases(rows: Sequence[dict[str, Any]]) -> str:
    parts = []
    for (case, metric), group in groupby(
        sorted_by_case(rows), lambda row: (row["case"], row["metric"])
    ):
        lines = list(group)
        share = any("share_of_matrix_rate" in row for row in lines)
        header = [case, metric, f"times {lines[0]['baseline']}"]
        body = [
            [
                row["system"],
                spread(row["median"], row["low"], row["high"]),
                spread(row["ratio"], row["ratio_low"], row["ratio_high"], ".2f"),
                *([f"{row['share_of_matrix_rate']:.0%}"] if share else []),
            ]
            for row in lines
        ]
        parts.append(table([*header, *(["share of matrix rate"] if share else [])], body))
    return "\n".join(parts)


def sorted_by_case(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """RETURNS (List[Dict[str, Any]]): The rows of a case and metric next to each other."""
    keys = list(dict.fromkeys((row["case"], row["metric"]) for row in rows))
    return sorted(rows, key=lambda row: keys.index((row["case"], row["metric"])))


def spread(middle: float, low: float, high: float, style: str = "") -> str:
    middle_, low_, high_ = (f"{v:{style}}" if style else number(v) for v in (middle, low, high))
    return f"{middle_} ({low_} to {high_})"


def grid(rows: Sequence[dict[str, Any]]) -> str:
    """RETURNS (str): Tables of medians, one for the cases that compare the same systems."""
    lines = [
        (case, {row["system"]: number(row["median"]) for row in group})
        for case, group in groupby(rows, lambda row: row["case"])
    ]
    return "\n".join(
        table(["", *systems], [[case, *cells.values()] for case, cells in group])
        for systems, group in groupby(lines, lambda line: list(line[1]))
    )


def beside(one: Path, many: Path) -> str:
    """RETURNS (str): What more threads bring, in the sections that were run with both."""
    parts = ["# One thread and several\n"]
    for name in TITLES:
        if not ((one / f"{name}.json").exists() and (many / f"{name}.json").exists()):
            continue
        single, result = read_json(one / f"{name}.json"), read_json(many / f"{name}.json")
        medians = {identity(row): row["median"] for row in single["rows"]}
        body = []
        for row in result["rows"]:
            if before := medians.get(identity(row)):
                after = row["median"]
                body.append(
                    [*identity(row), number(before), number(after), f"{after / before:.2f}"]
                )
        header = ["case", "system", "metric", "1 thread", f"{result['threads']} threads", "times"]
        parts += [f"## {TITLES[name]}\n", f"{environment_line(result)}\n", table(header, body, 3)]
    if len(parts) == 1:
        raise BenchmarkError(f"Nothing in {many} that {one} has too: run speed.py with one thread.")
    return "\n".join(parts)


def identity(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["case"], row["system"], row["metric"]


def memory(path: Path) -> str:
    result = read_json(path)
    body = [
        [row["system"], row["work"], row["batch"], row.get("error") or number(row["peak_mib"])]
        for row in result["rows"]
    ]
    header = ["system", "work", "documents", "MiB above what was in use"]
    return "\n".join(["# Peak memory\n", f"{environment_line(result)}\n", table(header, body, 3)])


def endurance(path: Path) -> str:
    """RETURNS (str): The memory of processes, at each tenth of the texts that they read."""
    result = read_json(path)
    body = []
    for row in result["rows"]:
        for place, name in enumerate(row["processes"]):
            tenths = [number(sizes[place]) for sizes in row["tenths"][:-1]]
            texts = f"{row['texts']:,}"
            body.append([row["system"], name, texts, *tenths, number(row["peak_mib"][place])])
    header = ["system", "process", "texts", *(f"{n}0 %" for n in range(1, 10)), "most"]
    note = "Resident memory in MiB after each tenth of the texts, sampled once a second.\n"
    parts = ["# Memory over many texts\n", f"{environment_line(result)}\n", note]
    return "\n".join([*parts, table(header, body, 2)])


def service(path: Path) -> str:
    result = read_json(path)
    header = [name.replace("ms p", "ms, p") for name in result["rows"][0]]
    body = [[number(value) for value in row.values()] for row in result["rows"]]
    note = f"Workers: {result['workers']}. The clients run on the same machine.\n"
    parts = ["# The service under load\n", f"{environment_line(result)} {note}"]
    return "\n".join([*parts, table(header, body, 0)])


def accuracy(folder: Path) -> str:
    """RETURNS (str): Scores of pipelines that `spacy train` trained by configs, set by set."""
    parts = [ACCURACY]
    for path in sorted(folder.glob("*.json")):
        systems = read_json(path)["systems"]
        titles = dict.fromkeys(
            (split, score) for each in systems for split in SPLITS for score in each[split]
        )
        body = []
        for each in systems:
            found = (each[split].get(score) for split, score in titles)
            cells = ["-" if values is None else percent(values) for values in found]
            body.append([each["name"], each["file"], *cells, str(len(each["seeds"]))])
        header = ["", "config", *(f"{score}, {split}" for split, score in titles), "seeds"]
        parts += [f"## {path.stem}\n", table(header, body, 2)]
    return "\n".join(parts)


def ablation_page(results: Path) -> str:
    """RETURNS (str): What each setting is worth on dev, and how large and fast each cell is."""
    scored = {}
    for task in ablations.TASKS:
        found = read_json(results / "ablations" / f"{task}.json")["systems"]
        scored[task] = {system["name"]: system["values"] for system in found}
    path = results / "speed" / "cells.json"
    timed = read_json(path)["rows"] if path.exists() else []

    def score(name: str, task: str) -> str:
        values = scored[task].get(ablations.slug(name))
        return f"{percent(values)} ({len(values)})" if values else "-"

    def figure(name: str, case: str) -> str:
        row = next(row for row in timed if (row["system"], row["case"]) == (name, case))
        return f"{number(row['median'])} ({row['ratio']:.2f}x)"

    parts = [ablations.INTRODUCTION]
    for group, rows in ablations.GROUPS.items():
        metrics = {row["case"]: row["metric"] for row in timed if rows is ablations.CELLS}
        header = [f"{case}, {metric}" for case, metric in metrics.items()]
        header = ["", *header, *(label for *_, label in ablations.TASKS.values())]
        body = [
            [
                name,
                *(figure(name, case) for case in metrics),
                *(score(name, task) for task in scored),
            ]
            for name in rows
        ]
        parts.append(f"## {group}\n\n{table(header, body)}")
    return "\n".join([*parts, ablations.LEFT_OUT])


def comparisons(folder: Path) -> str:
    """RETURNS (str): What `spacy rnn compare` found on sets that it was run on with both cells."""
    found = {path.stem: read_json(path) for path in sorted(folder.glob("*.json"))}
    sizes, scores = [], []
    for name, result in found.items():
        systems = {system["name"]: system for system in result["systems"]}
        train, gap = result["train"], result["differences"]["lstm"]["gru"]
        length = f"{train['tokens'] / train['docs']:.0f}"
        labels = f"{train['labels']:,}"
        sizes.append([name, result["recipe"], f"{train['docs']:,}", length, labels])
        rates = [f"{systems[cell]['words_per_second']:,.0f}" for cell in CELLS]
        linear = percent(systems["tfidf"]["values"]) if "tfidf" in systems else "-"
        interval = f"{100 * gap['low']:+.2f} to {100 * gap['high']:+.2f}"
        values = [percent(systems[cell]["values"]) for cell in CELLS]
        seeds = str(len(systems["lstm"]["seeds"]))
        scores.append([name, result["metric"], *values, interval, linear, seeds, *rates])
    header = ["", "score", "LSTM", "GRU", "LSTM better by, 95 %", "SVM", "seeds"]
    header += ["LSTM, words/s", "GRU, words/s"]
    parts = [COMPARISONS, table(header, scores, 2)]
    title = ["", "recipe", "documents to train on", "tokens a document", "labels"]
    return "\n".join([*parts, table(title, sizes, 2)])


def transfer(folder: Path) -> str:
    """RETURNS (str): What `spacy rnn compare` found of pipelines that others have taught."""
    lines = []
    for path in sorted(folder.glob("*.json")):
        result = read_json(path)
        for system in result["systems"]:
            scores = [result["metric"], percent(system["values"]), str(len(system["seeds"]))]
            lines.append([result["title"], system["name"], *scores, number(system["bytes"] / 1e6)])
    return TRANSFER + table(["", "", "score", "test", "seeds", "MB"], lines, 3)


def percent(values: Sequence[float]) -> str:
    deviation = f" ± {stdev(values) * 100:.2f}" if len(values) > 1 else ""
    return f"{mean(values) * 100:.2f}{deviation}"


def reports(results: Path) -> dict[str, str]:
    """RETURNS (Dict[str, str]): The Markdown of everything that has results, by file name."""
    one = results / "speed"
    found = {"speed.md": speed(one)} if one.is_dir() else {}
    for many in sorted(results.glob("speed-*-threads")):
        found[f"{many.name}.md"] = beside(one, many)
    if (results / "memory.json").exists():
        found["memory.md"] = memory(results / "memory.json")
    for name, page in (("endurance", endurance), ("service", service)):
        if (results / f"{name}.json").exists():
            found[f"{name}.md"] = page(results / f"{name}.json")
    if any((results / "comparisons").glob("*.json")):
        found["comparisons.md"] = comparisons(results / "comparisons")
    if any((results / "transfer").glob("*.json")):
        found["transfer.md"] = transfer(results / "transfer")
    if any((results / "accuracy").glob("*.json")):
        found["accuracy.md"] = accuracy(results / "accuracy")
    if (results / "ablations").is_dir():
        found["ablations.md"] = ablation_page(results)
    if not found:
        raise BenchmarkError(f"No results in {results}: run speed.py or memory.py first.")
    return found


def main(args: Sequence[str] | None = None) -> int:
    options = ArgumentParser(description=__doc__)
    options.add_argument("results", type=Path, nargs="?", default=RESULTS)
    results = options.parse_args(args).results
    try:
        for name, text in reports(results).items():
            (results / name).write_text(text, encoding="utf8")
            print(text)
            say(f"Wrote {results / name}")
    except BenchmarkError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
