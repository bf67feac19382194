"""Splits: the rows that docs are made of, read as often as needed."""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from spacy.util import minibatch

from .errors import CorpusError, OnError
from .records import COLUMNS, Columns, Record, Task
from .sources import load_source, read_source
from .tables import SPLITS, Table

N_HASHES = 1 << 64


@dataclass(frozen=True)
class Split:
    """The rows of a split.

    parts (Sequence[Table | Path]): The tables or files to read.
    task (Task): What they are annotated for.
    columns (Columns): The names of the columns.
    exclude (Sequence[str]): Labels of entities to leave out.
    n_sents (int): Number of rows, each a sentence, in a doc.
    keep (Optional[Callable[[list[Record]], bool]]): Tells which docs belong to the split. Without
        it, all do.
    reports (bool): Whether bad rows are left to this split, of all that read the same rows.
    """

    parts: Sequence[Table | Path]
    task: Task
    columns: Columns = COLUMNS
    exclude: Sequence[str] = ()
    n_sents: int = 1
    keep: Callable[[list[Record]], bool] | None = None
    reports: bool = True

    def read(self, on_error: OnError | None = None) -> Iterator[list[Record]]:
        """Read the split.

        on_error (Optional[OnError]): Called with what is wrong with a row, which is then left out.
            Without it, the error is raised.
        YIELDS (list[Record]): The rows of each doc.
        RAISES (CorpusError): If the data cannot be read or is not annotated for the task.
        """
        report = on_error if self.reports else ignore
        records = read_source(
            self.parts, self.task, self.columns, exclude=self.exclude, on_error=report
        )
        docs = minibatch(records, self.n_sents)
        return docs if self.keep is None else filter(self.keep, docs)

    @property
    def total(self) -> int | None:
        """RETURNS (Optional[int]): The number of docs, unless only reading tells."""
        tables = [part for part in self.parts if isinstance(part, Table)]
        if self.keep is not None or len(tables) < len(self.parts):
            return None
        return math.ceil(sum(len(table.data) for table in tables) / self.n_sents)


def open_splits(
    source: str,
    task: Task,
    columns: Columns = COLUMNS,
    *,
    name: str | None = None,
    revision: str | None = None,
    exclude: Sequence[str] = (),
    n_sents: int = 1,
) -> dict[str, Split]:
    """Open a source for reading.

    source (str): A local file or folder, or the name of a dataset on the Hugging Face hub.
    task (Task): What the data is annotated for.
    columns (Columns): The names of the columns.
    name (Optional[str]): Configuration of the hub dataset.
    revision (Optional[str]): Git revision of the hub dataset.
    exclude (Sequence[str]): Labels of entities to leave out.
    n_sents (int): Number of rows, each a sentence, in a doc.
    RETURNS (dict[str, Split]): "train" and, where present, "dev" and "test".
    RAISES (CorpusError): If there is no such source, it cannot be read or has no train split, or
        the task has no entities or sentences.
    """
    if exclude and task != "ner":
        raise CorpusError(f"Only entities can be excluded, and {task} has none: leave it out.")
    if n_sents > 1 and task not in ("tagger", "ner"):
        raise CorpusError(f"The rows of {task} are docs, not sentences: leave out n_sents.")
    found = load_source(source, name=name, revision=revision)
    return {split: Split(parts, task, columns, exclude, n_sents) for split, parts in found.items()}


def add_splits(
    splits: Mapping[str, Split], shares: Mapping[str, float], seed: int = 0
) -> dict[str, Split]:
    """Divide train by a hash of the texts, so that neither the order of the rows nor the machine
    matters, and docs with the same text stay together. For textcat, each label is divided on its
    own and has the same share of each split.

    splits (Mapping[str, Split]): The splits that there are.
    shares (Mapping[str, float]): The share of train for each new split.
    seed (int): Another seed gives other splits.
    RETURNS (dict[str, Split]): The splits, with the new ones.
    RAISES (CorpusError): If a split is there already, or nothing remains for train.
    """
    for split in shares:
        if split in splits:
            raise CorpusError(f"There is a {split} split: ask for none, or remove its files.")
    if sum(shares.values()) >= 1:
        got = " and ".join(f"{share:g}" for share in shares.values())
        raise CorpusError(f"Nothing remains for train: got shares of {got}, expected less than 1.")
    train = splits["train"]
    hashes: dict[str, list[int]] = defaultdict(list)
    for rows in train.read(ignore):
        hashes[_stratum(rows, train.task)].append(_hash(rows, seed))
    bounds = {stratum: _bounds(sorted(found), shares) for stratum, found in hashes.items()}
    names = ["train", *shares]

    def choose(name: str) -> Callable[[list[Record]], bool]:
        def keep(rows: list[Record]) -> bool:
            position = bisect_right(bounds[_stratum(rows, train.task)], _hash(rows, seed))
            return names[position] == name

        return keep

    new = {name: replace(train, keep=choose(name), reports=name == "train") for name in names}
    found = {**splits, **new}
    return {split: found[split] for split in SPLITS if split in found}


def ignore(error: CorpusError) -> None:
    """Do nothing about an error that is reported elsewhere."""


def _bounds(hashes: Sequence[int], shares: Mapping[str, float]) -> list[int]:
    """RETURNS (list[int]): The least hash of each new split."""
    position, bounds = 1 - sum(shares.values()), []
    for share in shares.values():
        bounds.append([*hashes, N_HASHES][round(position * len(hashes))])
        position += share
    return bounds


def _stratum(rows: Sequence[Record], task: Task) -> str:
    return rows[0].labels[0] if task == "textcat" else ""


def _hash(rows: Sequence[Record], seed: int) -> int:
    texts = [" ".join(row.tokens or ()) if row.text is None else row.text for row in rows]
    data = "\n".join([str(seed), *texts]).encode("utf8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big")
