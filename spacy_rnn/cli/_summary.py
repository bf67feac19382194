"""What a converted split holds."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spacy.tokens import Doc
from wasabi.printer import Printer

from ..corpus import CorpusError, Record, Task

N_REASONS = 5  # errors that are told in full


@dataclass
class Summary:
    """What one split holds.

    path (Path): The file, or the folder of files.
    docs (int): Number of docs.
    tokens (int): Number of tokens.
    labels (Counter[str]): How often each label is annotated.
    misaligned (int): Number of entities that do not match token boundaries.
    skipped (int): Number of rows left out because of errors.
    reasons (list[str]): The first of the errors.
    """

    path: Path
    docs: int = 0
    tokens: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    misaligned: int = 0
    skipped: int = 0
    reasons: list[str] = field(default_factory=list)

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

    def skip(self, error: CorpusError) -> None:
        """Count a row that is left out.

        error (CorpusError): What is wrong with it.
        """
        self.skipped += 1
        if len(self.reasons) < N_REASONS:
            self.reasons.append(str(error))


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


def print_summaries(msg: Printer, summaries: Mapping[str, Summary]) -> None:
    """Print a table with a column per split: docs, tokens, skipped rows, and labels from frequent
    to rare.

    msg (Printer): The printer.
    summaries (Mapping[str, Summary]): What each split holds.
    """
    total = sum((summary.labels for summary in summaries.values()), Counter())
    rows: list[tuple[str | int, ...]] = [
        ("Docs", *(summary.docs for summary in summaries.values())),
        ("Tokens", *(summary.tokens for summary in summaries.values())),
    ]
    if any(summary.skipped for summary in summaries.values()):
        rows.append(("Skipped rows", *(summary.skipped for summary in summaries.values())))
    for label in sorted(total, key=lambda label: (-total[label], label)):
        rows.append((label, *(summary.labels[label] for summary in summaries.values())))
    aligns = ["l"] + ["r"] * len(summaries)
    msg.table(rows, header=("", *summaries), aligns=aligns, divider=True)
    for split, summary in summaries.items():
        msg.good(f"Saved {summary.docs} docs to {summary.path}")
        if summary.skipped:
            more = summary.skipped - len(summary.reasons)
            msg.warn(
                f"Rows left out of {split}: {summary.skipped}",
                "\n".join(summary.reasons + ([f"and {more} more"] if more else [])),
            )
        if summary.misaligned:
            msg.warn(
                f"Entities of {split} that don't match token boundaries: {summary.misaligned}. In "
                f"docs, their tokens count as not annotated."
            )
