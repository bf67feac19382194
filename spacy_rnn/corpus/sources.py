"""Annotated data, split by split: files, folders of files, datasets of the hub."""

import re
from collections.abc import Callable, Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import Any

from spacy.util import logger

from .arrow import import_datasets, load_saved
from .errors import CorpusError, first_line, listed
from .formats import JSON, TABLES, TOKENS, find_format, open_table, read_parallel, suffix_of
from .hub import LOCAL_FORMS, load_hub
from .options import OPTIONS, Options
from .tables import Table

SPLITS = ("train", "dev", "test")
WORDS = {word: word for word in SPLITS} | {
    "training": "train",
    "development": "dev",
    "val": "dev",
    "valid": "dev",
    "validation": "dev",
    "testa": "dev",  # as the shared task on entities names them
    "testb": "test",
    "testing": "test",
}
SPLIT_WORD = re.compile(rf"(?<![a-z])({'|'.join(sorted(WORDS, key=len, reverse=True))})(?![a-z])")
HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?")
FILES = (*TABLES, *JSON, *TOKENS, ".parquet", ".spacy")
BUILDERS = {"csv": "table", "json": "json", "parquet": "parquet"}
NO_DATA = (".md", ".rst", ".py", ".sh", ".cfg", ".toml", ".yml", ".yaml", ".html", ".pdf", ".log")
PARALLEL = re.compile(r"(.*[._-]|)(text|label)s?(\.[a-z]+)?", re.IGNORECASE)
MAPPING = "mapping.txt"  # the names of labels that are numbers in parallel files
DataFiles = str | Sequence[str] | Mapping[str, str | Sequence[str]]
Open = Callable[[], list[Table]]


def split_name(word: str) -> str:
    """RETURNS (str): Our name for a split, "dev" for what others call val, valid or validation."""
    return WORDS.get(word.lower(), word)


def load_splits(
    source: str,
    *,
    name: str | None = None,
    data_files: DataFiles | None = None,
    revision: str | None = None,
    streaming: bool = False,
    options: Mapping[str, Any] | None = None,
    only: Sequence[str] = (),
) -> dict[str, list[Table]]:
    """Open the splits of a source. A single file is the train split, and the files of a folder are
    assigned to splits by their name, or by that of their folder.

    source (str): Name of a dataset on the Hugging Face hub, a local file or folder, a folder that
        save_to_disk wrote, or "csv", "json" or "parquet" for the data files.
    name (Optional[str]): Configuration of the hub dataset.
    data_files (Optional[DataFiles]): The files to read, below a folder or of a hub dataset: names
        or patterns, or these by split.
    revision (Optional[str]): Git revision of the hub dataset.
    streaming (bool): Whether to read a hub dataset as rows are asked for, and keep no copy.
    options (Optional[Mapping[str, Any]]): How to read local files, see Options; for a hub dataset
        the options of its builder in the datasets library.
    only (Sequence[str]): The splits to open, by default all.
    RETURNS (dict[str, list[Table]]): The tables of each split.
    RAISES (CorpusError): If there is no such source or split, or it cannot be read.
    """
    path = Path(source)
    form = BUILDERS.get(source) if data_files is not None else None
    if form is None and not path.exists():
        if suffix_of(path) in FILES or not HUB_NAME.fullmatch(source):
            raise CorpusError(
                f"Can't find the file or folder '{source}': expected {LOCAL_FORMS}, "
                f"or the name of a dataset on the Hugging Face hub."
            )
        arguments = {"name": name, "data_files": data_files, "revision": revision}
        found = load_hub(source, **arguments, streaming=streaming, **(options or {}))
        return {k: [found[k]] for k in _choose(found, only, source)}
    if name is not None or revision is not None:
        raise CorpusError(
            f"'{source}' is local, and a config name or revision selects from a dataset on the "
            f"Hugging Face hub: leave them out."
        )
    if (path / "dataset_dict.json").exists() or (path / "state.json").exists():
        saved = load_saved(path)
        return {k: [saved[k]] for k in _choose(saved, only, source)}
    chosen = Options.from_dict({**({"format": form} if form else {}), **(options or {})})
    if data_files is not None:
        files = _match_files(Path() if form else path, data_files)
    else:
        files = {"train": [path]} if path.is_file() else split_files(path, chosen)
    return {k: _open_files(files[k], chosen) for k in _choose(files, only, source)}


