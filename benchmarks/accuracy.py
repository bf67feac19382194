"""Train and evaluate the rows of a table with spaCy's own commands, each for several seeds.

A run whose result is there, with the same config and data, is not repeated.
"""

import os
import shutil
import signal
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock
from typing import Any

from harness import (
    RESULTS,
    ROOT,
    BenchmarkError,
    environment,
    read_json,
    say,
    thread_environment,
    write_json,
)
from report import accuracy
from runs import SPLITS, Row, Run, Table
from tables import PROGRAMS, tables

SPACY = (sys.executable, "-m", "spacy")
# Scores that spaCy lacks.
RANKING = {"cats_macro_ap", "oos_auroc"}


class Runner:
    """Runs spaCy's commands, several at a time, and can be stopped."""

    def __init__(self, threads: int = 1) -> None:
        self.environment = {**os.environ, **thread_environment(threads)}
        self.stopping = Event()
        self.lock = Lock()
        self.processes: set[subprocess.Popen[bytes]] = set()

    def run(self, log: Path, name: str, *command: object) -> None:
        """Run a command, adding its output to a log.

        RAISES (BenchmarkError): If it fails.
        """
        with log.open("ab") as output:
            with self.lock:
                if self.stopping.is_set():
                    raise BenchmarkError("stopped")
                process = subprocess.Popen(
                    [*map(str, command)],
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self.environment,
                )
                self.processes.add(process)
            code = process.wait()
            with self.lock:
                self.processes.discard(process)
        if code:
            tail = log.read_text(encoding="utf8", errors="replace").strip().splitlines()[-3:]
            raise BenchmarkError(
                f"'{name}' ended with exit code {code}; {log} ends with:\n"
                + "\n".join(f"    {line}" for line in tail)
            )

    def spacy(self, log: Path, *args: object) -> None:
        self.run(log, f"spacy {args[0]}", *SPACY, *args)

    def program(self, log: Path, program: Path, *args: object) -> None:
        self.run(log, program.name, sys.executable, program, *args)

    def stop(self) -> None:
        with self.lock:
            self.stopping.set()
            for process in self.processes:
                process.terminate()

    def train(self, run: Run, keep: bool) -> dict[str, Any]:
        """Train, evaluate and write the result.

        run (Run): What to train.
        keep (bool): Keep the trained pipeline.
        RETURNS (Dict[str, Any]): The result.
        RAISES (BenchmarkError): If one of the commands fails.
        """
        shutil.rmtree(run.folder, ignore_errors=True)
        run.folder.mkdir(parents=True)
        fingerprint = run.fingerprint()
        log = run.folder / "log.txt"
        say(f"{run.label} starts, see {log}")
        scores = (self.linear if run.row.is_program else self.pipeline)(run, log)
        result = {
            "row": run.row.name,
            "seed": run.seed,
            "scores": list(run.table.scores),
            "speed": run.row.speed,
            **scores,
            "config": run.row.config.name if run.row.is_program else run.config(),
            "fingerprint": fingerprint,
            **environment(),
        }
        write_json(run.result, result)
        if not keep:
            for model in run.folder.glob("model-*"):
                shutil.rmtree(model, ignore_errors=True)
        return result

    def linear(self, run: Run, log: Path) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The scores of a row that is a program."""
        output = run.folder / "scores.json"
        args = [*map(run.table.data, SPLITS), "--output", output]
        if "oos_auroc" in run.table.scores:
            args += ["--outside", *map(run.table.outside, SPLITS[1:])]
        self.program(log, run.row.config, *args)
        scores: dict[str, Any] = read_json(output)
        return scores

    def pipeline(self, run: Run, log: Path) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): The scores of a row that spaCy trains."""
        table, config = run.table, run.folder / "config.cfg"
        config.write_text(run.config(), encoding="utf8")
        paths = [f"--paths.{split}={table.data(split)}" for split in ("train", "dev")]
        seed = f"--system.seed={run.seed}"
        self.spacy(log, "train", config, "--output", run.folder, *paths, seed)
        best = run.folder / "model-best"
        options = ["--gold-preproc"] if table.gold_preproc else []

        def evaluate(model: Path, split: str) -> dict[str, Any]:
            metrics = run.folder / f"{split}.json"
            data = table.data(split)
            self.spacy(log, "evaluate", model, data, "--output", metrics, *options)
            # Runs share the machine: their speed says nothing.
            scores = {k: v for k, v in read_json(metrics).items() if k != "speed"}
            if RANKING.intersection(table.scores):
                args = ["--outside", table.outside(split)] if "oos_auroc" in table.scores else []
                args += ["--output", metrics]
                self.program(log, PROGRAMS / "ranking.py", model, data, *args)
                scores.update(read_json(metrics))
            return scores

        scores = {}
        if run.row.calibrate:
            trained, best = best, run.folder / "model-calibrated"
            dev, test = table.data("dev"), table.data("test")
            self.spacy(log, "rnn", "calibrate", trained, dev, best, *options)
            found = run.folder / "reliability.json"
            self.spacy(log, "rnn", "reliability", best, test, "--output", found, *options)
            scores["reliability"] = read_json(found)
            scores["test, not calibrated"] = evaluate(trained, "test")
        return {**scores, **{split: evaluate(best, split) for split in table.evaluated}}


