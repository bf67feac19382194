"""Checkpoints are there whole or not at all."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from thinc.api import Config

from spacy_rnn.training import TrainingError, checkpoint
from spacy_rnn.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint

MakeConfig = Callable[..., Config]
AtStep = Callable[[int, Callable[[], None]], dict[str, str]]


def make(step: int) -> Checkpoint:
    return Checkpoint(step, {"weights/a": numpy.full((2, 3), step, "float32")}, {"step": step})


def fail(*args: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_two_are_kept(tmp_path: Path) -> None:
    for step in (0, 5, 10, 200):
        write_checkpoint(tmp_path, make(step))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["step-10.safetensors", "step-200.safetensors"]
    read = read_checkpoint(tmp_path, pytest.fail)
    assert read is not None
    assert read.step == 200
    assert read.state == {"step": 200}
    assert read.tensors["weights/a"].tolist() == [[200] * 3] * 2


def cut(data: bytes) -> bytes:
    return data[:-1]


def flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("damage", [cut, flip, lambda data: b"", lambda data: b"{}" * 99])
def test_one_before_a_damaged_one_is_taken(
    damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    for step in (1, 2):
        write_checkpoint(tmp_path, make(step))
    path = tmp_path / "step-2.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    said: list[str] = []
    read = read_checkpoint(tmp_path, said.append)
    assert read is not None
    assert read.step == 1
    assert len(said) == 1
    assert "step-2.safetensors is damaged" in said[0]
    assert "the checkpoint before is taken" in said[0]
    # A new one takes the place of the damaged one, not of the one that is intact.
    write_checkpoint(tmp_path, make(1))
    assert [file.name for file in tmp_path.iterdir()] == ["step-1.safetensors"]
    (tmp_path / "step-1.safetensors").write_bytes(b"")
    with pytest.raises(TrainingError, match=r"all checkpoints in .* Begin anew with --force"):
        read_checkpoint(tmp_path, said.append)


def test_full_disk_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_checkpoint(tmp_path, make(1))

    def write_half(tensors: Any, path: Path, metadata: Any) -> None:
        path.write_bytes(b"half")
        fail()

    monkeypatch.setattr(checkpoint, "save_file", write_half)
    with pytest.raises(OSError, match="No space left"):
        write_checkpoint(tmp_path, make(2))
    assert [file.name for file in tmp_path.iterdir()] == ["step-1.safetensors"]


def test_training_goes_on_when_the_disk_is_full(
    make_config: MakeConfig,
    run: Callable[..., str],
    at_step: AtStep,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = at_step(6, lambda: monkeypatch.setattr(checkpoint, "save_file", fail))
    output = run(make_config("tagger", before_update=full), tmp_path, every_step=False)
    assert output.count("Can't write a checkpoint to") == 2
    assert "after step 8: No space left on device. Training goes on" in output
    read = read_checkpoint(tmp_path / "checkpoints", pytest.fail)
    assert read is not None
    assert read.step == 4


def test_full_disk_stops_before_a_model_is_lost(
    make_config: MakeConfig,
    run: Callable[..., str],
    at_step: AtStep,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from spacy.language import Language

    full = at_step(6, lambda: monkeypatch.setattr(Language, "to_disk", fail))
    config = make_config("tagger", before_update=full)
    with pytest.raises(TrainingError, match=r"No space left on device.*--resume"):
        run(config, tmp_path)
    assert (tmp_path / "model-last" / "meta.json").exists()
    monkeypatch.undo()
    at_step(6, lambda: None)
    assert "Resuming after step 7" in run(config, tmp_path, resume=True)
