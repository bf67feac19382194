"""How a component of a pipeline does."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy
from spacy.tokens import Doc
from spacy.training import Example

from ..pipeline.calibration import Reliability
from .confusion import Confusion, confusion
from .decisions import Decisions, Kind
from .duplicates import Duplicate
from .errors import Error, errors
from .scores import Bootstrap, Counts, LabelScore, Score, interval, label_scores, scores
from .slices import Slices, slices


@dataclass(frozen=True)
class ComponentReport:
    """How a component does.

    name (str): Its name.
    kind (str): What it decides: "textcat", "textcat_multilabel", "tagger" or "ner".
    unit (str): What support counts.
    n_docs (int): Number of annotated texts.
    scores (List[Score]): What stands for all of it.
    labels (List[LabelScore]): By label.
    confusion (Confusion): Which labels are taken for which.
    errors (List[Error]): What is wrong, the surest first.
    slices (List[Slices]): Scores on parts of the data.
    reliability (Optional[Reliability]): How probabilities compare with frequencies, if any are
        known.
    without_duplicates (Optional[Score]): The first of the scores, on texts that are not nearly in
        the training data, if this is known.
    notes (List[str]): What a reader has to know.
    """

    name: str
    kind: Kind
    unit: str
    n_docs: int
    scores: list[Score]
    labels: list[LabelScore]
    confusion: Confusion
    errors: list[Error]
    slices: list[Slices]
    reliability: Reliability | None
    without_duplicates: Score | None
    notes: list[str]


@dataclass(frozen=True)
class Background:
    """What the training data tells about the test set.

    words (Set[str]): Its words, in lower case.
    labels (Mapping[str, Counter[str]]): How often it has each label, by kind of component.
    duplicates (Set[int]): Which texts of the test set are nearly in it.
    """

    words: set[str]
    labels: Mapping[Kind, Counter[str]]
    duplicates: set[int]

    @classmethod
    def of(cls, docs: Sequence[Doc], duplicates: Iterable[Duplicate]) -> "Background":
        cats = Counter(label for doc in docs for label, value in doc.cats.items() if value > 0)
        return cls(
            {token.lower_ for doc in docs for token in doc},
            {
                "textcat": cats,
                "textcat_multilabel": cats,
                "tagger": Counter(token.tag_ for doc in docs for token in doc),
                "ner": Counter(entity.label_ for doc in docs for entity in doc.ents),
            },
            {duplicate.test for duplicate in duplicates},
        )


def component_report(
    decisions: Decisions, examples: Sequence[Example], background: Background | None = None
) -> ComponentReport:
    """Report on a component.

    decisions (Decisions): Its decisions.
    examples (Sequence[Example]): The examples that they are of.
    background (Optional[Background]): What the training data tells.
    RETURNS (ComponentReport): The report.
    """
    bootstrap = Bootstrap(decisions.n_docs)
    words = background.words if background else None
    frequencies = background.labels[decisions.kind] if background else None
    probabilities, outcomes = decisions.answers
    found = scores(decisions, bootstrap)
    return ComponentReport(
        name=decisions.component,
        kind=decisions.kind,
        unit=decisions.unit,
        n_docs=decisions.n_docs,
        scores=found,
        labels=label_scores(decisions, bootstrap),
        confusion=confusion(decisions),
        errors=errors(decisions, examples),
        slices=slices(decisions, examples, bootstrap, words, frequencies),
        reliability=Reliability.of(probabilities, outcomes) if len(outcomes) else None,
        without_duplicates=_without(decisions, bootstrap, background, found[0]),
        notes=decisions.notes,
    )


def _without(
    decisions: Decisions, bootstrap: Bootstrap, background: Background | None, score: Score
) -> Score | None:
    if background is None:
        return None
    fresh = ~numpy.isin(decisions.sources, list(background.duplicates))[decisions.docs]
    if not fresh.any():
        return Score(score.name, None, None, None, score.title)
    once = Counts.of(decisions, fresh).total.f[0]
    many = Counts.resampled(decisions, bootstrap, fresh).total.f[:, 0]
    return Score(score.name, float(once), *interval(many), score.title)
