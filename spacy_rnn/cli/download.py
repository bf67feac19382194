import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import srsly
from spacy.cli._util import Arg, Opt
from wasabi.printer import Printer

from .. import corpus
from ..corpus import Table
from ..corpus.arrow import to_dataset
from . import app
from ._util import CommandError, exit_on_error, staged


@app.command("download")
def download_cli(
    source: Annotated[
        str,
        Arg(
            help="Dataset name on the Hugging Face hub, or a local file of any kind that convert "
            "reads, or a folder of such files"
        ),
    ],
    output_dir: Annotated[
        Path, Arg(help="Directory for one parquet file per split", file_okay=False)
    ],
    name: Annotated[str | None, Opt(help="Configuration of the hub dataset")] = None,
    revision: Annotated[
        str | None, Opt("--revision", "-r", help="Git revision of the hub dataset")
    ] = None,
    split: Annotated[
        list[str] | None,
        Opt("--split", "-s", help="Split to keep, by default all. Can be repeated"),
    ] = None,
    option: Annotated[
        list[str] | None,
        Opt(
            help="How to read a local file where its content does not tell, such as "
            "encoding=cp1252, delimiter=; or format=tokens; for a hub dataset an option of its "
            "builder. Can be repeated"
        ),
    ] = None,
) -> None:
    """
    Download a Hugging Face dataset, or copy a local one the same way, and
    record beside the directory, in a JSON file of its name, where it is from
    and what it holds. A dataset in place is checked, never overwritten.
    """
    with exit_on_error():
        download(
            source,
            output_dir,
            name=name,
            revision=revision,
            splits=split or (),
            options=dict(map(corpus.parse_option, option or ())),
            silent=False,
        )


def download(
    source: str,
    output_dir: Path,
    *,
    name: str | None = None,
    revision: str | None = None,
    splits: Sequence[str] = (),
    options: Mapping[str, Any] | None = None,
    silent: bool = True,
) -> dict[str, Any]:
    """Download a Hugging Face dataset, or copy a local one, as one parquet file per split.

    source (str): Name of a dataset on the Hugging Face hub, or a local file or folder.
    output_dir (Path): Directory to write to.
    name (Optional[str]): Configuration of the hub dataset.
    revision (Optional[str]): Git revision of the hub dataset.
    splits (Sequence[str]): The splits to keep, by default all.
    options (Optional[Mapping[str, Any]]): How to read local files, or options of a hub dataset.
    silent (bool): Don't print any output.
    RETURNS (dict[str, Any]): The record, as written to a JSON file beside the directory.
    RAISES (CorpusError, CommandError): If the dataset cannot be had, or something else is in place.
        Nothing is written or changed then.
    """
    msg = Printer(no_print=silent, pretty=not silent)
    asked: dict[str, Any] = {
        "source": source,
        "name": name,
        "revision": revision,
        "split": list(splits),
    }
    asked["options"] = dict(options or {})
    path = output_dir.with_name(f"{output_dir.name}.json")
    if path.exists():
        record = read_record(path, output_dir, asked)
        msg.good(f"In place: {output_dir}")
        return record
    tables = corpus.load_splits(source, name=name, revision=revision, options=options, only=splits)
    files = {split: output_dir / f"{split}.parquet" for split in tables}
    for file in files.values():
        if file.exists():
            raise CommandError(
                f"{file} is in place and {path} is not, expected both or none: move the file, or "
                f"choose another directory."
            )
    with staged(*files.values(), path) as parts:
        found = {}
        for split, part in zip(files, parts, strict=False):
            data = join_tables(tables[split])
            data.to_parquet(part)
            found[split] = {"rows": len(data), "fingerprint": fingerprint(part)}
        record = {
            **asked,
            **describe(source, revision),
            "columns": {column: repr(feature) for column, feature in data.features.items()},
            "splits": found,
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "versions": {name: version(name) for name in ("datasets", "pyarrow", "spacy-rnn")},
        }
        srsly.write_json(parts[-1], record)
    for split, file in files.items():
        msg.good(f"Saved {found[split]['rows']} rows to {file}")
    return record


def read_record(path: Path, output_dir: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Read the record of a dataset in place, and check that it is the right one and intact.

    path (Path): The record.
    output_dir (Path): The directory of the dataset.
    asked (Mapping[str, Any]): What the record says about the request.
    RETURNS (dict[str, Any]): The record.
    RAISES (CommandError): If the dataset is another one, or a file is missing or changed.
    """
    way_out = f"delete {path} and {output_dir} to download it again, or choose another directory."
    try:
        record: dict[str, Any] = srsly.read_json(path)
        found = {key: record[key] for key in asked}
        fingerprints = {split: file["fingerprint"] for split, file in record["splits"].items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CommandError(f"{path} is not the record of a dataset: {way_out}") from error
    for key, value in asked.items():
        if found[key] != value:
            raise CommandError(
                f"{output_dir} is in place with the {key} {found[key]}, expected {value}: {way_out}"
            )
    for split, expected in fingerprints.items():
        file = output_dir / f"{split}.parquet"
        got = fingerprint(file) if file.exists() else "missing"
        if got != expected:
            raise CommandError(
                f"{file} is not as downloaded: its fingerprint is {got}, expected {expected}: "
                f"{way_out}"
            )
    return record


def describe(source: str, revision: str | None) -> dict[str, str | None]:
    """Ask the hub about a dataset.

    source (str): Its name.
    revision (Optional[str]): Its git revision.
    RETURNS (dict[str, Optional[str]]): The commit that the revision stands for, and the license,
        or None where they are not known: of local files, and of what was in the cache of the
        datasets library when there is no network.
    """
    found = None
    if not Path(source).exists():
        import huggingface_hub

        with contextlib.suppress(Exception):  # the errors of two HTTP libraries, by version
            found = huggingface_hub.HfApi().dataset_info(source, revision=revision)
    card = getattr(found, "card_data", None)
    return {"commit": getattr(found, "sha", None), "license": getattr(card, "license", None)}


def join_tables(tables: Sequence[Table]) -> Any:
    """RETURNS (Dataset): The rows of all tables.
    RAISES (CorpusError, CommandError): If they cannot be read or have different columns."""
    found = [to_dataset(table, token_columns(table)) for table in tables]
    import datasets

    try:
        return datasets.concatenate_datasets(found)
    except ValueError as error:
        names = ", ".join(table.source for table in tables)
        raise CommandError(
            f"{names} make one split and have different columns ({error}): make them the same, or "
            f"rename the files."
        ) from error


def token_columns(table: Table) -> dict[str, str]:
    """RETURNS (dict[str, str]): Names for the columns of a file of tokens, where it is clear what
    they hold."""
    names: dict[str, str] = {}
    for task in ("tagger", "ner") if table.format == "tokens" else ():
        with contextlib.suppress(corpus.CorpusError):
            names |= {str(column): role for role, column in corpus.find_roles(table, task).items()}
    return names


def fingerprint(path: Path) -> str:
    """RETURNS (str): The SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
