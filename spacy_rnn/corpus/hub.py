"""Datasets on the Hugging Face hub."""

from typing import Any

from .arrow import import_datasets, read_dataset
from .errors import CorpusError, first_line
from .tables import Table

LOCAL_FORMS = (
    "a local json, jsonl, csv, tsv, parquet, conllu, iob or spacy file, or a folder of such files "
    "with train, dev or test in their names"
)


def load_hub(source: str, **options: Any) -> dict[str, Table]:
    """Load all splits of a dataset on the hub, or from the cache if there is no network.

    source (str): Name of the dataset.
    options (Any): Arguments of datasets.load_dataset.
    RETURNS (dict[str, Table]): The splits, under the hub's names.
    RAISES (CorpusError): If the dataset cannot be loaded.
    """
    datasets = import_datasets()
    try:
        found = datasets.load_dataset(source, **options)
    except Exception as error:  # the builders raise what their parsers raise
        raise CorpusError(_explain(source, error)) from error
    return {k: read_dataset(data, f"{source}, split {k}") for k, data in found.items()}


def _explain(source: str, error: Exception) -> str:
    said = str(error)
    reason = first_line(error.__cause__ or error)
    if "gated" in said:
        return (
            f"'{source}' is gated ({first_line(error)}): accept its terms on "
            f"https://huggingface.co/datasets/{source} and log in with 'hf auth login'."
        )
    if "scripts are no longer supported" in said:
        return (
            f"'{source}' is a loading script ({first_line(error)}): set revision to "
            f"'refs/convert/parquet', the hub's own conversion, or pass another dataset, or "
            f"{LOCAL_FORMS}."
        )
    if "BuilderConfig" in said or "Config name" in said:
        names = said.rpartition("[")[2].partition("]")[0]
        return f"'{source}' is several datasets in one: set name, and to one of {names}."
    if said.startswith("Revision"):
        return f"{first_line(error)}: set revision to one of its branches, tags or commits."
    if isinstance(error, ConnectionError):
        return (
            f"Can't reach the Hugging Face hub for '{source}' ({reason}): "
            f"connect to the network, or pass {LOCAL_FORMS}."
        )
    if isinstance(error, FileNotFoundError):
        return (
            f"No dataset '{source}' on the Hugging Face hub that you may read ({reason}): "
            f"correct the name, or pass {LOCAL_FORMS}."
        )
    return f"Can't load '{source}' from the Hugging Face hub: {reason}."
