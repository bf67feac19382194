"""Checkpoints: files that are there whole or not at all.

A checkpoint is one safetensors file, step-N.safetensors, with the tensors of `tensors.py` and, in
its header, all else as JSON and a checksum of both. Nothing is unpickled.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from .errors import TrainingError
from .tensors import Tensors

KEPT = 2
NAME = re.compile(r"step-(\d+)\.safetensors")


@dataclass(frozen=True)
class Checkpoint:
    """What determines the rest of a training.

    step (int): The last step that is in it.
    tensors (Tensors): Weights, gradients, moments, averages.
    state (dict[str, Any]): All else.
    """

    step: int
    tensors: Tensors
    state: dict[str, Any]


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint beside the others and rename it, then remove those but the last two.

    folder (Path): The folder of checkpoints, which is created.
    checkpoint (Checkpoint): What to write.
    RAISES (OSError): If it cannot be written. The others are unchanged then.
    """
    path = folder / f"step-{checkpoint.step}.safetensors"
    part = path.with_suffix(".part")
    state = json.dumps(checkpoint.state, default=_plain)
    metadata = {"state": state, "checksum": str(_checksum(checkpoint.tensors, state))}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            save_file(checkpoint.tensors, part, metadata)
        except SafetensorError as error:  # how it reports a full disk
            raise OSError(str(error)) from error
        _sync(part)
        part.replace(path)
        _sync(folder)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    later = [file for step, file in _files(folder) if step > checkpoint.step]
    earlier = [file for step, file in _files(folder) if step <= checkpoint.step]
    for file in (*later, *earlier[:-KEPT]):  # later ones are damaged, or of an abandoned course
        file.unlink()


def read_checkpoint(folder: Path, warn: Callable[[str], None]) -> Checkpoint | None:
    """Read the last checkpoint that is intact.

    folder (Path): The folder of checkpoints.
    warn (Callable[[str], None]): Called with what is wrong with each that is damaged.
    RETURNS (Optional[Checkpoint]): The checkpoint, or None if there are no checkpoints.
    RAISES (TrainingError): If there are checkpoints, and all are damaged.
    """
    files = _files(folder)
    for step, path in reversed(files):
        try:
            return _read(step, path)
        except (SafetensorError, ValueError, KeyError, TypeError, OSError) as error:
            warn(f"{path} is damaged ({error}): the checkpoint before is taken.")
    if files:
        raise TrainingError(
            f"Can't resume: all checkpoints in {folder} are damaged, expected one that is intact. "
            "Begin anew with --force instead of --resume."
        )
    return None


def _read(step: int, path: Path) -> Checkpoint:
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if str(_checksum(tensors, metadata["state"])) != metadata["checksum"]:
        raise ValueError("its checksum is wrong")
    return Checkpoint(step, tensors, json.loads(metadata["state"]))


def _files(folder: Path) -> list[tuple[int, Path]]:
    """RETURNS (list[tuple[int, Path]]): The steps and files of checkpoints, first the oldest."""
    return sorted(_numbered(folder)) if folder.is_dir() else []


def _numbered(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in folder.iterdir():
        if match := NAME.fullmatch(path.name):
            yield int(match[1]), path


def _checksum(tensors: Tensors, state: str) -> int:
    total = crc32(state.encode())
    for name in sorted(tensors):
        total = crc32(tensors[name].reshape(-1).view("uint8").data, crc32(name.encode(), total))
    return total


def _sync(path: Path) -> None:
    """Have the system write a file, or the names in a folder, to the disk."""
    with suppress(PermissionError):  # Windows opens no folders
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _plain(value: Any) -> Any:
    """RETURNS (Any): A number of numpy as one of Python."""
    return value.item()
