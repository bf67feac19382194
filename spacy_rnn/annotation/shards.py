"""Shards: runs of texts that are annotated by one process and written to one file.

What a shard becomes depends on its texts and the pipeline only: not on the shards before it, nor on
the process or machine.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
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
    nlp: Language, shard: Shard, folder: Path, form: Format, columns: Sequence[str]
) -> Result:
    """Annotate a shard and write it, whole or not at all.

    nlp (Language): The pipeline.
    shard (Shard): The texts.
    folder (Path): The folder of shards.
    form (Format): The format to write.
    columns (Sequence[str]): The columns of parquet and jsonl.
    RETURNS (Result): Counts and failures. Those are in a file of the folder "failures" as well.
    """
    result = Result(shard.number, len(shard.rows))
    kept: list[Any] = []
    store = DocBin(store_user_data=True) if form == "spacy" else None
    for batch in minibatch(shard.rows, nlp.batch_size):
        with bounded_memory(nlp):
            for row, doc in annotate_batch(nlp, batch, result.failures):
                result.words += len(doc)
                if store is None:
                    kept.append(make_row(row, doc, columns))
                else:
                    doc.user_data["id"] = row.id
                    store.add(doc)
    failures = folder / FAILURES / f"{shard.number:06}.jsonl"
    if result.failures:
        lines = [{"id": f.id, "error": f.error} for f in result.failures]
        with replacing(failures) as (part,):
            srsly.write_jsonl(part, lines)
    else:
        failures.unlink(missing_ok=True)
    with replacing(shard_path(folder, shard.number, form)) as (part,):
        if store is not None:
            store.to_disk(part)
        elif form == "jsonl":
            write_jsonl(part, kept)
        else:
            write_parquet(part, kept, schema(nlp, columns))
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


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as lines of JSON."""
    with path.open("w", encoding="utf8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_parquet(path: Path, rows: list[dict[str, Any]], types: Any) -> None:
    """Write rows as a parquet file.

    path (Path): The file.
    rows (list[dict[str, Any]]): The rows.
    types (pyarrow.Schema): The types of their columns.
    """
    import pyarrow as pa
    from pyarrow.parquet import write_table

    for row in rows:
        row["id"] = str(row["id"])
    write_table(pa.Table.from_pylist(rows, schema=types), path, compression="zstd")
