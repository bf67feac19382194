"""Rows, wherever they are from."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from .errors import CorpusError

PROBE = 1000  # rows that tell how a table is to be read


@dataclass(frozen=True)
class Row:
    """A row, as it is in the file.

    where (str): File and number of row and line, for messages.
    values (Mapping[str, Any]): The values by column. A column may be missing.
    error (Optional[CorpusError]): What is wrong with the row, if it has no values.
    lines (Sequence[str]): Where each token of a row of lists is, for messages.
    """

    where: str
    values: Mapping[str, Any] = field(default_factory=dict)
    error: CorpusError | None = None
    lines: Sequence[str] = ()


@dataclass(frozen=True)
class Table:
    """The rows of one file, or of one split of a dataset.

    source (str): The file or split, for messages.
    format (str): What kind of table it is: a value of the option "format", or "dataset".
    columns (Sequence[str]): The names of the columns.
    read (Callable[[Collection[str]], Iterator[Row]]): Reads these columns of all rows.
    size (Optional[int]): The number of rows, where it is known before they are read.
    names (Mapping[str, Sequence[str]]): The names behind the integers of a column.
    kinds (Mapping[str, str]): What is known of the columns of a file without header.
    notes (Sequence[str]): How the file is read, where that is not plain.
    reread (bool): Whether rows can be read more than once without loss or long waits.
    data (Optional[Dataset]): The rows as the datasets library has them, if they are from there.
    start (int): The first row.
    stop (Optional[int]): The row after the last one.
    """

    source: str
    format: str
    columns: Sequence[str]
    read: Callable[[Collection[str]], Iterator[Row]]
    size: int | None = None
    names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    reread: bool = True
    data: Any = None
    start: int = 0
    stop: int | None = None

    def rows(self, columns: Collection[str]) -> Iterator[Row]:
        """RETURNS (Iterator[Row]): The rows, with these columns only."""
        return islice(self.read(columns), self.start, self.stop)

    def probe(self, column: str) -> list[Any]:
        """RETURNS (list[Any]): What a column holds in the first rows."""
        rows = islice(self.rows([column]), PROBE)
        return [row.values.get(column) for row in rows if row.error is None]

    def count(self) -> int:
        """RETURNS (int): The number of rows."""
        if self.size is None:
            return sum(1 for _ in self.read(self.columns[:1]))
        return self.size

    def part(self, start: int, stop: int) -> "Table":
        """RETURNS (Table): The rows from start to before stop."""
        return replace(self, start=start, stop=stop)


def filled(table: Table) -> Table:
    """RETURNS (Table): The table.
    RAISES (CorpusError): If it has no rows, or none that can be read."""
    first = None if table.size == 0 else next(table.rows(table.columns), None)
    if first is not None and first.error is not None and not table.columns:
        raise first.error
    if first is None:
        raise CorpusError(
            f"{table.source} has no rows, expected at least one: fill or remove the file."
        )
    return table
