"""What goes wrong outside of a command is told in one line, with exit code 1, and loses nothing."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example

from spacy_rnn.cli import download as download_module

resource = pytest.importorskip("resource", reason="needs POSIX limits")

Cli = Callable[..., tuple[int, str]]

WRITERS = {
    "calibrate": ["calibrate", "model", "dev.spacy", "out"],
    "convert": ["convert", "rows.jsonl", "out", "-t", "textcat"],
    "convert to rows": ["convert", "rows.jsonl", "out", "-t", "textcat", "--to", "jsonl"],
    "convert to shards": ["convert", "rows.jsonl", "out", "-t", "textcat", "--shard-size", "500"],
    "download": ["download", "rows.jsonl", "out"],
    "explain": ["explain", "model", "Yes !", "--output", "out.html"],
    "reliability": ["reliability", "model", "dev.spacy", "--output", "out.svg"],
}
READERS = {
    "calibrate": ["calibrate", "model", "dev.spacy", "out"],
    "reliability": ["reliability", "model", "dev.spacy"],
    "faithfulness": ["faithfulness", "model", "dev.spacy"],
}


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """Let the system refuse to write more than some bytes to a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def folder(
    nlp: Language,
    make_examples: Callable[[Language], list[Example]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A pipeline, and data of each kind that commands read."""
    nlp.add_pipe("rnn_textcat", config={"model": {"tok2vec": {"width": 16}}})
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    nlp.to_disk(tmp_path / "model")
    DocBin(docs=[example.reference for example in examples]).to_disk(tmp_path / "dev.spacy")
    rows = [f'{{"text": "row {i}", "label": "{"ab"[i % 2]}"}}\n' for i in range(1000)]
    (tmp_path / "rows.jsonl").write_text("".join(rows), "utf8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(cli: Cli, *args: object) -> str:
    """RETURNS (str): What a command that fails says, which is one line."""
    code, printed = cli("rnn", *args)
    assert code == 1, printed
    assert printed.count("✘") == 1
    assert "Traceback" not in printed
    return printed


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("args", WRITERS.values(), ids=WRITERS)
def test_full_disk(args: list[str], folder: Path, spacy_cli: Cli) -> None:
    code, printed = spacy_cli("rnn", *args)  # which fills the cache of what is read
    assert code == 0, printed
    outputs = [path for path in folder.iterdir() if path.name.startswith("out")]
    for path in outputs:
        path.rename(path.with_name(f"earlier-{path.name}"))
    before = contents(folder)
    with small_files(1000):
        message = told(spacy_cli, *args)
    assert "Can't write out" in message
    assert "File too large" in message
    assert "make room" in message
    assert contents(folder) == before


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk")
@pytest.mark.parametrize("to", ["spacy", "jsonl"])
def test_small_disk(to: str, folder: Path, spacy_cli: Cli) -> None:
    disk = folder / "disk"
    disk.mkdir()
    size = ("-o", "size=12k", "tmpfs", str(disk))
    done = subprocess.run(["mount", "-t", "tmpfs", *size], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("may not mount")
    try:
        (disk / f"train.{to}").write_text("earlier")
        message = told(spacy_cli, "convert", "rows.jsonl", disk, "-t", "textcat", "--to", to)
        assert "No space left on device" in message
        assert contents(disk) == {f"train.{to}": b"earlier"}
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("args", WRITERS.values(), ids=WRITERS)
def test_target_that_cannot_be_made(args: list[str], folder: Path, spacy_cli: Cli) -> None:
    """As where a folder is read-only, which those who run tests as root could write to."""
    (folder / "file").touch()
    message = told(spacy_cli, *(f"file/new/{a}" if a.startswith("out") else a for a in args))
    assert "Not a directory" in message


def damage_archive(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def no_archive(path: Path) -> None:
    path.write_bytes(b"no such format")


@pytest.mark.parametrize("damage", [damage_archive, no_archive])
@pytest.mark.parametrize("args", READERS.values(), ids=READERS)
def test_damaged_data(
    args: list[str], damage: Callable[[Path], Any], folder: Path, spacy_cli: Cli
) -> None:
    damage(folder / "dev.spacy")
    message = told(spacy_cli, *args)
    assert "Can't read dev.spacy: " in message
    assert "make the file again" in message
    assert not (folder / "out").exists()


@pytest.mark.parametrize("args", READERS.values(), ids=READERS)
def test_data_of_another_kind(args: list[str], folder: Path, spacy_cli: Cli) -> None:
    (folder / "dev.spacy").rename(folder / "dev.bin")
    (folder / "empty").mkdir()
    for name, got in (("dev.bin", "no such suffix"), ("empty", "none is in it")):
        message = told(spacy_cli, *(name if arg == "dev.spacy" else arg for arg in args))
        assert f"Can't read {name}: " in message
        assert got in message


@pytest.mark.parametrize(
    "name", ["config.cfg", "meta.json", "rnn_textcat/model", "vocab/strings.json"]
)
def test_damaged_pipeline(name: str, folder: Path, spacy_cli: Cli) -> None:
    damage_archive(folder / "model" / name)
    for args in (*READERS.values(), ["explain", "model", "Yes !"]):
        assert "Can't load the pipeline model: " in told(spacy_cli, *args)


def test_pipeline_of_components_that_are_not_installed(
    nlp: Language, folder: Path, spacy_cli: Cli
) -> None:
    config = (folder / "model" / "config.cfg").read_text("utf8")
    config = config.replace('factory = "rnn_textcat"', 'factory = "other_textcat"')
    (folder / "model" / "config.cfg").write_text(config, "utf8")
    message = told(spacy_cli, *READERS["calibrate"])
    assert "[E002] Can't find factory for 'other_textcat'" in message


def test_record_that_is_not_json(folder: Path, spacy_cli: Cli) -> None:
    (folder / "out.json").write_text("{", "utf8")
    message = told(spacy_cli, "download", "rows.jsonl", "out")
    assert "out.json is not the record of a dataset" in message


def test_mistakes_of_ours_keep_their_traceback(
    folder: Path, spacy_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise AttributeError("a bug")

    monkeypatch.setattr(download_module, "download", broken)
    with pytest.raises(AssertionError, match="a bug"):
        spacy_cli("rnn", "download", "rows.jsonl", "out")
