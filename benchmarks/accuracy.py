"""Train and evaluate the rows of a table with spaCy's own commands, each for several seeds.

A run whose result is there, with the same config and data, is not repeated.
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
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

SPACY = (sys.executable, "-m", "spacy")
OURS = ROOT / "configs"
RIVALS = Path(__file__).resolve().parent / "configs"
SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Row:
    """A pipeline to train.

    name (str): The name in the table.
    config (Path): The config file.
    overrides (Dict[str, Any]): Settings that differ from the file, by dotted name.
    training (Optional[Path]): A config file whose [training] block, apart from the scores, takes
        the place of this config's: to compare architectures that are trained alike.
    speed (Optional[str]): The same pipeline's name in the results of speed.py.
    calibrate (bool): Whether to calibrate the trained pipeline on dev, and fit its thresholds.
    """

    name: str
    config: Path
    overrides: dict[str, Any] = field(default_factory=dict)
    training: Path | None = None
    speed: str | None = None
    calibrate: bool = False

    @property
    def slug(self) -> str:
        return re.sub(r"\W+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True)
class Table:
    """Rows that are trained on the same data.

    corpus (Path): Directory with a file each for train, dev and test, named [NAME-]SPLIT.spacy.
    commands (Tuple[str, ...]): The commands of project.yml that make the corpus.
    scores (Tuple[str, ...]): The scores to report, the most important first.
    gold_preproc (bool): Whether tokens and sentences are given.
    rows (List[Row]): The rows.
    """

    corpus: Path
    commands: tuple[str, ...]
    scores: tuple[str, ...]
    gold_preproc: bool
    rows: list[Row]

    def data(self, split: str) -> Path:
        """RETURNS (Path): The file of a split.
        RAISES (BenchmarkError): If there is not exactly one.
        """
        found = [*self.corpus.glob(f"{split}.spacy"), *self.corpus.glob(f"*-{split}.spacy")]
        if len(found) != 1:
            steps = " and ".join(f"'python -m spacy project run {each}'" for each in self.commands)
            raise BenchmarkError(
                f"Can't train on {self.corpus}: found {len(found)} files for the {split} split, "
                f"expected one, {split}.spacy or NAME-{split}.spacy. Make the corpus with {steps}, "
                f"or give its directory with --corpus."
            )
        return found[0]


def tables() -> dict[str, Table]:
    tok2vec = "components.{}.model.tok2vec"
    tagger_cell = f"{tok2vec.format('rnn_tagger')}.cell"
    textcat_cell = f"{tok2vec.format('rnn_textcat')}.cell"
    tagger, textcat = OURS / "tagger.cfg", OURS / "textcat.cfg"
    cnn, stock = RIVALS / "tagger_cnn.cfg", RIVALS / "tagger_torch_bilstm.cfg"
    cnn_speed, stock_speed = "spaCy CNN", "spaCy TorchBiLSTM 256 x 2"
    ud = [
        Row("spaCy CNN", cnn, speed=cnn_speed),
        Row("spaCy CNN, trained like rnn_tagger", cnn, training=tagger, speed=cnn_speed),
        Row("spaCy TorchBiLSTM", stock, speed=stock_speed),
        Row("spaCy TorchBiLSTM, trained like rnn_tagger", stock, {}, tagger, stock_speed),
        Row("rnn_tagger lstm", tagger, {tagger_cell: "lstm"}, speed="rnn_tagger lstm 256 x 2"),
        Row("rnn_tagger gru", tagger, {tagger_cell: "gru"}, speed="rnn_tagger gru 256 x 2"),
    ]
    ensemble, stock = RIVALS / "textcat_ensemble.cfg", RIVALS / "textcat_torch_bilstm.cfg"
    sample = [
        Row("spaCy bag of words", RIVALS / "textcat_bow.cfg"),
        Row("spaCy CNN", RIVALS / "textcat_cnn.cfg"),
        Row("spaCy ensemble", ensemble),
        Row("spaCy ensemble, trained like rnn_textcat", ensemble, training=textcat),
        Row("spaCy TorchBiLSTM", stock),
        Row("spaCy TorchBiLSTM, trained like rnn_textcat", stock, training=textcat),
        Row("rnn_textcat lstm", textcat, {textcat_cell: "lstm"}),
        Row("rnn_textcat gru", textcat, {textcat_cell: "gru"}),
    ]
    ner, ner_cell = OURS / "ner.cfg", f"{tok2vec.format('rnn_ner')}.cell"
    cnn, stock = RIVALS / "ner_cnn.cfg", RIVALS / "ner_torch_bilstm.cfg"
    entities = [
        Row("spaCy ner, CNN", cnn),
        Row("spaCy ner, TorchBiLSTM", stock),
        Row("rnn_ner lstm", ner, calibrate=True),
        Row("rnn_ner gru", ner, {ner_cell: "gru"}, calibrate=True),
    ]
    corpora = {
        "uner": ROOT / "corpus" / "ner" / "uner",
        "wnut17": ROOT / "corpus" / "ner" / "wnut17",
        "sample-ner": ROOT / "corpus" / "sample" / "ner",
    }
    hub = {"banking77": "intents", "ag_news": "sentences", "imdb": "long"}
    return {
        **{
            name: Table(
                corpus=ROOT / "corpus" / "hub" / name,
                commands=(f"hub-{name}",),
                scores=("cats_micro_f", "cats_macro_f"),
                gold_preproc=False,
                rows=[
                    Row("spaCy bag of words", RIVALS / "textcat_bow.cfg"),
                    Row("spaCy ensemble", ensemble),
                    Row("rnn_textcat lstm", OURS / f"textcat_{regime}.cfg"),
                    Row("rnn_textcat gru", OURS / f"textcat_{regime}.cfg", {textcat_cell: "gru"}),
                ],
            )
            for name, regime in hub.items()
        },
        **{
            name: Table(
                corpus=corpus,
                commands=("prepare",) if name == "sample-ner" else ("ner-assets", "ner-convert"),
                scores=("ents_f", "ents_p", "ents_r"),
                gold_preproc=True,
                rows=entities,
            )
            for name, corpus in corpora.items()
        },
        "ud": Table(
            corpus=ROOT / "corpus" / "ud" / "UD_English-EWT",
            commands=("ud-assets", "ud-convert"),
            scores=("tag_acc",),
            gold_preproc=True,
            rows=ud,
        ),
        "sample": Table(
            corpus=ROOT / "corpus" / "sample" / "textcat",
            commands=("prepare",),
            scores=("cats_macro_f", "cats_micro_f"),
            gold_preproc=False,
            rows=sample,
        ),
    }


@dataclass(frozen=True)
class Run:
    """One row of a table with one seed, and where its files go."""

    table: Table
    row: Row
    seed: int
    result: Path
    folder: Path

    def config(self) -> str:
        """RETURNS (str): The row's config with its overrides, as it is trained."""
        from spacy.util import load_config

        config = load_config(self.row.config, overrides=self.row.overrides, interpolate=False)
        if self.row.training is not None:
            training = load_config(self.row.training, interpolate=False)["training"]
            kept = {key: config["training"][key] for key in ("score_weights", "logger")}
            config["training"] = {**training, **kept}
        text: str = config.to_str()
        return text

    def fingerprint(self) -> str:
        """RETURNS (str): Changes with whatever a user may change: config, seed and data."""
        calibrated = ", calibrated" if self.row.calibrate else ""
        digest = hashlib.sha256(f"{self.config()}\n{self.seed}{calibrated}".encode())
        for split in SPLITS:
            digest.update(self.table.data(split).read_bytes())
        return digest.hexdigest()

    def is_finished(self) -> bool:
        if not self.result.exists():
            return False
        return bool(read_json(self.result).get("fingerprint") == self.fingerprint())


