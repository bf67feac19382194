"""Measure how fast training data is read and how much memory that takes: a million short rows of
text classification through `spacy-rnn.Dataset.v1`, against `spacy.Corpus.v1` on the same rows.
Every measurement is a process of its own.
"""

import csv
import json
import os
import random
import signal
import subprocess
import sys
from argparse import ArgumentParser
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, chain, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from harness import RESULTS, BenchmarkError, environment, limit_threads, say, write_json
from memory import memory, reset_peak
from report import environment_line, table

PEER = "spacy.Corpus.v1"
BATCH = 256  # the examples of the first batch
SHUFFLE_BUFFER = 10_000
LABELS = ("business", "science", "sports", "world")
CHUNK = 10_000  # rows that are written at once


@dataclass(frozen=True)
class Case:
    """What one process measures.

    system (str): A name of `CASES`.
    rows (int): Number of rows.
    folder (str): Where `write_rows` has put them.
    """

    system: str
    rows: int
    folder: str


def rows(number: int, seed: int = 0) -> Iterator[dict[str, str]]:
    """RETURNS (Iterator[Dict[str, str]]): Texts of 4 to 16 words, frequent and rare ones."""
    generator = random.Random(seed)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    words = [
        "".join(generator.choices(syllables, k=generator.randint(1, 4))) for _ in range(20_000)
    ]
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    for _ in range(number):
        n_words = generator.randint(4, 16)
        text = " ".join(generator.choices(words, cum_weights=weights, k=n_words))
        yield {"text": f"{text.capitalize()}.", "label": generator.choice(LABELS)}


def write_rows(folder: Path, number: int, peer: int) -> None:
    """Write the rows as rows.jsonl, rows.csv and rows.parquet, and the first ones as rows.spacy."""
    import pyarrow
    import spacy
    from pyarrow.parquet import ParquetWriter
    from spacy.tokens import DocBin

    say(f"writing {number:,} rows")
    schema = pyarrow.schema({"text": pyarrow.string(), "label": pyarrow.string()})
    remaining = rows(number)
    with (
        (folder / "rows.jsonl").open("w", encoding="utf8") as file,
        (folder / "rows.csv").open("w", encoding="utf8", newline="") as csv_file,
        ParquetWriter(folder / "rows.parquet", schema) as writer,
    ):
        csv_file.write("text,label\n")
        while chunk := list(islice(remaining, CHUNK)):
            file.writelines(json.dumps(row) + "\n" for row in chunk)
            csv.DictWriter(csv_file, ["text", "label"]).writerows(chunk)
            writer.write_table(pyarrow.Table.from_pylist(chunk, schema))
    say(f"writing {peer:,} rows for {PEER}")
    nlp = spacy.blank("en")
    doc_bin = DocBin()
    for row in rows(peer):
        doc = nlp.make_doc(row["text"])
        doc.cats = {label: float(label == row["label"]) for label in LABELS}
        doc_bin.add(doc)
    doc_bin.to_disk(folder / "rows.spacy")


# In the new process


def records(path: Path) -> Iterator[Any]:
    from spacy_rnn.corpus import Report, load_splits, read_records, understand

    tables = load_splits(str(path))["train"]
    readings = [understand(table, "textcat", labels=LABELS) for table in tables]
    yield from read_records(readings, Report())


def examples(path: Path, **options: Any) -> Iterator[Any]:
    import spacy

    from spacy_rnn.readers import dataset

    yield from dataset(str(path), "textcat", labels=list(LABELS), **options)(spacy.blank("en"))


def peer(path: Path) -> Iterator[Any]:
    import spacy
    from spacy.training import Corpus

    yield from Corpus(path)(spacy.blank("en"))


Read = Callable[[Path], Iterator[Any]]
CASES: dict[str, tuple[str, Read]] = {
    "rows only, jsonl": ("rows.jsonl", records),
    "rows only, csv": ("rows.csv", records),
    "jsonl": ("rows.jsonl", examples),
    "csv": ("rows.csv", examples),
    "parquet": ("rows.parquet", examples),
    "jsonl, shuffled": (
        "rows.jsonl",
        lambda path: examples(path, shuffle_buffer=SHUFFLE_BUFFER),
    ),
    PEER: ("rows.spacy", peer),
}


