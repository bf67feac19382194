"""When checkpoints are written, and how models are saved."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from spacy.training.loop import DIR_MODEL_BEST, DIR_MODEL_LAST

from ..files import replacing
from .checkpoint import Checkpoint, write_checkpoint
from .errors import TrainingError
from .run import Run, Snapshot

# The share of the time that checkpoints may take. What would exceed it waits.
MAX_SHARE = 0.02


class Checkpoints:
    """Writes the checkpoints of a training.

    run (Run): The training.
    folder (Path): Where they go.
    minutes (float): Time from one to the next, if there is no evaluation before.
    """

    def __init__(self, run: Run, folder: Path, minutes: float) -> None:
        self._run = run
        self._folder = folder
        self._interval = 60 * minutes
        self._begun = self._last = monotonic()
        self._spent = 0.0

    def write(self, checkpoint: Checkpoint) -> None:
        """Write a checkpoint. Training goes on without it if that fails, and says so.

        checkpoint (Checkpoint): What to write.
        """
        try:
            write_checkpoint(self._folder, checkpoint)
        except OSError as error:
            self._run.say(
                f"Can't write a checkpoint to {self._folder} after step {checkpoint.step}: "
                f"{error.strerror or error}. Training goes on, and can be resumed from the last "
                "one that is there. Make room.",
                "warn",
            )

    def write_if_affordable(self, snapshot: Snapshot) -> None:
        """Write a checkpoint, unless they take too much of the time.

        snapshot (Snapshot): What the last update left.
        """
        self._write_if_affordable(lambda: snapshot)

    def write_if_due(self) -> None:
        """Write a checkpoint if the last one is old."""
        if monotonic() - self._last >= self._interval:
            self._write_if_affordable(self._run.snapshot)

    def _write_if_affordable(self, snapshot: Callable[[], Snapshot]) -> None:
        start = monotonic()
        if self._spent <= MAX_SHARE * (start - self._begun):
            self.write(self._run.checkpoint(snapshot()))
            self._last = monotonic()
            self._spent += self._last - start


def save_model(run: Run, output: Path, *, is_best: bool) -> None:
    """Save a pipeline, with averages of its weights where the optimizer has them, as model-last.

    run (Run): The training.
    output (Path): The directory of the models.
    is_best (bool): Whether to save it as model-best as well.
    RAISES (TrainingError): If it cannot be written. Models and checkpoints are unchanged then.
    """
    last, best = output / DIR_MODEL_LAST, output / DIR_MODEL_BEST
    with run.nlp.use_params(run.optimizer.averages):
        nlp = run.before_to_disk(run.nlp)  # may read data, whose errors are its own
        with _writing(output), replacing(last) as (part,):
            nlp.to_disk(part)
    if is_best:
        with _writing(output), replacing(best) as (part,):
            shutil.copytree(last, part)


@contextmanager
def _writing(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"Can't save the pipeline to {output}: {error.strerror or error}. What was there is "
            "unchanged: make room, and go on with --resume."
        ) from error
