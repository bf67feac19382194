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
UseGpu = Annotated[int, Opt("--gpu-id", "-g", help="GPU ID or -1 for CPU")]
Jobs = Annotated[int, Opt("--jobs", "-j", help="Trainings at a time, a core each", min=1)]
GoldPreproc = Annotated[
    bool, Opt("--gold-preproc", "-G", help="Use gold-standard tokens and sentences")
]
Component = Annotated[
    str | None,
    Opt("--component", "-c", help="Component (not needed if only one can be explained)"),
]