def measure(case: Case) -> dict[str, float]:
    """Read all rows once, keep none, and find the time to the first batch, the rows per second
    behind it, and how far memory rises above what is in use before."""
    name, read = CASES[case.system]
    deque(islice(read(Path(case.folder) / "warm-up" / name), BATCH), maxlen=0)
    reset_peak()
    before = memory("VmRSS")
    start = perf_counter()
    stream = read(Path(case.folder) / name)
    n_first = count(islice(stream, BATCH))
    first = perf_counter()
    n_rest = count(stream)
    end = perf_counter()
    if n_first + n_rest != case.rows:
        raise BenchmarkError(f"{case.system} gave {n_first + n_rest} rows, expected {case.rows}.")
    return {
        "first_batch_s": first - start,
        "rows_per_s": n_rest / (end - first),
        "peak_mib": max(0.0, memory("VmHWM") - before),
    }


def count(items: Iterable[Any]) -> int:
    return sum(1 for _ in items)


# In the first process


def run_case(case: Case, timeout: float) -> dict[str, Any]:
    """Measure in a new process, with nothing stored by an earlier one.

    RETURNS (Dict[str, Any]): What is measured, or "error" where it has not ended.
    """
    command = [sys.executable, __file__, "--measure", json.dumps(asdict(case))]
    with TemporaryDirectory(dir=case.folder) as cache:
        variables = {**os.environ, "HF_DATASETS_CACHE": cache, "HF_HUB_OFFLINE": "1"}
        try:
            process = subprocess.run(
                command, capture_output=True, text=True, timeout=timeout, env=variables
            )
        except subprocess.TimeoutExpired:
            return {"error": f"not done after {timeout:.0f} s"}
    lines = process.stdout.splitlines()
    if process.returncode or not lines:
        reason = (process.stderr.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        return {"error": reason}
    return json.loads(lines[-1])


def summary(case: Case, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): Medians over the rounds, and all rounds."""
    row = {"system": case.system, "rows": case.rows, "rounds": list(runs)}
    errors = [run["error"] for run in runs if "error" in run]
    if errors:
        return {**row, "error": errors[0]}
    return {**row, **{metric: median(run[metric] for run in runs) for metric in runs[0]}}


def markdown(result: dict[str, Any]) -> str:
    """RETURNS (str): The table of the results."""
    header = ["", "rows", "rows/s", "first batch, s", "peak memory, MiB"]
    body = []
    for row in result["rows"]:
        cells = [row.get("error", ""), "", ""]
        if "error" not in row:
            cells = [f"{row['rows_per_s']:,.0f}", f"{row['first_batch_s']:.2f}"]
            cells.append(f"{row['peak_mib']:,.0f}")
        body.append([row["system"], f"{row['rows']:,}", *cells])
    return f"# Data\n\n{environment_line(result)}\n\n{table(header, body)}"


def parser() -> ArgumentParser:
    options = ArgumentParser(description=__doc__)
    add = options.add_argument
    add("--rows", type=int, default=1_000_000, help="number of rows")
    add("--peer-rows", type=int, default=200_000, help=f"the same for {PEER}")
    add("--rounds", type=int, default=3, help="how often each case is measured")
    add("--timeout", type=float, default=900.0, help="seconds that a measurement may take")
    add("--only", nargs="+", choices=CASES, default=list(CASES), help="the cases to measure")
    add("--output", type=Path, help="JSON file (default: benchmarks/results/data.json)")
    add("--quick", action="store_true", help="only show that it runs, and keep no results")
    add("--measure", help="a case as JSON: measure it in this process")
    return options


def main(args: Sequence[str] | None = None) -> int:
    options = parser().parse_args(args)
    if options.measure:
        limit_threads(1)
        print(json.dumps(measure(Case(**json.loads(options.measure)))))
        return 0
    if options.quick:
        options.rows, options.peer_rows, options.rounds = 2000, 1000, 1
        options.only = ["jsonl", PEER]
    output = options.output or (None if options.quick else RESULTS / "data.json")
    result: dict[str, Any] = {**environment(), "threads": 1, "quick": options.quick, "rows": []}
    with TemporaryDirectory() as folder:
        (Path(folder) / "warm-up").mkdir()
        write_rows(Path(folder) / "warm-up", BATCH, BATCH)
        write_rows(Path(folder), options.rows, options.peer_rows)
        sizes = {name: options.peer_rows if name == PEER else options.rows for name in CASES}
        cases = [Case(name, sizes[name], folder) for name in options.only]
        runs: dict[str, list[dict[str, Any]]] = {name: [] for name in options.only}
        for case in chain.from_iterable([cases] * options.rounds):
            run = run_case(case, options.timeout)
            runs[case.system].append(run)
            outcome = run.get("error") or f"{run['rows_per_s']:,.0f} rows/s"
            say(f"{case.system:28} {outcome}")
        result["rows"] = [summary(case, runs[case.system]) for case in cases]
    if output is not None:
        write_json(output, result)
    print(markdown(result))
    return 0


if __name__ == "__main__":
    # Ending this process also ends the one that it has started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
