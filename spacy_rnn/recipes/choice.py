"""Which recipe fits data."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from ..errors import UserError
from . import RecipeError, recipes

Optimize = Literal["efficiency", "accuracy"]

MIN_DOCS = 20
LONG = 100  # tokens in a document, on average
PARAGRAPH = 25
MANY = 20  # labels


class UnlearnableError(UserError):
    """Nothing can be learned from the data."""


class Choice(NamedTuple):
    """A recipe, and why.

    recipe (str): Its name.
    reason (str): What decided.
    """

    recipe: str
    reason: str


def choose(
    task: str,
    optimize: Optimize = "accuracy",
    *,
    docs: int,
    tokens: int,
    labels: Mapping[str, int],
) -> Choice:
    """Choose the recipe for training data.

    task (str): "textcat", "textcat_multilabel", "tagger", "morphologizer" or "ner".
    optimize (str): "accuracy", or "efficiency" for what is smaller and faster.
    docs (int): The number of documents.
    tokens (int): The number of tokens in all of them.
    labels (Mapping[str, int]): How often each label is annotated.
    RETURNS (Choice): The recipe.
    RAISES (UnlearnableError): If there are too few documents or labels to learn from.
    RAISES (RecipeError): See `default_recipe`.
    """
    recipe = default_recipe(task, optimize)
    require_docs(docs)
    if not tokens:
        raise UnlearnableError(
            f"Nothing to learn from: got {docs} documents without text, expected some with text. "
            "Name the column that holds it."
        )
    least = 2 if task in ("textcat", "tagger") else 1
    if len(labels) < least:
        raise UnlearnableError(
            f"Nothing to tell apart: got {len(labels)} label{'' if len(labels) == 1 else 's'}"
            f"{''.join(f' ({label!r})' for label in labels)}, expected {least} or more. Name the "
            "column that holds them, or give it documents with other labels."
        )
    if task == "textcat":
        return _choose_textcat(tokens / docs, len(labels))
    return Choice(recipe, "small and fast" if optimize == "efficiency" else "the most accurate")


def require_docs(docs: int) -> None:
    """RAISES (UnlearnableError): If there are too few documents to learn from."""
    if docs < MIN_DOCS:
        raise UnlearnableError(
            f"Too little to learn from: got {docs} documents to train on, expected {MIN_DOCS} or "
            "more. Annotate more of them."
        )


def default_recipe(task: str, optimize: Optimize = "accuracy") -> str:
    """RETURNS (str): The recipe of a task where there is no data to look at.
    RAISES (RecipeError): If there is none that is smaller and faster.
    """
    if optimize == "efficiency":
        small = [name for name in recipes() if name.endswith("_efficiency")]
        if f"{task}_efficiency" not in small:
            raise RecipeError(
                f"No recipe of {task} is smaller and faster than the usual one: got --optimize "
                f"efficiency, expected it for {' or '.join(n.split('_')[0] for n in small)}. Leave "
                "it out, and set a smaller width in the config."
            )
        return f"{task}_efficiency"
    return "textcat_intents" if task == "textcat" else task


def _choose_textcat(length: float, n_labels: int) -> Choice:
    found = f"documents of {length:.0f} tokens on average and {n_labels} labels"
    if length >= LONG and n_labels >= MANY:
        return Choice("textcat_topics", f"{found}: long documents with many labels")
    if length >= LONG:
        return Choice("textcat_long", f"{found}: long documents")
    if n_labels >= MANY:
        return Choice("textcat_intents", f"{found}: many labels")
    if length >= PARAGRAPH:
        return Choice("textcat_paragraphs", f"{found}: a few sentences")
    return Choice("textcat_sentences", f"{found}: single sentences")
