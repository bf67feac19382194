"""Annotation on a Ray cluster."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import cycle

from ..cluster import absolute, connect, require_same_versions, versions
from .engines import ANOTHER_RUN, Annotator, Engine, Job, in_flight
from .errors import AnnotationError
from .shards import Result, Shard


class RemoteAnnotator(Annotator):
    """What runs on the cluster."""

    def versions(self) -> dict[str, str]:
        """RETURNS (dict[str, str]): The versions of packages where this runs."""
        return versions()


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
            remote = ray.remote(num_cpus=1, max_restarts=-1, max_task_retries=-1)(RemoteAnnotator)
            actors = [remote.remote(job) for _ in range(count)]
            for theirs in ray.get([actor.versions.remote() for actor in actors]):
                require_same_versions(theirs, versions())
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
