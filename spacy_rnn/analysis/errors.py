"""The decisions that are wrong, as a reader sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from spacy.training import Example

from .decisions import NONE, Decisions

# Characters that are shown of a text, at most.
CONTEXT = 400


@dataclass(frozen=True)
class Error:
    """A wrong decision.

    doc (int): Which of the test set's texts it is in.
    text (str): The text, or what is around the decision.
    start (int): Where in this it begins, in characters. 0 where the decision is on all of it.
    end (int): Where it ends.
    gold (Optional[str]): The label that the annotation has.
    predicted (Optional[str]): The label that is predicted.
    probability (Optional[float]): That of the predicted label, or, where none is predicted, that
        the label of the annotation is absent. None where it is not known.
    """

    doc: int
    text: str
    start: int
    end: int
    gold: str | None
    predicted: str | None
    probability: float | None


def errors(decisions: Decisions, examples: Sequence[Example]) -> list[Error]:
    """Find what is wrong, the surest first, and what has no probability last.

    decisions (Decisions): The decisions.
    examples (Sequence[Example]): The examples that they are of.
    RETURNS (List[Error]): The errors.
    """
    wrong = numpy.flatnonzero(~decisions.right)
    doubt = 1.0 - numpy.nan_to_num(decisions.probability[wrong], nan=-1.0)
    found = []
    for i in wrong[numpy.argsort(doubt, kind="stable")].tolist():
        source = int(decisions.sources[decisions.docs[i]])
        probability = float(decisions.probability[i])
        found.append(
            Error(
                source,
                *_window(examples[source].predicted.text, *decisions.spans[i].tolist()),
                _label(decisions, int(decisions.gold[i])),
                _label(decisions, int(decisions.predicted[i])),
                None if numpy.isnan(probability) else probability,
            )
        )
    return found


def _label(decisions: Decisions, index: int) -> str | None:
    return None if index == NONE else decisions.labels[index]


def _window(text: str, start: int, end: int) -> tuple[str, int, int]:
    if end - start == len(text):
        return (text if len(text) <= CONTEXT else text[:CONTEXT] + " …"), 0, 0
    low, high = max(0, start - CONTEXT // 2), min(len(text), end + CONTEXT // 2)
    before, behind = "… " * (low > 0), " …" * (high < len(text))
    shift = len(before) - low
    return before + text[low:high] + behind, start + shift, end + shift
