"""Annotation on a Ray cluster of two nodes on this machine."""

from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.language import Language

from spacy_rnn.annotation import annotate, cluster
from spacy_rnn.annotation.cluster import ray_cluster
from spacy_rnn.annotation.texts import Source
from spacy_rnn.cluster import ClusterError

pytest.importorskip("ray", exc_type=ImportError)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]
Files = Callable[[Path], dict[str, bytes]]


def test_same_bytes_though_a_worker_is_killed(
    nlp: Language,
    model: Path,
    texts: Path,
    files: Files,
    tmp_path: Path,
    cluster_address: str,
    kill_on_cluster: Callable[[bytes, Path, str], list[int]],
) -> None:
    texts.write_text(texts.read_text() * 40)
    source = Source(str(texts))
    annotate(str(model), source, tmp_path / "here", shard_size=50)
    killed = kill_on_cluster(b"ray::RemoteAnnotator", tmp_path / "ray", "00001*.parquet")
    engine = ray_cluster(2, cluster_address)
    summary = annotate(str(model), source, tmp_path / "ray", shard_size=50, engine=engine)
    assert len(killed) == 1
    assert summary.texts == 95 * 40
    found = {k: v for k, v in files(tmp_path / "ray").items() if not k.endswith(".part")}
    assert found == files(tmp_path / "here")


def test_other_packages_are_refused(
    nlp: Language,
    model: Path,
    texts: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cluster_address: str,
) -> None:
    monkeypatch.setattr(cluster, "versions", lambda: {"spacy": "9.9"})
    engine = ray_cluster(1, cluster_address)
    with pytest.raises(ClusterError, match=r"other packages: got spacy 3\S*, expected 9.9"):
        annotate(str(model), Source(str(texts)), tmp_path / "o", engine=engine)
