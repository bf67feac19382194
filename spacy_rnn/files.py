"""Files and folders: their size, and writing them whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def folder_size(folder: Path) -> int:
    """RETURNS (int): The size of all files of a folder, in bytes."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


@contextmanager
def replacing(*paths: Path) -> Iterator[list[Path]]:
    """Write files or folders beside their final names and rename them only after the block ends
    without an error, so that earlier ones stay as they are until then. A link stays a link: what
    it points to is replaced.

    paths (Path): The final names. Missing parent directories are created.
    YIELDS (list[Path]): The temporary names, none of which exists.
    """
    targets = [Path(os.path.realpath(path)) for path in paths]
    parts = [target.with_name(f"{target.name}.part") for target in targets]
    try:
        for target, part in zip(targets, parts, strict=True):
            target.parent.mkdir(parents=True, exist_ok=True)
            _remove(part)
        yield parts
        for target, part in zip(targets, parts, strict=True):
            _replace(part, target)
    finally:
        for part in parts:
            with suppress(OSError):
                _remove(part)


def _replace(part: Path, target: Path) -> None:
    """Rename, also to the name of a folder that holds files."""
    if not target.is_dir():
        part.replace(target)
        return
    old = target.with_name(f"{part.name}.old")
    _remove(old)
    target.replace(old)
    try:
        part.replace(target)
    except OSError:
        old.replace(target)
        raise
    _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
