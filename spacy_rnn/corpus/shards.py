"""Items, such as docs, in one file or in a folder of files."""

import re
from collections.abc import Callable, Iterable
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from spacy.tokens import Doc, DocBin

from .errors import CorpusError
from .roles import Task

Item = TypeVar("Item")
NAME = re.compile(r"\d{5,}\.\w+")
# What a file keeps of each token.
ATTRS: dict[Task, list[str]] = {
    "textcat": [],
    "textcat_multilabel": [],
    "tagger": ["TAG", "SENT_START"],
    "ner": ["ENT_IOB", "ENT_TYPE", "SENT_START"],
}
# Bytes of memory at the peak, measured, for a doc, and for an attribute of a token.
DOC, TOKEN = 1400, 48
LARGEST = 640 << 20


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


def write_docs(path: Path, docs: Iterable[Doc], task: Task) -> None:
    """Write docs to one file in spaCy's binary format, with what they are annotated with.

    path (Path): The file.
    docs (Iterable[Doc]): The docs.
    task (Task): What they are annotated for.
    RAISES (CorpusError): If they are too many for one file.
    """
    doc_bin, n_tokens = DocBin(attrs=ATTRS[task]), 0
    for n_docs, doc in enumerate(docs, 1):
        n_tokens += len(doc)
        require_memory(n_docs, n_tokens, task)
        doc_bin.add(doc)
    doc_bin.to_disk(path)


def require_memory(n_docs: int, n_tokens: int, task: Task) -> None:
    """Make sure that docs can be in one file: spaCy holds it in memory as a whole, both when it
    writes and when it reads.

    n_docs (int): Number of docs.
    n_tokens (int): Number of tokens.
    task (Task): What the docs are annotated for.
    RAISES (CorpusError): If they take more than about 640 MiB.
    """
    if n_docs * DOC + n_tokens * TOKEN * (1 + len(ATTRS[task])) > LARGEST:
        raise CorpusError(
            f"One file would hold {n_docs} docs or more, and take over {LARGEST >> 20} MiB of "
            f"memory, for whoever reads it as well: set --shard-size, such as 10000, for a folder "
            f"of files, which spaCy reads as one."
        )


def holds_shards(folder: Path) -> bool:
    """RETURNS (bool): Whether a folder holds nothing but such files."""
    return all(NAME.fullmatch(path.name) for path in folder.iterdir())
