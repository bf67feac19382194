"""The decisions of entity recognizers."""

from collections.abc import Sequence
from typing import Any

import numpy
from spacy.tokens import Span
from spacy.training import Example
from spacy.util import minibatch

from ..pipeline.entities import Tokens
from ..pipeline.ner import RNNEntityRecognizer
from ..pipeline.tags import Segments
from .decisions import UNKNOWN, Array, Collector, Decisions, left_out

BATCH_SIZE = 128


def judge_ner(name: str, pipe: Any, examples: Sequence[Example], _: set[str]) -> Decisions:
    """Judge a component that finds entities. One is right if the annotation has the same stretch
    with the same label; predictions on tokens without annotation are left out.
    """
    collector, n_open = Collector(pipe.labels), 0
    source = -1
    for batch in minibatch(examples, BATCH_SIZE):
        annotated = [example for example in batch if example.reference.has_annotation("ENT_IOB")]
        chances = entity_probabilities(pipe, annotated)
        for example in batch:
            source += 1
            if not example.reference.has_annotation("ENT_IOB"):
                n_open += 1
                continue
            collector.start(source)
            chance = chances.get(id(example), {})
            gold = {(ent.start, ent.end): ent for ent in example.reference.ents}
            reference, x2y = example.reference, example.alignment.x2y
            for entity in example.predicted.ents:
                tokens = x2y[entity.start : entity.end]
                if not len(tokens):
                    continue
                start, end = int(tokens[0]), int(tokens[-1]) + 1
                if any(token.ent_iob == 0 for token in reference[start:end]):
                    continue
                true = gold.pop((start, end), None)
                probability = chance.get(_key(entity), UNKNOWN)
                span = entity.start_char, entity.end_char
                collector.add(true and true.label_, entity.label_, probability, span)
            aligned = example.get_aligned_spans_y2x(list(gold.values()))
            places = {(ent.start_char, ent.end_char): ent for ent in aligned}
            for entity in gold.values():
                twin = places.get((entity.start_char, entity.end_char))
                probability = 1.0 - chance.get(_key(twin), UNKNOWN) if twin else UNKNOWN
                span = entity.start_char, entity.end_char
                collector.add(entity.label_, None, probability, span)
    return collector.collect(name, "ner", notes=left_out(n_open, "texts without annotation"))


def _key(entity: Span) -> tuple[int, int, str]:
    return entity.start, entity.end, entity.label_


def entity_probabilities(
    pipe: Any, examples: Sequence[Example]
) -> dict[int, dict[tuple[int, int, str], float]]:
    """Find how probable predicted and annotated entities are.

    pipe (Any): The component. Only an `rnn_ner` tells probabilities.
    examples (Sequence[Example]): A batch.
    RETURNS (Dict[int, Dict[Tuple[int, int, str], float]]): By the id of the example, the
        probability of entities by first token, token behind the last, and label.
    """
    docs = [example.predicted for example in examples]
    if not isinstance(pipe, RNNEntityRecognizer) or not any(len(doc) for doc in docs):
        return {}
    columns = {label: i for i, label in enumerate(pipe.labels)}
    tokens = Tokens.of(docs)
    offsets = tokens.sizes.cumsum() - tokens.sizes
    asked: dict[tuple[int, int, int, str], None] = {}
    for i, example in enumerate(examples):
        aligned = example.get_aligned_spans_y2x(example.reference.ents)
        asked.update(
            ((i, *_key(entity)), None)
            for entity in (*example.predicted.ents, *aligned)
            if entity.label_ in columns
        )
    if not asked:
        return {}
    owners, starts, ends = (numpy.array([key[part] for key in asked]) for part in range(3))
    segments = Segments(
        tokens.kept.searchsorted(offsets[owners] + starts),
        tokens.kept.searchsorted(offsets[owners] + ends),
        numpy.array([columns[key[3]] for key in asked]),
    )
    lattice = pipe.lattice(pipe.model.predict(docs), tokens, use_presets=False)
    whole = numpy.flatnonzero(segments.ends > segments.starts)  # not of whitespace only
    chances: Array = numpy.full(len(asked), UNKNOWN)
    chances[whole] = pipe.probabilities(lattice, segments.select(whole), pipe.cfg["temperature"])
    found: dict[int, dict[tuple[int, int, str], float]] = {}
    for (i, *key), chance in zip(asked, chances.tolist(), strict=True):
        found.setdefault(id(examples[i]), {})[tuple(key)] = chance  # type: ignore[index]
    return found
