"""Explanations of predictions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import UserError
from .heatmap import render
from .methods import METHODS, methods_for
from .occlusion import read
from .questions import find_component, find_targets
from .targets import Bounds, Target

N_OTHERS = 2


@dataclass(frozen=True)
class Explanation:
    """How much each token of a document bears on a label.

    tokens (List[str]): The tokens.
    spaces (List[bool]): Whether a space follows each.
    weights (List[float]): Weights of the tokens, negative where one speaks against the label.
    label (str): The label.
    span (Optional[Tuple[int, int]]): The first token that has the label and the one behind the
        last. None for the whole document.
    score (float): The probability of the label.
    method (str): How the weights were found.
    component (str): The component that predicts the label.
    others (List[Tuple[str, float]]): The most probable of the other labels, with probabilities.
    gold (Optional[str]): What the annotation has in the place of the label, if it was asked for.
    """

    tokens: list[str]
    spaces: list[bool]
    weights: list[float]
    label: str
    span: Bounds | None
    score: float
    method: str
    component: str
    others: list[tuple[str, float]] = field(default_factory=list)
    gold: str | None = None

    def to_json(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): What is known, in a form that JSON has."""
        others = [list(other) for other in self.others]
        return {**asdict(self), "span": self.span and list(self.span), "others": others}

    def to_html(self, page: bool = False) -> str:
        """Draw a heat map.

        page (bool): Make it a whole HTML page.
        RETURNS (str): The HTML.
        """
        return render([self], page=page)

    def _repr_html_(self) -> str:
        return self.to_html()


def explain(
    nlp: Language,
    text: str | Doc,
    label: str | None = None,
    *,
    span: Bounds | None = None,
    component: str | None = None,
    method: str = "occlusion",
    gold: bool = False,
) -> Explanation:
    """Explain a prediction by the weights of tokens. The pipeline is not modified.

    nlp (Language): A trained pipeline.
    text (Union[str, Doc]): The text, or a document that has its tokens.
    label (Optional[str]): The label to explain. The predicted one by default.
    span (Optional[Tuple[int, int]]): The token (of a tagger) or entity (of `rnn_ner`) whose label
        is explained, by the first token and the one behind the last.
    component (Optional[str]): The component that predicts the label. Not needed if there is only
        one that can be explained: a text categorizer, tagger or `rnn_ner`.
    method (str): "occlusion", which predicts once for each token; "integrated_gradients", which is
        faster for long texts; or "attention", for text categorizers that have it.
    gold (bool): Take the annotation of the document for what is right, to be shown beside what is
        predicted.
    RETURNS (Explanation): The explanation.
    RAISES (ValueError): If it is not clear what to explain, or cannot be explained.
    """
    _require_methods([method])
    pipe = find_component(nlp, component)
    doc = read(nlp, pipe.name, nlp.make_doc(text) if isinstance(text, str) else text)
    targets = find_targets(pipe, doc, label, span)
    if len(targets) != 1:
        some = [f"{target.label} at {target.span}" for target in targets[:5]]
        raise UserError(
            f"Can't tell what to explain of component '{pipe.name}': got {len(targets)} "
            f"predictions ({', '.join(some) or 'none'}{', …' if len(targets) > 5 else ''}), "
            "expected one. Choose span=(start, end), and a label unless the predicted one is meant."
        )
    return weigh(nlp, targets[0], doc, method, text if gold and isinstance(text, Doc) else None)


def explain_all(
    nlp: Language,
    text: str | Doc,
    label: str | None = None,
    *,
    span: Bounds | None = None,
    component: str | None = None,
    methods: Sequence[str] | None = None,
    gold: bool = False,
) -> list[Explanation]:
    """Explain all predictions of a component for a text. Other arguments, and errors, are those of
    `explain`.

    methods (Optional[Sequence[str]]): The methods. All that the component has by default.
    RETURNS (List[Explanation]): The explanations by all methods of each prediction.
    """
    _require_methods(methods or [])
    pipe = find_component(nlp, component)
    doc = read(nlp, pipe.name, nlp.make_doc(text) if isinstance(text, str) else text)
    return [
        weigh(nlp, target, doc, method, text if gold and isinstance(text, Doc) else None)
        for target in find_targets(pipe, doc, label, span)
        for method in methods or methods_for(pipe)
    ]


def weigh(
    nlp: Language, target: Target, doc: Doc, method: str, annotated: Doc | None = None
) -> Explanation:
    """Explain why a label is as probable as it is.

    nlp (Language): The pipeline.
    target (Target): The label.
    doc (Doc): A document through which the components before the target's have run.
    method (str): The method.
    annotated (Optional[Doc]): The document as it should be.
    RETURNS (Explanation): The explanation.
    """
    labels = target.pipe.labels
    [scores] = target.distribution([doc], [target.span or (0, len(doc))]).astype(float)
    ranked = [column for column in (-scores).argsort(kind="stable") if column != target.column]
    return Explanation(
        tokens=[token.text for token in doc],
        spaces=[bool(token.whitespace_) for token in doc],
        weights=METHODS[method](nlp, target, doc).tolist(),
        label=target.label,
        span=target.span,
        score=float(scores[target.column]),
        method=method,
        component=target.pipe.name,
        others=[(labels[column], float(scores[column])) for column in ranked[:N_OTHERS]],
        gold=target.gold(annotated) if annotated else None,
    )


def _require_methods(methods: Sequence[str]) -> None:
    for method in methods:
        if method not in METHODS:
            raise UserError(
                f"Unknown method: got {method!r}, expected one of {', '.join(METHODS)}."
            )
