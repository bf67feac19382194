"""Trainings of systems with seeds, several at a time; what is finished is not repeated."""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from time import perf_counter
from typing import Any

import srsly

from ...files import replacing
from ..workers import LOG, Start, Worker, start_here

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Run:
    """The training of a system with a seed.

    system (str): The name of the system.
    seed (int): The seed.
    folder (Path): Where its files go.
    job (Dict[str, Any]): What the worker is to do, without the fingerprint.
    data (str): Digest of the data.
    """

    system: str
    seed: int
    folder: Path
    job: dict[str, Any]
    data: str

    @property
    def label(self) -> str:
        return f"{self.system}, seed {self.seed}"

    @property
    def fingerprint(self) -> str:
        """RETURNS (str): Changes with the config, the seed and the data."""
        kept = {key: value for key, value in self.job.items() if key not in (*SPLITS, "overrides")}
        text = srsly.json_dumps([kept, self.data], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def result(self) -> dict[str, Any] | None:
        """RETURNS (Optional[Dict[str, Any]]): What came out, if it is of this very job."""
        path = self.folder / "result.json"
        found: Any = srsly.read_json(path) if path.is_file() else {}
        return found if found.get("fingerprint") == self.fingerprint else None


def digest(paths: Sequence[Path]) -> str:
    """RETURNS (str): Digest of the contents of files."""
    found = hashlib.sha256()
    for path in paths:
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


class Runner:
    """Runs workers, several at a time on one thread each, and stops them when it is stopped."""

    def __init__(self, jobs: int, say: Callable[[str], None], start: Start = start_here) -> None:
        self.jobs, self.say, self.start = jobs, say, start
        self.stopping, self.lock = Event(), Lock()
        self.workers: set[Worker] = set()

    def run_all(self, runs: Sequence[Run]) -> dict[str, str]:
        """Run what is not finished.

        RETURNS (Dict[str, str]): What failed, with the reason, by label.
        """
        todo = [run for run in runs if run.result is None]
        logs = f", their progress is in {todo[0].folder.parent}/*/{LOG}" if todo else ""
        self.say(f"{len(runs) - len(todo)} of {len(runs)} trainings are finished{logs}")
        failed: dict[str, str] = {}
        start = perf_counter()
        pool = ThreadPoolExecutor(self.jobs)
        try:
            futures = {pool.submit(self.run, run): run for run in todo}
            for done, future in enumerate(as_completed(futures), start=1):
                label, reason = futures[future].label, future.result()
                left = (perf_counter() - start) / done * (len(todo) - done)
                rest = f"; {done} of {len(todo)} done, about {_time(left)} left"
                if reason is not None:
                    failed[label] = reason
                self.say((label if reason is None else f"{label} failed: {reason}") + rest)
        finally:
            with self.lock:
                self.stopping.set()
                for worker in self.workers:
                    worker.terminate()
            pool.shutdown(cancel_futures=True)
        return failed

    def run(self, run: Run) -> str | None:
        """RETURNS (Optional[str]): Why it failed, if it did."""
        place = run.folder / "job.json"
        begun: Any = srsly.read_json(place) if place.is_file() else {}
        if begun.get("fingerprint") != run.fingerprint:
            shutil.rmtree(run.folder, ignore_errors=True)
        with replacing(place) as (part,):
            srsly.write_json(part, {**run.job, "fingerprint": run.fingerprint})
        with self.lock:
            if self.stopping.is_set():
                return "stopped"
            worker = self.start(f"{__package__}.worker", run.folder)
            self.workers.add(worker)
        code = worker.wait()
        with self.lock:
            self.workers.discard(worker)
        if run.result is not None:
            return None
        log = run.folder / LOG
        lines = log.read_text(encoding="utf8", errors="replace").strip().splitlines()
        return f"exit code {code}, {lines[-1].strip() if lines else 'no output'} (see {log})"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
