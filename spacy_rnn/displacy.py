"""Entities with their probabilities in displaCy."""

from collections.abc import Sequence
from typing import Any

from spacy import displacy
from spacy.displacy.templates import TPL_ENT, TPL_ENT_RTL
from spacy.tokens import Doc

from .errors import UserError


def render_entities(
    docs: Doc | Sequence[Doc],
    spans_key: str = "entities",
    *,
    page: bool = False,
    jupyter: bool | None = None,
    options: dict[str, Any] | None = None,
) -> str | None:
    """Draw the entities of documents with displaCy, each with its label and its probability.

    docs (Union[Doc, Sequence[Doc]]): The documents, annotated by an `rnn_ner` with a `spans_key`.
    spans_key (str): Where that is; the entities in `doc.ents` are drawn, and the probability is
        found for those that are there too.
    page (bool): Make it a whole HTML page.
    jupyter (Optional[bool]): Whether to display it in a notebook. As it runs in one, by default.
    options (Optional[Dict[str, Any]]): displaCy's options, such as `colors` and `ents`.
    RETURNS (Optional[str]): The HTML, where it is not displayed.
    RAISES (ValueError): If a document has no such group of spans with probabilities.
    """
    docs = [docs] if isinstance(docs, Doc) else list(docs)
    rtl = bool(docs) and docs[0].vocab.writing_system.get("direction") == "rtl"
    template = (TPL_ENT_RTL if rtl else TPL_ENT).replace("{label}", "{label} {probability}")
    return displacy.render(
        [_entities(doc, spans_key) for doc in docs],
        style="ent",
        manual=True,
        page=page,
        jupyter=jupyter,
        options={"template": template, **(options or {})},
    )


def _entities(doc: Doc, spans_key: str) -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): What displaCy draws."""
    group = doc.spans.get(spans_key)
    if group is None or "scores" not in group.attrs:
        raise UserError(
            f"No probabilities to draw: got a document with the spans {[*doc.spans]}, expected "
            f"{spans_key!r} with scores among them. Set spans_key of rnn_ner to that name."
        )
    scores = zip(group, group.attrs["scores"], strict=True)
    known = {(span.start, span.end, span.label): f"{score:.2f}" for span, score in scores}
    entities = [
        {
            "start": ent.start_char,
            "end": ent.end_char,
            "label": ent.label_,
            "params": {"probability": known.get((ent.start, ent.end, ent.label), "")},
        }
        for ent in doc.ents
    ]
    settings = {"lang": doc.lang_, "direction": doc.vocab.writing_system.get("direction", "ltr")}
    title = doc.user_data.get("title")
    return {"text": doc.text, "ents": entities, "title": title, "settings": settings}
