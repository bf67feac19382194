"""One run of a training: its parts, and how they are taken from and put into a checkpoint."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import IO, Any, cast

import tqdm
from spacy.language import Language
from spacy.pipeline import TrainablePipe
from spacy.schemas import ConfigSchemaTraining
from spacy.training.loop import (
    create_before_to_disk_callback,
    create_evaluation_callback,
    create_train_batches,
)
from spacy.util import registry, resolve_dot_names
from thinc.api import Model, fix_random_seed, set_dropout_rate, set_gpu_allocator
from wasabi.printer import Printer

from .batches import Batches
from .checkpoint import Checkpoint
from .conditions import changes
from .errors import TrainingError
from .random_state import RandomState
from .tensors import Tensors, read_optimizer, read_weights, write_optimizer, write_weights


@dataclass
class Progress:
    """How far a training is.

    step (int): The last update, counted from 0.
    epoch (int): The pass over the data that its batch is from.
    words (int): Words seen so far.
    seconds (float): Time so far, of all runs.
    losses (dict[str, float]): Sums since the last evaluation.
    evaluated (bool): Whether the evaluation that is due after the last update, if any, is done.
    results (list[tuple[float, int]]): Score and step of all evaluations.
    infos (list[dict[str, Any]]): What the logger was told of them.
    finished (bool): Whether nothing is left to do.
    """

    step: int = -1
    epoch: int = 0
    words: int = 0
    seconds: float = 0.0
    losses: dict[str, float] = field(default_factory=dict)
    evaluated: bool = True
    results: list[tuple[float, int]] = field(default_factory=list)
    infos: list[dict[str, Any]] = field(default_factory=list)
    finished: bool = False


@dataclass(frozen=True)
class Snapshot:
    """A copy of all that updates change. See `read_weights` and `read_optimizer`."""

    tensors: Tensors
    gradients: list[str]
    optimizer: dict[str, Any]


class Run:
    """The parts of a training, at its beginning or where a checkpoint was written.

    nlp (Language): The initialized pipeline.
    conditions (dict[str, Any]): What the training depends on, to be kept in checkpoints.
    checkpoint (Optional[Checkpoint]): Where to go on.
    use_gpu (int): Number of the GPU, or -1 for the CPU, as set up before.
    stdout (IO[str]): Where messages go.
    stderr (IO[str]): Where progress bars go.
    RAISES (TrainingError): If there is nothing to evaluate on, or the checkpoint is of another
        pipeline or of other data.
    """

    def __init__(
        self,
        nlp: Language,
        conditions: dict[str, Any],
        checkpoint: Checkpoint | None,
        *,
        use_gpu: int,
        stdout: IO[str],
        stderr: IO[str],
    ) -> None:
        self.nlp = nlp
        self.conditions = conditions
        self.stdout, self.stderr = stdout, stderr
        state = checkpoint.state if checkpoint else {}
        config = nlp.config.interpolate()
        if config["training"]["seed"] is not None:
            fix_random_seed(config["training"]["seed"])
        if use_gpu >= 0 and config["training"]["gpu_allocator"]:
            set_gpu_allocator(config["training"]["gpu_allocator"])
        # Loggers write to no file that is there. That of an interrupted run is written again.
        log = config["training"]["logger"].get("output_file")
        self.owns_log = bool(log) and state.get("owns_log", not Path(log).exists())
        if checkpoint and self.owns_log:
            Path(log).unlink(missing_ok=True)
        self.settings = T = registry.resolve(config["training"], schema=ConfigSchemaTraining)
        train_corpus, dev_corpus = resolve_dot_names(config, [T["train_corpus"], T["dev_corpus"]])
        # Told before the first update. Reading it changes nothing: each evaluation does.
        if next(iter(dev_corpus(nlp)), None) is None:
            raise TrainingError(
                f"Nothing to evaluate on: got no documents from {T['dev_corpus']}, expected some. "
                "Annotate them, or set aside a part of the training data."
            )
        self.optimizer = T["optimizer"]
        self.frozen: list[str] = T["frozen_components"]
        self.before_to_disk = create_before_to_disk_callback(T["before_to_disk"])
        self.evaluate = create_evaluation_callback(nlp, dev_corpus, T["score_weights"])
        self.n_strings = len(nlp.vocab.strings)
        self.start = RandomState.from_json(state["start"]) if state else RandomState.capture()
        batches = create_train_batches(nlp, train_corpus, T["batcher"], T["max_epochs"])
        self.batches = Batches(batches, self.start)
        self.progress = Progress()
        if checkpoint:
            self._restore(checkpoint)
        self._begun = monotonic() - self.progress.seconds

    def say(self, text: str, kind: str = "text") -> None:
        """Write a line.

        text (str): The line.
        kind (str): "text", "info", "warn" or "good".
        """
        self.stdout.write(f"{getattr(Printer(no_print=True), kind)(text)}\n")
        self.stdout.flush()

    def seconds(self) -> float:
        """RETURNS (float): The time that training has taken, in all its runs."""
        return monotonic() - self._begun

    def updated(self) -> Iterator[TrainablePipe]:
        """YIELDS (TrainablePipe): The components that are updated."""
        for name, pipe in self.nlp.pipeline:
            trainable = getattr(pipe, "is_trainable", False) and name not in self.frozen
            if trainable and isinstance(getattr(pipe, "model", None), Model):
                yield cast(TrainablePipe, pipe)

    def snapshot(self) -> Snapshot:
        """RETURNS (Snapshot): A copy of all that updates change."""
        weights, gradients = read_weights(self.nlp, self.frozen)
        moments, numbers = read_optimizer(self.optimizer, self.nlp, self.frozen)
        return Snapshot({**weights, **moments}, gradients, numbers)

    def checkpoint(self, snapshot: Snapshot) -> Checkpoint:
        """Make a checkpoint.

        snapshot (Snapshot): What the last update left.
        RETURNS (Checkpoint): All that determines what comes.
        """
        self.progress.seconds = self.seconds()
        state = {
            "conditions": self.conditions,
            "labels": self._labels(),
            "progress": asdict(self.progress),
            "checksum": self.batches.checksum,
            "strings": [*islice(self.nlp.vocab.strings, self.n_strings, None)],
            "performance": self.nlp.meta.get("performance", {}),
            "gradients": snapshot.gradients,
            "optimizer": snapshot.optimizer,
            "start": self.start.to_json(),
            "random": RandomState.capture().to_json(),
            "owns_log": self.owns_log,
        }
        return Checkpoint(self.progress.step, snapshot.tensors, state)

    def put_back(self, snapshot: Snapshot) -> None:
        """Give the pipeline the weights of a snapshot."""
        write_weights(self.nlp, self.frozen, snapshot.tensors, snapshot.gradients)

    def _restore(self, checkpoint: Checkpoint) -> None:
        state = checkpoint.state
        if changed := changes(state["labels"], self._labels()):
            raise TrainingError(
                f"The checkpoint is of a pipeline with other labels: {'; '.join(changed)}. Begin "
                "anew with --force instead of --resume."
            )
        self.progress = Progress(**state["progress"])
        self.progress.results = [(score, step) for score, step in self.progress.results]
        n_steps = self.progress.step + 1
        drawn = islice(self.batches, n_steps)
        for _ in tqdm.tqdm(drawn, "Reading", n_steps, leave=False, disable=None, file=self.stderr):
            self.optimizer.step_schedules()
        if (self.batches.count, self.batches.checksum) != (n_steps, state["checksum"]):
            raise TrainingError(
                "Can't resume exactly: the training corpus did not give the same texts in the same "
                "order again, expected an order that only depends on the seed. Correct its reader, "
                "or begin anew with --force instead of --resume."
            )
        for string in state["strings"]:
            self.nlp.vocab.strings.add(string)
        self.nlp.meta["performance"] = state["performance"]
        snapshot = Snapshot(checkpoint.tensors, state["gradients"], state["optimizer"])
        self.put_back(snapshot)
        write_optimizer(self.optimizer, self.nlp, self.frozen, snapshot.tensors, snapshot.optimizer)
        if self.progress.step >= 0:
            # Updates leave it in the models, with which it is saved.
            for component in self.updated():
                set_dropout_rate(component.model, self.settings["dropout"])
        RandomState.from_json(state["random"]).restore()

    def _labels(self) -> dict[str, list[str]]:
        return {name: [*labels] for name, labels in self.nlp.pipe_labels.items()}
