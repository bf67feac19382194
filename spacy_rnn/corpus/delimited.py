"""Tables in text files: csv, tsv and the like. Every value is a string."""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from .errors import CorpusError, first_line, listed, show
from .options import OPTIONS, Options
from .tables import Row, Table
from .text import read_lines

DELIMITERS = (",", ";", "\t", "|")
HEAD_LINES = 200  # lines that tell delimiter and quotes
LONGEST = (1 << 31) - 1  # characters in a field
OTHER_ESCAPE = re.compile(r'\\[^"\\\r\n]')  # a backslash before anything but what it has to escape
HINT = "where quotes are part of the text, set the option quoting=none, and where a backslash is "
HINT += "before them, escapechar=\\"


@dataclass(frozen=True)
class Dialect:
    """How fields are separated and quoted.

    delimiter (str): What is between fields.
    quotechar (Optional[str]): What encloses a field, if anything.
    escapechar (Optional[str]): What makes the next character an ordinary one.
    skip_spaces (bool): Whether a space after the delimiter is not part of the field.
    guessed (bool): Whether the escape is told from the first lines.
    """

    delimiter: str
    quotechar: str | None = '"'
    escapechar: str | None = None
    skip_spaces: bool = False
    guessed: bool = False

    def read(self, lines: Iterable[str]) -> Any:
        """RETURNS (csv.reader): Reads the fields of each row."""
        csv.field_size_limit(LONGEST)
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quotechar,
            escapechar=self.escapechar,
            quoting=csv.QUOTE_NONE if self.quotechar is None else csv.QUOTE_MINIMAL,
            skipinitialspace=self.skip_spaces,
            strict=True,
        )


def read_delimited(path: Path, options: Options = OPTIONS) -> Table:
    """Read a table in a text file.

    path (Path): The file.
    options (Options): Delimiter, quotes and names of columns, where they cannot be told.
    RETURNS (Table): The rows.
    RAISES (CorpusError): If the file cannot be read, or can be read in two ways.
    """
    head = list(islice(read_lines(path, options), HEAD_LINES))
    dialect = find_dialect(path, head, options)
    names = options.column_names
    if names is None:
        try:
            names = [name.strip() for name in next(filter(any, dialect.read(head)), [])]
        except csv.Error as error:
            raise CorpusError(f"Can't read {path}, line 1: {first_line(error)}; {HINT}.") from error
    double = [name for name, count in Counter(names).items() if name and count > 1]
    if double:
        raise CorpusError(f"{path} has two columns named {listed(double)}: rename one of them.")
    notes = []
    if dialect.delimiter != _expected(path):
        notes.append(f"fields are separated by {dialect.delimiter!r}")
    if dialect.guessed:
        notes.append('a backslash escapes the quotes (\\")')

    def read(columns: Collection[str]) -> Iterator[Row]:
        return _read_rows(path, options, dialect, names)

    return Table(str(path), "table", names, read, notes=notes)


def _read_rows(
    path: Path, options: Options, dialect: Dialect, names: Sequence[str]
) -> Iterator[Row]:
    lines = read_lines(path, options)
    reader = dialect.read(_checked(path, lines) if dialect.guessed else lines)
    number, line = 0, 1
    has_header = options.column_names is None
    try:
        for fields in reader:
            first, line = line, reader.line_num + 1
            if not any(fields) and len(fields) < 2:
                continue
            if has_header:
                has_header = False
                continue
            number += 1
            where = f"{path}, row {number}, line {first}"
            if len(fields) != len(names):
                more = "more" if len(fields) > len(names) else "fewer"
                yield Row(
                    where,
                    error=CorpusError(
                        f"{where}: the row has {more} fields than its header: got {len(fields)} "
                        f"({listed(map(show, fields))}), expected {len(names)}: put fields that "
                        f"contain the separator in double quotes, or correct the row."
                    ),
                )
            elif dialect.delimiter == "\t" and any("\t" in field for field in fields):
                yield Row(
                    where,
                    error=CorpusError(
                        f"{where}: a double quote opens a field and is not closed, which joins "
                        f"fields or rows: put the field in double quotes and double those in it; "
                        f"{HINT}."
                    ),
                )
            else:
                yield Row(where, dict(zip(names, fields, strict=True)))
    except csv.Error as error:
        raise CorpusError(
            f"Can't read {path}, row {number + 1}, line {line}: {first_line(error)}, as if a quote "
            f"were not closed: correct the file; {HINT}."
        ) from error


