"""A trained pipeline and spacy-rnn, both built as wheels and installed, load by name and say what
the original says.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from email import message_from_bytes
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import srsly
from spacy.language import Language
from thinc.api import Optimizer

Facts = list[dict[str, Any]]

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TIMEOUT = 120  # seconds

SCRIPT = """
import json
import sys
from pathlib import Path

import spacy
import spacy_rnn
from spacy.tokens import Doc

site = Path(sys.argv[1])
assert site in Path(spacy_rnn.__file__).parents
nlp = spacy.load("en_tiny")
assert site in Path(nlp.path).parents
docs = [Doc(nlp.vocab, words=words) for words in json.loads(sys.argv[2])]
facts = [{**doc.to_json(), "tensor": doc.tensor.tolist()} for doc in nlp.pipe(docs)]
print(json.dumps(facts))
"""


def run(*command: object, cwd: Path | None = None, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def install(wheel: Path, site: Path) -> None:
    run("-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target", site, wheel)


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
def own_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")  # builds leave files behind
    shutil.copytree(ROOT / "spacy_rnn", source / "spacy_rnn")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    return build_wheel(source, tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def site(own_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheels are installed."""
    site = tmp_path_factory.mktemp("site")
    install(own_wheel, site)
    return site


@pytest.fixture(scope="module")
def run_installed(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Run Python with all that is installed, but with no spacy-rnn other than its wheel."""
    base = tmp_path_factory.mktemp("base")
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for path in Path(folder).iterdir():
            if not path.name.startswith(("spacy_rnn", "_editable", "__editable")):
                (base / path.name).symlink_to(path)
    # -S: no site-packages and no .pth files, only PYTHONPATH and the current directory.
    return partial(run, "-S", cwd=site, PYTHONPATH=os.pathsep.join([str(site), str(base)]))


@pytest.fixture(scope="module")
def pipeline_wheel(
    nlp: Language, run_installed: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("pipeline")
    nlp.to_disk(folder / "tiny")
    # The wheel is built below: spaCy would download what builds it.
    options = ("--build", "none", "--name", "tiny")
    run_installed("-m", "spacy", "package", folder / "tiny", folder, *options)
    return build_wheel(folder / "en_tiny-0.0.0", folder / "dist")


def test_requirements_of_pipeline(pipeline_wheel: Path, own_wheel: Path) -> None:
    version = metadata(own_wheel)["Version"]
    requirements = metadata(pipeline_wheel).get_all("Requires-Dist")
    (requirement,) = (name for name in requirements if name.startswith("spacy-rnn"))
    assert f">={version}" in requirement
    with ZipFile(pipeline_wheel) as archive:
        meta = srsly.json_loads(archive.read("en_tiny/meta.json").decode())
    assert any(name.startswith(f"spacy-rnn>={version}") for name in meta["requirements"])


def test_contents_of_own_wheel(own_wheel: Path) -> None:
    files = [path for path in (ROOT / "spacy_rnn").rglob("*") if path.is_file()]
    expected = {
        path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts
    }
    with ZipFile(own_wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert "spacy_rnn/py.typed" in found
    assert found == expected


def test_installed_pipeline(
    nlp: Language,
    pipeline_wheel: Path,
    site: Path,
    run_installed: Callable[..., str],
    facts: Callable[[Language], Facts],
) -> None:
    install(pipeline_wheel, site)
    expected = facts(nlp)
    words = json.dumps([doc["text"].split() for doc in expected])
    assert json.loads(run_installed("-c", SCRIPT, site, words)) == expected
