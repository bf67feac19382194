from enum import Enum
from pathlib import Path
from typing import Annotated

from spacy.cli._util import Arg, Opt
from wasabi import msg

from . import app
from ._options import (
    TEXTS,
    Address,
    EngineName,
    EngineOption,
    IdColumn,
    ShardSize,
    TextColumn,
    TextRevision,
    TextSplit,
)
from ._util import exit_on_error, goes_on


class OutputFormat(str, Enum):
    parquet = "parquet"
    jsonl = "jsonl"
    spacy = "spacy"


@app.command("annotate")
def annotate_cli(
    model: Annotated[str, Arg(help="Name or path of the pipeline")],
    source: Annotated[str, Arg(metavar="INPUT", help=TEXTS)],
    output: Annotated[Path, Arg(help="Folder for the annotations", file_okay=False)],
    to: Annotated[OutputFormat, Opt("--to", help="Format to write")] = OutputFormat.parquet,
    columns: Annotated[
        str | None,
        Opt(help="Columns to write, separated by commas; by default what the pipeline assigns"),
    ] = None,
    text_column: TextColumn = "text",
    id_column: IdColumn = None,
    split: TextSplit = "train",
    revision: TextRevision = None,
    shard_size: ShardSize = 10_000,
    n_process: Annotated[
        int, Opt("--n-process", "-n", min=1, help="Number of processes, or of Ray actors")
    ] = 1,
    engine: EngineOption = EngineName.local,
    address: Address = None,
) -> None:
    """
    Annotate texts with a pipeline. Killed at any moment, the same command
    goes on where it was left. Texts that cannot be annotated are listed in
    failures.jsonl.
    """
    from ..annotation import annotate
    from ..annotation.cluster import ray_cluster
    from ..annotation.texts import Source

    with exit_on_error(), goes_on():
        summary = annotate(
            model,
            Source(source, text_column, id_column, split, revision),
            output,
            form=to.value,
            columns=columns.split(",") if columns is not None else None,
            shard_size=shard_size,
            n_process=n_process,
            engine=ray_cluster(n_process, address) if engine == EngineName.ray else None,
            silent=False,
        )
    now = summary.texts - summary.found
    before = f"{summary.found:,}" if now else "all"
    found = f", {before} of them before" if summary.found else ""
    rate = f" ({now / max(summary.seconds, 1e-9):,.0f} a second)" if now else ""
    msg.good(f"Annotated {summary.texts:,} texts{found}{rate}", output)
    if summary.failures:
        msg.warn(f"{summary.failures:,} could not be annotated", output / "failures.jsonl")
