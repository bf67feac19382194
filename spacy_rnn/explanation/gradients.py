"""Integrated gradients, with respect to the embedding."""

from collections.abc import Callable
from typing import Any

import numpy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch, replace_model_node
from thinc.api import Model
from thinc.types import Ragged
from thinc.util import to_numpy

from ..errors import UserError
from .occlusion import BATCH_SIZE
from .standalone import standalone_model
from .targets import Array, Target

STEPS = 32
TOLERANCE = 0.01
MAX_STEPS = 2048


def integrated_gradients(nlp: Language, target: Target, doc: Doc) -> Array:
    """Integrate the gradient of a label's probability along the straight line from zero vectors to
    those that embed the tokens (Sundararajan et al. 2017). The weights sum to the probability less
    that for zero vectors.

    These are the vectors that the recurrent layers read. What a model reads on another path, such
    as n-grams, is the same all along the line. Probabilities can jump on it: steps are halved until
    the sum is right within `TOLERANCE`.

    nlp (Language): The pipeline.
    target (Target): The label.
    doc (Doc): A document through which the components before this one have run.
    RETURNS (NDArray[float]): Shape (tokens,).
    RAISES (ValueError): If it is not known which layer embeds.
    """
    line = Line(nlp, target, doc)
    scales = numpy.linspace(0.0, 1.0, STEPS + 1)
    values, slopes = line(scales)
    while True:
        steps = numpy.diff(scales)[:, None] * (slopes[1:] + slopes[:-1]) / 2.0
        misses = numpy.abs(steps.sum(axis=1) - numpy.diff(values))
        if misses.sum() <= TOLERANCE or len(steps) > MAX_STEPS:
            return steps.sum(axis=0)
        halved = numpy.flatnonzero(misses > TOLERANCE / len(misses))
        between = (scales[halved] + scales[halved + 1]) / 2.0
        new_values, new_slopes = line(between)
        scales = numpy.insert(scales, halved + 1, between)
        values = numpy.insert(values, halved + 1, new_values)
        slopes = numpy.insert(slopes, halved + 1, new_slopes, axis=0)


class Line:
    """The line from zero vectors to those of a document. Arguments and errors are those of
    `integrated_gradients`.
    """

    def __init__(self, nlp: Language, target: Target, doc: Doc) -> None:
        self.target = target
        self.doc = doc
        self.model = standalone_model(nlp, target.pipe)
        tok2vecs = [node for node in self.model.walk() if "embed" in node.ref_names]
        if not tok2vecs:
            raise UserError(
                f"Component '{target.pipe.name}' does not tell which layer embeds: got the model "
                f"'{self.model.name}', expected a tok2vec with the reference \"embed\", such as "
                'spacy-rnn.Tok2Vec.v1 or spacy.Tok2Vec.v2. Use the method "occlusion".'
            )
        self.layers = []
        for embed in [tok2vec.get_ref("embed") for tok2vec in tok2vecs]:
            self.layers.append(scaled(embed))
            replace_model_node(self.model, embed, self.layers[-1])

    def __call__(self, scales: Array) -> tuple[Array, Array]:
        """Find probabilities and their gradients.

        scales (NDArray[float]): What the document's vectors are multiplied by. Shape (points,).
        RETURNS (Tuple[NDArray, NDArray]): The probabilities, shape (points,), and how each token's
            vector changes them along the line, shape (points, tokens).
        """
        values, slopes = [], []
        for batch in minibatch(scales, max(1, BATCH_SIZE // len(self.doc))):
            for layer in self.layers:
                layer.attrs["scales"] = batch
            docs = [self.doc] * len(batch)
            outputs, backprop = self.model.begin_update(docs)
            probabilities, gradient = self.target.differentiate(outputs, docs)
            backprop(gradient)
            values.append(probabilities)
            slopes.append(sum(layer.attrs["slopes"] for layer in self.layers))
        return numpy.concatenate(values), numpy.concatenate(slopes)


def scaled(embed: Model) -> Model:
    """Take the place of an embedding layer, for copies of one document.

    embed (Model[List[Doc], Union[Ragged, List[Floats2d]]]): The layer.
    RETURNS (Model[List[Doc], Union[Ragged, List[Floats2d]]]): A layer whose attribute "scales" is
        what the vectors of each copy are multiplied by. Its callback sets "slopes", the products of
        vectors and gradients. Shape (copies, tokens).
    """

    def forward(layer: Model, docs: list[Doc], is_train: bool) -> tuple[Any, Callable]:
        X, ops = embed.predict(docs), embed.ops
        vectors: Any = X.dataXd if isinstance(X, Ragged) else ops.flatten(X)
        lengths = ops.asarray1i([len(doc) for doc in docs])
        Y = vectors * ops.xp.repeat(ops.asarray1f(layer.attrs["scales"]), len(docs[0]))[:, None]

        def backprop(dY: Any) -> list[Doc]:
            gradient = dY.dataXd if isinstance(dY, Ragged) else ops.flatten(dY)
            slopes = to_numpy((vectors * gradient).sum(axis=1))
            layer.attrs["slopes"] = slopes.reshape(len(docs), -1)
            return []

        outputs = Ragged(Y, X.lengths) if isinstance(X, Ragged) else ops.unflatten(Y, lengths)
        return outputs, backprop

    return Model("scaled_embedding", forward, attrs={"scales": None, "slopes": None})
