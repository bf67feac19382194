"""Splits: the rows that docs are made of, read as often as needed."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain
from typing import Any

from spacy.util import logger, minibatch

from .errors import CorpusError, Report
from .labels import count_labels
from .options import Options
from .records import Reading, Record, read_records, understand
from .roles import COLUMNS, Columns, NoAnnotation, Task
from .sources import SPLITS, load_splits, main_splits

N_HASHES = 1 << 64


@dataclass(frozen=True)
class Split:
    """The rows of a split.

    readings (Sequence[Reading]): The tables, and how they are read.
    task (Task): What they are annotated for.
    columns (Columns): The names of the columns of rows that are written.
    exclude (Sequence[str]): Labels of entities to leave out.
    n_sents (int): Number of rows, each a sentence, in a doc.
    keep (Optional[Callable[[list[Record]], bool]]): Tells which docs belong to the split. Without
        it, all do.
    reports (bool): Whether bad rows are left to this split, of all that read the same rows.
    """

    readings: Sequence[Reading]
    task: Task
    columns: Columns = COLUMNS
    exclude: Sequence[str] = ()
    n_sents: int = 1
    keep: Callable[[list[Record]], bool] | None = None
    reports: bool = True

    def read(self, report: Report | None = None) -> Iterator[list[Record]]:
        """Read the split.

        report (Optional[Report]): Where rows that are left out are counted. Without it, the first
            bad row is raised.
        YIELDS (list[Record]): The rows of each doc.
        RAISES (CorpusError): If the data cannot be read or is not annotated for the task.
        """
        used = (report or Report()) if self.reports else Report(skip=True)
        docs = minibatch(read_records(self.readings, used, self.exclude), self.n_sents)
        return docs if self.keep is None else filter(self.keep, docs)


def open_splits(
    source: str,
    task: Task,
    columns: Columns = COLUMNS,
    *,
    name: str | None = None,
    revision: str | None = None,
    labels: Sequence[str] | None = None,
    options: Mapping[str, Any] | None = None,
    only: Sequence[str] = (),
    exclude: Sequence[str] = (),
    n_sents: int = 1,
) -> dict[str, Split]:
    """Open a source for reading.

    source (str): A local file or folder, or the name of a dataset on the Hugging Face hub.
    task (Task): What the data is annotated for.
    columns (Columns): The names of the columns.
    name (Optional[str]): Configuration of the hub dataset.
    revision (Optional[str]): Git revision of the hub dataset.
    labels (Optional[Sequence[str]]): The names of the labels, by index where rows hold integers.
    options (Optional[Mapping[str, Any]]): How to read local files, see Options.
    only (Sequence[str]): The splits to read, by default all.
    exclude (Sequence[str]): Labels of entities to leave out.
    n_sents (int): Number of rows, each a sentence, in a doc.
    RETURNS (dict[str, Split]): "train" and, where present, "dev" and "test". Splits other than
        train without a column of annotation are left out, with a warning.
    RAISES (CorpusError): If there is no such source, it cannot be read or has no train split, or
        the task has no entities or sentences.
    """
    if exclude and task != "ner":
        raise CorpusError(f"Only entities can be excluded, and {task} has none: leave it out.")
    if n_sents > 1 and task not in ("tagger", "ner"):
        raise CorpusError(f"The rows of {task} are docs, not sentences: leave out n_sents.")
    opened = load_splits(source, name=name, revision=revision, options=options, only=only)
    tables = main_splits(opened, source)
    if "train" not in tables:
        raise CorpusError(
            f"{source} has no train split: got {', '.join(opened)}, expected names with train and, "
            f"if any, dev (or validation) and test: rename them."
        )
    values = (
        Options.from_dict(options or {})
        if all(table.format != "dataset" for found in tables.values() for table in found)
        else Options()
    )
    splits = {}
    for split, found in tables.items():
        try:
            readings = [understand(table, task, columns, labels, values) for table in found]
        except NoAnnotation as error:
            if split == "train":
                raise
            logger.warning("Left out the %s split, which is not annotated. %s", split, error)
            continue
        is_tokens = any(table.format == "tokens" for table in found)
        named = COLUMNS if is_tokens else columns
        splits[split] = Split(readings, task, named, exclude, n_sents)
    return splits


def count_splits(
    splits: Mapping[str, Split], skip: bool = False
) -> tuple[dict[str, Counter[str]], dict[str, int]]:
    """Count the labels and docs of splits. Those other than train of which no row has a label are
    left out, with a warning.

    splits (Mapping[str, Split]): The splits.
    skip (bool): Whether to leave out bad rows.
    RETURNS (tuple[dict[str, Counter[str]], dict[str, int]]): The labels, and the number of docs, of
        each split that remains.
    RAISES (CorpusError): If a row is bad, or only some rows of a split have a label.
    """
    counts: dict[str, Counter[str]] = {}
    sizes: dict[str, int] = {}
    for name, split in splits.items():
        report = Report(skip, skip_unlabelled=name != "train")
        n_docs = 0

        def docs(split: Split = split, report: Report = report) -> Iterator[list[Record]]:
            nonlocal n_docs
            for records in split.read(report):
                n_docs += 1
                yield records

        found = count_labels(chain.from_iterable(docs()))
        is_masked = set(found) == {"-1"} and "-1" not in counts.get("train", found)
        if (report.unlabelled and not n_docs) or is_masked:
            logger.warning("Left out the %s split, in which no row has a label", name)
            continue
        if report.unlabelled and not skip:
            raise CorpusError(report.reasons[0])
        counts[name], sizes[name] = found, n_docs
    return counts, sizes


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
    for rows in train.read(Report(skip=True)):
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
