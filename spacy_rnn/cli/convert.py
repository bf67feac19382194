from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import tqdm
from spacy import util
from spacy.cli._util import Arg, Opt
from wasabi.printer import Printer

from .. import corpus
from ..corpus import Columns, Report, parse_option
from ..corpus.shards import holds_shards, require_memory
from ..corpus.splits import Split, add_splits, count_splits, open_splits
from . import app
from ._docs import make_docs, write
from ._options import Exclude, Lang
from ._summary import Summary, print_notes, print_summaries
from ._util import CommandError, exit_on_error, staged


class TaskName(str, Enum):
    textcat = "textcat"
    textcat_multilabel = "textcat_multilabel"
    tagger = "tagger"
    ner = "ner"


class Format(str, Enum):
    spacy = "spacy"
    jsonl = "jsonl"


class OnError(str, Enum):
    fail = "fail"
    skip = "skip"


@app.command("convert")
def convert_cli(
    source: Annotated[
        str,
        Arg(
            help="Dataset name on the Hugging Face hub, or a local file (becomes train): csv, "
            "json, parquet, tokens with tags, CoNLL-U, fastText, spacy, what Prodigy, doccano or "
            "Label Studio export; or a folder of such files with train, dev or test in their names"
        ),
    ],
    output_dir: Annotated[
        Path, Arg(help="Directory for train.spacy, dev.spacy and test.spacy", file_okay=False)
    ],
    task: Annotated[TaskName, Opt("--task", "-t", help="What the data is annotated for")],
    lang: Lang = "en",
    name: Annotated[str | None, Opt(help="Configuration of the hub dataset")] = None,
    revision: Annotated[
        str | None, Opt("--revision", "-r", help="Git revision of the hub dataset")
    ] = None,
    split: Annotated[
        list[str] | None, Opt("--split", help="Split to read, by default all. Can be repeated")
    ] = None,
    option: Annotated[
        list[str] | None,
        Opt(
            help="How to read a local file where its content does not tell, such as "
            "encoding=cp1252, delimiter=; or format=tokens; for a hub dataset an option of its "
            "builder. Can be repeated"
        ),
    ] = None,
    columns: Annotated[
        list[str] | None,
        Opt(
            help="What columns hold, such as text=review,label=stars, or, by number, "
            "tokens=2,entities=3 in files of tokens: the following options in one"
        ),
    ] = None,
    text: Annotated[str, Opt(help="Column with the text")] = Columns.text,
    label: Annotated[str, Opt(help="Column with the label (textcat)")] = Columns.label,
    labels: Annotated[
        list[str] | None,
        Opt(
            help="Column with the labels of a text, a list, a string that joins them or a dict of "
            "their values; or, repeated, columns that are named like the labels and hold 0 or 1 "
            "(textcat_multilabel)"
        ),
    ] = None,
    tokens: Annotated[
        str, Opt(help="Column with the list of tokens (tagger, ner)")
    ] = Columns.tokens,
    tags: Annotated[
        str,
        Opt(
            help="Column with the list of tags, one per token; in CoNLL-U upos, xpos or, by "
            "default, xpos and upos where a word has none (tagger)"
        ),
    ] = Columns.tags,
    entities: Annotated[
        str,
        Opt(
            help="Column with the list of entities, as {start, end, label} or [start, end, label] "
            "with offsets in characters of the text, or of their tags, one per token (ner)"
        ),
    ] = Columns.entities,
    label_names: Annotated[
        list[str] | None,
        Opt(
            help="Names of the labels, by number where the column holds integers: O,B-PER,I-PER. "
            "Can be repeated"
        ),
    ] = None,
    merge_subtokens: Annotated[
        bool,
        Opt(
            "--merge-subtokens",
            "-T",
            help="Make one token of all words that CoNLL-U writes as one",
        ),
    ] = False,
    exclude: Exclude = None,
    n_sents: Annotated[
        int, Opt("--n-sents", "-n", min=1, help="Rows, each a sentence, per doc (tagger, ner)")
    ] = 1,
    dev: Annotated[float, Opt(min=0, max=1, help="Share of train for a dev split")] = 0.0,
    test: Annotated[float, Opt(min=0, max=1, help="Share of train for a test split")] = 0.0,
    seed: Annotated[int, Opt("--seed", "-s", help="Seed of the new splits")] = 0,
    shard_size: Annotated[
        int, Opt(min=0, help="Docs per file in folders instead of files, 0 for one file")
    ] = 0,
    to: Annotated[Format, Opt("--to", help="Format to write")] = Format.spacy,
    on_error: Annotated[OnError, Opt(help="What to do about bad rows")] = OnError.fail,
) -> None:
    """
    Convert annotated data into spaCy's binary format, one file per split:
    train.spacy, dev.spacy (also from validation, valid or val) and test.spacy.
    Files are only replaced after all of the data is converted without an
    error.
    """
    shares = {split: share for split, share in (("dev", dev), ("test", test)) if share}
    named = {"text": text, "label": label, "tokens": tokens, "tags": tags, "entities": entities}
    with exit_on_error():
        splits = open_splits(
            source,
            task.value,
            read_columns({**named, "labels": labels or ["labels"]}, columns or ()),
            name=name,
            revision=revision,
            labels=[n.strip() for names in label_names for n in names.split(",")]
            if label_names
            else None,
            options=dict(map(parse_option, option or ()))
            | ({"merge_subtokens": True} if merge_subtokens else {}),
            only=split or (),
            exclude=exclude or (),
            n_sents=n_sents,
        )
        if shares:
            splits = add_splits(splits, shares, seed)
        convert(
            splits,
            output_dir,
            lang=lang,
            to=to.value,
            shard_size=shard_size,
            on_error=on_error.value,
            silent=False,
        )


