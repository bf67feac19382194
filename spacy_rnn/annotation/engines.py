"""Who annotates shards: this process, processes of this machine, or a Ray cluster."""

import gc
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
from spacy.language import Language

from ..loading import load_pipeline
from ..orphans import end_with_parent
from .columns import choose_columns
from .errors import AnnotationError
from .memory import outgrown, release_memory
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
    columns (Optional[Sequence[str]]): The columns of parquet and jsonl, by default those of
        `choose_columns`.
    ids (bool): Whether docs in .spacy files have the ids of texts in their `user_data`.
    load (Callable[[str], Language]): Loads the pipeline.
    threads (int): Number of threads of torch.
    """

    model: str
    folder: Path
    form: Format
    columns: Sequence[str] | None = None
    ids: bool = True
    load: Callable[[str], Language] = load_pipeline
    threads: int = 1


class Annotator:
    """Annotates shard after shard with a pipeline that nothing else refers to, so that its memory
    is free when it is loaded anew.

    job (Job): What is to be done with each shard.
    RAISES (UserError): If the pipeline cannot be loaded, or there is no such column.
    """

    def __init__(self, job: Job) -> None:
        torch.set_num_threads(job.threads)
        self.job = job
        self.nlp = job.load(job.model)
        self.columns = choose_columns(self.nlp, job.columns)

    def work(self, shard: Shard) -> Result:
        """RETURNS (Result): What became of a shard."""
        if outgrown(self.nlp):
            # Two pipelines at a time would take twice the memory, and components refer to each
            # other in circles.
            del self.nlp
            gc.collect()
            self.nlp = self.job.load(self.job.model)
        job = self.job
        result = annotate_shard(self.nlp, shard, job.folder, job.form, self.columns, job.ids)
        release_memory()
        return result


Task = TypeVar("Task")
Engine = Callable[[Job, Iterable[Shard]], Iterator[Result]]


def here(annotator: Annotator) -> Engine:
    """Annotate in this process.

    annotator (Annotator): Annotates for the job.
    RETURNS (Engine): Annotates shard after shard.
    """
    return lambda _, shards: map(annotator.work, shards)


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
                pool.shutdown(cancel_futures=True)

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


_annotator: Annotator | None = None


def _start(job: Job) -> None:
    global _annotator
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process decides
    end_with_parent()
    _annotator = Annotator(job)


def _work(shard: Shard) -> Result:
    assert _annotator is not None
    return _annotator.work(shard)