def find_dialect(path: Path, head: Sequence[str], options: Options) -> Dialect:
    """Find out how the fields of a file are separated and quoted.

    path (Path): The file.
    head (Sequence[str]): Its first lines.
    options (Options): What is known.
    RETURNS (Dialect): The delimiter that gives all rows the same number of fields, and whether
        backslashes escape quotes.
    RAISES (CorpusError): If there are two readings.
    """
    quotechar = None if options.quoting == "none" else options.quotechar
    dialect = Dialect("", quotechar, options.escapechar)
    expected = _expected(path)
    even = {}
    for delimiter in [options.delimiter] if options.delimiter else DELIMITERS:
        candidate = _with_escape(path, head, replace(dialect, delimiter=delimiter))
        sizes = Counter(len(row) for row in _parse(candidate, head) or ())
        if not sizes:
            sizes = Counter(len(line.split(delimiter)) for line in head)
        (size, share), *_ = sizes.most_common(1) or [(0, 0)]
        if options.delimiter or (size > 1 and share > 0.9 * sum(sizes.values())):
            even[delimiter] = candidate
    if len(even) > 1:
        wide = {d: len((_parse(even[d], head) or [[]])[0]) for d in even}
        names = options.column_names
        even = {d: even[d] for d in even if not names or wide[d] == len(names)} or even
    if len(even) > 1:
        first, second = list(even)[:2]
        raise CorpusError(
            f"{path} can be read in two ways, with {first!r} or {second!r} between its fields: set "
            f"the option delimiter to one of them."
        )
    found = next(iter(even.values()), None)
    if found is None:  # rows of one field, or damaged ones, whose errors are told with their rows
        found = _with_escape(path, head, replace(dialect, delimiter=expected))
    spaced = bool(head) and found.delimiter + " " in head[0]
    return replace(found, skip_spaces=spaced)


def _expected(path: Path) -> str:
    return "," if ".csv" in [suffix.lower() for suffix in path.suffixes] else "\t"


def _with_escape(path: Path, head: Sequence[str], dialect: Dialect) -> Dialect:
    if dialect.escapechar or dialect.quotechar is None or not any('\\"' in line for line in head):
        return dialect
    escaped = replace(dialect, escapechar="\\", guessed=True)
    plain, other = _parse(dialect, head), _parse(escaped, head)
    if plain and other and plain != other:
        raise CorpusError(
            f"{path} can be read in two ways, with the backslash before quotes as text or as their "
            f"escape: set the option quoting=none for the first, escapechar=\\ for the second."
        )
    return escaped if plain is None and other else dialect


def _parse(dialect: Dialect, head: Sequence[str]) -> list[list[str]] | None:
    """RETURNS (Optional[list[list[str]]]): The rows of the first lines, or None if they are not of
    the dialect. The last one may be cut."""
    rows: list[list[str]] = []
    try:
        rows.extend(row for row in dialect.read(head) if row)
    except csv.Error as error:
        if "unexpected end of data" not in str(error) or len(head) < HEAD_LINES:
            return None
    return rows


def _checked(path: Path, lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        found = OTHER_ESCAPE.search(line)
        if found:
            raise CorpusError(
                f"Can't read {path}, line {number}: got {found[0]} in a file where backslashes "
                f"escape quotes: set the option escapechar=\\ if the backslash is to be removed "
                f"everywhere, or double it."
            )
        yield line
