"""Searches and comparisons on a Ray cluster: the same as here, though a worker is killed."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import spacy
import srsly
from spacy.cli._util import app
from spacy.tokens import Doc, DocBin
from thinc.api import Config
from typer.testing import CliRunner

import spacy_rnn.cli  # noqa: F401  (adds the commands to spaCy's app)
from spacy_rnn import analysis, cluster
from spacy_rnn.analysis.tuning import tune
from spacy_rnn.analysis.tuning.space import Choice
from spacy_rnn.cluster import ClusterError
from spacy_rnn.recipes import make_config

SAMPLE = Path(__file__).parents[2] / "assets/sample"
SETTINGS = {
    "components.rnn_textcat.model.tok2vec.width": 8,
    "components.rnn_textcat.model.tok2vec.char_ngram_rows": 0,
}
CELL = "components.rnn_textcat.model.tok2vec.cell"
Kill = Callable[[bytes, Path, str], list[int]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A little of the sample."""
    vocab = spacy.blank("en").vocab
    for split in ("train", "dev", "test"):
        docs = []
        for row in list(srsly.read_jsonl(SAMPLE / f"{split}.jsonl"))[:60]:
            doc = Doc(vocab, words=row["tokens"])
            labels = ("positive", "negative", "neutral")
            doc.cats = {label: float(label == row["label"]) for label in labels}
            docs.append(doc)
        DocBin(docs=docs).to_disk(tmp_path / f"{split}.spacy")
    return tmp_path


@pytest.fixture
def config(data: Path) -> Config:
    """A small training."""
    settings: dict[str, Any] = {
        **SETTINGS,
        "training.optimizer.learn_rate.total_steps": 4,
        "training.optimizer.learn_rate.warmup_steps": 1,
        "training.eval_frequency": 2,
        "paths.train": str(data / "train.spacy"),
        "paths.dev": str(data / "dev.spacy"),
    }
    return Config().from_str(make_config(["textcat"], overrides=settings), interpolate=False)


def test_a_cluster_that_cannot_be_used_is_told(
    data: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna")
    (data / "config.cfg").write_text(config.to_str(interpolate=False), "utf8")
    ray = ("--engine", "ray", "--address", "127.0.0.1:1")
    compare = ("compare", data, data / "c", "--systems", "majority", *ray)
    search = ("tune", data / "config.cfg", data / "t", *ray)
    for module, message in (
        (None, "Ray is not installed: run pip install 'spacy-rnn[ray]' on all nodes."),
        (SimpleNamespace(), "Can't use the Ray cluster at 127.0.0.1:1: "),
    ):
        monkeypatch.setitem(sys.modules, "ray", module)
        for command in (compare, search):
            result = CliRunner().invoke(app, ["rnn", *map(str, command)])
            assert result.exit_code == 1, result.output
            assert message in " ".join(result.output.split())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own
class TestCluster:
    @pytest.fixture(autouse=True)
    def ray(self) -> None:
        pytest.importorskip("ray", exc_type=ImportError)

    def test_a_search_ends_the_same(
        self, config: Config, tmp_path: Path, cluster_address: str, kill_on_cluster: Kill
    ) -> None:
        def search(folder: str, **where: Any) -> dict[str, float | None]:
            cells = {CELL: Choice(["lstm", "gru"])}
            output = tmp_path / folder
            found = tune(config, output, cells, sampler="grid", prune=False, jobs=2, **where)
            assert [trial.state for trial in found.trials] == ["complete"] * 2
            number = f"{found.best.number:03d}"
            assert spacy.load(output / "trials" / number / "model-best").pipe_names
            return {trial.settings[CELL]: trial.score for trial in found.trials}

        killed = kill_on_cluster(b"ray::run_there", tmp_path / "ray", "trials/*/log.txt")
        found = search("ray", engine="ray", address=cluster_address)
        assert len(killed) == 1
        assert found == search("local")

    def test_a_comparison_ends_the_same(
        self, data: Path, tmp_path: Path, cluster_address: str, kill_on_cluster: Kill
    ) -> None:
        def compare(folder: str, **where: Any) -> list[list[float]]:
            found = analysis.compare(
                data,
                tmp_path / folder,
                names=["gru", "majority"],
                seeds=[0],
                steps=20,
                jobs=2,
                overrides=SETTINGS,
                **where,
            )
            assert found.failed == {}
            return [system.values for system in found.systems]

        killed = kill_on_cluster(b"ray::run_there", tmp_path / "ray", "gru-seed0/log.txt")
        found = compare("ray", engine="ray", address=cluster_address)
        assert len(killed) == 1
        assert found == compare("local")

    def test_other_packages_are_refused(
        self, data: Path, cluster_address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from spacy_rnn.analysis import workers

        theirs = {**cluster.versions(), "spacy": "9.9"}
        monkeypatch.setattr(workers, "versions", lambda: theirs)
        with pytest.raises(ClusterError, match=r"other packages: got spacy 3\S*, expected 9.9"):
            analysis.compare(
                data, data / "out", names=["majority"], engine="ray", address=cluster_address
            )
