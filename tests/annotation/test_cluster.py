"""Annotation on a Ray cluster of two nodes on this machine."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from spacy.language import Language

from spacy_rnn.annotation import AnnotationError, annotate, cluster
from spacy_rnn.annotation.cluster import ray_cluster
from spacy_rnn.annotation.texts import Source

pytest.importorskip("ray", exc_type=ImportError)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]
ADDRESS = "127.0.0.1:6399"
RAY = [sys.executable, "-m", "ray.scripts.scripts"]
Files = Callable[[Path], dict[str, bytes]]


@pytest.fixture(scope="module")
def nodes() -> Iterator[None]:
    """A head and another node, of one CPU each."""
    options = ["--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats"]
    head = ["--head", "--node-ip-address=127.0.0.1", "--port=6399", "--include-dashboard=false"]
    started = []
    for where in (head, [f"--address={ADDRESS}"]):
        command = [*RAY, "start", "--block", *where, *options]
        started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        wait_for_head()
    yield
    for process in reversed(started):
        process.terminate()
        process.wait(timeout=60)


def wait_for_head() -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", 6399)).close()
        except OSError:
            time.sleep(0.2)
        else:
            return


def actors() -> list[int]:
    """The processes of actors."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                name = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if name.startswith(b"ray::Annotator"):
                found.append(int(folder.name))
    return found


@pytest.mark.usefixtures("nodes")
def test_same_bytes_though_a_worker_is_killed(
    nlp: Language, model: Path, texts: Path, files: Files, tmp_path: Path
) -> None:
    texts.write_text(texts.read_text() * 40)
    source = Source(str(texts))
    annotate(nlp, str(model), source, tmp_path / "here", shard_size=50)
    killed: list[int] = []

    def kill_one() -> None:
        while not list((tmp_path / "ray").glob("00001*.parquet")):
            time.sleep(0.05)
        killed.extend(actors()[:1])
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    summary = annotate(
        nlp, str(model), source, tmp_path / "ray", shard_size=50, engine=ray_cluster(2, ADDRESS)
    )
    killer.join(timeout=1)
    assert len(killed) == 1
    assert summary.texts == 95 * 40
    found = {k: v for k, v in files(tmp_path / "ray").items() if not k.endswith(".part")}
    assert found == files(tmp_path / "here")


@pytest.mark.usefixtures("nodes")
def test_other_packages_are_refused(
    nlp: Language, model: Path, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "versions", lambda: {"spacy": "9.9"})
    with pytest.raises(AnnotationError, match=r"other packages: got spacy 3\S*, expected 9.9"):
        annotate(
            nlp, str(model), Source(str(texts)), tmp_path / "o", engine=ray_cluster(1, ADDRESS)
        )


def test_cluster_that_is_not_there(nlp: Language, model: Path, texts: Path, tmp_path: Path) -> None:
    refused = r"Can't use the Ray cluster at 127.0.0.1:1: .*refused.* Expected a cluster"
    with pytest.raises(AnnotationError, match=refused):
        annotate(
            nlp,
            str(model),
            Source(str(texts)),
            tmp_path / "o",
            engine=ray_cluster(1, "127.0.0.1:1"),
        )
