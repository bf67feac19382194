"""`rnn_textcat` and `rnn_textcat_multilabel`: text classification."""

from collections.abc import Callable, Iterable
from typing import Any

from spacy.language import Language
from spacy.pipeline import MultiLabel_TextCategorizer, TextCategorizer
from spacy.tokens import Doc
from thinc.api import Model
from thinc.types import Floats2d

from .examples import FromExamples, GetExamples, require_examples
from .storage import FromDisk


class _Categorizer(FromDisk):
    """What both text categorizers change of spaCy's."""

    model: Model

    def predict(self, docs: Iterable[Doc]) -> Floats2d:
        """Predict the probability of each label. An empty document gets zeros, alone as in a batch.

        docs (Iterable[Doc]): The documents.
        RETURNS (Floats2d): Shape (documents, labels).
        """
        docs = list(docs)
        scores: Floats2d = super().predict(docs)  # type: ignore[misc]
        scores[[not len(doc) for doc in docs]] = 0.0
        return scores


class RNNTextCategorizer(_Categorizer, TextCategorizer):
    """Recurrent text classification with exactly one label for each document.

    DOCS: https://spacy.io/api/textcategorizer
    """

    def initialize(
        self,
        get_examples: GetExamples,
        *,
        nlp: Language | None = None,
        labels: Iterable[str] | None = None,
        positive_label: str | None = None,
    ) -> None:
        """Find the labels and the shapes in a representative sample.

        get_examples (Callable): Returns the examples.
        nlp (Optional[Language]): The pipeline.
        labels (Optional[Iterable[str]]): The labels. Found in the examples by default.
        positive_label (Optional[str]): Of two labels, the one whose score counts.
        RAISES (ValueError): If there are no examples or labels.
        """
        require_examples(self.name, get_examples)
        super().initialize(get_examples, nlp=nlp, labels=labels, positive_label=positive_label)


class RNNMultiLabelTextCategorizer(  # type: ignore[misc]
    FromExamples, _Categorizer, MultiLabel_TextCategorizer
):
    """Recurrent text classification with any number of labels for each document.

    DOCS: https://spacy.io/api/textcategorizer
    """


# What spaCy's text categorizers weigh, and the scores that a config may weigh instead.
SCORE_WEIGHTS: dict[str, float | None] = {
    "cats_score": 1.0,
    "cats_score_desc": None,
    "cats_micro_p": None,
    "cats_micro_r": None,
    "cats_micro_f": None,
    "cats_macro_p": None,
    "cats_macro_r": None,
    "cats_macro_f": None,
    "cats_macro_auc": None,
    "cats_f_per_type": None,
}


def _config(exclusive_classes: bool, **settings: Any) -> dict[str, Any]:
    return {
        "model": {
            "@architectures": "spacy-rnn.TextCat.v1",
            "exclusive_classes": exclusive_classes,
            "tok2vec": {"@architectures": "spacy-rnn.Tok2Vec.v1"},
        },
        **settings,
    }


@Language.factory(
    "rnn_textcat",
    assigns=["doc.cats"],
    default_config=_config(True, scorer={"@scorers": "spacy.textcat_scorer.v2"}),
    default_score_weights=SCORE_WEIGHTS,
)
def make_rnn_textcat(
    nlp: Language, name: str, model: Model, scorer: Callable | None
) -> RNNTextCategorizer:
    """Construct a text categorizer for labels that exclude each other.

    model (Model[List[Doc], Floats2d]): Predicts the probability of each label.
    scorer (Optional[Callable]): The scoring method.
    RETURNS (RNNTextCategorizer): The component.
    """
    return RNNTextCategorizer(nlp.vocab, model, name, threshold=0.0, scorer=scorer)


@Language.factory(
    "rnn_textcat_multilabel",
    assigns=["doc.cats"],
    default_config=_config(
        False, threshold=0.5, scorer={"@scorers": "spacy.textcat_multilabel_scorer.v2"}
    ),
    default_score_weights=SCORE_WEIGHTS,
)
def make_rnn_textcat_multilabel(
    nlp: Language, name: str, model: Model, threshold: float, scorer: Callable | None
) -> RNNMultiLabelTextCategorizer:
    """Construct a text categorizer for labels that do not exclude each other.

    model (Model[List[Doc], Floats2d]): Predicts the probability of each label.
    threshold (float): Probability from which on a label counts as predicted, in scoring.
    scorer (Optional[Callable]): The scoring method.
    RETURNS (RNNMultiLabelTextCategorizer): The component.
    """
    return RNNMultiLabelTextCategorizer(nlp.vocab, model, name, threshold=threshold, scorer=scorer)
