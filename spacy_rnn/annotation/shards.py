"""Shards: runs of texts that are annotated by one process and written to one file.

What a shard becomes depends on its texts and the pipeline only: not on the shards before it, nor on
the process or machine.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import srsly
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.util import minibatch

from ..corpus import CorpusError
from ..files import replacing
from ..layers.cache import reproducible
from .columns import make_row, schema
from .memory import bounded_memory
from .texts import Row

Format = Literal["parquet", "jsonl", "spacy"]
FAILURES = "failures"
to_json = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
# Texts in memory as docs: more take 40 MB instead of 10, and are no faster.
BATCH = 256
# A shard ends with this many characters, so that long texts do not fill the memory.
MAX_CHARACTERS = 10_000_000


@dataclass(frozen=True)
class Shard:
    """Texts that belong together.

    number (int): Which one it is, from 0.
    rows (list[Row]): The texts.
    """

    number: int
    rows: list[Row]


@dataclass
class Failure:
    """A text that could not be annotated.

    id (Any): Its id.
    error (str): Why not.
    """

    id: Any
    error: str


@dataclass
class Result:
    """What became of a shard.

    number (int): Which one it is.
    texts (int): How many texts it has.
    words (int): How many tokens they have.
    failures (list[Failure]): The texts that are missing.
    """

    number: int
    texts: int = 0
    words: int = 0
    failures: list[Failure] = field(default_factory=list)


def make_shards(rows: Iterable[Row], size: int) -> Iterator[Shard]:
    """Divide texts into shards.

    rows (Iterable[Row]): The texts.
    size (int): The largest number of texts in a shard.
    YIELDS (Shard): The shards, in order.
    """
    number, characters = 0, 0
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        characters += len(row.text) if isinstance(row.text, str) else 0
        if len(batch) == size or characters >= MAX_CHARACTERS:
            yield Shard(number, batch)
            number, characters, batch = number + 1, 0, []
    if batch:
        yield Shard(number, batch)


def shard_path(folder: Path, number: int, form: Format) -> Path:
    """RETURNS (Path): The file of a shard."""
    return folder / f"{number:06}.{form}"


@reproducible()
def annotate_shard(
    nlp: Language,
    shard: Shard,
    folder: Path,
    form: Format,
    columns: Sequence[str],
    ids: bool,
) -> Result:
    """Annotate a shard and write it, whole or not at all.

    nlp (Language): The pipeline.
    shard (Shard): The texts.
    folder (Path): The folder of shards.
    form (Format): The format to write.
    columns (Sequence[str]): The columns of parquet and jsonl.
    ids (bool): Whether docs in .spacy files have ids.
    RETURNS (Result): Counts and failures. Those are in a file of the folder "failures" as well.
    """
    result = Result(shard.number, len(shard.rows))
    lines: list[str] = []
    store = DocBin(store_user_data=ids) if form == "spacy" else None
    for batch in minibatch(shard.rows, BATCH):
        with bounded_memory(nlp):
            for row, doc in annotate_batch(nlp, batch, result.failures):
                result.words += len(doc)
                if store is None:
                    lines.append(make_line(row, doc, columns, form))
                else:
                    doc.user_data["id"] = row.id
                    store.add(doc)
    failures = folder / FAILURES / f"{shard.number:06}.jsonl"
    if result.failures:
        errors = [{"id": f.id, "error": f.error} for f in result.failures]
        with replacing(failures) as (part,):
            srsly.write_jsonl(part, errors)
    else:
        failures.unlink(missing_ok=True)
    with replacing(shard_path(folder, shard.number, form)) as (part,):
        if store is not None:
            store.to_disk(part)
        elif form == "jsonl":
            part.write_text("".join(lines), "utf8")
        else:
            write_parquet(part, lines, schema(nlp, columns))
    return result


def annotate_batch(
    nlp: Language, rows: Sequence[Row], failures: list[Failure]
) -> Iterator[tuple[Row, Doc]]:
    """Annotate texts, one by one if they cannot be annotated together.

    nlp (Language): The pipeline.
    rows (Sequence[Row]): The texts.
    failures (list[Failure]): Where texts that cannot be annotated are noted.
    YIELDS (tuple[Row, Doc]): The others, in order.
    """
    good = []
    for row in rows:
        if problem := find_problem(row, nlp.max_length):
            failures.append(Failure(row.id, problem))
        else:
            good.append(row)
    try:
        docs = list(nlp.pipe([row.text for row in good]))
    except Exception:  # of any component, for any reason
        for row in good:
            try:
                doc = nlp(row.text)
            except Exception as error:
                failures.append(Failure(row.id, f"{type(error).__name__}: {error}"))
            else:
                yield row, doc
    else:
        yield from zip(good, docs, strict=True)


def find_problem(row: Row, max_length: int) -> str | None:
    """RETURNS (Optional[str]): Why a text cannot be annotated."""
    if isinstance(row.text, CorpusError):
        return str(row.text)
    if not isinstance(row.text, str):
        return f"got {type(row.text).__name__}, expected a text"
    if len(row.text) > max_length:
        return f"got {len(row.text)} characters, expected at most {max_length}: divide the text"
    return None


def make_line(row: Row, doc: Doc, columns: Sequence[str], form: Format) -> str:
    """RETURNS (str): A line of JSON, in which the id of a row of parquet is a string."""
    made = make_row(row, doc, columns)
    if form == "parquet":
        made["id"] = str(row.id)
    return to_json(made) + "\n"


def write_parquet(path: Path, lines: Sequence[str], types: Any) -> None:
    """Write a parquet file.

    path (Path): The file.
    lines (Sequence[str]): The rows as lines of JSON: to read Python's objects, Arrow imports
        pandas, which takes 40 MB.
    types (pyarrow.Schema): The types of their columns.
    """
    from pyarrow.json import ParseOptions, ReadOptions, read_json
    from pyarrow.parquet import write_table

    data = "".join(lines).encode()
    # No row may cross the end of a block.
    reading = ReadOptions(use_threads=False, block_size=len(data))
    parsing = ParseOptions(explicit_schema=types, unexpected_field_behavior="error")
    table = read_json(BytesIO(data), reading, parsing) if lines else types.empty_table()
    write_table(table, path, compression="zstd")
