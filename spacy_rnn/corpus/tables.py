"""Datasets, on the Hugging Face hub or in local files, as tables of rows."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy.util import logger

from .errors import CorpusError, first_line, show

if TYPE_CHECKING:
    from datasets import Dataset

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


@dataclass(frozen=True)
class Table:
    """The rows of one file, or of one split of a hub dataset.

    source (str): The file or split, for messages.
    data (Dataset): The rows.
    """

    source: str
    data: "Dataset"


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
        problem = problem or f"{path}: {first_line(error.__cause__ or error)}"
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
                return f"{path}, line {number}: got {show(part.decode())}, expected a JSON object"
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
            f"{first_line(error)}): correct the name, or pass {LOCAL_FORMS}."
        ) from error
    except ConnectionError as error:
        raise CorpusError(
            f"Can't reach the Hugging Face hub for '{source}' ({first_line(error)}): "
            f"connect to the network, or pass {LOCAL_FORMS}."
        ) from error
    except Exception as error:  # the builders raise what their parsers raise
        raise CorpusError(
            f"Can't load '{source}' from the Hugging Face hub: "
            f"{first_line(error.__cause__ or error)}"
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