def main_splits(splits: Mapping[str, list[Table]], source: str) -> dict[str, list[Table]]:
    """Name the splits as for training. Those under other names are left out.

    splits (Mapping[str, list[Table]]): The tables of each split, under the source's names.
    source (str): Where they are from, for messages.
    RETURNS (dict[str, list[Table]]): The tables of "train" and, where present, "dev" and "test".
    RAISES (CorpusError): If there is no such split.
    """
    tables: dict[str, list[Table]] = {}
    for split, found in splits.items():
        if split_name(split) in SPLITS:
            tables.setdefault(split_name(split), []).extend(found)
        else:
            logger.warning("Left out split '%s' of %s", split, source)
    if not tables:
        raise CorpusError(
            f"{source} has no train split: got {listed(splits)}, expected names with train and, "
            f"if any, dev (or validation) and test: rename them."
        )
    return {split: tables[split] for split in SPLITS if split in tables}


def split_files(folder: Path, options: Options = OPTIONS) -> dict[str, list[Path]]:
    """Assign the data files below a folder to splits by the word train, dev, val, valid,
    validation or test in their names, or else in that of a folder that holds them.

    folder (Path): The folder.
    options (Options): How to read the files.
    RETURNS (dict[str, list[Path]]): The files of each split, sorted.
    RAISES (CorpusError): If a file names two splits, a split has files of two formats (likely the
        same rows twice), or there are no files.
    """
    splits: dict[str, list[Path]] = {}
    files = [path for path in sorted(folder.rglob("*")) if _is_data(path, folder)]
    for path in files:
        split = _find_split(path, folder)
        if split is None:
            logger.warning("Left out %s: no split in its name", path)
        elif (
            path.suffix.lower() in FILES
            or PARALLEL.fullmatch(path.name)
            or _is_known(path, options)
        ):
            splits.setdefault(split, []).append(path)
        else:
            logger.warning("Left out %s: can't tell what it holds", path)
    for split, paths in splits.items():
        suffixes = sorted({path.suffix for path in paths})
        if len(suffixes) > 1:
            raise CorpusError(
                f"The {split} files in {folder} are of several formats ({', '.join(suffixes)}), "
                f"expected one: keep the files of one format in the folder."
            )
    if not splits:
        raise CorpusError(
            f"{folder} has no splits: got {listed(path.name for path in files) or 'no files'}, "
            f"expected {LOCAL_FORMS}: rename them."
        )
    return splits


def select_split(splits: Mapping[str, Sequence[Table]], split: str, source: str) -> list[Table]:
    """Find the rows of a split.

    splits (Mapping[str, Sequence[Table]]): The tables of each split.
    split (str): The split, or a part of it, as the datasets library writes it: "train",
        "train[:90%]", "train[1000:]", "train+validation". dev, val, valid and validation are the
        same.
    source (str): Where the splits are from, for messages.
    RETURNS (list[Table]): The tables.
    RAISES (CorpusError): If there is no such split or part.
    """
    parts = [_known(part.strip(), splits) for part in split.split("+")]
    missing = [part for part in parts if part.partition("[")[0] not in splits]
    if missing:
        raise CorpusError(
            f"{source} has no split '{split}': got {', '.join(splits)}, expected one of these, or "
            f"a part of it such as '{next(iter(splits))}[:90%]'."
        )
    found: list[Table] = []
    for part in parts:
        found += _select_part(splits, part, split, source) if "[" in part else splits[part]
    if not found:
        raise CorpusError(f"'{split}' of {source} has no rows, expected at least one.")
    return found


