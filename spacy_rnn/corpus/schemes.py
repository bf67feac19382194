"""Entities as tags of tokens: IO, IOB1, IOB2, BILUO, BIOES and BMES."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from .errors import CorpusError, show

Scheme = Literal["IOB2", "IOB1", "IO"]
PREFIXED = re.compile(r"([BILUESMW])(?:[-_](.+))?")
# What a prefix says in IOB2: where an entity ends, the next tag says again.
PREFIXES = dict(B="B", I="I", M="I", L="I", E="I", U="B", S="B", W="B")
UNNAMED = "ENTITY"  # the label of tags that are a prefix only


def is_tag(value: str) -> bool:
    """RETURNS (bool): Whether a value is O or has a prefix."""
    return value == "O" or PREFIXED.fullmatch(value) is not None


def find_scheme(sentences: Iterable[Sequence[str]]) -> Scheme:
    """Find out how tags are to be read. IO: none has a prefix. IOB1: some entity starts with I-,
    and every B- follows an entity of its type. IOB2, of which the others are variants: the rest.

    sentences (Iterable[Sequence[str]]): The tags of sentences, read until one decides.
    RETURNS (Scheme): The scheme.
    """
    bare = prefixed = starts_inside = False
    for tags in sentences:
        before: str | None = None
        for tag in tags:
            match = PREFIXED.fullmatch(tag)
            if match is None:
                bare = bare or tag != "O"
                before = None
                continue
            prefixed = True
            label = match[2] or UNNAMED
            if label != before:
                if PREFIXES[match[1]] == "B":
                    return "IOB2"
                starts_inside = True
            before = label
    if bare and not prefixed:
        return "IO"
    return "IOB1" if starts_inside else "IOB2"


def find_entities(
    tags: Sequence[str], place: Callable[[int], str], scheme: Scheme = "IOB2"
) -> list[tuple[int, int, str]]:
    """Find the entities that tags stand for.

    tags (Sequence[str]): One tag per token.
    place (Callable[[int], str]): Tells where a tag is, for messages.
    scheme (Scheme): How the tags are to be read.
    RETURNS (list[tuple[int, int, str]]): First token, token after the last one, and label.
    RAISES (CorpusError): If a tag is none, or goes on with an entity that has not begun.
    """
    entities: list[tuple[int, int, str]] = []
    before: str | None = None
    for i, tag in enumerate(tags):
        if tag == "O":
            before = None
            continue
        prefix, label = _split(tag, place(i), scheme)
        goes_on = prefix == "I" and before == label
        if prefix == "I" and not goes_on and scheme == "IOB2":
            raise CorpusError(
                f"{place(i)}: got {tag} after {tags[i - 1] if i else 'the start'}, expected "
                f"B-{label} or I-{label} before it: correct it."
            )
        start = entities.pop()[0] if goes_on else i
        entities.append((start, i + 1, label))
        before = label
    return entities


def _split(tag: str, where: str, scheme: Scheme) -> tuple[str, str]:
    if scheme == "IO":
        return "I", tag
    match = PREFIXED.fullmatch(tag)
    if match is None:
        raise CorpusError(
            f"{where}: got the tag {show(tag)}, expected O, or B- or I- and a label: correct it."
        )
    return PREFIXES[match[1]], match[2] or UNNAMED
