from pathlib import Path
from typing import Annotated

from spacy.cli._util import Arg, Opt
from wasabi import msg

from . import app
from ._options import TEXTS, IdColumn, ShardSize, TextColumn, TextRevision, TextSplit
from ._util import exit_on_error, goes_on


@app.command("distil")
def distil_cli(
    teacher: Annotated[
        str,
        Arg(
            help="Teacher: a pipeline, or a model of Hugging Face for token or sequence "
            "classification; a name, or a folder"
        ),
    ],
    texts: Annotated[str, Arg(help=TEXTS)],
    output: Annotated[Path, Arg(help="Folder for the corpus", file_okay=False)],
    threshold: Annotated[
        float,
        Opt("--threshold", "-t", help="Probability below which tags and entities are left open"),
    ] = 0.0,
    text_column: TextColumn = "text",
    id_column: IdColumn = None,
    split: TextSplit = "train",
    revision: TextRevision = None,
    shard_size: ShardSize = 1000,
    lang: Annotated[
        str, Opt("--lang", "-l", help="Language of the tokens, for a model of Hugging Face")
    ] = "en",
) -> None:
    """
    Let a teacher annotate texts, for a student to learn from. Classes are
    written with their probabilities. Killed at any moment, the same command
    goes on where it was left. Texts that the teacher fails on are listed in
    failures.jsonl.
    """
    from ..annotation.texts import Source
    from ..transfer.distil import distil

    with exit_on_error(), goes_on():
        summary = distil(
            teacher,
            Source(texts, text_column, id_column, split, revision),
            output,
            threshold=threshold,
            lang=lang,
            shard_size=shard_size,
            silent=False,
        )
    found = f", {summary.found:,} of them before" if summary.found else ""
    msg.good(f"Annotated {summary.texts:,} texts{found}", output)
    if summary.failures:
        msg.warn(f"{summary.failures:,} could not be annotated", output / "failures.jsonl")
