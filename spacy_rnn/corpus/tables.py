"""Datasets, on the Hugging Face hub or in local files, as tables of rows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy.util import logger

from .errors import CorpusError, first_line
from .files import (
    BUILDERS,
    FORMATS,
    LOCAL_FORMS,
    SPLIT_WORD,
    import_datasets,
    load_file,
    split_files,
    split_name,
    unreadable,
)
from .hub import load_hub

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

SPLITS = ("train", "dev", "test")
DataFiles = str | Sequence[str] | Mapping[str, str | Sequence[str]]
HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?")
BATCH = 1000  # rows that are decoded at once


@dataclass(frozen=True)
class Table:
    """The rows of one file, or of one split of a dataset.

    source (str): The file or split, for messages.
    data (Dataset | IterableDataset): The rows.
    start (int): How many rows of the source are before them.
    """

    source: str
    data: "Dataset | IterableDataset"
    start: int = 0

    @property
    def columns(self) -> list[str]:
        """RETURNS (list[str]): The names of the columns.
        RAISES (CorpusError): If there are no rows, or rows have more fields than names."""
        names = self.data.column_names
        if names is None:  # a stream of which nothing is known before its first row
            _, names = next(self.rows(None), (0, {}))
        if not names:
            raise CorpusError(f"{self.source} has no rows, expected at least one.")
        if "__index_level_0__" in names and self.source.endswith((".csv", ".tsv")):
            raise CorpusError(
                f"The rows of {self.source} have more fields than its header: "
                f"put fields that contain the separator in double quotes."
            )
        return list(names)

    def rows(self, columns: Sequence[str] | None) -> Iterator[tuple[int, dict[str, Any]]]:
        """Read the rows.

        columns (Optional[Sequence[str]]): The columns to read, by default all.
        YIELDS (tuple[int, dict[str, Any]]): The number of the row in its source, and the row.
        RAISES (CorpusError): If a row cannot be read.
        """
        for number, row in enumerate(self._decode(columns), self.start + 1):
            if self.source.endswith(".tsv") and any("\t" in str(value) for value in row.values()):
                raise CorpusError(
                    f"{self.source}, row {number}: a double quote opens a field and is not closed, "
                    f"which joins fields or rows: put the field in double quotes and double those "
                    f"in it."
                )
            yield number, row

    def _decode(self, columns: Sequence[str] | None) -> Iterator[dict[str, Any]]:
        data = self.data if columns is None else self.data.select_columns(list(columns))
        try:
            for batch in data.iter(BATCH):
                for values in zip(*batch.values(), strict=True):
                    yield dict(zip(batch, values, strict=True))
        except Exception as error:  # the builders raise what their parsers raise
            raise unreadable(self.source, error) from error


def load_tables(
    source: str, *, name: str | None = None, revision: str | None = None
) -> dict[str, list[Table]]:
    """Load a dataset for training. A single local file is the train split, the files of a folder
    are assigned to splits by name, and splits or files under other names are left out.

    source (str): Name of a dataset on the Hugging Face hub, or a local file or folder.
    name (Optional[str]): Configuration of the hub dataset.
    revision (Optional[str]): Git revision of the hub dataset.
    RETURNS (dict[str, list[Table]]): The tables of "train" and, where present, "dev" and "test".
    RAISES (CorpusError): If there is no such source, it cannot be read or has no train split.
    """
    tables: dict[str, list[Table]] = {}
    found = load_splits(source, name=name, revision=revision)
    for split in found:
        if SPLIT_WORD.fullmatch(split):
            tables.setdefault(split_name(split), []).extend(found[split])
        else:
            logger.warning("Left out split '%s' of %s", split, source)
    if "train" not in tables:
        raise CorpusError(
            f"{source} has no train split: got {', '.join(found)}, expected names with train and, "
            f"if any, dev (or validation) and test: rename them."
        )
    return {split: tables[split] for split in SPLITS if split in tables}


def load_splits(
    source: str,
    *,
    name: str | None = None,
    data_files: DataFiles | None = None,
    revision: str | None = None,
    streaming: bool = False,
    options: Mapping[str, Any] | None = None,
) -> dict[str, list[Table]]:
    """Load all splits of a dataset.

    source (str): Name of a dataset on the Hugging Face hub, a local file or folder, a folder that
        save_to_disk wrote, or "csv", "json" or "parquet" for the data files.
    name (Optional[str]): Configuration of the hub dataset.
    data_files (Optional[DataFiles]): The files to read, below a folder or of a hub dataset: names
        or patterns, or these by split.
    revision (Optional[str]): Git revision of the hub dataset.
    streaming (bool): Whether to read rows as they are asked for, and keep no copy of them.
    options (Optional[Mapping[str, Any]]): Options of the builder of the datasets library.
    RETURNS (dict[str, list[Table]]): The tables of each split.
    RAISES (CorpusError): If there is no such source or it cannot be read.
    """
    path = Path(source)
    builder = source if source in BUILDERS and data_files is not None else None
    if builder is None and not path.exists():
        if path.suffix in FORMATS or not HUB_NAME.fullmatch(source):
            raise CorpusError(
                f"Can't find the file or folder '{source}': expected {LOCAL_FORMS}, "
                f"or the name of a dataset on the Hugging Face hub."
            )
        arguments = {"name": name, "data_files": data_files, "revision": revision}
        found = load_hub(source, **arguments, streaming=streaming, **(options or {}))
        return {k: [_filled(Table(f"{source}, split {k}", data))] for k, data in found.items()}
    if name is not None or revision is not None:
        raise CorpusError(
            f"'{source}' is local, and a config name or revision selects from a dataset on the "
            f"Hugging Face hub: leave them out."
        )
    if (path / "dataset_dict.json").exists() or (path / "state.json").exists():
        return _load_saved(path)
    if data_files is not None:
        files = _match_files(Path() if builder else path, data_files)
    else:
        files = {"train": [path]} if path.is_file() else split_files(path)

    def load(file: Path) -> Table:
        data = load_file(file, builder=builder, streaming=streaming, options=options)
        return Table(str(file), data)

    return {split: [load(file) for file in files[split]] for split in files}


def select_split(
    splits: Mapping[str, Sequence[Table | Path]], split: str, source: str
) -> list[Table | Path]:
    """Find the rows of a split.

    splits (Mapping[str, Sequence[Table | Path]]): The tables, or other files, of each split.
    split (str): The split, or a part of it, as the datasets library writes it: "train",
        "train[:90%]", "train[1000:]", "train+validation". dev, val, valid and validation are the
        same.
    source (str): Where the splits are from, for messages.
    RETURNS (list[Table | Path]): The tables or files.
    RAISES (CorpusError): If there is no such split or part.
    """
    spec = "+".join(_known(part.strip(), splits) for part in split.split("+"))
    is_sized = all(_size(part) is not None for parts in splits.values() for part in parts)
    if not is_sized and "[" in spec:
        raise CorpusError(
            f"'{split}' is a part of a split, and how long a streamed one or a text file is is not "
            f"known: set streaming = false, convert the file, or use limit for the first rows."
        )
    sizes = {name: sum(_size(part) or 0 for part in splits[name]) for name in splits}
    try:
        chosen = import_datasets().ReadInstruction.from_spec(spec).to_absolute(sizes)
    except ValueError as error:
        raise CorpusError(
            f"{source} has no split '{split}' ({first_line(error)}): got {', '.join(splits)}, "
            f"expected one of these, or a part of it such as '{next(iter(splits))}[:90%]'."
        ) from error
    if "[" not in spec:
        return [part for choice in chosen for part in splits[choice.splitname]]
    found: list[Table | Path] = []
    for choice in chosen:
        start, stop = choice.from_, choice.to
        for part in splits[choice.splitname]:
            assert isinstance(part, Table)
            size = len(part.data)
            rows = range(size)[max(start, 0) : max(stop, 0)]
            if rows:
                found.append(Table(part.source, part.data.select(rows), rows.start))
            start, stop = start - size, stop - size
    if not found:
        raise CorpusError(f"'{split}' of {source} has no rows, expected at least one.")
    return found


def _known(part: str, splits: Mapping[str, Any]) -> str:
    name, bracket, rest = part.partition("[")
    if name not in splits:
        name = next((k for k in splits if split_name(k) == split_name(name)), name)
    return name + bracket + rest


def _size(part: Table | Path) -> int | None:
    return len(part.data) if isinstance(part, Table) and hasattr(part.data, "__len__") else None


def _match_files(folder: Path, data_files: DataFiles) -> dict[str, list[Path]]:
    by_split = data_files if isinstance(data_files, Mapping) else {"train": data_files}
    files: dict[str, list[Path]] = {}
    for split, patterns in by_split.items():
        names = [patterns] if isinstance(patterns, str) else patterns
        files[split] = []
        for name in names:
            path = folder / name
            found = [path] if path.exists() else sorted(map(Path, glob(str(path), recursive=True)))
            if not found:
                raise CorpusError(f"No file matches '{path}': correct data_files.")
            files[split].extend(found)
    return files


def _load_saved(path: Path) -> dict[str, list[Table]]:
    datasets = import_datasets()
    try:
        found = datasets.load_from_disk(str(path))
    except Exception as error:
        raise CorpusError(
            f"Can't read {path} ({first_line(error)}): save the dataset again with save_to_disk."
        ) from error
    splits = {"train": found} if isinstance(found, datasets.Dataset) else found
    return {k: [_filled(Table(f"{path}, split {k}", data))] for k, data in splits.items()}


def _filled(table: Table) -> Table:
    if hasattr(table.data, "__len__") and not len(table.data):
        raise CorpusError(f"{table.source} has no rows, expected at least one.")
    return table
