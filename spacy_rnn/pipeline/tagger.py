"""`rnn_tagger`: token tags."""

from collections.abc import Callable, Iterable
from typing import cast

import numpy
from numpy.typing import NDArray
from spacy.attrs import ORTH, TAG
from spacy.language import Language
from spacy.pipeline import Tagger
from spacy.training import Example, validate_examples
from thinc.api import Model
from thinc.types import Floats2d

from .examples import FromExamples
from .storage import FromDisk


class RNNTagger(FromExamples, FromDisk, Tagger):
    """Recurrent tagger for `token.tag_`.

    DOCS: https://spacy.io/api/tagger
    """

    def get_loss(
        self, examples: Iterable[Example], scores: list[Floats2d]
    ) -> tuple[float, list[Floats2d]]:
        """Find the cross-entropy with the smoothed tags and its gradient. Tokens without a tag in
        the reference, or without a counterpart there, are left out.

        examples (Iterable[Example]): The batch.
        scores (List[Floats2d]): Probabilities by document. Shape (tokens, labels) each.
        RETURNS (Tuple[float, List[Floats2d]]): The summed loss, and the gradients with respect to
            the scores before the softmax.
        RAISES (ValueError): If a tag is not among the labels.
        """
        validate_examples(examples, "RNNTagger.get_loss")
        ops = self.model.ops
        tags = numpy.concatenate([aligned_tags(example) for example in examples])
        known, targets = numpy.unique(tags, return_inverse=True)
        columns = {self.vocab.strings[label]: i for i, label in enumerate(self.labels)}
        unknown = [tag for tag in known.tolist() if tag and tag not in columns]
        if unknown:
            got = ", ".join(repr(self.vocab.strings[tag]) for tag in unknown)
            raise ValueError(
                f"Unknown tag for component '{self.name}': got {got}, expected one of its "
                f"{len(self.labels)} labels, such as {self.labels[0]!r}. Correct the tag, or "
                "initialize the component with examples or labels that include it."
            )
        column = numpy.array([columns.get(tag, -1) for tag in known.tolist()])[targets]
        tagged = numpy.flatnonzero(column >= 0)
        rows, column = ops.asarray(tagged), ops.asarray(column[tagged])
        probabilities = ops.flatten(scores)
        smoothing = self.cfg["label_smoothing"] / max(len(self.labels) - 1, 1)
        truth = ops.xp.full((len(rows), len(self.labels)), smoothing, dtype="float32")
        truth[ops.xp.arange(len(rows)), column] = 1.0 - self.cfg["label_smoothing"]
        gradient = ops.xp.zeros_like(probabilities)
        gradient[rows] = probabilities[rows] - truth
        loss = -(truth * ops.xp.log(probabilities[rows].clip(1e-20))).sum()
        return float(loss), ops.unflatten(gradient, [len(doc_scores) for doc_scores in scores])


def aligned_tags(example: Example) -> NDArray[numpy.uint64]:
    """RETURNS (NDArray[uint64]): The reference's tag of each predicted token, 0 where it has
    none. Shape (tokens,).
    """
    predicted, reference = example.predicted, example.reference
    if numpy.array_equal(predicted.to_array(ORTH), reference.to_array(ORTH)):
        return cast(NDArray[numpy.uint64], reference.to_array(TAG))
    return numpy.array([tag or 0 for tag in example.get_aligned("TAG")], dtype=numpy.uint64)


@Language.factory(
    "rnn_tagger",
    assigns=["token.tag"],
    default_config={
        "model": {
            "@architectures": "spacy.Tagger.v2",
            "tok2vec": {"@architectures": "spacy-rnn.Tok2Vec.v1"},
        },
        "overwrite": False,
        "label_smoothing": 0.0,
        "scorer": {"@scorers": "spacy.tagger_scorer.v1"},
    },
    default_score_weights={
        "tag_acc": 1.0,
        "tag_micro_p": None,
        "tag_micro_r": None,
        "tag_micro_f": None,
    },
)
def make_rnn_tagger(
    nlp: Language,
    name: str,
    model: Model,
    overwrite: bool,
    label_smoothing: float,
    scorer: Callable | None,
) -> RNNTagger:
    """Construct a tagger.

    model (Model[List[Doc], List[Floats2d]]): Predicts the probability of each tag for each token.
    overwrite (bool): Whether to replace tags that are already set.
    label_smoothing (float): Share of the truth that is spread over the other tags in training.
        Recommended values are from 0 to 0.1.
    scorer (Optional[Callable]): The scoring method.
    RETURNS (RNNTagger): The component.
    """
    return RNNTagger(
        nlp.vocab,
        model,
        name,
        overwrite=overwrite,
        scorer=scorer,
        label_smoothing=label_smoothing,
    )
