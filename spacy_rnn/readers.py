"""What reads the `[corpora]` of a config."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from spacy.language import Language
from spacy.training import Corpus, Example
from spacy.util import logger

from .corpus import (
    Columns,
    CorpusError,
    Record,
    Table,
    Task,
    known_labels,
    load_splits,
    make_docs,
    select_split,
)
from .corpus.sources import SUFFIXES, find_files, load_source, read_source


def dataset(
    path: str,
    task: Task,
    split: str = "train",
    columns: dict[str, str | list[str]] | None = None,
    labels: list[str] | None = None,
    name: str | None = None,
    data_files: str | list[str] | dict[str, str | list[str]] | None = None,
    revision: str | None = None,
    options: dict[str, Any] | None = None,
    streaming: bool = False,
    shuffle_buffer: int = 0,
    limit: int = 0,
    max_length: int = 0,
    gold_preproc: bool = False,
    on_error: Literal["fail", "skip"] = "fail",
) -> Callable[[Language], Iterator[Example]]:
    """Read a Hugging Face dataset, on the hub or in local files, as a training corpus.

    path (str): Name of a dataset on the hub, a local json, jsonl, csv, tsv or parquet file, a
        folder of such files with train, dev or test in their names, or a folder that save_to_disk
        wrote. Files of sentences (conllu, iob, iob2, conll) need no columns. "csv", "json" or
        "parquet" read data_files with any suffix.
    task (str): "textcat", "textcat_multilabel", "tagger" or "ner".
    split (str): The split, or a part of it: "train", "train[:90%]", "train[1000:]". The only
        split of a single file is train. Where rows are sorted by label, a part lacks labels.
    columns (Optional[Dict[str, Union[str, List[str]]]]): The names of the columns text, label,
        labels, tokens, tags and entities, where they are others than these. See
        spacy_rnn.corpus.Columns.
    labels (Optional[List[str]]): The names of the labels, by index where the column holds
        integers. By default those of its ClassLabel feature. textcat_multilabel has to know them,
        and streamed text classification can only be initialized with labels that are named here,
        in a ClassLabel or in [initialize].
    name (Optional[str]): Configuration of the hub dataset.
    data_files (Optional[Union[str, List[str], Dict[str, Union[str, List[str]]]]]): The files to
        read below path: names or patterns, or these by split.
    revision (Optional[str]): Branch or commit of the hub dataset. Name a commit to train on the
        same data again.
    options (Optional[Dict[str, Any]]): Options of the datasets library for the format, such as
        {"column_names": ["label", "text"]} for a csv file without header.
    streaming (bool): Whether to read rows as they are asked for, without a copy in the cache of
        the datasets library. Together with `[training] max_epochs = -1` no more than a few batches
        are in memory.
    shuffle_buffer (int): Number of rows from which the next is drawn, so that each pass has
        another order, which [training] seed determines. 0 keeps the order of the rows. Rows that
        are sorted by label need a buffer of their number. With `max_epochs` of 0 or more spaCy
        shuffles by itself.
    limit (int): Maximum number of rows, 0 for no limit.
    max_length (int): Leave out texts of this many tokens or more, 0 for no limit.
    gold_preproc (bool): Whether to train on the gold tokens where the text is known as well, and
        not on those of the tokenizer.
    on_error (str): "fail" on the first row that cannot be used, or "skip" such rows and warn of
        their number after each pass.
    RETURNS (Callable[[Language], Iterator[Example]]): The corpus. A call is a pass over the rows.
    """
    names = Columns.from_dict(columns or {})
    corpus = Corpus("", gold_preproc=gold_preproc, max_length=max_length)
    make_examples = corpus.make_examples_gold_preproc if gold_preproc else corpus.make_examples

    @cache
    def load() -> list[Table | Path]:
        if data_files is None and (Path(path).suffix in SUFFIXES or find_files(Path(path))):
            return select_split(load_source(path), split, path)
        tables = load_splits(
            path,
            name=name,
            data_files=data_files,
            revision=revision,
            streaming=streaming,
            options=options,
        )
        return select_split(tables, split, path)

    def read(nlp: Language) -> Iterator[Example]:
        parts = load()
        tables = [part for part in parts if isinstance(part, Table)]
        known = known_labels(tables, task, names, labels)
        skipped = Skipped()
        report = skipped if on_error == "skip" else None
        records = read_source(parts, task, names, labels=labels, on_error=report)
        records = islice(records, limit or None)
        if shuffle_buffer:
            records = shuffle(records, shuffle_buffer)
        n_examples = 0
        for example in make_examples(nlp, make_docs(records, nlp, task, known, report)):
            n_examples += 1
            yield example
        if skipped.count:
            logger.warning("Skipped %d rows of %s. %s", skipped.count, path, skipped.first)
        if not n_examples:  # spaCy would read an empty stream again and again
            raise CorpusError(
                f"'{split}' of {path} gave no examples ({skipped.count} rows skipped), expected "
                f"rows that can be used and are shorter than max_length."
            )

    return read


@dataclass
class Skipped:
    """The rows that a pass leaves out.

    count (int): Their number.
    first (Optional[CorpusError]): What is wrong with the first.
    """

    count: int = 0
    first: CorpusError | None = None

    def __call__(self, error: CorpusError) -> None:
        self.first = self.first or error
        self.count += 1


def shuffle(records: Iterator[Record], buffer_size: int) -> Iterator[Record]:
    """Draw every record at random from a buffer that the next one refills. All randomness comes
    from one draw of the global generator, which spaCy seeds: the order of a pass does not depend
    on what else is random while it lasts.

    records (Iterator[Record]): The records.
    buffer_size (int): Number of records in the buffer.
    YIELDS (Record): The records in another order.
    """
    generator = random.Random(random.getrandbits(64))
    buffer = list(islice(records, buffer_size))
    for record in records:
        i = generator.randrange(len(buffer))
        yield buffer[i]
        buffer[i] = record
    generator.shuffle(buffer)
    yield from buffer
