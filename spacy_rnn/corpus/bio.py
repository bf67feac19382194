"""Entities as tags of tokens: IOB2, IOB1, BILUO and BIOES."""

import re
from collections.abc import Callable, Sequence

from .errors import CorpusError, show

TAG = re.compile(r"O|[BILUES]-.+")
# What a tag says in IOB2: where an entity ends, the next tag says again.
PREFIXES = {"B": "B", "I": "I", "L": "I", "E": "I", "U": "B", "S": "B"}


def find_entities(
    tags: Sequence[str], place: Callable[[int], str], iob1: bool = False
) -> list[tuple[int, int, str]]:
    """Find the entities that tags stand for.

    tags (Sequence[str]): One tag per token: O, or the letter of IOB, BILUO or BIOES and a label.
    place (Callable[[int], str]): Tells where a tag is, for messages.
    iob1 (bool): Whether I- may start an entity.
    RETURNS (list[tuple[int, int, str]]): First token, token after the last one, and label.
    RAISES (CorpusError): If a tag is none, or goes on with an entity that has not begun.
    """
    entities: list[tuple[int, int, str]] = []
    before = ""
    for i, tag in enumerate(tags):
        if tag == "O":
            before = ""
            continue
        if not TAG.fullmatch(tag):
            raise CorpusError(
                f"{place(i)}: got the tag {show(tag)}, expected O, or B- or I- and a label: "
                f"correct it."
            )
        label = tag[2:]
        inside = PREFIXES[tag[0]] == "I"
        goes_on = inside and before == label
        if inside and not goes_on and not iob1:
            raise CorpusError(
                f"{place(i)}: got {tag} after {tags[i - 1] if i else 'the start'}, expected "
                f"B-{label} or I-{label} before it: correct it."
            )
        start = entities.pop()[0] if goes_on else i
        entities.append((start, i + 1, label))
        before = label
    return entities