def require_files(table: Table, rows: Sequence[Row]) -> None:
    """RAISES (BenchmarkError): If data or configs are missing."""
    for split in SPLITS:
        table.data(split)
    for row in rows:
        for config in (row.config, row.training):
            if config is not None and not config.is_file():
                raise BenchmarkError(f"Can't find {config}, which the row '{row.name}' needs.")


def run_all(runs: Sequence[Run], jobs: int, keep: bool) -> int:
    """Run what is not finished.

    RETURNS (int): The exit code: 1 if a run failed, 130 if the user stopped them.
    """
    todo = [run for run in runs if not run.is_finished()]
    say(f"{len(runs) - len(todo)} of {len(runs)} runs are finished")
    runner, code = Runner(), 0
    pool = ThreadPoolExecutor(jobs)
    try:
        futures = {pool.submit(runner.train, run, keep): run for run in todo}
        for future in as_completed(futures):
            run = futures[future]
            try:
                result = future.result()
            except BenchmarkError as error:
                say(f"FAILED {run.label}: {error}")
                code = 1
            else:
                score = run.table.scores[0]
                scores = (
                    f"{result[split][score] * 100:.2f} on {split}" for split in run.table.evaluated
                )
                say(f"{run.label}: {score} {', '.join(scores)}")
    except KeyboardInterrupt:
        say("Stopped: finished runs are kept, the others start again next time.")
        code = 130
    finally:
        runner.stop()
        pool.shutdown(cancel_futures=True)
    return code


def parser() -> ArgumentParser:
    options = ArgumentParser(description=__doc__)
    add = options.add_argument
    add("table", choices=tables(), help="the table to fill")
    add("--rows", nargs="+", metavar="NAME", help="only these rows")
    add("--seeds", nargs="+", type=int, default=[0, 1, 2], help="seeds (default: 0 1 2)")
    add("--jobs", type=int, default=1, help="runs at a time, each on one thread (default: 1)")
    add("--corpus", type=Path, help="directory with the .spacy files of train, dev and test")
    add("--output", type=Path, default=RESULTS / "accuracy", help="directory of the results")
    add("--work", type=Path, default=ROOT / "training" / "benchmarks", help="for logs and models")
    add("--keep", action="store_true", help="keep the trained pipelines")
    return options


def main(args: Sequence[str] | None = None) -> int:
    options = parser().parse_args(args)
    table = tables()[options.table]
    if options.corpus is not None:
        table = replace(table, corpus=options.corpus)
    try:
        names = [row.name for row in table.rows]
        for name in options.rows or ():
            if name not in names:
                raise BenchmarkError(f"No row '{name}', expected one of: {'; '.join(names)}.")
        rows = [row for row in table.rows if row.name in (options.rows or names)]
        require_files(table, rows)
        runs = []
        # Seed by seed, so that an interrupted table has all its rows for the first seeds.
        for seed in options.seeds:
            for row in rows:
                place = Path(options.table) / f"{row.slug}-seed{seed}"
                result = options.output / place.with_suffix(".json")
                runs.append(Run(table, row, seed, result, options.work / place))
        code = run_all(runs, max(1, options.jobs), options.keep)
        if any(run.result.exists() for run in runs):
            print(accuracy(options.output / options.table))
        return code
    except BenchmarkError as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
