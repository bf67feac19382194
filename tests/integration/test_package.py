"""Our distributions and that of a trained pipeline: built as for a release, installed in a fresh
environment, and at work there.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
import srsly
from spacy.language import Language
from thinc.api import Optimizer

import spacy_rnn

Facts = list[dict[str, Any]]

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TIMEOUT = 600  # seconds
# What else a checkout may hold.
NOT_OURS = (".git", ".venv*", ".*_cache", "__pycache__", "*.egg-info", "build", "dist")
MADE = ("corpus", "data", "metrics", "packages", "site", "training", "project.lock")

SCRIPT = """
import json
import sys
from pathlib import Path

import spacy
import spacy_rnn
from spacy.tokens import Doc

site = Path(sys.prefix)
assert site in Path(spacy_rnn.__file__).parents
nlp = spacy.load("en_tiny")
assert site in Path(nlp.path).parents
docs = [Doc(nlp.vocab, words=words) for words in json.loads(sys.argv[1])]
facts = [{**doc.to_json(), "tensor": doc.tensor.tolist()} for doc in nlp.pipe(docs)]
print(json.dumps(facts))
"""


def run(*command: object, cwd: Path | None = None, python: object = sys.executable) -> str:
    """RETURNS (str): What Python prints. The command has to succeed."""
    done = subprocess.run(
        [*map(str, (python, *command))],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_wheel(source: Path, output: Path) -> Path:
    """With the build backends that are installed, so that nothing is downloaded."""
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    run("-m", "pip", "wheel", source, *options, "--wheel-dir", output)
    (wheel,) = output.glob("*.whl")
    return wheel


def metadata(wheel: Path) -> Any:
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


@pytest.fixture(scope="module")
def nlp(build: Callable[..., Language], train: Callable[..., Optimizer]) -> Language:
    tok2vec = {"@architectures": "spacy-rnn.Tok2Vec.v1", "width": 16, "cell": "gru"}
    nlp = build(
        rnn_tagger={"factory": "rnn_tagger", "model": {"tok2vec": tok2vec}},
        rnn_textcat={"factory": "rnn_textcat"},
    )
    train(nlp, 20)
    return nlp


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout without what is made in it; builds leave files behind."""
    source = tmp_path_factory.mktemp("source") / "spacy-rnn"
    ignore = shutil.ignore_patterns(*NOT_OURS)

    def ignored(folder: str, names: list[str]) -> set[str]:
        return ignore(folder, names).union(MADE if Path(folder) == ROOT else ())

    shutil.copytree(ROOT, source, ignore=ignored)
    return source


@pytest.fixture(scope="module")
def distributions(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution, and the wheel that is built from that."""
    output = tmp_path_factory.mktemp("dist")
    run("-m", "build", "--no-isolation", "--outdir", output, source)
    return output


@pytest.fixture(scope="module")
def own_wheel(distributions: Path) -> Path:
    (wheel,) = distributions.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def unpacked(distributions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    (archive,) = distributions.glob("*.tar.gz")
    folder = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(archive, folder, filter="data")
    return folder / f"spacy_rnn-{spacy_rnn.__version__}"


@pytest.fixture(scope="module")
def python(own_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with our wheel, and all else that is installed here."""
    base, fresh = tmp_path_factory.mktemp("base"), tmp_path_factory.mktemp("fresh")
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for path in Path(folder).iterdir():
            if not path.name.startswith(("spacy_rnn", "_editable", "__editable")):
                (base / path.name).symlink_to(path)
    run("-m", "venv", "--without-pip", fresh)
    python = fresh / ("Scripts" if os.name == "nt" else "bin") / "python"
    purelib = run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))", python=python)
    (Path(purelib.strip()) / "base.pth").write_text(f"{base}\n")
    install(own_wheel, python)
    return python


def install(wheel: Path, python: Path) -> None:
    options = ("--no-deps", "--no-index", "--quiet")
    run("-m", "pip", "--python", python, "install", *options, wheel)


@pytest.fixture(scope="module")
def pipeline_wheel(nlp: Language, python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pipeline")
    nlp.to_disk(folder / "tiny")
    # The wheel is built below: spaCy would download what builds it.
    options = ("--build", "none", "--name", "tiny")
    run("-m", "spacy", "package", folder / "tiny", folder, *options, python=python)
    return build_wheel(folder / "en_tiny-0.0.0", folder / "dist")


def test_distributions_pass_the_checks_of_the_index(distributions: Path) -> None:
    pytest.importorskip("twine")
    run("-m", "twine", "check", "--strict", *distributions.iterdir())


def test_metadata(own_wheel: Path) -> None:
    found = metadata(own_wheel)
    assert found["Version"] == spacy_rnn.__version__
    urls = dict(line.split(", ") for line in found.get_all("Project-URL"))
    assert {"Homepage", "Documentation", "Recipes", "Changelog", "Issues"} <= urls.keys()
    assert all(url.startswith("https://github.com/spacy-rnn/spacy-rnn") for url in urls.values())


def test_source_distribution_holds_the_checkout(source: Path, unpacked: Path) -> None:
    def files(folder: Path) -> set[str]:
        return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}

    missing = {name for name in files(source) - files(unpacked) if "egg-info" not in name}
    assert missing == set()


