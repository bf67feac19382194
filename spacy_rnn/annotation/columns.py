"""What is written of a doc."""

from collections.abc import Callable, Sequence
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from .errors import AnnotationError
from .texts import Row


def spans(found: Sequence[Any]) -> list[dict[str, Any]]:
    """RETURNS (list[dict[str, Any]]): Spans as offsets in characters, with their labels."""
    return [{"start": s.start_char, "end": s.end_char, "label": s.label_} for s in found]


# Column -> what it is of a doc. The names are those that the readers of corpora expect.
VALUES: dict[str, Callable[[Doc], Any]] = {
    "text": lambda doc: doc.text,
    "tokens": lambda doc: [token.text for token in doc],
    "tags": lambda doc: [token.tag_ for token in doc],
    "pos": lambda doc: [token.pos_ for token in doc],
    "morphs": lambda doc: [str(token.morph) for token in doc],
    "lemmas": lambda doc: [token.lemma_ for token in doc],
    "heads": lambda doc: [token.head.i for token in doc],
    "deps": lambda doc: [token.dep_ for token in doc],
    "sents": lambda doc: [{"start": s.start_char, "end": s.end_char} for s in doc.sents],
    "entities": lambda doc: spans(doc.ents),
    "spans": lambda doc: {key: spans(group) for key, group in doc.spans.items()},
    "cats": lambda doc: dict(doc.cats),
}
# What a component says that it assigns -> columns.
ASSIGNED = {
    "token.tag": ("tokens", "tags"),
    "token.pos": ("tokens", "pos"),
    "token.morph": ("tokens", "morphs"),
    "token.lemma": ("tokens", "lemmas"),
    "token.dep": ("tokens", "heads", "deps"),
    "token.is_sent_start": ("sents",),
    "doc.sents": ("sents",),
    "doc.ents": ("entities",),
    "doc.spans": ("spans",),
    "doc.cats": ("cats",),
}


def choose_columns(nlp: Language, wanted: Sequence[str] | None) -> list[str]:
    """Choose the columns to write.

    nlp (Language): The pipeline.
    wanted (Optional[Sequence[str]]): Names of columns, by default text and all that the components
        of the pipeline assign. The id is always there.
    RETURNS (list[str]): The columns, in the order of VALUES.
    RAISES (AnnotationError): If there is no such column.
    """
    if wanted is None:
        assigned = {name for pipe in nlp.pipe_names for name in nlp.get_pipe_meta(pipe).assigns}
        wanted = ["text", *(c for name in assigned for c in ASSIGNED.get(name, ()))]
    if unknown := [name for name in wanted if name not in VALUES and name != "id"]:
        raise AnnotationError(
            f"Can't write the column '{unknown[0]}', expected some of id, {', '.join(VALUES)}."
        )
    return [name for name in VALUES if name in wanted]


def make_row(row: Row, doc: Doc, columns: Sequence[str]) -> dict[str, Any]:
    """RETURNS (dict[str, Any]): A doc by columns, ready for JSON."""
    made = {"id": row.id}
    for name in columns:
        made[name] = row.text if name == "text" else VALUES[name](doc)
    return made


def schema(nlp: Language, columns: Sequence[str]) -> Any:
    """RETURNS (pyarrow.Schema): The types of columns in a parquet file. Ids are strings. Categories
    and groups of spans are columns of their own inside theirs."""
    import pyarrow as pa

    text, texts = pa.string(), pa.list_(pa.string())
    span = pa.list_(pa.struct({"start": pa.int32(), "end": pa.int32(), "label": text}))
    assigning = [
        pipe
        for name, pipe in nlp.pipeline
        if {"doc.cats", "doc.spans"} & {*nlp.get_pipe_meta(name).assigns}
    ]
    labels = sorted({label for pipe in assigning for label in getattr(pipe, "labels", ())})
    keys = sorted({pipe.key for pipe in assigning if hasattr(pipe, "key")})
    types = {
        "text": text,
        "heads": pa.list_(pa.int32()),
        "sents": pa.list_(pa.struct({"start": pa.int32(), "end": pa.int32()})),
        "entities": span,
        "spans": pa.struct(dict.fromkeys(keys, span)),
        "cats": pa.struct(dict.fromkeys(labels, pa.float32())),
    }
    return pa.schema({"id": text, **{name: types.get(name, texts) for name in columns}})
