"""Tables in local files: json, jsonl, csv, tsv and parquet."""

import errno
import json
import re
from collections.abc import Iterator, Mapping
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy.util import logger

from .errors import CorpusError, first_line, show

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

# File suffix -> builder of the datasets library and its options. Without na_filter, texts and
# labels such as "NA", "null" or "None" would be read as missing values.
FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    ".json": ("json", {}),
    ".jsonl": ("json", {}),
    ".csv": ("csv", {"na_filter": False}),
    ".tsv": ("csv", {"na_filter": False, "sep": "\t"}),
    ".parquet": ("parquet", {}),
}
BUILDERS = ("json", "csv", "parquet")
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
SPLIT_WORD = re.compile(r"(?<![a-z])(train|dev|val|valid|validation|test)(?![a-z])")
LOCAL_FORMS = (
    "a local json, jsonl, csv, tsv or parquet file, or a folder of such files "
    "with train, dev or test in their names"
)


def import_datasets() -> Any:
    """RETURNS (module): The datasets library, imported only where it is used."""
    try:
        import datasets
    except ImportError as error:
        raise CorpusError(
            "The datasets library is not installed: run pip install 'spacy-rnn[datasets]'."
        ) from error
    return datasets


def split_name(word: str) -> str:
    """RETURNS (str): Our name for a split, "dev" for what others call val, valid or validation."""
    return "dev" if word in ("val", "valid", "validation") else word


def split_files(folder: Path) -> dict[str, list[Path]]:
    """Assign the data files below a folder to splits by the word train, dev, val, valid,
    validation or test in their names.

    folder (Path): The folder.
    RETURNS (dict[str, list[Path]]): The files of each split, sorted.
    RAISES (CorpusError): If a file names two splits, a split has files of two formats (likely the
        same rows twice), or there are no files.
    """
    splits: dict[str, list[Path]] = {}
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in FORMATS
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    for path in files:
        found = sorted({split_name(word) for word in SPLIT_WORD.findall(path.stem.lower())})
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
    if not splits:
        raise CorpusError(
            f"{folder} has no splits: got {', '.join(path.name for path in files) or 'no files'}, "
            f"expected {LOCAL_FORMS}: rename them."
        )
    return splits


def load_file(
    path: Path,
    *,
    builder: str | None = None,
    streaming: bool = False,
    options: Mapping[str, Any] | None = None,
) -> "Dataset | IterableDataset":
    """Load one local file.

    path (Path): A json, jsonl, csv, tsv or parquet file.
    builder (Optional[str]): "json", "csv" or "parquet", for a file with another suffix.
    streaming (bool): Whether to read the file as rows are asked for, and keep no copy of it.
    options (Optional[Mapping[str, Any]]): Options of the builder.
    RETURNS (Dataset | IterableDataset): Its rows.
    RAISES (CorpusError): If its format is unknown, it cannot be read or it has no rows.
    """
    if builder is None and path.suffix not in FORMATS:
        raise CorpusError(f"Can't read {path}: got the format '{path.suffix}', pass {LOCAL_FORMS}.")
    if builder is None or FORMATS.get(path.suffix, ("",))[0] == builder:
        builder, defaults = FORMATS[path.suffix]
    else:
        defaults = FORMATS[f".{builder}"][1]
    datasets = import_datasets()
    data = None
    try:
        if path.stat().st_size:
            loader = datasets.load_dataset_builder(
                builder, data_files=escape(str(path)), **{**defaults, **(options or {})}
            )
            if streaming:
                data = loader.as_streaming_dataset("train")
            else:
                loader.download_and_prepare()
                if loader.info.splits["train"].num_examples:
                    data = loader.as_dataset("train")
                    data.data.validate(full=True)  # the JSON parser lets invalid UTF-8 pass
    except Exception as error:  # the builders raise what their parsers raise
        raise unreadable(str(path), error) from error
    if data is None:
        raise CorpusError(f"{path} has no rows, expected at least one: fill or remove the file.")
    return data


def unreadable(source: str, error: Exception) -> CorpusError:
    """RETURNS (CorpusError): What is wrong with a file or stream that a builder cannot read, with
    the line where it is known."""
    path, cause = Path(source), error.__cause__ or error
    if isinstance(cause, OSError) and cause.errno in DISK_ERRORS:
        return CorpusError(
            f"Can't store the rows of {source} in the cache of the datasets library: "
            f"{cause.strerror}: make room, or set HF_DATASETS_CACHE to a folder elsewhere."
        )
    if not path.is_file():
        return CorpusError(
            f"Can't read {source}: {first_line(cause)}: try again, or set streaming = false to "
            f"store the rows first."
        )
    is_json = FORMATS.get(path.suffix, ("",))[0] == "json"
    problem = bad_json_line(path) if is_json else None
    if problem is None:
        is_damaged = isinstance(cause, UnicodeDecodeError)
        problem = f"{path}: {'not encoded in UTF-8' if is_damaged else first_line(cause)}"
    return CorpusError(f"Can't read {problem}: correct the file and try again.")


def bad_json_line(path: Path) -> str | None:
    """Find the first line of a file of JSON lines, or of one JSON document, that is not JSON.

    path (Path): The file.
    RETURNS (Optional[str]): File, line number and problem, or None if all is well.
    """
    with path.open("rb") as file:
        first = next((line for line in file if line.strip()), b"")
        file.seek(0)
        is_list = first.lstrip().startswith(b"[")
        parts: Iterator[bytes] = iter([file.read()]) if is_list else iter(file)
        for number, part in enumerate(parts, 1):
            part = part.rstrip()
            try:
                if part and not isinstance(json.loads(part), list if is_list else dict):
                    got = show(part.decode())
                    return f"{path}, line {number}: got {got}, expected a JSON object"
            except json.JSONDecodeError as error:
                return f"{path}, line {number + error.lineno - 1}: not JSON ({error.msg})"
            except UnicodeDecodeError as error:
                number += part.count(b"\n", 0, error.start)
                return f"{path}, line {number}: not encoded in UTF-8"
    return None
