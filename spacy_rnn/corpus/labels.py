"""The labels of splits."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from .errors import CorpusError
from .records import Columns, Record, Task, read_records, table_labels
from .tables import Table

SAMPLE = 1000  # rows to find labels in, for a message


def count_labels(records: Iterable[Record]) -> Counter[str]:
    """Count the labels of a split.

    records (Iterable[Record]): The records of the split.
    RETURNS (Counter[str]): The number of times each label occurs.
    """
    return Counter(label for record in records for label in record.labels)


def unseen_labels(counts: Mapping[str, Counter[str]]) -> list[str]:
    """Find the labels that other splits have and train lacks.

    counts (Mapping[str, Counter[str]]): The label counts of each split, train among them.
    RETURNS (list[str]): A phrase per label and split, with its count.
    """
    return [
        f"'{label}' ({split}: {count})"
        for split in counts
        for label, count in sorted(counts[split].items())
        if label not in counts["train"]
    ]


def label_set(counts: Mapping[str, Counter[str]], task: Task) -> list[str]:
    """Get the labels that a model learns from the train split. For text classification, the other
    splits may not have more: spaCy's scorer averages over the labels that the model knows, so
    rows with any other label would drop out of the score and flatter it.

    counts (Mapping[str, Counter[str]]): The label counts of each split, train among them.
    task (Task): What the rows are annotated for.
    RETURNS (list[str]): The labels, sorted.
    RAISES (CorpusError): If a label of a text occurs outside train only.
    """
    unseen = unseen_labels(counts)
    if unseen and task in ("textcat", "textcat_multilabel"):
        raise CorpusError(
            f"Labels that train lacks: {', '.join(unseen)}. The scores would leave them out: add "
            f"rows with these labels to train, or remove or relabel the rows that have them."
        )
    return sorted(counts["train"])


def known_labels(
    tables: Sequence[Table], task: Task, columns: Columns, labels: Sequence[str] | None = None
) -> list[str] | None:
    """Find the labels of texts without reading all rows.

    tables (Sequence[Table]): The tables of a split.
    task (Task): What the rows are annotated for.
    columns (Columns): The names of the columns.
    labels (Optional[Sequence[str]]): The names of the labels, if they are given.
    RETURNS (Optional[list[str]]): The labels, or None where rows have no other label than theirs.
    RAISES (CorpusError): If texts have any number of labels and these are not known: a label that
        a text lacks would look like one that nobody asked about.
    """
    if task not in ("textcat", "textcat_multilabel") or not tables:
        return None
    known = labels or table_labels(tables[0], task, columns)
    if known is None and task == "textcat_multilabel":
        counts = count_labels(islice(read_records(tables, task, columns), SAMPLE))
        found = json.dumps(sorted(counts), ensure_ascii=False)
        raise CorpusError(
            f"{tables[0].source} does not name its labels, and textcat_multilabel needs all of "
            f"them: set labels. The first {SAMPLE} rows have {found}."
        )
    return None if known is None else list(known)
