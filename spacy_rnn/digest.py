"""Digests, which tell whether files have changed."""

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path


def digest(path: Path) -> str:
    """RETURNS (str): A digest of a file, or of the names and contents of the files in a folder."""
    total = blake2b(digest_size=8)
    for name, file in sorted(_files(path)):
        total.update(name.encode())
        with file.open("rb") as stream:
            while block := stream.read(2**20):
                total.update(block)
    return total.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    if path.is_file():
        yield "", path
    else:
        for file in path.rglob("*"):
            if file.is_file():
                yield str(file.relative_to(path)), file
