"""What reads the `[corpora]` of a config."""

import random
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Any, Literal

from spacy.language import Language
from spacy.training import Corpus, Example
from spacy.util import logger

from .corpus import (
    Columns,
    CorpusError,
    Options,
    Reading,
    Record,
    Report,
    Task,
    known_labels,
    load_splits,
    make_docs,
    read_records,
    select_split,
    understand,
)
from .errors import UserError


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

    path (str): Name of a dataset on the hub, a local file (csv, tsv, json, jsonl, parquet, tokens
        with tags, CoNLL-U, fastText, .spacy; what it is is told from its content), a folder of such
        files with train, dev or test in their names, or a folder that save_to_disk wrote. "csv",
        "json" or "parquet" read data_files as such.
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
    options (Optional[Dict[str, Any]]): How to read a local file, where its content does not tell,
        such as {"encoding": "cp1252", "delimiter": ";"}. See spacy_rnn.corpus.Options. For a hub
        dataset, the options of its builder in the datasets library.
    streaming (bool): Whether to read the rows of a hub dataset as they are asked for, without a
        copy in the cache of the datasets library. Local files are always read so: together with
        `[training] max_epochs = -1` no more than a few batches are in memory.
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
    def load() -> list[Reading]:
        splits = load_splits(
            path,
            name=name,
            data_files=data_files,
            revision=revision,
            streaming=streaming,
            options=options,
        )
        tables = select_split(splits, split, path)
        is_local = all(table.format != "dataset" for table in tables)
        values = Options.from_dict(options or {}) if is_local else Options()
        readings = [understand(table, task, names, labels, values) for table in tables]
        for reading in readings:
            logger.info("Reading %s", reading.note)
        return readings

    def read(nlp: Language) -> Iterator[Example]:
        readings = load()
        known = known_labels(readings, task, labels)
        report = Report(skip=on_error == "skip")
        records: Iterator[Record] = islice(read_records(readings, report), limit or None)
        if shuffle_buffer:
            records = shuffle(records, shuffle_buffer)
        n_examples = 0
        for example in make_examples(nlp, make_docs(records, nlp, task, known, report)):
            n_examples += 1
            yield example
        if report.skipped:
            logger.warning("Skipped %d rows of %s. %s", report.skipped, path, report.reasons[0])
        for reason, count in report.left_out.items():
            logger.warning("Left out %d rows of %s: %s", count, path, reason)
        if not n_examples:  # spaCy would read an empty stream again and again
            raise CorpusError(
                f"'{split}' of {path} gave no examples ({report.skipped} rows skipped), expected "
                f"rows that can be used and are shorter than max_length."
            )

    return read


def with_distilled(
    gold: Callable[[Language], Iterable[Example]],
    distilled: Callable[[Language], Iterable[Example]],
    gold_repeats: int = 2,
) -> Callable[[Language], Iterator[Example]]:
    """Train on annotated data together with what a teacher says about other texts:
    `spacy-rnn.WithDistilled.v1`.

    gold (Callable): The reader of the annotated data.
    distilled (Callable): The reader of what `spacy rnn distil` wrote.
    gold_repeats (int): How often the annotated data is read in a pass. Recommended values are
        from 1 to 4: more for less of it.
    RETURNS (Callable[[Language], Iterator[Example]]): The corpus. A call is a pass over both.
    RAISES (ValueError): If `gold_repeats` is below 1; on use, if the teacher has said nothing, or
        has labels that the annotated data lacks.
    """
    if gold_repeats < 1:
        raise UserError(f"Invalid gold_repeats: got {gold_repeats}, expected 1 or more.")

    def read(nlp: Language) -> Iterator[Example]:
        known: dict[str, set[str]] = {}
        for i in range(gold_repeats):
            for example in gold(nlp):
                if i == 0:
                    _add_labels(known, example)
                yield example
        n_distilled = 0
        for example in distilled(nlp):
            n_distilled += 1
            found: dict[str, set[str]] = {}
            _add_labels(found, example)
            for kind, labels in found.items():
                if foreign := sorted(labels - known.get(kind, labels)):
                    raise CorpusError(
                        f"The teacher has other {kind} than the annotated data: got "
                        f"{', '.join(foreign[:5])}, expected some of "
                        f"{', '.join(sorted(known[kind])[:10])}. Train it on the same labels, or "
                        "rename its own in what it wrote."
                    )
            yield example
        if not n_distilled:
            raise CorpusError(
                "The distilled corpus gave no texts, expected what spacy rnn distil wrote. Correct "
                "its path, or train on the annotated data alone."
            )

    return read


def _add_labels(known: dict[str, set[str]], example: Example) -> None:
    """Add the labels of an example to those that are known, by kind."""
    doc = example.reference
    found = {
        "categories": set(doc.cats),
        "entities": {ent.label_ for ent in doc.ents},
        "tags": {token.tag_ for token in doc if token.tag},
    }
    for kind, labels in found.items():
        if labels:
            known.setdefault(kind, set()).update(labels)


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
