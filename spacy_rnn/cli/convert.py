from collections import Counter
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import tqdm
from spacy import util
from spacy.cli._util import Arg, Opt
from spacy.tokens import Doc, DocBin
from wasabi.printer import Printer

from .. import corpus
from ..corpus import COLUMNS, Columns, Task
from . import app
from ._util import CommandError, exit_on_error, staged


class TaskName(str, Enum):
    textcat = "textcat"
    textcat_multilabel = "textcat_multilabel"
    tagger = "tagger"
    ner = "ner"


@dataclass(frozen=True)
class Summary:
    """What one split holds.

    path (Path): The file.
    docs (int): Number of docs.
    tokens (int): Number of tokens.
    skipped (int): Number of entities left out because they do not match token boundaries.
    labels (Counter[str]): How often each label is annotated.
    """

    path: Path
    docs: int
    tokens: int
    skipped: int
    labels: Counter[str]


@app.command("convert")
def convert_cli(
    source: Annotated[
        str,
        Arg(
            help="Dataset name on the Hugging Face hub, or a local json, jsonl, csv, tsv or "
            "parquet file (becomes train), or a folder of such files with train, dev or test in "
            "their names"
        ),
    ],
    output_dir: Annotated[
        Path, Arg(help="Directory for train.spacy, dev.spacy and test.spacy", file_okay=False)
    ],
    task: Annotated[TaskName, Opt("--task", "-t", help="What the data is annotated for")],
    lang: Annotated[str, Opt("--lang", "-l", help="Language, for the tokenizer")] = "en",
    name: Annotated[
        str | None, Opt("--name", "-n", help="Configuration of the hub dataset")
    ] = None,
    revision: Annotated[
        str | None, Opt("--revision", "-r", help="Git revision of the hub dataset")
    ] = None,
    text: Annotated[str, Opt(help="Column with the text")] = Columns.text,
    label: Annotated[str, Opt(help="Column with the label (textcat)")] = Columns.label,
    labels: Annotated[
        str, Opt(help="Column with the list of labels (textcat_multilabel)")
    ] = Columns.labels,
    tokens: Annotated[
        str, Opt(help="Column with the list of tokens (tagger, ner)")
    ] = Columns.tokens,
    tags: Annotated[
        str, Opt(help="Column with the list of tags, one per token (tagger)")
    ] = Columns.tags,
    entities: Annotated[
        str,
        Opt(
            help="Column with the list of entities as {start, end, label}, with offsets in "
            "characters of the text (ner)"
        ),
    ] = Columns.entities,
) -> None:
    """
    Convert a Hugging Face dataset into spaCy's binary format, one file per
    split: train.spacy, dev.spacy (also from validation, valid or val) and
    test.spacy. Files are only replaced after the whole dataset is converted
    without an error.
    """
    with exit_on_error():
        convert(
            source,
            output_dir,
            task.value,
            lang=lang,
            name=name,
            revision=revision,
            columns=Columns(text, label, labels, tokens, tags, entities),
            silent=False,
        )


def convert(
    source: str,
    output_dir: Path,
    task: Task,
    *,
    lang: str = "en",
    name: str | None = None,
    revision: str | None = None,
    columns: Columns = COLUMNS,
    silent: bool = True,
) -> dict[str, Summary]:
    """Convert a Hugging Face dataset into spaCy's binary format, one file per split.

    source (str): Name of a dataset on the Hugging Face hub, or a local file or folder.
    output_dir (Path): Directory to write to.
    task (Task): What the data is annotated for.
    lang (str): Language, for the tokenizer.
    name (Optional[str]): Configuration of the hub dataset.
    revision (Optional[str]): Git revision of the hub dataset.
    columns (Columns): The names of the columns.
    silent (bool): Don't print any output.
    RETURNS (dict[str, Summary]): What each split holds.
    RAISES (CorpusError, CommandError): If the data or the language cannot be used. No file is
        written or changed then.
    """
    msg = Printer(no_print=silent, pretty=not silent)
    try:
        nlp = util.get_lang_class(lang)()
    except ImportError as error:
        raise CommandError(f"Can't use the language '{lang}': {error}") from error
    tables = corpus.load_tables(source, name=name, revision=revision)
    counts = {
        split: corpus.count_labels(corpus.read_records(tables[split], task, columns))
        for split in tables
    }
    labels = corpus.label_set(counts, task)
    paths = {split: output_dir / f"{split}.spacy" for split in tables}
    summaries = {}
    with staged(*paths.values()) as parts:
        for (split, path), part in zip(paths.items(), parts, strict=True):
            records = tqdm.tqdm(
                corpus.read_records(tables[split], task, columns),
                total=sum(len(table.data) for table in tables[split]),
                desc=split,
                unit="doc",
                leave=False,
                disable=silent or None,
            )
            doc_bin = DocBin()
            skipped = n_tokens = 0
            found: Counter[str] = Counter()
            for record in records:
                doc = corpus.make_doc(record, nlp, task, labels)
                doc_bin.add(doc)
                n_tokens += len(doc)
                found.update(annotated_labels(doc, task))
                skipped += len(record.spans) - len(doc.ents)
            doc_bin.to_disk(part)
            summaries[split] = Summary(path, len(doc_bin), n_tokens, skipped, found)
    print_summaries(msg, summaries)
    for split, summary in summaries.items():
        if summary.skipped:
            msg.warn(
                f"Entities left out of {split}, as their offsets don't match token boundaries: "
                f"{summary.skipped}. Their tokens count as not annotated."
            )
    unseen = corpus.unseen_labels(counts)
    if unseen:
        msg.warn(f"Labels that train lacks, each counted as an error: {', '.join(unseen)}")
    for split in corpus.SPLITS:
        old = output_dir / f"{split}.spacy"
        if split not in paths and old.exists():
            msg.warn(f"{old} is from an earlier run: {source} has no {split} split")
    return summaries


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


def print_summaries(msg: Printer, summaries: dict[str, Summary]) -> None:
    """Print a table with a column per split: docs, tokens, and labels from frequent to rare.

    msg (Printer): The printer.
    summaries (dict[str, Summary]): What each split holds.
    """
    total = sum((summary.labels for summary in summaries.values()), Counter())
    rows = [
        ("Docs", *(summary.docs for summary in summaries.values())),
        ("Tokens", *(summary.tokens for summary in summaries.values())),
    ]
    for label in sorted(total, key=lambda label: (-total[label], label)):
        rows.append((label, *(summary.labels[label] for summary in summaries.values())))
    aligns = ["l"] + ["r"] * len(summaries)
    msg.table(rows, header=("", *summaries), aligns=aligns, divider=True)
    for summary in summaries.values():
        msg.good(f"Saved {summary.docs} docs to {summary.path}")