def _select_part(
    splits: Mapping[str, Sequence[Table]], part: str, split: str, source: str
) -> list[Table]:
    name = part.partition("[")[0]
    if not all(table.reread for table in splits[name]):
        raise CorpusError(
            f"'{split}' is a part of a split, and how long a streamed one is is not known: set "
            f"streaming = false, or use limit for the first rows."
        )
    sizes = [table.count() for table in splits[name]]
    try:
        (chosen,) = (
            import_datasets().ReadInstruction.from_spec(part).to_absolute({name: sum(sizes)})
        )
    except ValueError as error:
        raise CorpusError(
            f"{source} has no split '{split}' ({first_line(error)}): expected a split, or a part "
            f"of it such as '{name}[:90%]'."
        ) from error
    found, start, stop = [], chosen.from_, chosen.to
    for table, size in zip(splits[name], sizes, strict=True):
        rows = range(size)[max(start, 0) : max(stop, 0)]
        if rows:
            found.append(table.part(rows.start, rows.stop))
        start, stop = start - size, stop - size
    return found


def _choose(splits: Mapping[str, Any], only: Sequence[str], source: str) -> list[str]:
    chosen = [_known(split, splits) for split in only]
    unknown = [split for split in chosen if split not in splits]
    if unknown:
        raise CorpusError(
            f"{source} has no split {listed(unknown)}: got {listed(splits)}, expected some of "
            f"these."
        )
    return chosen or list(splits)


def _known(part: str, splits: Mapping[str, Any]) -> str:
    name, bracket, rest = part.partition("[")
    if name not in splits:
        name = next((k for k in splits if split_name(k) == split_name(name)), name)
    return name + bracket + rest


def _is_data(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return (
        path.is_file()
        and not hidden
        and path.suffix.lower() not in NO_DATA
        and path.name != MAPPING
    )


def _is_known(path: Path, options: Options) -> bool:
    try:
        return find_format(path, options) is not None
    except CorpusError:  # told when the file is read
        return True


def _find_split(path: Path, folder: Path) -> str | None:
    found = sorted({split_name(word) for word in SPLIT_WORD.findall(path.name.lower())})
    if len(found) > 1:
        raise CorpusError(
            f"The name of {path} holds {' and '.join(found)}, expected one split: rename it."
        )
    parents = [parent.lower() for parent in reversed(path.relative_to(folder).parts[:-1])]
    found += [split_name(word) for word in parents if word in WORDS]
    return found[0] if found else None


def _open_files(paths: Sequence[Path], options: Options) -> list[Table]:
    """RETURNS (list[Table]): The files, of which one with texts and one with labels make one."""
    pairs: dict[str, dict[str, Path]] = {}
    for path in paths:
        match = PARALLEL.fullmatch(path.name)
        if match:
            pairs.setdefault(str(path.parent / match[1]), {})[match[2].lower()] = path
    tables = []
    for path in paths:
        match = PARALLEL.fullmatch(path.name)
        pair = pairs[str(path.parent / match[1])] if match else {}
        names = path.with_name(MAPPING)
        if len(pair) == 2 and path == pair["text"]:
            found = names if names.exists() else None
            tables.append(read_parallel(path, pair["label"], found, options))
        elif pair.keys() == {"text"} and find_format(path, options) is None:
            tables.append(read_parallel(path, None, None, options))
        elif len(pair) < 2:
            tables.append(open_table(path, options))
    return tables


def _match_files(folder: Path, data_files: DataFiles) -> dict[str, list[Path]]:
    by_split = data_files if isinstance(data_files, Mapping) else {"train": data_files}
    files: dict[str, list[Path]] = {}
    for split, patterns in by_split.items():
        names = [patterns] if isinstance(patterns, str) else patterns
        files[split] = []
        for name in names:
            path = folder / name
            found = [path] if path.exists() else sorted(map(Path, glob(str(path), recursive=True)))
            if not found:
                raise CorpusError(f"No file matches '{path}': correct data_files.")
            files[split].extend(found)
    return files
