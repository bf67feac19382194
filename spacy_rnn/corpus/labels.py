"""The labels of splits, and a look at the whole of them."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from .errors import CorpusError, Report
from .records import Reading, Record, read_records
from .roles import ANNOTATION, Task
from .tables import PROBE

TOO_MANY = 0.05  # share of rows that are left out
FEW = 10  # expected labels, of which it is no accident that there are none


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
    RAISES (CorpusError): If train has none, or a label of a text occurs outside train only.
    """
    if not counts["train"]:
        what = {"ner": "entities", "tagger": "tags"}.get(task, "labels")
        raise CorpusError(
            f"The train split has no {what} at all, so that nothing could be learned from it: "
            f"check that the right column is read (--columns) and what is excluded, or annotate "
            f"it."
        )
    unseen = unseen_labels(counts)
    if unseen and task in ("textcat", "textcat_multilabel"):
        raise CorpusError(
            f"Labels that train lacks: {', '.join(unseen)}. The scores would leave them out: add "
            f"rows with these labels to train, or remove or relabel the rows that have them, or "
            f"leave out the split (--split)."
        )
    return sorted(counts["train"])


def known_labels(
    readings: Sequence[Reading], task: Task, labels: Sequence[str] | None = None
) -> list[str] | None:
    """Find the labels of texts without reading all rows.

    readings (Sequence[Reading]): The tables of a split.
    task (Task): What the rows are annotated for.
    labels (Optional[Sequence[str]]): The names of the labels, if they are given.
    RETURNS (Optional[list[str]]): The labels, or None where rows have no other label than theirs,
        or tell themselves which labels they have not.
    RAISES (CorpusError): If texts have any number of labels and these are not known: a label that
        a text lacks would look like one that nobody asked about.
    """
    if task not in ("textcat", "textcat_multilabel") or not readings:
        return None
    known = labels or readings[0].rules.names
    if known is None and task == "textcat_multilabel":
        column = readings[0].roles[ANNOTATION[task]]
        values = readings[0].table.probe(column) if isinstance(column, str) else []
        if values and all(isinstance(value, Mapping) for value in values):
            return None
        report = Report(skip=True)
        counts = count_labels(islice(read_records(readings, report), PROBE))
        found = json.dumps(sorted(counts), ensure_ascii=False)
        raise CorpusError(
            f"{readings[0].table.source} does not name its labels, and textcat_multilabel needs "
            f"all of them: set labels. The first {PROBE} rows have {found}."
        )
    return None if known is None else list(known)


def find_problems(
    counts: Mapping[str, Counter[str]], reports: Mapping[str, Report], task: Task
) -> list[str]:
    """Look at the whole for what is likely a mistake.

    counts (Mapping[str, Counter[str]]): The label counts of each split, train among them.
    reports (Mapping[str, Report]): What was left out of each split.
    task (Task): What the rows are annotated for.
    RETURNS (list[str]): Each problem, with what to do about it.
    """
    train, problems = counts["train"], []
    if len(train) == 1 and task in ("textcat", "tagger"):
        problems.append(
            f"Train has one label only, '{next(iter(train))}', so that nothing but it can be "
            f"learned: add rows with other labels, or check that the right column is read."
        )
    if task == "ner" and "O" in train:
        problems.append(
            f"A label is called O ({train['O']} entities), as tokens outside of entities are: if "
            f"these are none, leave them out with --exclude O."
        )
    other = sum((found for split, found in counts.items() if split != "train"), Counter())
    share = other.total() / max(1, train.total())
    absent = [label for label in sorted(train) if label not in other]
    if strange := [f"{label} ({train[label]})" for label in absent if train[label] * share > FEW]:
        problems.append(
            f"Labels that are frequent in train, and in no other split: {', '.join(strange)}: "
            "look whether all splits are annotated alike, or leave these out"
            f"{' with --exclude' if task == 'ner' else ''}."
        )
    for split, found in counts.items():
        if not found:
            problems.append(
                f"The {split} split has no label at all, so that it can't tell how good a model "
                f"is: annotate it, or leave it out with --split."
            )
    alike = defaultdict(list)
    for label in sorted(train):
        alike["".join(label.split()).casefold()].append(f"'{label}' ({train[label]})")
    for labels in alike.values():
        if len(labels) > 1:
            problems.append(
                f"Labels that differ by case or spaces only: {', '.join(labels)}: if they mean "
                f"the same, make them the same in the data."
            )
    for label in sorted(train):
        parts = [part.strip() for mark in ",;|" if mark in label for part in label.split(mark)]
        if parts and task.startswith("textcat") and all(part in train for part in parts):
            problems.append(
                f"The label '{label}' joins others: choose the task textcat_multilabel, with the "
                f"option label_separator."
            )
    for split, report in reports.items():
        share = report.skipped / max(1, report.skipped + report.rows)
        if share > TOO_MANY:
            problems.append(
                f"{share:.0%} of the rows of {split} were left out because of errors: look at the "
                f"first of them, which may be of one cause, and correct it."
            )
    return problems
