"""What a converted split holds."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spacy.tokens import Doc
from wasabi.printer import Printer

from ..corpus import Record, Report, Task
from ..corpus.splits import Split

N_NOTES = 3  # files of a split of which it is told how they are read


@dataclass
class Summary:
    """What one split holds.

    path (Path): The file, or the folder of files.
    report (Report): What is left out of it.
    docs (int): Number of docs.
    tokens (int): Number of tokens.
    labels (Counter[str]): How often each label is annotated.
    misaligned (int): Number of entities that do not match token boundaries.
    """

    path: Path
    report: Report
    docs: int = 0
    tokens: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    misaligned: int = 0

    def add(self, doc: Doc, records: list[Record], task: Task) -> None:
        """Count a doc.

        doc (Doc): The doc.
        records (list[Record]): The rows that it is made of.
        task (Task): What it is annotated for.
        """
        self.docs += 1
        self.tokens += len(doc)
        self.labels.update(annotated_labels(doc, task))
        self.misaligned += sum(len(record.spans) for record in records) - len(doc.ents)


def annotated_labels(doc: Doc, task: Task) -> list[str]:
    """Get the labels that a doc is annotated with.

    doc (Doc): The doc.
    task (Task): What it is annotated for.
    RETURNS (list[str]): The labels, with repetitions.
    """
    if task == "tagger":
        return [token.tag_ for token in doc if token.tag_]
    if task == "ner":
        return [ent.label_ for ent in doc.ents]
    return [label for label, value in doc.cats.items() if value]


def print_notes(msg: Printer, splits: Mapping[str, Split]) -> None:
    """Print how each file is read.

    msg (Printer): The printer.
    splits (Mapping[str, Split]): The splits.
    """
    told = set()
    for split, found in splits.items():
        notes = [r.note for r in found.readings if r.note not in told]
        told.update(notes)
        for note in notes[:N_NOTES]:
            msg.info(f"Reading {note}")
        if len(notes) > N_NOTES:
            msg.info(f"Reading {len(notes) - N_NOTES} more files of {split} in the same way")


def print_summaries(msg: Printer, summaries: Mapping[str, Summary]) -> None:
    """Print a table with a column per split: docs, tokens, skipped rows, and labels from frequent
    to rare.

    msg (Printer): The printer.
    summaries (Mapping[str, Summary]): What each split holds.
    """
    total = sum((summary.labels for summary in summaries.values()), Counter())
    reports = [summary.report for summary in summaries.values()]
    rows: list[tuple[str | int, ...]] = [
        ("Docs", *(summary.docs for summary in summaries.values())),
        ("Tokens", *(summary.tokens for summary in summaries.values())),
    ]
    if any(report.skipped for report in reports):
        rows.append(("Skipped rows", *(report.skipped for report in reports)))
    for label in sorted(total, key=lambda label: (-total[label], label)):
        rows.append((label, *(summary.labels[label] for summary in summaries.values())))
    aligns = ["l"] + ["r"] * len(summaries)
    msg.table(rows, header=("", *summaries), aligns=aligns, divider=True)
    for split, summary in summaries.items():
        report = summary.report
        msg.good(f"Saved {summary.docs} docs to {summary.path}")
        if report.skipped:
            more = report.skipped - len(report.reasons)
            msg.warn(
                f"Rows left out of {split}: {report.skipped}",
                "\n".join(report.reasons + ([f"and {more} more"] if more else [])),
            )
        for reason, count in report.left_out.items():
            msg.warn(f"Rows left out of {split}, as they ask for it: {count} with {reason}")
        if summary.misaligned:
            msg.warn(
                f"Entities of {split} that don't match token boundaries: {summary.misaligned}. In "
                f"docs, their tokens count as not annotated."
            )
