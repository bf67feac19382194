"""`rnn_tagger`: token tags."""

from collections.abc import Callable, Iterable
from typing import Any, cast

import numpy
from numpy.typing import NDArray
from spacy.attrs import ORTH, TAG
from spacy.language import Language
from spacy.pipeline import Tagger
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Model
from thinc.types import Floats2d, Ragged

from ..errors import UserError
from ..layers.crf import Lattice, marginals, negative_log_likelihood, viterbi
from .examples import FromExamples
from .labels import GrowingLabels
from .refusal import RefusesUpdates, require_numbers
from .rehearsal import Rehearses, compare_marginals, compare_probabilities


class RNNTagger(RefusesUpdates, Rehearses, GrowingLabels, FromExamples, Tagger):
    """Recurrent tagger for `token.tag_`.

    vocab (Vocab): The shared vocabulary.
    model (Model): `spacy-rnn.Tagger.v1`, or any that `spacy.Tagger.v2` stands for.
    name (str): The name of the component.
    overwrite (bool): Whether to replace tags that are already set.
    label_smoothing (float): Share of the truth that is spread over the other tags in training.
    scorer (Optional[Callable]): The scoring method.
    RAISES (ValueError): If labels are to be smoothed for a CRF.

    DOCS: https://spacy.io/api/tagger
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model,
        name: str = "rnn_tagger",
        *,
        overwrite: bool = False,
        label_smoothing: float = 0.0,
        scorer: Callable | None = None,
    ) -> None:
        super().__init__(
            vocab, model, name, overwrite=overwrite, scorer=scorer, label_smoothing=label_smoothing
        )
        self.crf: Model | None = model.get_ref("crf") if model.has_ref("crf") else None
        if self.crf is not None and label_smoothing:
            raise UserError(
                f"Can't smooth the labels of a CRF: got label_smoothing = {label_smoothing} for "
                f"component '{name}', expected 0. Set label_smoothing = 0.0, or crf = false in its "
                "model."
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """RETURNS (Tuple[str]): The tags."""
        return tuple(self.cfg["labels"])

    def find_labels(self, examples: Iterable[Example]) -> set[str]:
        """RETURNS (Set[str]): The tags in the references of examples, without negated ones."""
        tags = {
            example.reference.vocab.strings[tag]
            for example in examples
            for tag in set(example.reference.to_array(TAG).tolist()) - {0}
        }
        return {tag for tag in tags if self._negated(tag) is None}

    def predict(self, docs: Iterable[Doc]) -> list[NDArray]:
        """Predict the tags of a batch of documents.

        docs (Iterable[Doc]): The documents, which are not modified.
        RETURNS (List[NDArray]): Indices of labels, by document. Shape (tokens,) each.
        """
        docs = list(docs)
        if self.crf is None or not any(len(doc) for doc in docs):
            return cast(list[NDArray], super().predict(docs))
        lattice = self._lattice(self.model.predict(docs))
        return _by_doc(viterbi(self.crf, lattice), lattice)

    def probabilities(self, docs: Iterable[Doc]) -> list[NDArray]:
        """Find how probable each tag is: by the softmax, or with a CRF by its marginals.

        docs (Iterable[Doc]): The documents, through which the components before this one have run.
        RETURNS (List[NDArray]): Probabilities by document, in the order of `labels`. Shape (tokens,
            labels) each.
        """
        docs = list(docs)
        if not any(len(doc) for doc in docs):
            return [numpy.zeros((0, len(self.labels)), dtype="float32") for _ in docs]
        scores = self.model.predict(docs)
        if self.crf is None:
            return [self.model.ops.to_numpy(x) for x in self._normalize(scores)]
        lattice = self._lattice(scores)
        return _by_doc(marginals(self.crf, lattice).astype("float32"), lattice)

    def get_loss(self, examples: Iterable[Example], scores: Any) -> tuple[float, Any]:
        """Find the loss and its gradient: that of the cross-entropy with the smoothed tags, or with
        a CRF of the negative log-likelihood. Tokens without a tag in the reference, or without a
        counterpart there, can have any tag; those with a negated one, such as "!NN", as in spaCy's
        tagger any but that.

        examples (Iterable[Example]): The batch.
        scores (Union[List[Floats2d], Ragged]): Probabilities by document, shape (tokens, labels)
            each; or what a CRF scores, shape (tokens, labels).
        RETURNS (Tuple[float, Union[List[Floats2d], Ragged]]): The negative log-likelihood, or
            without a CRF the squares of the gradient, which is what spaCy's tagger calls its loss,
            summed over the tokens; and the gradient with respect to the scores of the CRF, or
            those before the softmax.
        RAISES (ValueError): If a tag is not among the labels.
        """
        validate_examples(examples, "RNNTagger.get_loss")
        require_numbers(self.name, getattr(scores, "dataXd", scores))
        gold = self._gold(examples)
        if self.crf is not None:
            lattice = self._lattice(scores)._replace(gold=gold)
            loss, d_scores = negative_log_likelihood(self.crf, lattice)
            return loss, Ragged(d_scores, scores.lengths)
        ops: Any = self.model.ops
        rows = ops.asarray(numpy.flatnonzero(~gold.all(axis=1)))
        probabilities, possible = ops.flatten(scores), ops.asarray(gold)[rows]
        truth = probabilities[rows] * possible
        truth /= truth.sum(axis=1, keepdims=True).clip(1e-20)
        smoothing = self.cfg["label_smoothing"] / max(len(self.labels) - 1, 1)
        known = possible.sum(axis=1) == 1
        truth[known] = ops.xp.where(possible[known], 1.0 - self.cfg["label_smoothing"], smoothing)
        gradient = ops.xp.zeros_like(probabilities)
        gradient[rows] = probabilities[rows] - truth
        loss = float(ops.xp.square(gradient).sum())
        return loss, ops.unflatten(gradient, [len(doc_scores) for doc_scores in scores])

    def _compare(self, scores: Any, earlier: Any) -> tuple[float, Any]:
        if self.crf is not None:
            return compare_marginals(self.model, self._rehearsal_model, scores, earlier)
        ops: Any = self.model.ops
        was = ops.flatten(self._normalize(earlier))
        loss, gradient = compare_probabilities(ops.flatten(scores), was)
        return loss, ops.unflatten(gradient, [len(doc_scores) for doc_scores in scores])

    def _normalize(self, scores: list[Floats2d]) -> list[Floats2d]:
        """RETURNS (List[Floats2d]): Probabilities, of what the model without a CRF predicted."""
        if self.model.get_ref("output_layer").attrs["softmax_normalize"]:
            return scores
        return [self.model.ops.softmax(doc_scores) for doc_scores in scores]

    def _lattice(self, scores: Ragged) -> Lattice:
        return Lattice(cast(Floats2d, scores.dataXd), self.model.ops.to_numpy(scores.lengths))

    def _gold(self, examples: Iterable[Example]) -> NDArray[numpy.bool_]:
        """RETURNS (NDArray[bool]): Tags that each token may have. Shape (tokens, labels)."""
        tags = numpy.concatenate([aligned_tags(example) for example in examples])
        found, which = numpy.unique(tags, return_inverse=True)
        columns = {label: i for i, label in enumerate(self.labels)}
        gold = numpy.ones((len(found), len(columns)), dtype=bool)
        for row, tag in zip(gold, found.tolist(), strict=True):
            name = self.vocab.strings[tag]
            negated = self._negated(name)
            if negated is not None:
                row[columns[negated]] = False
            elif name in columns:
                row[:] = False
                row[columns[name]] = True
            elif tag:
                raise self._refuse("tag", self.find_labels(examples) - set(self.labels))
        return gold[which]

    def _negated(self, tag: str) -> str | None:
        """RETURNS (Optional[str]): Which label a tag says that a token has not, if it does."""
        prefix = self.cfg["neg_prefix"]
        label = tag.removeprefix(prefix)
        return label if label != tag and tag not in self.labels and label in self.labels else None


def aligned_tags(example: Example) -> NDArray[numpy.uint64]:
    """RETURNS (NDArray[uint64]): The reference's tag of each predicted token, 0 where it has
    none. Shape (tokens,).
    """
    predicted, reference = example.predicted, example.reference
    if numpy.array_equal(predicted.to_array(ORTH), reference.to_array(ORTH)):
        return cast(NDArray[numpy.uint64], reference.to_array(TAG))
    return numpy.array([tag or 0 for tag in example.get_aligned("TAG")], dtype=numpy.uint64)


def _by_doc(rows: NDArray, lattice: Lattice) -> list[NDArray]:
    return numpy.split(rows, lattice.lengths.cumsum()[:-1])


@Language.factory(
    "rnn_tagger",
    assigns=["token.tag"],
    default_config={
        "model": {
            "@architectures": "spacy-rnn.Tagger.v1",
            "tok2vec": {
                "@architectures": "spacy-rnn.Tok2Vec.v1",
                "width": 256,
                "depth": 2,
                "residual": True,
                "learn_unknown": True,
            },
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

    model (Model): Scores each tag of each token, `spacy-rnn.Tagger.v1` or `spacy.Tagger.v2`.
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
