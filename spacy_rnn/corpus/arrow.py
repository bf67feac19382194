"""Tables of the datasets library and its files: parquet, saved folders, the hub."""

import json
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import CorpusError, first_line
from .tables import Row, Table, filled

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

BATCH = 1000  # rows that are decoded at once


def import_datasets() -> Any:
    """RETURNS (module): The datasets library, imported only where it is used."""
    try:
        import datasets
    except ImportError as error:
        raise CorpusError(
            "The datasets library is not installed: run pip install 'spacy-rnn[datasets]'."
        ) from error
    return datasets


def read_dataset(data: "Dataset | IterableDataset", source: str) -> Table:
    """Read a split of a dataset.

    data (Dataset | IterableDataset): The rows.
    source (str): The split, for messages.
    RETURNS (Table): The rows.
    RAISES (CorpusError): If there are none.
    """
    is_stream = not hasattr(data, "__len__")

    def read(columns: Collection[str]) -> Iterator[Row]:
        known = data.column_names
        chosen = data.select_columns([c for c in columns if c in known]) if known else data
        yield from _read_batches((batch for batch in chosen.iter(BATCH)), source, is_stream)

    columns = data.column_names
    if columns is None:  # a stream of which nothing is known before its first row
        columns = list(next(read(()), Row("")).values)
    size = None if is_stream else len(data)
    features: Mapping[str, Any] = data.features or {}
    names = {c: found for c, feature in features.items() if (found := class_names(feature))}
    return filled(
        Table(source, "dataset", columns, read, size, names, reread=not is_stream, data=data)
    )


def read_parquet(path: Path) -> Table:
    """RETURNS (Table): The rows of a parquet file, with the names of ClassLabels where the datasets
    library wrote them.
    RAISES (CorpusError): If the file cannot be read."""
    import_datasets()  # which brings pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            size, schema = file.metadata.num_rows, file.schema_arrow
    except Exception as error:  # pyarrow's errors are of many types
        raise _unreadable(str(path), error) from error

    def read(columns: Collection[str]) -> Iterator[Row]:
        def batches() -> Iterator[dict[str, list[Any]]]:
            with ParquetFile(path) as file:
                chosen = [c for c in columns if c in schema.names] or schema.names[:1]
                for batch in file.iter_batches(BATCH, columns=chosen):
                    yield batch.to_pydict()

        yield from _read_batches(batches(), str(path), False)

    info = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    features = info.get("info", {}).get("features") or {}
    names = {c: found for c, feature in features.items() if (found := class_names(feature))}
    return Table(str(path), "parquet", schema.names, read, size, names)


def load_saved(path: Path) -> dict[str, Table]:
    """RETURNS (dict[str, Table]): The splits in a folder that save_to_disk wrote.
    RAISES (CorpusError): If it cannot be read."""
    datasets = import_datasets()
    try:
        found = datasets.load_from_disk(str(path))
    except Exception as error:
        raise CorpusError(
            f"Can't read {path} ({first_line(error)}): save the dataset again with save_to_disk."
        ) from error
    splits = {"train": found} if isinstance(found, datasets.Dataset) else found
    return {k: read_dataset(data, f"{path}, split {k}") for k, data in splits.items()}


def to_dataset(table: Table, rename: Mapping[str, str]) -> "Dataset":
    """Make a Dataset of a table. A column whose values are of several types holds them as text.

    table (Table): The table.
    rename (Mapping[str, str]): Other names for some of the columns.
    RETURNS (Dataset): Its rows.
    RAISES (CorpusError): If a row cannot be read.
    """
    datasets = import_datasets()
    import pyarrow
    from pyarrow.parquet import read_table

    if table.data is not None:
        return table.data
    if table.format == "parquet":
        return datasets.Dataset(datasets.table.InMemoryTable(read_table(table.source)))
    chunks: dict[str, list[Any]] = {column: [] for column in table.columns}
    rows = table.rows(table.columns)
    while batch := list(islice(rows, 10 * BATCH)):
        for row in batch:
            if row.error is not None:
                raise row.error
        for column, arrays in chunks.items():
            values = [row.values.get(column) for row in batch]
            try:
                arrays.append(pyarrow.array(values))
            except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
                arrays.append(pyarrow.array(map(_as_text, values), pyarrow.string()))
    columns = {}
    for column, arrays in chunks.items():
        parts = [pyarrow.table({column: array}) for array in arrays]
        try:
            whole = pyarrow.concat_tables(parts, promote_options="permissive")
        except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError):
            texts = (list(map(_as_text, array.to_pylist())) for array in arrays)
            parts = [pyarrow.table({column: pyarrow.array(t, pyarrow.string())}) for t in texts]
            whole = pyarrow.concat_tables(parts)
        columns[rename.get(column, column)] = whole[column]
    return datasets.Dataset(datasets.table.InMemoryTable(pyarrow.table(columns)))


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def class_names(feature: Any) -> list[str] | None:
    """Get the names behind the integers of a ClassLabel, also inside a list or an entity.

    feature (Any): The type of a column, or its description in a file.
    RETURNS (Optional[list[str]]): The names, or None if the column has no ClassLabel.
    """
    if isinstance(feature, (list, tuple)):
        return class_names(feature[0]) if feature else None
    if hasattr(feature, "feature"):
        return class_names(feature.feature)
    if isinstance(feature, Mapping):
        if feature.get("_type") == "ClassLabel":
            return feature.get("names")
        return class_names(feature.get("feature", feature.get("label")))
    return getattr(feature, "names", None)


def _read_batches(
    batches: Iterator[Mapping[str, list[Any]]], source: str, is_stream: bool
) -> Iterator[Row]:
    number = 0
    try:
        for batch in batches:
            for values in zip(*batch.values(), strict=True):
                number += 1
                yield Row(f"{source}, row {number}", dict(zip(batch, values, strict=True)))
    except CorpusError:
        raise
    except Exception as error:  # the libraries raise what their parsers raise
        raise _unreadable(source, error, is_stream) from error


def _unreadable(source: str, error: Exception, is_stream: bool = False) -> CorpusError:
    way_out = "correct the file"
    if is_stream:
        way_out = "try again, or set streaming = false to store the rows first"
    return CorpusError(f"Can't read {source}: {first_line(error.__cause__ or error)}: {way_out}.")
