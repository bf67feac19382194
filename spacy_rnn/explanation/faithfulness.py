"""Whether explanations name the tokens that a prediction depends on."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy
from spacy.language import Language
from spacy.tokens import Doc

from ..errors import UserError
from .methods import METHODS, methods_for
from .occlusion import probabilities, read
from .questions import find_component, find_targets
from .targets import Array, Target

# Of the tokens that weigh most (DeYoung et al. 2020), at least one.
SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)


@dataclass(frozen=True)
class Faithfulness:
    """What the tokens that weigh most do to predictions, on average (DeYoung et al. 2020).

    method (str): How the weights were found.
    comprehensiveness (float): How much the probability drops without these tokens. Higher is
        better.
    sufficiency (float): How much it drops when there is nothing but these tokens. Lower is better.
    predictions (int): Number of predictions.
    """

    method: str
    comprehensiveness: float
    sufficiency: float
    predictions: int


def faithfulness(
    nlp: Language,
    docs: Iterable[Doc],
    component: str | None = None,
) -> list[Faithfulness]:
    """Measure how faithful methods are to what a component predicts, each the mean over its
    predictions and the shares of tokens in `SHARES`. Tokens that have the label are always there,
    and not ranked.

    nlp (Language): A trained pipeline.
    docs (Iterable[Doc]): Documents, whose annotation does not matter.
    component (Optional[str]): The component. Not needed if only one can be explained.
    RETURNS (List[Faithfulness]): One for each method that the component has, and one for random
        weights, which a method has to surpass.
    RAISES (ValueError): If nothing is predicted in any document that has other tokens.
    """
    pipe = find_component(nlp, component)
    methods = {name: METHODS[name] for name in methods_for(pipe)} | {"random": random_weights}
    drops = [
        [drop(nlp, target, doc, method(nlp, target, doc)) for method in methods.values()]
        for doc, target in _predictions(nlp, pipe, docs)
    ]
    if not drops:
        raise UserError(
            f"Nothing to measure for component '{pipe.name}': got documents in which it predicts "
            "nothing, expected some with a prediction and two tokens or more."
        )
    means = numpy.array(drops).mean(axis=0)
    return [
        Faithfulness(name, float(without), float(only), len(drops))
        for name, (without, only) in zip(methods, means, strict=True)
    ]


def drop(nlp: Language, target: Target, doc: Doc, weights: Array) -> tuple[float, float]:
    """RETURNS (Tuple[float, float]): How much the probability drops without the tokens that weigh
    most, and with nothing else.
    """
    every, (start, end) = numpy.arange(len(doc)), target.span or (0, 0)
    own = every[start:end]
    others = numpy.setdiff1d(every, own)
    ranked = others[numpy.argsort(-weights[others], kind="stable")]
    tops = [ranked[: math.ceil(share * len(ranked))] for share in SHARES]
    variants = [every]
    variants += [numpy.setdiff1d(every, top) for top in tops]
    variants += [numpy.union1d(own, top) for top in tops]
    whole, *parts = probabilities(nlp, target, doc, variants)
    without, only = numpy.array(parts).reshape(2, -1).mean(axis=1)
    return whole - without, whole - only


def random_weights(nlp: Language, target: Target, doc: Doc) -> Array:
    """RETURNS (NDArray[float]): The same for all documents of a length. Shape (tokens,)."""
    return numpy.random.default_rng(len(doc)).random(len(doc))


def _predictions(nlp: Language, pipe: Any, docs: Iterable[Doc]) -> Iterator[tuple[Doc, Target]]:
    for tokens in docs:
        if len(tokens):
            doc = read(nlp, pipe.name, tokens)
            for target in find_targets(pipe, doc):
                start, end = target.span or (0, 0)
                if end - start < len(doc):
                    yield doc, target
