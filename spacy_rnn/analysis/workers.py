"""Where trainings run: processes of this machine, or tasks on a Ray cluster."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import sleep
from typing import Any, Literal, Protocol

from ..cluster import ClusterError, connect, require_same_versions, versions

Engine = Literal["local", "ray"]
LOG = "log.txt"
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS")
# So often a training begins again whose worker died. A training that takes all memory of its
# machine would kill workers for ever.
RETRIES = 3
SECONDS = 0.2  # between looks at a process: a task is cancelled between two of them


class Worker(Protocol):
    """A training that runs somewhere."""

    def wait(self) -> int:
        """RETURNS (int): The exit code, once it has ended."""

    def terminate(self) -> None:
        """Ask it to end."""


# Takes the module to run, and the folder that says what to do.
Start = Callable[[str, Path], Worker]


@contextmanager
def workers(engine: Engine = "local", address: str | None = None) -> Iterator[Start]:
    """Start trainings on this machine or on a Ray cluster. There, each is a task on one CPU; when
    its worker or node dies, it is run again. Folders and data have to be at the same paths on all
    nodes.

    engine (Literal["local", "ray"]): Where to.
    address (Optional[str]): The address of the cluster, by default that of RAY_ADDRESS, or of the
        one that runs on this machine.
    YIELDS (Callable[[str, Path], Worker]): Starts a module in a process of its own. It takes a
        folder, in which its output is in log.txt.
    RAISES (ClusterError): If the cluster cannot be used.
    """
    if engine == "local":
        yield start_here
        return
    ray = connect(address)
    try:
        remote = ray.remote(num_cpus=1, max_retries=RETRIES)(run_there)
        yield partial(_start_there, ray, remote)
    finally:
        ray.shutdown()


def start_here(module: str, folder: Path) -> subprocess.Popen[bytes]:
    """RETURNS (Popen): A process of this machine, on one thread."""
    with (folder / LOG).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", module, str(folder)],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
        )


def run_there(module: str, folder: Path, place: Path, theirs: dict[str, str]) -> int:
    """What a task does: run a process until it ends, or the task is cancelled. Should the task be
    killed, its process ends by itself.

    module (str): The module to run.
    folder (Path): The folder that says what to do.
    place (Path): The folder from which paths in configs are meant.
    theirs (Dict[str, str]): The versions of packages where the command runs.
    RETURNS (int): The exit code.
    RAISES (ClusterError): If the versions differ here.
    """
    require_same_versions(versions(), theirs)
    os.chdir(place)
    process = start_here(module, folder)
    try:
        while process.poll() is None:
            sleep(SECONDS)
    finally:
        process.terminate()
        process.wait()
    return process.returncode


@dataclass(frozen=True)
class Task:
    """A training on a Ray cluster.

    ray (module): Ray, connected to the cluster.
    reference (ObjectRef): What will be its exit code.
    """

    ray: Any
    reference: Any

    def wait(self) -> int:
        errors = self.ray.exceptions
        try:
            return int(self.ray.get(self.reference))
        except errors.TaskCancelledError:
            return -signal.SIGTERM
        except (errors.WorkerCrashedError, errors.OutOfMemoryError):  # each time it was tried
            return -signal.SIGKILL
        except errors.RayError as error:
            cause = getattr(error, "cause", None) or error
            if isinstance(cause, ClusterError):
                raise cause from None
            reason = str(cause).strip().splitlines()[-1]
            raise ClusterError(
                f"The Ray cluster gave up: {reason}. Run the same command again to go on."
            ) from error

    def terminate(self) -> None:
        self.ray.cancel(self.reference)


def _start_there(ray: Any, remote: Any, module: str, folder: Path) -> Task:
    return Task(ray, remote.remote(module, folder.resolve(), Path.cwd(), versions()))
