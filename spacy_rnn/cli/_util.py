import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wasabi import msg

from ..corpus import CorpusError


class CommandError(ValueError):
    """A command cannot do what it is asked. The message says what was found, what is expected and
    what to do about it."""


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Turn an error that is the user's to resolve into a message and exit code 1."""
    try:
        yield
    except (CommandError, CorpusError) as error:
        msg.fail(str(error), exits=1)


@contextmanager
def staged(*paths: Path) -> Iterator[list[Path]]:
    """Write files beside their final names and rename them only after the block ends without an
    error, so that earlier files stay as they are until then.

    paths (Path): The final names. Missing parent directories are created.
    YIELDS (list[Path]): The temporary names, none of which exists.
    """
    parts = [path.with_name(f"{path.name}.part") for path in paths]
    for path, part in zip(paths, parts, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(part)
    try:
        yield parts
        for path, part in zip(paths, parts, strict=True):
            part.replace(path)
    finally:
        for part in parts:
            _remove(part)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
