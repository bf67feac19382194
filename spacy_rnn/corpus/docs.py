"""Records as annotated Docs."""

from collections.abc import Iterable, Iterator, Sequence

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import get_words_and_spaces, logger

from .errors import CorpusError, Report, read_each
from .records import Record
from .roles import Task


def make_doc(record: Record, nlp: Language, task: Task, labels: Sequence[str] | None = None) -> Doc:
    """Make an annotated Doc. Texts are tokenized by the pipeline, as in use, unless the record has
    gold tokens. Entities that do not match token boundaries are left out, and their tokens count
    as not annotated: `len(record.spans) - len(doc.ents)` is their number.

    record (Record): The record.
    nlp (Language): Gives the tokenizer and the vocab.
    task (Task): What the record is annotated for.
    labels (Optional[Sequence[str]]): All labels, for the zeros in `doc.cats`. By default those that
        the record has or is said not to have.
    RETURNS (Doc): The annotated document.
    RAISES (CorpusError): If the text cannot be tokenized or is not made of the gold tokens.
    """
    if task in ("textcat", "textcat_multilabel"):
        doc = _tokenize(record.where, record.text, None, nlp)
        known = [*record.labels, *record.absent] if labels is None else labels
        doc.cats = {label: float(label in record.labels) for label in known}
        return doc
    doc = _tokenize(record.where, record.text, record.tokens, nlp)
    if task == "tagger":
        _set_tags(doc, record)
    else:
        _set_entities(doc, record)
    return doc


def make_docs(
    records: Iterable[Record],
    nlp: Language,
    task: Task,
    labels: Sequence[str] | None,
    report: Report,
) -> Iterator[Doc]:
    """Make annotated Docs, and warn of the entities that do not match token boundaries.

    records (Iterable[Record]): The records.
    nlp (Language): Gives the tokenizer and the vocab.
    task (Task): What the records are annotated for.
    labels (Optional[Sequence[str]]): All labels, for the zeros in `doc.cats`.
    report (Report): Where records that cannot be used are counted.
    YIELDS (Doc): One document per record.
    """
    n_misaligned = 0

    def read(record: Record) -> tuple[Record, Doc]:
        return record, make_doc(record, nlp, task, labels)

    for record, doc in read_each(records, read, report):
        n_misaligned += len(record.spans) - len(doc.ents)
        yield doc
    if n_misaligned:
        logger.warning(
            "%d entities do not match token boundaries: their tokens count as not annotated",
            n_misaligned,
        )


def _tokenize(where: str, text: str | None, tokens: list[str] | None, nlp: Language) -> Doc:
    if text is None:
        return Doc(nlp.vocab, words=tokens)
    try:
        if tokens is None:
            return nlp.make_doc(text)
        words, spaces = get_words_and_spaces(tokens, text)
    except ValueError as error:
        raise CorpusError(f"{where}: {error}") from error
    return Doc(nlp.vocab, words=words, spaces=spaces)


def _set_tags(doc: Doc, record: Record) -> None:
    tokens, tags = list(doc), record.labels
    if record.text is not None:  # whitespace tokens follow the text and have no tag
        tokens = [token for token in doc if not token.text.isspace()]
        pairs = zip(record.tokens or (), record.labels, strict=True)
        tags = [tag for token, tag in pairs if not token.isspace()]
    for token, tag in zip(tokens, tags, strict=True):
        token.tag_ = tag


def _set_entities(doc: Doc, record: Record) -> None:
    entities = []
    missing: set[int] = set()
    for (start, end), label in zip(record.spans, record.labels, strict=True):
        span = doc.char_span(start, end, label=label)
        if span is not None:
            entities.append(span)
        else:
            touched = doc.char_span(start, end, alignment_mode="expand")
            missing.update(token.i for token in touched or ())
    missing -= {token.i for span in entities for token in span}
    doc.set_ents(entities, missing=[doc[i : i + 1] for i in sorted(missing)], default="outside")
