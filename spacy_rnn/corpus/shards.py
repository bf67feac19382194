"""Items, such as docs, in one file or in a folder of files."""

import re
from collections.abc import Callable, Iterable
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from spacy.tokens import Doc, DocBin

Item = TypeVar("Item")
NAME = re.compile(r"\d{5,}\.\w+")


def write_shards(
    path: Path,
    items: Iterable[Item],
    write: Callable[[Path, Iterable[Item]], None],
    size: int,
    suffix: str,
) -> None:
    """Write items in order to files named 00001, 00002 and so on, with no more than one file's
    items in memory.

    path (Path): The folder, which is created, or with a size of 0 the one file.
    items (Iterable[Item]): What to write.
    write (Callable[[Path, Iterable[Item]], None]): Writes one file.
    size (int): The number of items in a file, or 0 for all.
    suffix (str): How the names of the files in the folder end.
    """
    if not size:
        write(path, items)
        return
    path.mkdir()
    items = iter(items)
    for number, first in enumerate(items, 1):
        write(path / f"{number:05}{suffix}", chain([first], islice(items, size - 1)))


def write_docs(path: Path, docs: Iterable[Doc]) -> None:
    """Write docs to one file in spaCy's binary format."""
    DocBin(docs=docs).to_disk(path)


def holds_shards(folder: Path) -> bool:
    """RETURNS (bool): Whether a folder holds nothing but such files."""
    return all(NAME.fullmatch(path.name) for path in folder.iterdir())