def read_columns(columns: Mapping[str, str | list[str]], assignments: Iterable[str]) -> Columns:
    """Read what the columns hold.

    columns (Mapping[str, Union[str, list[str]]]): The columns by option.
    assignments (Iterable[str]): More, as "tokens=2,entities=3".
    RETURNS (Columns): All of them.
    RAISES (CorpusError): If there is no such option.
    """
    found = dict(columns)
    for assignment in (part for text in assignments for part in text.split(",")):
        role, name = parse_option(assignment)
        more = found["labels"] if role == "labels" and "labels" in assignment else []
        found[role] = [*more, name] if role == "labels" and more != ["labels"] else name
    if isinstance(found["labels"], list) and len(found["labels"]) == 1:
        found["labels"] = found["labels"][0]
    return Columns.from_dict(found)


def convert(
    splits: Mapping[str, Split],
    output_dir: Path,
    *,
    lang: str = "en",
    to: Literal["spacy", "jsonl"] = "spacy",
    shard_size: int = 0,
    on_error: Literal["fail", "skip"] = "fail",
    silent: bool = True,
) -> dict[str, Summary]:
    """Write splits, each to a file of its name, or to a folder of numbered files.

    splits (Mapping[str, Split]): The splits.
    output_dir (Path): Directory to write to.
    lang (str): Language, for the tokenizer.
    to (Literal["spacy", "jsonl"]): The format, spaCy's binary one or rows with the same columns.
    shard_size (int): Number of docs or rows per file of a folder. 0 for one file and no folder.
    on_error (Literal["fail", "skip"]): Whether to leave out bad rows, and count them.
    silent (bool): Don't print any output.
    RETURNS (dict[str, Summary]): What each split holds.
    RAISES (CorpusError, CommandError): If the data, the language or the directory cannot be used.
        No file is written or changed then.
    """
    msg = Printer(no_print=silent, pretty=not silent)
    try:
        nlp = util.get_lang_class(lang)()
    except ImportError as error:
        raise CommandError(f"Can't use the language '{lang}': {error}") from error
    paths = {split: output_dir / (split if shard_size else f"{split}.{to}") for split in splits}
    for path in paths.values():
        if path.is_dir() and not holds_shards(path):
            raise CommandError(
                f"{path} is a folder of other files, and would be replaced: move it, or choose "
                f"another directory."
            )
    print_notes(msg, splits)
    skip = on_error == "skip"
    task = splits["train"].task
    counts, sizes = count_splits(splits, skip)
    labels = corpus.label_set(counts, task)
    if to == "spacy" and not shard_size:
        require_memory(max(sizes.values()), 0, task)
    paths = {name: paths[name] for name in counts}
    summaries = {name: Summary(path, Report(skip)) for name, path in paths.items()}
    with staged(*paths.values()) as parts:
        for part, (name, summary) in zip(parts, summaries.items(), strict=True):
            docs = make_docs(splits[name], nlp, labels, summary)
            progress = tqdm.tqdm(
                docs, total=sizes[name], desc=name, unit="doc", leave=False, disable=silent or None
            )
            write(part, progress, splits[name], to, shard_size)
            if not summary.docs:
                report = summary.report
                why = "; ".join([f"{report.skipped} rows were left out", *report.reasons[:1]])
                raise CommandError(f"The {name} split has no docs, expected at least one: {why}.")
    print_summaries(msg, summaries)
    reports = {name: summary.report for name, summary in summaries.items()}
    for problem in corpus.find_problems(counts, reports, task):
        msg.warn(problem)
    unseen = corpus.unseen_labels(counts)
    if unseen:
        msg.warn(f"Labels that train lacks, each counted as an error: {', '.join(unseen)}")
    for split in corpus.SPLITS:
        for path in (output_dir / split, output_dir / f"{split}.{to}"):
            if path.exists() and path not in paths.values():
                msg.warn(f"{path} is from an earlier run: delete it if it is not wanted")
    return summaries
