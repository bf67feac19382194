"""From a Hugging Face dataset, on the hub or in local files, to annotated Docs."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from itertools import pairwise
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import get_words_and_spaces, logger

if TYPE_CHECKING:
    from datasets import Dataset

Task = Literal["textcat", "textcat_multilabel", "tagger", "ner"]

# File suffix -> builder of the datasets library and its options. Without na_filter, texts and
# labels such as "NA", "null" or "None" would be read as missing values.
FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    ".json": ("json", {}),
    ".jsonl": ("json", {}),
    ".csv": ("csv", {"na_filter": False}),
    ".tsv": ("csv", {"na_filter": False, "sep": "\t"}),
    ".parquet": ("parquet", {}),
}
SPLITS = ("train", "dev", "test")
SPLIT_WORD = re.compile(r"(?<![a-z])(train|dev|val|valid|validation|test)(?![a-z])")
HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?")
LOCAL_FORMS = (
    "a local json, jsonl, csv, tsv or parquet file, or a folder of such files "
    "with train, dev or test in their names"
)


class CorpusError(ValueError):
    """The data cannot be used as it is. The message says where, what was found, what is expected
    and what to do about it."""


@dataclass(frozen=True)
class Columns:
    """The names of the columns to read. A task reads only those it needs.

    text (str): The text, a string.
    label (str): The one label of a text: a string, an integer or a ClassLabel.
    labels (str): The labels of a text, a list.
    tokens (str): The words of a text, a list of strings.
    tags (str): One tag per token, a list.
    entities (str): A list of {start, end, label}, with character offsets into the text.
    """

    text: str = "text"
    label: str = "label"
    labels: str = "labels"
    tokens: str = "tokens"
    tags: str = "tags"
    entities: str = "entities"


COLUMNS = Columns()


@dataclass(frozen=True)
class Table:
    """The rows of one file, or of one split of a hub dataset.

    source (str): The file or split, for messages.
    data (Dataset): The rows.
    """

    source: str
    data: "Dataset"


@dataclass(frozen=True)
class Record:
    """One row, checked, with labels as strings.

    where (str): File and row number, for messages.
    text (Optional[str]): The text, unless only the tokens are known.
    tokens (Optional[list[str]]): The gold tokens, unless the tokenizer is to find them.
    labels (list[str]): The label or labels of the text, the tags of the tokens, or the labels of
        the entities.
    spans (list[tuple[int, int]]): The character offsets of the entities, parallel to the labels.
    """

    where: str
    text: str | None
    tokens: list[str] | None
    labels: list[str]
    spans: list[tuple[int, int]]


# Loading


def load_tables(
    source: str, *, name: str | None = None, revision: str | None = None
) -> dict[str, list[Table]]:
    """Load a dataset split by split. A single local file is the train split, the files of a folder
    are assigned to splits by name, and splits or files under other names are left out.

    source (str): Name of a dataset on the Hugging Face hub, or a local file or folder.
    name (Optional[str]): Configuration of the hub dataset.
    revision (Optional[str]): Git revision of the hub dataset.
    RETURNS (dict[str, list[Table]]): The tables of "train" and, where present, "dev" and "test".
    RAISES (CorpusError): If there is no such source, it cannot be read or has no train split.
    """
    path = Path(source)
    if not path.exists():
        if path.suffix in FORMATS or not HUB_NAME.fullmatch(source):
            raise CorpusError(
                f"Can't find the file or folder '{source}': expected {LOCAL_FORMS}, "
                f"or the name of a dataset on the Hugging Face hub."
            )
        return _load_hub(source, name, revision)
    if name is not None or revision is not None:
        raise CorpusError(
            f"'{source}' is local, and a config name or revision selects from a dataset on the "
            f"Hugging Face hub: leave them out."
        )
    files = {"train": [path]} if path.is_file() else split_files(path)
    return {
        split: [Table(str(file), load_file(file)) for file in files[split]]
        for split in SPLITS
        if split in files
    }


def split_files(folder: Path) -> dict[str, list[Path]]:
    """Assign the data files below a folder to splits by the word train, dev, val, valid,
    validation or test in their names.

    folder (Path): The folder.
    RETURNS (dict[str, list[Path]]): The files of each split, sorted.
    RAISES (CorpusError): If a file names two splits, a split has files of two formats (likely the
        same rows twice), or no file is for training.
    """
    splits: dict[str, list[Path]] = {}
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in FORMATS
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    for path in files:
        found = sorted({_split(word) for word in SPLIT_WORD.findall(path.stem.lower())})
        if len(found) > 1:
            raise CorpusError(
                f"The name of {path} holds {' and '.join(found)}, expected one split: rename it."
            )
        if found:
            splits.setdefault(found[0], []).append(path)
        else:
            logger.warning("Left out %s: no split in its name", path)
    for split, paths in splits.items():
        suffixes = sorted({path.suffix for path in paths})
        if len(suffixes) > 1:
            raise CorpusError(
                f"The {split} files in {folder} are of several formats ({', '.join(suffixes)}), "
                f"expected one: keep the files of one format in the folder."
            )
    _require_train(str(folder), splits, [path.name for path in files])
    return splits


def load_file(path: Path) -> "Dataset":
    """Load one local file.

    path (Path): A json, jsonl, csv, tsv or parquet file.
    RETURNS (Dataset): Its rows.
    RAISES (CorpusError): If its format is unknown, it cannot be read or it has no rows.
    """
    if path.suffix not in FORMATS:
        raise CorpusError(f"Can't read {path}: got the format '{path.suffix}', pass {LOCAL_FORMS}.")
    builder, options = FORMATS[path.suffix]
    datasets = _import_datasets()
    try:
        n_rows = 0
        if path.stat().st_size:
            dataset = datasets.load_dataset_builder(
                builder, data_files=escape(str(path)), **options
            )
            dataset.download_and_prepare()
            n_rows = dataset.info.splits["train"].num_examples
        if n_rows:
            data = dataset.as_dataset("train")
            data.data.validate(full=True)  # the JSON parser lets invalid UTF-8 pass
    except Exception as error:  # the builders raise what their parsers raise
        problem = bad_json_line(path) if builder == "json" else None
        problem = problem or f"{path}: {_first_line(error.__cause__ or error)}"
        raise CorpusError(f"Can't read {problem}: correct the file and try again.") from error
    if not n_rows:
        raise CorpusError(f"{path} has no rows, expected at least one: fill or remove the file.")
    if builder == "csv" and "__index_level_0__" in data.column_names:
        raise CorpusError(
            f"The rows of {path} have more fields than its header: "
            f"put fields that contain the separator in double quotes."
        )
    if path.suffix == ".tsv":
        for number, row in enumerate(data, 1):
            if any(isinstance(value, str) and "\t" in value for value in row.values()):
                raise CorpusError(
                    f"{path}, row {number}: a double quote opens a field and is not closed, which "
                    f"joins fields or rows: put the field in double quotes and double those in it."
                )
    return data


def bad_json_line(path: Path) -> str | None:
    """Find the first line of a file of JSON lines, or of one JSON document, that is not JSON.

    path (Path): The file.
    RETURNS (Optional[str]): File, line number and problem, or None if all is well.
    """
    content = path.read_bytes()
    is_list = content.lstrip().startswith(b"[")
    for number, part in enumerate([content] if is_list else content.splitlines(), 1):
        try:
            if part.strip() and not isinstance(json.loads(part), list if is_list else dict):
                return f"{path}, line {number}: got {_show(part.decode())}, expected a JSON object"
        except json.JSONDecodeError as error:
            return f"{path}, line {number + error.lineno - 1}: not JSON ({error.msg})"
        except UnicodeDecodeError as error:
            number += part.count(b"\n", 0, error.start)
            return f"{path}, line {number}: not encoded in UTF-8"
    return None


def _load_hub(source: str, name: str | None, revision: str | None) -> dict[str, list[Table]]:
    datasets = _import_datasets()
    try:
        dataset = datasets.load_dataset(source, name, revision=revision)
    except datasets.exceptions.DatasetNotFoundError as error:
        raise CorpusError(
            f"No dataset '{source}' on the Hugging Face hub that you may read ("
            f"{_first_line(error)}): correct the name, or pass {LOCAL_FORMS}."
        ) from error
    except ConnectionError as error:
        raise CorpusError(
            f"Can't reach the Hugging Face hub for '{source}' ({_first_line(error)}): "
            f"connect to the network, or pass {LOCAL_FORMS}."
        ) from error
    except Exception as error:  # the builders raise what their parsers raise
        raise CorpusError(
            f"Can't load '{source}' from the Hugging Face hub: "
            f"{_first_line(error.__cause__ or error)}"
        ) from error
    tables: dict[str, list[Table]] = {}
    for hub_split, data in dataset.items():
        match = SPLIT_WORD.fullmatch(hub_split)
        if match is None:
            logger.warning("Left out split '%s' of %s", hub_split, source)
            continue
        where = f"{source}, split {hub_split}"
        if not len(data):
            raise CorpusError(f"{where} has no rows, expected at least one.")
        tables.setdefault(_split(match[1]), []).append(Table(where, data))
    _require_train(source, tables, list(dataset))
    return {split: tables[split] for split in SPLITS if split in tables}


def _import_datasets() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise CorpusError(
            "The datasets library is not installed: run pip install 'spacy-rnn[datasets]'."
        ) from error
    return datasets


def _split(word: str) -> str:
    return "dev" if word.startswith("val") else word


def _require_train(source: str, splits: Mapping[str, Any], found: Sequence[str]) -> None:
    if "train" not in splits:
        raise CorpusError(
            f"{source} has no train split: got {', '.join(found) or 'no data files'}, expected "
            f"names with train and, if any, dev (or validation) and test: rename them."
        )


# Rows to records


def read_records(
    tables: Iterable[Table], task: Task, columns: Columns = COLUMNS
) -> Iterator[Record]:
    """Read and check the rows of a split.

    tables (Iterable[Table]): The tables of the split.
    task (Task): What the rows are annotated for.
    columns (Columns): The names of the columns.
    YIELDS (Record): One record per row.
    RAISES (CorpusError): If a column is missing or a row lacks text, labels or consistency.
    """
    for table in tables:
        used = task_columns(table, task, columns)
        names = {
            column: class_names(table.data.features[column])
            for column in (columns.label, columns.labels, columns.tags, columns.entities)
            if column in used
        }
        for number, row in enumerate(table.data.select_columns(used), 1):
            yield _read_row(row, f"{table.source}, row {number}", task, columns, names)


def task_columns(table: Table, task: Task, columns: Columns) -> list[str]:
    """Find the columns that a task reads from a table.

    table (Table): The table.
    task (Task): What the rows are annotated for.
    columns (Columns): The names of the columns.
    RETURNS (list[str]): The names of the columns to read.
    RAISES (CorpusError): If a column that the task needs is missing.
    """
    present = table.data.column_names
    required, optional = {
        "textcat": (["text", "label"], []),
        "textcat_multilabel": (["text", "labels"], []),
        "tagger": (["tokens", "tags"], ["text"]),
        "ner": (["entities"], ["text", "tokens"]),
    }[task]
    if task == "ner" and columns.tokens not in present:
        required = ["text", "entities"]
    for option in required:
        if getattr(columns, option) not in present:
            listed = ", ".join(shorten(column, 40) for column in present)
            raise CorpusError(
                f"{table.source} has no column '{getattr(columns, option)}', which {task} needs: "
                f"got {listed}; name the right column with the option '{option}'."
            )
    wanted = [getattr(columns, option) for option in required + optional]
    return [column for column in dict.fromkeys(wanted) if column in present]


def class_names(feature: Any) -> list[str] | None:
    """Get the names behind the integers of a ClassLabel, also inside a list or an entity.

    feature (Any): The type of a column of a Dataset.
    RETURNS (Optional[list[str]]): The names, or None if the column has no ClassLabel.
    """
    while hasattr(feature, "feature"):
        feature = feature.feature
    if isinstance(feature, dict):
        return class_names(feature.get("label"))
    return getattr(feature, "names", None)


def _read_row(
    row: dict[str, Any],
    where: str,
    task: Task,
    columns: Columns,
    names: dict[str, list[str] | None],
) -> Record:
    text, tokens = row.get(columns.text), None
    labels: list[str] = []
    spans: list[tuple[int, int]] = []
    if columns.text in row:
        text = _string(row[columns.text], columns.text, where)
    if columns.tokens in row:
        tokens = _list(row[columns.tokens], columns.tokens, where)
        tokens = [_string(token, columns.tokens, where, blank=True) for token in tokens]
        if not tokens:
            _fail(where, columns.tokens, tokens, "at least one token")
    if task == "textcat":
        labels = [_label(row[columns.label], columns.label, where, names)]
    elif task == "textcat_multilabel":
        values = _list(row[columns.labels], columns.labels, where)
        labels = [_label(value, columns.labels, where, names) for value in values]
    elif task == "tagger":
        values = _list(row[columns.tags], columns.tags, where)
        labels = [_label(value, columns.tags, where, names) for value in values]
        if tokens is None or len(labels) != len(tokens):
            raise CorpusError(
                f"{where}: got {len(tokens or ())} tokens and {len(labels)} tags, "
                f"expected one tag per token: correct the row."
            )
    else:
        length = len(text if text is not None else " ".join(tokens or ()))
        spans, labels = _entities(row[columns.entities], columns.entities, where, length, names)
    return Record(where, text, tokens, labels, spans)


def _entities(
    value: Any, column: str, where: str, length: int, names: dict[str, list[str] | None]
) -> tuple[list[tuple[int, int]], list[str]]:
    if isinstance(value, dict):  # a list of dicts is stored as a dict of lists in older datasets
        value = [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]
    spans, labels = [], []
    for entity in _list(value, column, where):
        try:
            start, end, label = entity["start"], entity["end"], entity["label"]
            inside = 0 <= start < end <= length
        except (KeyError, TypeError):
            _fail(where, column, entity, "an entity with integers start and end, and a label")
        if not inside:
            raise CorpusError(
                f"{where}: an entity runs from {start} to {end}, expected "
                f"0 <= start < end <= {length}, the length of the text: correct its offsets."
            )
        spans.append((start, end))
        labels.append(_label(label, column, where, names))
    in_order = sorted(spans)
    for (_, end), (start, _) in pairwise(in_order):
        if start < end:
            raise CorpusError(
                f"{where}: one entity ends at {end} and another starts at {start}, expected "
                f"entities that do not overlap: keep one of the two."
            )
    return spans, labels


def _string(value: Any, column: str, where: str, blank: bool = False) -> str:
    if not isinstance(value, str) or not (value if blank else value.strip()):
        _fail(where, column, value, "a string that is not empty")
    return value


def _list(value: Any, column: str, where: str) -> list[Any]:
    if not isinstance(value, list):
        _fail(where, column, value, "a list")
    return value


def _label(value: Any, column: str, where: str, names: dict[str, list[str] | None]) -> str:
    known = names[column]
    if known is not None and isinstance(value, int):
        if not 0 <= value < len(known):
            _fail(where, column, value, f"the index of one of the {len(known)} labels")
        return known[value]
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str) or not value.strip():
        _fail(where, column, value, "a label: a string that is not empty, or an integer")
    return value


def _fail(where: str, column: str, got: Any, expected: str) -> NoReturn:
    raise CorpusError(
        f"{where}: the column '{column}' holds {_show(got)}, expected {expected}: "
        f"correct or remove the row."
    )


def _show(value: Any) -> str:
    return shorten(repr(value), 60)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


# Labels


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


# Records to docs


def make_doc(record: Record, nlp: Language, task: Task, labels: Sequence[str]) -> Doc:
    """Make an annotated Doc. Texts are tokenized by the pipeline, as in use, unless the record has
    gold tokens. Entities that do not match token boundaries are left out, and their tokens count
    as not annotated: `len(record.spans) - len(doc.ents)` is their number.

    record (Record): The record.
    nlp (Language): Gives the tokenizer and the vocab.
    task (Task): What the record is annotated for.
    labels (Sequence[str]): All labels, for the zeros in `doc.cats`.
    RETURNS (Doc): The annotated document.
    RAISES (CorpusError): If the text cannot be tokenized or is not made of the gold tokens.
    """
    if task in ("textcat", "textcat_multilabel"):
        doc = _tokenize(record.where, record.text, None, nlp)
        doc.cats = {label: float(label in record.labels) for label in labels}
        return doc
    doc = _tokenize(record.where, record.text, record.tokens, nlp)
    if task == "tagger":
        _set_tags(doc, record)
    else:
        _set_entities(doc, record)
    return doc


def _tokenize(where: str, text: str | None, tokens: list[str] | None, nlp: Language) -> Doc:
    if text is None:
        return Doc(nlp.vocab, words=tokens)
    try:
        if tokens is None:
            return nlp.make_doc(text)
        words, spaces = get_words_and_spaces(tokens, text)
    except ValueError as error:
        raise CorpusError(f"{where}: {error}") from error
    return Doc(nlp.vocab, words=words, spaces=spaces)


def _set_tags(doc: Doc, record: Record) -> None:
    tokens, tags = list(doc), record.labels
    if record.text is not None:  # whitespace tokens follow the text and have no tag
        tokens = [token for token in doc if not token.text.isspace()]
        pairs = zip(record.tokens or (), record.labels, strict=True)
        tags = [tag for token, tag in pairs if not token.isspace()]
    for token, tag in zip(tokens, tags, strict=True):
        token.tag_ = tag


def _set_entities(doc: Doc, record: Record) -> None:
    entities = []
    missing: set[int] = set()
    for (start, end), label in zip(record.spans, record.labels, strict=True):
        span = doc.char_span(start, end, label=label)
        if span is not None:
            entities.append(span)
        else:
            touched = doc.char_span(start, end, alignment_mode="expand")
            missing.update(token.i for token in touched or ())
    missing -= {token.i for span in entities for token in span}
    doc.set_ents(entities, missing=[doc[i : i + 1] for i in sorted(missing)], default="outside")
