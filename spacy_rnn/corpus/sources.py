"""Annotated data of any form, split by split: tables, files of sentences, spaCy's own files."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from . import conllu, docbin, iob
from .errors import CorpusError, OnError
from .files import FORMATS, SPLIT_WORD, load_file, split_name
from .records import COLUMNS, Columns, Record, Task, read_records
from .tables import SPLITS, Table, load_tables

SUFFIXES = (*conllu.SUFFIXES, *docbin.SUFFIXES, *iob.SUFFIXES)


def load_source(
    source: str, *, name: str | None = None, revision: str | None = None
) -> dict[str, list[Table | Path]]:
    """Find what the splits of a source are made of. A single file is the train split, and the
    files of a folder are assigned to splits by their name, or by that of their folder.

    source (str): A local file or folder, or the name of a dataset on the Hugging Face hub.
    name (Optional[str]): Configuration of the hub dataset.
    revision (Optional[str]): Git revision of the hub dataset.
    RETURNS (dict[str, list[Table | Path]]): The tables, or the files that are none, of "train"
        and, where present, "dev" and "test".
    RAISES (CorpusError): If there is no such source, it cannot be read or has no train split.
    """
    path = Path(source)
    files = {"train": [path]} if path.suffix in SUFFIXES else find_files(path)
    if not files:
        tables = load_tables(source, name=name, revision=revision)
        return {split: [*tables[split]] for split in tables}
    if not path.exists():
        raise CorpusError(f"Can't find the file '{source}': correct its name.")
    if "train" not in files:
        found = ", ".join(file.name for paths in files.values() for file in paths)
        raise CorpusError(
            f"{source} has no train split: got {found}, expected names with train and, if any, "
            f"dev and test: rename them."
        )
    return {split: [*map(_open, files[split])] for split in SPLITS if split in files}


def find_files(folder: Path) -> dict[str, list[Path]]:
    """Find the files of the splits in a folder that does not hold tables only.

    folder (Path): The folder.
    RETURNS (dict[str, list[Path]]): The files of each split, sorted. Empty for tables only.
    RAISES (CorpusError): If the files of a split have several formats.
    """
    splits: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        name = SPLIT_WORD.search(path.stem.lower()) or SPLIT_WORD.fullmatch(inside.parent.name)
        known = path.suffix in SUFFIXES or path.suffix in FORMATS
        if name and known and not any(part.startswith(".") for part in inside.parts):
            splits.setdefault(split_name(name[1]), []).append(path)
    suffixes = {split: sorted({path.suffix for path in paths}) for split, paths in splits.items()}
    if all(suffix in FORMATS for found in suffixes.values() for suffix in found):
        return {}
    for split, found in suffixes.items():
        if len(found) > 1:
            raise CorpusError(
                f"The {split} files in {folder} are of several formats ({', '.join(found)}), "
                f"expected one: keep the files of one format in the folder."
            )
    return splits


def read_source(
    parts: Sequence[Table | Path],
    task: Task,
    columns: Columns = COLUMNS,
    *,
    labels: Sequence[str] | None = None,
    exclude: Iterable[str] = (),
    on_error: OnError | None = None,
) -> Iterator[Record]:
    """Read what a split is made of.

    parts (Sequence[Table | Path]): The tables or files.
    task (Task): What they are annotated for.
    columns (Columns): The names of the columns.
    labels (Optional[Sequence[str]]): The names of the labels of a column of plain integers.
    exclude (Iterable[str]): Labels of entities to leave out.
    on_error (Optional[OnError]): Called with what is wrong with a row, which is then left out.
        Without it, the error is raised.
    YIELDS (Record): One record per row, sentence or doc.
    RAISES (CorpusError): If the data cannot be read or is not annotated for the task.
    """
    excluded = frozenset(exclude)
    for part in parts:
        for record in _read_part(part, task, columns, labels, on_error):
            yield leave_out(record, excluded) if excluded else record


def leave_out(record: Record, labels: frozenset[str]) -> Record:
    """RETURNS (Record): The record without the entities that have one of these labels."""
    pairs = zip(record.spans, record.labels, strict=True)
    kept = [(span, label) for span, label in pairs if label not in labels]
    return replace(record, spans=[span for span, _ in kept], labels=[label for _, label in kept])


def _open(path: Path) -> Table | Path:
    return Table(str(path), load_file(path)) if path.suffix in FORMATS else path


def _read_part(
    part: Table | Path,
    task: Task,
    columns: Columns,
    labels: Sequence[str] | None,
    on_error: OnError | None,
) -> Iterator[Record]:
    if isinstance(part, Table):
        return read_records([part], task, columns, on_error, labels=labels)
    if part.suffix in docbin.SUFFIXES:
        return docbin.read_docbin(part, task, on_error)
    is_conllu = part.suffix in conllu.SUFFIXES
    if task != ("tagger" if is_conllu else "ner"):
        raise CorpusError(
            f"{part} is read as a file of {'tags' if is_conllu else 'entities'}, expected the task "
            f"{'tagger' if is_conllu else 'ner'}, got {task}: name the right task or file."
        )
    if is_conllu:
        return conllu.read_conllu(part, columns.tags, on_error)
    return iob.read_iob(part, on_error)
