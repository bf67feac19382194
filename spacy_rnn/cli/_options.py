"""Options that several commands have."""

from enum import Enum
from typing import Annotated

from spacy.cli._util import Opt


class Optimize(str, Enum):
    efficiency = "efficiency"
    accuracy = "accuracy"


class CellName(str, Enum):
    lstm = "lstm"
    gru = "gru"
    mingru = "mingru"


class EngineName(str, Enum):
    local = "local"
    ray = "ray"


Lang = Annotated[str, Opt("--lang", "-l", help="Two-letter code of the language")]
Columns = Annotated[
    list[str] | None, Opt(help="What columns of the data hold: text=review,label=stars")
]
Exclude = Annotated[
    list[str] | None, Opt("--exclude", "-x", help="Label of entities to leave out (ner)")
]
Optimizing = Annotated[
    Optimize, Opt("--optimize", "-o", help="What matters more, for tagger and ner")
]
Cell = Annotated[CellName | None, Opt(help="Recurrent cell, by default the recipe's")]
Vectors = Annotated[
    str | None, Opt(help="Vectors table, or pipeline with one, to embed words by too")
]
UseGpu = Annotated[int, Opt("--gpu-id", "-g", help="GPU ID or -1 for CPU")]
Jobs = Annotated[int, Opt("--jobs", "-j", help="Trainings at a time, a core each", min=1)]
EngineOption = Annotated[
    EngineName, Opt("--engine", help="Processes of this machine, or work on a Ray cluster")
]
Address = Annotated[
    str | None,
    Opt("--address", help="Address of the Ray cluster, by default the one of RAY_ADDRESS"),
]
GoldPreproc = Annotated[
    bool, Opt("--gold-preproc", "-G", help="Use gold-standard tokens and sentences")
]
Component = Annotated[
    str | None,
    Opt("--component", "-c", help="Component (not needed if only one can be explained)"),
]

# Of commands that read texts alone.
TEXTS = (
    "Texts: a csv, tsv, jsonl, parquet, txt or spacy file, a folder of files of one of these "
    "kinds, or a dataset on the Hugging Face hub"
)
TextColumn = Annotated[str, Opt("--text-column", help="Column of the text")]
IdColumn = Annotated[
    str | None,
    Opt("--id-column", help="Column of the ids; by default rows are numbered from 0"),
]
TextSplit = Annotated[str, Opt("--split", help="Split of a dataset on the hub")]
TextRevision = Annotated[str | None, Opt("--revision", help="Git revision of a dataset on the hub")]
ShardSize = Annotated[int, Opt("--shard-size", min=1, help="Number of texts in a file")]
