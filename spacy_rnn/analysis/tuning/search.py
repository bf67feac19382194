"""The trials of a study, several at a time."""

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

import optuna
import srsly
from optuna.trial import TrialState
from thinc.api import Config

from ..workers import Start, Worker
from .results import INTERRUPTED, finished, with_settings
from .space import Space

STUDY = "spacy-rnn"
OUT_OF_TIME = "out of time"


class Search:
    """Runs the trials of a study."""

    def __init__(
        self,
        study: optuna.Study,
        storage: str,
        config: Config,
        output: Path,
        space: Space,
        prune: bool,
        say: Callable[[str], None],
        start: Start,
    ) -> None:
        self.study, self.storage, self.config, self.output = study, storage, config, output
        self.space, self.prune, self.say, self.start = space, prune, say, start
        self.lock = Lock()
        self.workers: dict[int, Worker] = {}
        self.out_of_time = False

    def run(self, trials: int | None, minutes: float | None, jobs: int) -> None:
        """Run trials until there are enough, or time is over."""
        deadline = None if minutes is None else monotonic() + 60 * minutes
        done = len(finished(self.study))
        self.say(f"{done} trials are finished" + (f", of {trials}" if trials else ""))
        pool = ThreadPoolExecutor(jobs)
        running: set[Future[str]] = set()
        try:
            while True:
                left = None if deadline is None else deadline - monotonic()
                open_ = trials is None or len(finished(self.study)) + len(running) < trials
                if open_ and len(running) < jobs and (left is None or left > 0):
                    trial = self.study.ask()
                    settings = {name: v.suggest(trial, name) for name, v in self.space.items()}
                    running.add(pool.submit(self.run_trial, trial, settings))
                    continue
                if not running:
                    break
                if left is not None and left <= 0:
                    self.out_of_time = True
                    self.stop()
                    left = None
                ended, running = wait(running, timeout=left, return_when=FIRST_COMPLETED)
                for future in ended:
                    self.say(future.result())
        finally:
            self.stop()
            pool.shutdown(cancel_futures=True)

    def stop(self) -> None:
        with self.lock:
            for worker in self.workers.values():
                worker.terminate()

    def run_trial(self, trial: optuna.Trial, settings: dict[str, Any]) -> str:
        """RETURNS (str): What came out, in a line."""
        folder = self.output / "trials" / f"{trial.number:03d}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "config.cfg").write_text(with_settings(self.config, settings), encoding="utf8")
        job = {"study": STUDY, "storage": self.storage, "trial": trial._trial_id}
        srsly.write_json(folder / "job.json", {**job, "prune": self.prune})
        worker = self.start(f"{__package__}.worker", folder)
        with self.lock:
            self.workers[trial.number] = worker
        code = worker.wait()
        with self.lock:
            self.workers.pop(trial.number)
        path = folder / "result.json"
        result: dict[str, Any] = srsly.read_json(path) if path.is_file() else {}
        state = result.get("state", "failed")
        reason = result.get("reason", f"the process ended with exit code {code}")
        if not result and self.out_of_time:
            trial.set_user_attr("note", INTERRUPTED)
            self.study.enqueue_trial(trial.params)
            reason = OUT_OF_TIME
        with self.lock:
            if state == "complete":
                self.study.tell(trial, result["score"])
                self.keep_best(trial.number)
                return f"trial {trial.number}: {100 * result['score']:.2f}, {_tell(settings)}"
            shutil.rmtree(folder / "model-best", ignore_errors=True)
            shutil.rmtree(folder / "model-last", ignore_errors=True)
            if state == "pruned":
                self.study.tell(trial, state=TrialState.PRUNED)
                return f"trial {trial.number}: stopped early at {100 * result['score']:.2f}"
            trial.set_user_attr("reason", reason)
            self.study.tell(trial, state=TrialState.FAIL)
            if reason == OUT_OF_TIME:
                return (
                    f"trial {trial.number} was stopped, as time is over: it begins anew next time"
                )
            return f"trial {trial.number} failed: {reason}"

    def keep_best(self, number: int) -> None:
        """Remove the pipelines of all trials but the best."""
        best = self.study.best_trial.number
        for folder in (self.output / "trials").iterdir():
            shutil.rmtree(folder / "model-last", ignore_errors=True)
            if folder.name != f"{best:03d}" and int(folder.name) not in self.workers:
                shutil.rmtree(folder / "model-best", ignore_errors=True)


def _tell(settings: dict[str, Any]) -> str:
    parts: Iterable[str] = (
        f"{name.rpartition('.')[2]} {value:.3g}"
        if isinstance(value, float)
        else f"{name.rpartition('.')[2]} {value}"
        for name, value in settings.items()
    )
    return ", ".join(parts)
