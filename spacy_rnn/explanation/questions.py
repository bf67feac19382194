"""From what a user asks to what is explained."""

from typing import Any, cast

from spacy.language import Language
from spacy.pipeline import Morphologizer, SentenceRecognizer, Tagger, TextCategorizer
from spacy.tokens import Doc

from ..errors import UserError
from ..pipeline.ner import RNNEntityRecognizer
from .targets import Bounds, Category, CRFTag, Entity, Tag, Target, require_label


def find_targets(
    pipe: Any, doc: Doc, label: str | None = None, span: Bounds | None = None
) -> list[Target]:
    """Find what is to be explained.

    pipe (TrainablePipe): The component.
    doc (Doc): A document through which the components before this one have run.
    label (Optional[str]): The label: of a document, of the tokens of `span`, or else of any tokens
        that have it. The predicted ones by default.
    span (Optional[Tuple[int, int]]): A token or entity, by its first token and the one behind its
        last. All that have a label by default.
    RETURNS (List[Target]): The targets.
    RAISES (ValueError): If the document is empty, the label unknown or the span not in the document
        or without a label.
    """
    if not len(doc):
        raise UserError(
            "Nothing to explain: got a text without tokens, expected at least one word."
        )
    if label is not None:
        require_label(pipe, label)
    kind = cast(type[Target], target_kind(pipe))
    if kind is Category:
        if span is not None:
            raise UserError(
                f"Component '{pipe.name}' labels whole documents: got the span {span}, expected "
                "none."
            )
        return kind.predicted(pipe, doc) if label is None else [kind(pipe, label)]
    if span is not None:
        _require_span(kind, doc, span)
        if label is not None:
            return [kind(pipe, label, span)]
    targets = kind.predicted(pipe, doc)
    return [t for t in targets if span in (None, t.span) and label in (None, t.label)]


def find_component(nlp: Language, name: str | None = None) -> Any:
    """Get the component to explain.

    nlp (Language): The pipeline.
    name (Optional[str]): Its name. Not needed if there is only one that can be explained.
    RETURNS (TrainablePipe): The component.
    RAISES (ValueError): If there is no such component, or several.
    """
    known = [n for n, pipe in nlp.pipeline if target_kind(pipe) is not None]
    if name is None and len(known) == 1:
        name = known[0]
    if name not in known:
        got = f"'{name}'" if name else "no name of a component"
        among = f"one of {', '.join(known)}" if known else "a text categorizer, tagger or rnn_ner"
        raise UserError(
            f"Can't tell what to explain: got {got} and the pipeline {nlp.pipe_names}, expected "
            f"{among}."
        )
    return nlp.get_pipe(str(name))


def target_kind(pipe: Any) -> type[Target] | None:
    """RETURNS (Optional[Type[Target]]): What a component predicts that can be explained."""
    if isinstance(pipe, TextCategorizer):
        return Category
    if isinstance(pipe, RNNEntityRecognizer):
        return Entity
    if isinstance(pipe, Tagger) and not isinstance(pipe, (Morphologizer, SentenceRecognizer)):
        return CRFTag if pipe.model.has_ref("crf") else Tag
    return None


def _require_span(kind: type[Target], doc: Doc, span: Bounds) -> None:
    start, end = span
    if not 0 <= start < end <= len(doc) or (issubclass(kind, Tag) and end - start > 1):
        expected = (
            "one token, such as (0, 1)"
            if issubclass(kind, Tag)
            else "a first token and the one behind"
        )
        raise UserError(
            f"Invalid span: got {span} in a document of {len(doc)} tokens, expected {expected}, "
            "within the document."
        )
