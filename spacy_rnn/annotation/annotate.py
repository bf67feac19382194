"""Annotation of texts, from beginning to end or from where it was left."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import Any

import srsly
import tqdm
from spacy.language import Language

from ..digest import digest
from ..files import replacing
from ..loading import load_pipeline
from .engines import Annotator, Engine, Job, here, processes
from .errors import AnnotationError
from .shards import FAILURES, Format, make_shards, shard_path
from .texts import Source

MANIFEST = "annotation.json"


@dataclass
class Summary:
    """What became of all texts.

    texts (int): How many there were.
    failures (int): How many of them could not be annotated.
    found (int): How many were in shards of an earlier run.
    words (int): How many tokens this run annotated.
    seconds (float): The time it took.
    """

    texts: int = 0
    failures: int = 0
    found: int = 0
    words: int = 0
    seconds: float = 0.0


def annotate(
    model: str,
    source: Source,
    output: Path,
    *,
    load: Callable[[str], Language] = load_pipeline,
    form: Format = "parquet",
    columns: Sequence[str] | None = None,
    ids: bool = True,
    shard_size: int = 10_000,
    n_process: int = 1,
    threads: int = 1,
    engine: Engine | None = None,
    silent: bool = True,
) -> Summary:
    """Annotate texts and write them to a folder of numbered files, in order.

    Files are there whole or not at all, so that a run which was killed can be started again, and
    ends with the same files as one that was not.

    model (str): Name or path of the pipeline.
    source (Source): The texts.
    output (Path): The folder.
    load (Callable[[str], Language]): Loads the pipeline, in each process, and anew where it has
        seen so many words that its vocab takes too much memory.
    form (Literal["parquet", "jsonl", "spacy"]): The format to write.
    columns (Optional[Sequence[str]]): The columns of parquet and jsonl, by default id, text and
        what the pipeline assigns.
    ids (bool): Whether docs in .spacy files have the ids of texts in their `user_data`. To read a
        short text takes six times as long with than without.
    shard_size (int): Number of texts in a file. A file with 10 million characters ends sooner.
    n_process (int): Number of processes on this machine.
    threads (int): Number of threads of torch in each. The last bits of scores depend on it.
    engine (Optional[Engine]): Who annotates, instead of processes on this machine.
    silent (bool): Whether to show no progress.
    RETURNS (Summary): Counts. Texts that could not be annotated are in failures.jsonl.
    RAISES (UserError): If the pipeline cannot be loaded.
    RAISES (AnnotationError): If texts or columns cannot be used, or the folder has the annotations
        of another model, of other texts or of other settings.
    """
    job = Job(model, output, form, columns, ids, load, threads)
    annotator = Annotator(job)
    claim(output, describe(annotator, source, shard_size))
    engine = engine or (here(annotator) if n_process == 1 else processes(n_process))
    summary, begun = Summary(), monotonic()

    def missing() -> Any:
        for shard in make_shards(source.rows(), shard_size):
            if shard_path(output, shard.number, form).exists():
                summary.found += len(shard.rows)
                progress.update(len(shard.rows))
            else:
                yield shard

    with tqdm.tqdm(
        total=source.size(), unit="text", unit_scale=True, disable=silent or None
    ) as progress:
        for result in engine(job, missing()):
            summary.texts += result.texts
            summary.words += result.words
            progress.update(result.texts)
    summary.texts += summary.found
    summary.failures = gather_failures(output)
    summary.seconds = monotonic() - begun
    return summary


def describe(annotator: Annotator, source: Source, shard_size: int) -> dict[str, Any]:
    """RETURNS (dict[str, Any]): What the files of an output depend on."""
    nlp, form = annotator.nlp, annotator.job.form
    name = f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}"
    return {
        "model": f"{name} {digest(nlp._path) if nlp._path else ''}".strip(),
        "input": source.identity(),
        "text column": source.text_column,
        "id column": source.id_column,
        "format": form,
        "columns": ["id", *annotator.columns] if form != "spacy" else None,
        "texts in a file": shard_size,
    }


def claim(output: Path, now: dict[str, Any]) -> None:
    """Make a folder that of these annotations.

    output (Path): The folder, new, empty or of an earlier run.
    now (dict[str, Any]): What its files depend on.
    RAISES (AnnotationError): If it holds something else.
    """
    manifest = output / MANIFEST
    if manifest.exists():
        before = srsly.read_json(manifest)
        changed = [name for name in now if before.get(name) != now[name]]
        if changed:
            what = "; ".join(f"{n} was {before.get(n)!r}, is {now[n]!r}" for n in changed)
            raise AnnotationError(
                f"{output} has other annotations: {what}. Choose another folder, or delete it."
            )
        return
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise AnnotationError(
            f"{output} has something else in it, expected a new folder, or one of an earlier run "
            f"({MANIFEST}): choose another."
        )
    with replacing(manifest) as (part,):
        part.write_text(json.dumps(now, indent=2) + "\n", "utf8")


def gather_failures(output: Path) -> int:
    """Put the failures of all shards into failures.jsonl.

    output (Path): The folder.
    RETURNS (int): How many there are.
    """
    files = sorted((output / FAILURES).glob("*.jsonl"))
    lines = list(chain.from_iterable(file.read_text("utf8").splitlines(True) for file in files))
    gathered = output / f"{FAILURES}.jsonl"
    if lines:
        with replacing(gathered) as (part,):
            part.write_text("".join(lines), "utf8")
    else:
        gathered.unlink(missing_ok=True)
    return len(lines)
