"""Decisions of components, from annotated documents through which the pipeline has run.

Counts agree with those of spaCy's scorers, except where these take a text for annotated that is
not.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy
from spacy.language import Language
from spacy.pipeline import (
    EntityRecognizer,
    Morphologizer,
    MultiLabel_TextCategorizer,
    SentenceRecognizer,
    Tagger,
    TextCategorizer,
)
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import minibatch

from ..pipeline.ner import RNNEntityRecognizer
from ..pipeline.textcat_multilabel import RNNMultiLabelTextCategorizer
from .decisions import UNKNOWN, Collector, Decisions, Kind, left_out
from .entities import judge_ner

BATCH_SIZE = 128


def kind_of(pipe: Any) -> Kind | None:
    """RETURNS (Optional[str]): What a component decides, if there is a judge for it."""
    if isinstance(pipe, (MultiLabel_TextCategorizer, RNNMultiLabelTextCategorizer)):
        return "textcat_multilabel"
    if isinstance(pipe, TextCategorizer):
        return "textcat"
    if isinstance(pipe, Tagger) and not isinstance(pipe, (Morphologizer, SentenceRecognizer)):
        return "tagger"
    if isinstance(pipe, (EntityRecognizer, RNNEntityRecognizer)):
        return "ner"
    return None


def judge(nlp: Language, examples: Sequence[Example]) -> list[Decisions]:
    """Find the decisions of all components that there is a judge for.

    nlp (Language): The pipeline.
    examples (Sequence[Example]): Annotated documents, through which the pipeline has run.
    RETURNS (List[Decisions]): Of each component with annotation, in the pipeline's order.
    """
    kinds = {name: kind_of(pipe) for name, pipe in nlp.pipeline}
    categories = {
        label
        for name, pipe in nlp.pipeline
        if kinds[name] in ("textcat", "textcat_multilabel")
        for label in category_labels(pipe)
    }
    n_categorizers = sum(kind in ("textcat", "textcat_multilabel") for kind in kinds.values())
    found = []
    for name, pipe in nlp.pipeline:
        kind = kinds[name]
        if kind in ("textcat", "textcat_multilabel"):
            # Where several components share doc.cats, a label that none knows could be of any.
            strange = set() if n_categorizers == 1 else _strange(examples, categories)
            found.append(JUDGES[kind](name, pipe, examples, categories | strange))
        elif kind is not None:
            found.append(JUDGES[kind](name, pipe, examples, set()))
    return [decisions for decisions in found if decisions.n_docs]


def category_labels(pipe: Any) -> tuple[str, ...]:
    """RETURNS (Tuple[str]): The labels of a text categorizer, with that of texts out of scope."""
    outside = getattr(pipe, "oos_label", None)
    return tuple(pipe.labels) if outside is None else (*pipe.labels, outside)


def _strange(examples: Iterable[Example], known: set[str]) -> set[str]:
    return {label for eg in examples for label in eg.reference.cats if label not in known}


def judge_textcat(
    name: str, pipe: Any, examples: Sequence[Example], foreign: set[str]
) -> Decisions:
    """Judge a component that gives each text its most probable label.

    foreign (Set[str]): Labels that other components may have given.
    """
    labels, outside = category_labels(pipe), getattr(pipe, "oos_label", None)
    known, others = set(labels), foreign.difference(labels)
    collector, n_open = Collector(labels), 0
    for source, example in enumerate(examples):
        gold = {k: v for k, v in example.reference.cats.items() if v > 0 and k not in others}
        cats = {k: v for k, v in example.predicted.cats.items() if k in known}
        if not gold or not cats:
            n_open += 1
            continue
        best = max(cats, key=lambda label: cats[label])
        probability = UNKNOWN if best == outside else cats[best]
        collector.start(source)
        collector.add(
            max(gold, key=lambda label: gold[label]),
            best,
            probability,
            (0, len(example.predicted.text)),
        )
    return collector.collect(name, "textcat", notes=left_out(n_open, "texts without a label"))


def judge_multilabel(
    name: str, pipe: Any, examples: Sequence[Example], foreign: set[str]
) -> Decisions:
    """Judge a component that gives texts any number of labels. Of a text, labels that are missed
    and labels that are given instead are paired, the most probable first.

    foreign (Set[str]): Labels that other components may have given.
    """
    labels, others = pipe.labels, foreign.difference(pipe.labels)
    choose: Callable[[Doc], Iterable[str]] = getattr(
        pipe,
        "predicted_labels",
        lambda doc: [k for k in labels if doc.cats.get(k, 0.0) >= pipe.cfg["threshold"]],
    )
    collector, n_open = Collector(labels), 0
    given, true = [], []
    for source, example in enumerate(examples):
        gold = {k: v for k, v in example.reference.cats.items() if k not in others}
        if not gold:
            n_open += 1
            continue
        scores, span = example.predicted.cats, (0, len(example.predicted.text))
        chosen = {label for label in choose(example.predicted) if label in gold}
        wanted = {label for label, value in gold.items() if value > 0}
        score = {label: scores.get(label, 0.0) for label in gold}
        collector.start(source)
        for label in sorted(chosen & wanted):
            collector.add(label, label, score[label], span)
        extra = sorted(chosen - wanted, key=lambda label: (-score[label], label))
        missed = sorted(wanted - chosen, key=lambda label: (-score[label], label))
        for i in range(max(len(extra), len(missed))):
            lost = missed[i] if i < len(missed) else None
            if i < len(extra):
                collector.add(lost, extra[i], score[extra[i]], span)
            elif lost is not None:
                collector.add(lost, None, 1.0 - score[lost], span)
        given += [score[label] for label in labels if label in gold]
        true += [gold[label] > 0 for label in labels if label in gold]
    probability, positive = numpy.array(given, dtype="float64"), numpy.array(true, dtype=bool)
    # As in `Categorizer.confidences`: the answer is that the text has the label, or that it has
    # not.
    yes = probability >= 0.5
    answers = numpy.where(yes, probability, 1.0 - probability), positive == yes
    notes = left_out(n_open, "texts without annotation")
    return collector.collect(name, "textcat_multilabel", answers, notes)


def judge_tagger(name: str, pipe: Any, examples: Sequence[Example], _: set[str]) -> Decisions:
    """Judge a component that tags tokens. A token of the annotation that no single predicted token
    stands for is without a tag.
    """
    collector, n_open = Collector(pipe.labels), 0
    find = getattr(pipe, "probabilities", None)
    columns = {label: i for i, label in enumerate(pipe.labels)}
    source = -1
    for batch in minibatch(examples, BATCH_SIZE):
        docs = [example.predicted for example in batch]
        tables = find(docs) if find is not None else [None] * len(docs)
        for example, table in zip(batch, tables, strict=True):
            source += 1
            gold = {token.i: token.tag_ for token in example.reference if token.tag_}
            if not gold:
                n_open += 1
                continue
            collector.start(source)
            predicted: dict[int, dict[str, tuple[float, tuple[int, int]]]] = {i: {} for i in gold}
            aligned = example.alignment.x2y
            for token in example.predicted:
                if token.is_space or aligned.lengths[token.i] != 1:
                    continue
                target = int(aligned[token.i][0])
                if target in gold:
                    column = columns.get(token.tag_)
                    known = table is not None and column is not None
                    probability = float(table[token.i, column]) if known else UNKNOWN
                    span = token.idx, token.idx + len(token)
                    predicted[target][token.tag_] = probability, span
            for i, tag in gold.items():
                _add_token(collector, tag, predicted[i], example.reference[i])
    return collector.collect(name, "tagger", notes=left_out(n_open, "texts without tags"))


def _add_token(
    collector: Collector, tag: str, found: dict[str, tuple[float, tuple[int, int]]], token: Any
) -> None:
    if not found:
        collector.add(tag, None, UNKNOWN, (token.idx, token.idx + len(token)))
    others = [label for label in found if label != tag]
    if tag in found:
        collector.add(tag, tag, *found[tag])
    elif others:
        label = others.pop(0)
        collector.add(tag, label or None, *found[label])
    for label in others:
        collector.add(None, label or None, *found[label])


JUDGES: dict[str, Callable[[str, Any, Sequence[Example], set[str]], Decisions]] = {
    "textcat": judge_textcat,
    "textcat_multilabel": judge_multilabel,
    "tagger": judge_tagger,
    "ner": judge_ner,
}
