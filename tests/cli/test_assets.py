import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
import srsly

from spacy_rnn.cli._util import CommandError
from spacy_rnn.cli.assets import fetch_assets

DATA = b"some data\n"
MD5 = hashlib.md5(DATA).hexdigest()
WRONG = "0" * 31 + "a"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.txt"
    path.write_bytes(DATA)
    return path


def project(tmp_path: Path, *assets: dict, **extra: object) -> Path:
    path = tmp_path / "project"
    path.mkdir(exist_ok=True)
    srsly.write_yaml(path / "project.yml", {"assets": list(assets), **extra})
    return path


def files(path: Path) -> list[str]:
    found = (file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    return sorted(name for name in found if name != "project.yml")


@pytest.mark.parametrize("checksum", [MD5, MD5.upper(), None])
@pytest.mark.parametrize("scheme", ["path", "relative", "file"])
def test_fetch(tmp_path, source, checksum, scheme):
    url = {"path": str(source), "relative": "../source.txt", "file": source.as_uri()}[scheme]
    path = project(tmp_path, {"dest": "assets/a/b.txt", "url": url, "checksum": checksum})
    assert fetch_assets(path) == [path / "assets/a/b.txt"]
    assert files(path) == ["assets/a/b.txt"]
    assert (path / "assets/a/b.txt").read_bytes() == DATA
    source.unlink()  # in place: the source isn't needed any more
    assert fetch_assets(path) == []


def test_under(tmp_path, source, spacy_cli):
    assets = [{"dest": f"assets/{name}", "url": str(source)} for name in ("a/1", "a/2", "b/1")]
    path = project(tmp_path, *assets)
    code, output = spacy_cli("rnn", "assets", path, "--under", "assets/a")
    assert code == 0
    assert "Fetched" in output
    assert files(path) == ["assets/a/1", "assets/a/2"]
    code, output = spacy_cli("rnn", "assets", path, "--under", "assets/c")
    assert code == 1
    assert "No asset in project.yml is under 'assets/c', expected the start of one of" in output
    assert spacy_cli("rnn", "assets", path)[0] == 0
    assert files(path) == ["assets/a/1", "assets/a/2", "assets/b/1"]


def test_overrides(tmp_path, source, spacy_cli):
    path = project(tmp_path, {"dest": "a", "url": "${vars.url}"}, vars={"url": "nowhere"})
    assert spacy_cli("rnn", "assets", path)[0] == 1
    assert spacy_cli("rnn", "assets", path, "--vars.url", source, "--under", "a")[0] == 0
    code, output = spacy_cli("rnn", "assets", path, "--nope")
    assert code == 1
    assert "No such option --nope: expected --under, --extra, or the override" in output


def test_extra(tmp_path, source, spacy_cli):
    path = project(tmp_path, {"dest": "a", "url": str(source), "extra": True})
    code, output = spacy_cli("rnn", "assets", path)
    assert code == 0
    assert "No assets in project.yml" in output
    assert files(path) == []
    assert spacy_cli("rnn", "assets", path, "--extra")[0] == 0
    assert files(path) == ["a"]


def test_wrong_file_in_place(tmp_path, source, spacy_cli):
    path = project(tmp_path, {"dest": "a", "url": str(source), "checksum": MD5})
    (path / "a").write_bytes(b"mine")
    code, output = spacy_cli("rnn", "assets", path)
    assert code == 1
    md5 = hashlib.md5(b"mine").hexdigest()
    assert f"a is in place, but its md5 is {md5}, expected {MD5}: delete the file to" in output
    assert (path / "a").read_bytes() == b"mine"


def test_empty_file_in_place(tmp_path, source):
    path = project(tmp_path, {"dest": "a", "url": str(source)})
    (path / "a").touch()
    with pytest.raises(CommandError, match="a is in place, but it is empty: delete the file"):
        fetch_assets(path)


@pytest.mark.parametrize(
    ("data", "checksum", "problem"),
    [(DATA, WRONG, f"its md5 is {MD5}, expected {WRONG}"), (b"", None, "it is empty")],
)
def test_wrong_download(tmp_path, source, data, checksum, problem):
    source.write_bytes(data)
    path = project(tmp_path, {"dest": "b/a", "url": str(source), "checksum": checksum})
    with pytest.raises(CommandError, match=f"a is not downloaded: .*source.txt sends.* {problem}"):
        fetch_assets(path)
    assert files(path) == []


@pytest.mark.parametrize(
    "url", ["missing.txt", "http://127.0.0.1:9/a.txt", "nope://a.txt", "file:///missing.txt"]
)
def test_failed_download(tmp_path, url, spacy_cli):
    path = project(tmp_path, {"dest": "b/a", "url": url, "checksum": MD5})
    code, output = spacy_cli("rnn", "assets", path)
    assert code == 1
    assert f"Can't download {url} (" in output
    assert "put the file by hand at" in output
    assert files(path) == []


def test_no_url(tmp_path):
    path = project(tmp_path, {"dest": "a", "checksum": MD5})
    with pytest.raises(CommandError, match=r"a is missing and has no url in project\.yml: put"):
        fetch_assets(path)
    (path / "a").write_bytes(DATA)
    assert fetch_assets(path) == []


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize("branch", ["master", "other"])
def test_git(tmp_path, branch):
    repo = tmp_path / "repo"
    (repo / "sub").mkdir(parents=True)
    (repo / "sub" / "a.txt").write_bytes(DATA)
    git = ["git", "-C", str(repo), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for args in (["init", "-q", "-b", branch], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *args], check=True)
    asset = {"repo": str(repo), "path": "sub"} | ({"branch": branch} if branch == "other" else {})
    path = project(tmp_path, {"dest": "assets/sub", "git": asset, "checksum": MD5})
    assert fetch_assets(path) == [path / "assets/sub"]
    assert fetch_assets(path) == []
    assert files(path) == ["assets/sub/a.txt"]
    shutil.rmtree(path / "assets")
    asset["path"] = "nope"
    path = project(tmp_path, {"dest": "assets/sub", "git": asset})
    with pytest.raises(SystemExit):
        fetch_assets(path)
    assert files(path) == []