class Runner:
    """Runs spaCy's commands, several at a time, and can be stopped."""

    def __init__(self, threads: int = 1) -> None:
        self.environment = {**os.environ, **thread_environment(threads)}
        self.stopping = Event()
        self.lock = Lock()
        self.processes: set[subprocess.Popen[bytes]] = set()

    def spacy(self, log: Path, *args: object) -> None:
        """Run a command of spaCy, adding its output to a log.

        RAISES (BenchmarkError): If it fails.
        """
        command = [*SPACY, *map(str, args)]
        with log.open("ab") as output:
            with self.lock:
                if self.stopping.is_set():
                    raise BenchmarkError("stopped")
                process = subprocess.Popen(
                    command, stdout=output, stderr=subprocess.STDOUT, env=self.environment
                )
                self.processes.add(process)
            code = process.wait()
            with self.lock:
                self.processes.discard(process)
        if code:
            tail = log.read_text(encoding="utf8", errors="replace").strip().splitlines()[-3:]
            raise BenchmarkError(
                f"'spacy {args[0]}' ended with exit code {code}; {log} ends with:\n"
                + "\n".join(f"    {line}" for line in tail)
            )

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
        config, log = run.folder / "config.cfg", run.folder / "log.txt"
        config.write_text(run.config(), encoding="utf8")
        paths = [f"--paths.{split}={run.table.data(split)}" for split in ("train", "dev")]
        seed = f"--system.seed={run.seed}"
        self.spacy(log, "train", config, "--output", run.folder, *paths, seed)
        best = run.folder / "model-best"
        options = ["--gold-preproc"] if run.table.gold_preproc else []

        def evaluate(model: Path, split: str) -> dict[str, Any]:
            metrics = run.folder / f"{split}.json"
            data = run.table.data(split)
            self.spacy(log, "evaluate", model, data, "--output", metrics, *options)
            # Runs share the machine: their speed says nothing.
            return {k: v for k, v in read_json(metrics).items() if k != "speed"}

        scores = {}
        if run.row.calibrate:
            trained, best = best, run.folder / "model-calibrated"
            dev, test = run.table.data("dev"), run.table.data("test")
            self.spacy(log, "rnn", "calibrate", trained, dev, best, *options)
            found = run.folder / "reliability.json"
            self.spacy(log, "rnn", "reliability", best, test, "--output", found, *options)
            scores["reliability"] = read_json(found)
            scores["test, not calibrated"] = evaluate(trained, "test")
        scores.update({split: evaluate(best, split) for split in ("dev", "test")})
        result = {
            "row": run.row.name,
            "seed": run.seed,
            "scores": list(run.table.scores),
            "speed": run.row.speed,
            **scores,
            "config": config.read_text(encoding="utf8"),
            "fingerprint": fingerprint,
            **environment(),
        }
        write_json(run.result, result)
        if not keep:
            for model in run.folder.glob("model-*"):
                shutil.rmtree(model, ignore_errors=True)
        return result


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
            label = f"{run.row.name}, seed {run.seed}"
            try:
                result = future.result()
            except BenchmarkError as error:
                say(f"FAILED {label}: {error}")
                code = 1
            else:
                score = run.table.scores[0]
                dev, test = (f"{result[split][score] * 100:.2f}" for split in ("dev", "test"))
                say(f"{label}: {score} {dev} on dev, {test} on test")
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
        return run_all(runs, max(1, options.jobs), options.keep)
    except BenchmarkError as error:
        say(str(error))
        return 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
