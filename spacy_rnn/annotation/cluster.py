"""Annotation on a Ray cluster."""

import logging
import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib.metadata import version
from itertools import cycle
from pathlib import Path
from typing import Any

import torch
from spacy import util

from .engines import ANOTHER_RUN, Engine, Job, in_flight
from .errors import AnnotationError
from .shards import Result, Shard

PACKAGES = ("spacy-rnn", "spacy", "thinc", "torch")


class Annotator:
    """What runs on the cluster: loads a pipeline once and annotates shard after shard.

    job (Job): What is to be done with each shard.
    """

    def __init__(self, job: Job) -> None:
        torch.set_num_threads(1)
        self._job = job
        self._nlp = util.load_model(job.model)

    def versions(self) -> dict[str, str]:
        """RETURNS (dict[str, str]): The versions of packages where this runs."""
        return versions()

    def work(self, shard: Shard) -> Result:
        """RETURNS (Result): What became of a shard."""
        return self._job.run(self._nlp, shard)


def ray_cluster(count: int, address: str | None = None) -> Engine:
    """Annotate by actors on a Ray cluster, each on one CPU. When an actor or its node dies, what it
    was working on is done again by another. The pipeline and the output have to be at the same
    paths on all nodes.

    count (int): The number of actors.
    address (Optional[str]): The address of the cluster, by default that of RAY_ADDRESS, or of the
        one that runs on this machine.
    RETURNS (Engine): Annotates several shards at a time.
    """

    def run(job: Job, shards: Iterable[Shard]) -> Iterator[Result]:
        ray = connect(address)
        job = replace(job, model=absolute(job.model), folder=job.folder.resolve())
        try:
            remote = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=-1)(Annotator)
            actors = [remote.remote(job) for _ in range(count)]
            for theirs in ray.get([actor.versions.remote() for actor in actors]):
                require_same_versions(theirs)
            turn = cycle(actors)
            yield from in_flight(
                shards, lambda shard: next(turn).work.remote(shard), ray.get, count
            )
        except ray.exceptions.RayError as error:
            reason = str(getattr(error, "cause", None) or error).strip().splitlines()[-1]
            raise AnnotationError(f"The Ray cluster gave up: {reason}. {ANOTHER_RUN}") from error
        finally:
            ray.shutdown()

    return run


def connect(address: str | None) -> Any:
    """RETURNS (module): Ray, connected to a cluster."""
    try:
        import ray
    except ImportError as error:
        raise AnnotationError(
            "Ray is not installed: run pip install 'spacy-rnn[ray]' on all nodes."
        ) from error
    address = address or os.environ.get("RAY_ADDRESS") or "auto"
    try:
        require_listener(address)
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:  # none, or another version
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise AnnotationError(
            f"Can't use the Ray cluster at {address}: {reason}. "
            "Expected a cluster, started with 'ray start --head', with the same versions of "
            "Python and Ray as here."
        ) from error
    return ray


def require_listener(address: str) -> None:
    """Ray itself asks for minutes before it gives up.

    RAISES (OSError, ValueError): If nothing listens at an address with a port.
    """
    if address != "auto":
        host, _, port = address.removeprefix("ray://").rpartition(":")
        socket.create_connection((host, int(port)), timeout=10).close()


def require_same_versions(theirs: dict[str, str]) -> None:
    """RAISES (AnnotationError): If the cluster has other versions of packages than we have."""
    ours = versions()
    if changed := [name for name in ours if theirs[name] != ours[name]]:
        what = ", ".join(f"{name} {theirs[name]}, expected {ours[name]}" for name in changed)
        raise AnnotationError(
            f"The Ray cluster has other packages: got {what}. Install the same on all nodes."
        )


def versions() -> dict[str, str]:
    """RETURNS (dict[str, str]): The versions of packages that decide on the output."""
    return {name: version(name) for name in PACKAGES}


def absolute(model: str) -> str:
    """RETURNS (str): The name of a pipeline, or its path from anywhere on the machine."""
    return str(Path(model).resolve()) if Path(model).exists() else model
