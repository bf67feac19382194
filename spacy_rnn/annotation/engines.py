"""Who annotates shards: this process, processes of this machine, or a Ray cluster."""

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import torch
from spacy import util
from spacy.language import Language

from ..orphans import end_with_parent
from .errors import AnnotationError
from .shards import Format, Result, Shard, annotate_shard

# Shards that wait for each process, so that it need not wait for the reader.
WAITING = 2
ANOTHER_RUN = "Run the same command again to go on: the shards that are there are kept."


@dataclass(frozen=True)
class Job:
    """What is to be done with each shard.

    model (str): Name or path of the pipeline.
    folder (Path): The folder of shards.
    form (Format): The format to write.
    columns (Sequence[str]): The columns of parquet and jsonl.
    """

    model: str
    folder: Path
    form: Format
    columns: Sequence[str]

    def run(self, nlp: Language, shard: Shard) -> Result:
        """RETURNS (Result): What became of a shard."""
        return annotate_shard(nlp, shard, self.folder, self.form, self.columns)


Task = TypeVar("Task")
Engine = Callable[[Job, Iterable[Shard]], Iterator[Result]]


def here(nlp: Language) -> Engine:
    """Annotate in this process.

    nlp (Language): The pipeline of the job.
    RETURNS (Engine): Annotates shard after shard.
    """
    return lambda job, shards: (job.run(nlp, shard) for shard in shards)


def processes(count: int) -> Engine:
    """Annotate in processes of this machine, each with one thread and a pipeline of its own.

    count (int): The number of processes.
    RETURNS (Engine): Annotates several shards at a time.
    """

    def run(job: Job, shards: Iterable[Shard]) -> Iterator[Result]:
        # Not forked: threads of torch do not survive that.
        with ProcessPoolExecutor(
            count, get_context("spawn"), initializer=_start, initargs=(job,)
        ) as pool:
            try:
                yield from in_flight(
                    shards, lambda shard: pool.submit(_work, shard), Future.result, count
                )
            except BrokenProcessPool as error:
                raise AnnotationError(
                    "A process ended before its work was done: it was killed, or there was too "
                    f"little memory. {ANOTHER_RUN}"
                ) from error
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    return run


def in_flight(
    shards: Iterable[Shard],
    submit: Callable[[Shard], Task],
    wait: Callable[[Task], Result],
    count: int,
) -> Iterator[Result]:
    """Keep workers busy with no more shards in memory than they need.

    shards (Iterable[Shard]): The shards, read as they are needed.
    submit (Callable[[Shard], Task]): Hands a shard to the workers.
    wait (Callable[[Task], Result]): Waits for what became of it.
    count (int): The number of workers.
    YIELDS (Result): Results, in order.
    """
    tasks: deque[Task] = deque()
    for shard in shards:
        tasks.append(submit(shard))
        if len(tasks) >= WAITING * count:
            yield wait(tasks.popleft())
    while tasks:
        yield wait(tasks.popleft())


_worker: tuple[Job, Language] | None = None


def _start(job: Job) -> None:
    global _worker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process decides
    end_with_parent()
    torch.set_num_threads(1)
    _worker = job, util.load_model(job.model)


def _work(shard: Shard) -> Result:
    assert _worker is not None
    job, nlp = _worker
    return job.run(nlp, shard)
