"""Fixtures: files of any content, and their records."""

from collections.abc import Callable
from pathlib import Path

import pytest

from spacy_rnn.corpus import COLUMNS, Record, Report, load_splits, read_records, understand
from spacy_rnn.corpus.options import Options


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file and get its path."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def read() -> Callable[..., list[Record]]:
    """Read the train split of a source."""

    def read(source, task, columns=COLUMNS, labels=None, report=None, **options) -> list[Record]:
        tables = load_splits(str(source), options=options)["train"]
        values = Options.from_dict(options)
        readings = [understand(table, task, columns, labels, values) for table in tables]
        return list(read_records(readings, report or Report()))

    return read
