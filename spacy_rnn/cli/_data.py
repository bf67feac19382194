"""Data of any form, as `init` and `fit` take it: what it is annotated for and what it holds."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from threading import get_ident

from spacy import util

from .. import corpus
from ..corpus import COLUMNS, Columns, CorpusError, NoColumn, Report, Task
from ..corpus.splits import Split, add_splits, open_splits
from ._docs import make_docs
from ._summary import Summary
from ._util import CommandError
from .convert import read_columns

TASKS: tuple[Task, ...] = ("textcat", "textcat_multilabel", "ner", "tagger")
N_ROWS = 200  # that tell what the data is annotated for


def parse_columns(settings: Sequence[str]) -> Columns:
    """RETURNS (Columns): The columns that `role=name` pairs name.
    RAISES (CorpusError): If there is no such role.
    """
    return read_columns({"labels": ["labels"]}, settings)


def find_task(source: str, columns: Columns, exclude: Sequence[str] = ()) -> Task:
    """Find what data is annotated for, by reading the first rows for each task.

    source (str): The data.
    columns (Columns): The names of its columns.
    exclude (Sequence[str]): Labels of entities to leave out.
    RETURNS (Task): The task.
    RAISES (CommandError): If the data can be read for no task, or for several.
    """
    labels, errors, wrong_rows = {}, {}, []
    for task in TASKS:
        try:
            with _silence():
                only = exclude if task == "ner" else ()
                splits = open_splits(source, task, columns, exclude=only)
        except CorpusError as error:
            errors[task] = error
            continue
        try:
            with _silence():
                rows = islice(splits["train"].read(), N_ROWS)
                labels[task] = [record.labels for record in chain.from_iterable(rows)]
        except CorpusError as error:
            wrong_rows.append(str(error))
    if "textcat" in labels:  # a document with one label is no reason to expect several
        labels.pop("textcat_multilabel", None)
    if {"ner", "tagger"} <= {*labels}:
        marks = {label[:2] for row in labels["tagger"] for label in row}
        labels.pop("tagger" if marks & {"B-", "I-"} else "ner")
    if len(labels) == 1:
        return next(iter(labels))
    if labels:
        raise CommandError(
            f"{source} can be read for several tasks: got {', '.join(labels)}, expected one. Name "
            "it with --task."
        )
    if wrong_rows:  # while the columns are those of a task
        raise CommandError(wrong_rows[0])
    if len({*map(str, errors.values())}) == 1:
        raise CommandError(str(errors["textcat"]))
    missing = [error for error in errors.values() if isinstance(error, NoColumn)]
    for lack in missing:
        if getattr(columns, lack.role) != getattr(COLUMNS, lack.role):
            raise CommandError(str(lack))  # of a column that was named
    if len(missing) == len(errors):
        raise CommandError(
            f"Can't tell what {source} is annotated for: got the columns {missing[0].got}, "
            "expected text and label, text and labels, text and entities, or tokens and tags. Say "
            "which they are, as in --columns text=review,label=stars."
        )
    reasons = "; ".join(f"{task}: {str(error).rstrip('.')}" for task, error in errors.items())
    raise CommandError(
        f"Can't tell what {source} is annotated for: name the task (--task) or the columns "
        f"(--columns text=review,label=stars). Tried {reasons}."
    )


@contextmanager
def _silence() -> Iterator[None]:
    """What is only tried is not warned of: it is when it is read for good. Other threads go on
    with their warnings."""
    here = get_ident()

    def is_told(record: logging.LogRecord) -> bool:
        return record.thread != here or record.levelno >= logging.ERROR

    util.logger.addFilter(is_told)
    try:
        yield
    finally:
        util.logger.removeFilter(is_told)


def open_data(
    source: str,
    task: Task,
    columns: Columns,
    shares: Mapping[str, float],
    *,
    exclude: Sequence[str] = (),
) -> dict[str, Split]:
    """Open data, with the splits that it lacks.

    source (str): The data.
    task (Task): What it is annotated for.
    columns (Columns): The names of its columns.
    shares (Mapping[str, float]): The share of train for each split, if it is lacking.
    exclude (Sequence[str]): Labels of entities to leave out.
    RETURNS (dict[str, Split]): The splits.
    RAISES (CorpusError): If the data cannot be read.
    """
    splits = open_splits(source, task, columns, exclude=exclude)
    missing = {name: share for name, share in shares.items() if name not in splits}
    return add_splits(splits, missing) if missing else splits


def look(split: Split, lang: str) -> Summary:
    """RETURNS (Summary): What a split holds, without rows that cannot be read."""
    nlp = util.get_lang_class(lang)()
    counts = {"train": corpus.count_labels(chain.from_iterable(split.read(Report(skip=True))))}
    summary = Summary(Path(), Report(skip=True))
    for _ in make_docs(split, nlp, corpus.label_set(counts, split.task), summary):
        pass
    return summary