def test_tests_run_from_the_source_distribution(unpacked: Path) -> None:
    options = ("-q", "-p", "no:cacheprovider")
    run("-m", "pytest", "--collect-only", *options, cwd=unpacked)
    some = ("test_configs.py", "test_registry.py", "benchmarks/test_benchmark_report.py")
    run("-m", "pytest", *options, *(f"tests/{name}" for name in some), cwd=unpacked)


def test_contents_of_own_wheel(own_wheel: Path) -> None:
    files = [path for path in (ROOT / "spacy_rnn").rglob("*") if path.is_file()]
    expected = {
        path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts
    }
    with ZipFile(own_wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert "spacy_rnn/py.typed" in found
    assert found == expected


def test_fresh_environment_trains(python: Path, tmp_path: Path) -> None:
    """From a table to labels of new texts, with what the wheel brings."""
    rows = ["text,label", *(f"I {x} it {i} times,{x}" for i in range(20) for x in ("like", "hate"))]
    (tmp_path / "train.csv").write_text("\n".join(rows), "utf8")

    def spacy(*args: object) -> str:
        return run("-m", "spacy", *args, cwd=tmp_path, python=python)

    spacy("rnn", "convert", "train.csv", "corpus", "-t", "textcat", "--dev", "0.2")
    spacy("init", "config", "config.cfg", "-p", "rnn_textcat")
    steps = ("--training.max_steps=40", "--training.eval_frequency=20")
    small = "--components.rnn_textcat.model.tok2vec.width=32"
    paths = (f"--paths.{split}=corpus/{split}.spacy" for split in ("train", "dev"))
    spacy("train", "config.cfg", "-o", "training", *paths, *steps, small)
    script = (
        "import spacy, spacy_rnn, sys; assert spacy_rnn.__file__.startswith(sys.prefix); "
        "cats = spacy.load('training/model-best')('I hate it').cats; print(max(cats, key=cats.get))"
    )
    assert run("-c", script, cwd=tmp_path, python=python) == "hate\n"


def test_fresh_environment_serves(python: Path, tmp_path: Path) -> None:
    """From a table to an endpoint, in two commands after `pip install`."""
    pytest.importorskip("uvicorn")
    rows = ["text,label", *(f"I {x} it {i} times,{x}" for i in range(60) for x in ("like", "hate"))]
    (tmp_path / "train.csv").write_text("\n".join(rows), "utf8")
    steps = ("--training.optimizer.learn_rate.total_steps=60", "--training.eval_frequency=20")
    run("-m", "spacy", "rnn", "fit", "train.csv", "out", *steps, cwd=tmp_path, python=python)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, "-m", "uvicorn", "spacy_rnn.service:app", "--port", str(port)]
    environment = {**os.environ, "MODEL": "out/model"}
    service = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline and service.poll() is None:
            try:
                assert httpx.get(f"{address}/health").json()["status"] == "ok"
                break
            except httpx.TransportError:
                time.sleep(0.2)
        answer = httpx.post(f"{address}/annotate", json={"text": "I hate it"}).json()
    finally:
        service.terminate()
        service.wait()
    assert max(answer["cats"], key=answer["cats"].get) == "hate"


def test_requirements_of_pipeline(pipeline_wheel: Path) -> None:
    version = spacy_rnn.__version__
    requirements = metadata(pipeline_wheel).get_all("Requires-Dist")
    (requirement,) = (name for name in requirements if name.startswith("spacy-rnn"))
    assert f">={version}" in requirement
    with ZipFile(pipeline_wheel) as archive:
        meta = srsly.json_loads(archive.read("en_tiny/meta.json").decode())
    assert any(name.startswith(f"spacy-rnn>={version}") for name in meta["requirements"])


def test_installed_pipeline(
    nlp: Language,
    pipeline_wheel: Path,
    python: Path,
    facts: Callable[[Language], Facts],
    tmp_path: Path,
) -> None:
    install(pipeline_wheel, python)
    expected = facts(nlp)
    words = json.dumps([doc["text"].split() for doc in expected])
    assert json.loads(run("-c", SCRIPT, words, cwd=tmp_path, python=python)) == expected
