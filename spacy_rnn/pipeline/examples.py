"""Training examples."""

from collections.abc import Callable, Iterable
from itertools import chain, islice
from typing import Any

from spacy.language import Language
from spacy.training import Example
from thinc.api import Model

from ..errors import UserError
from .wiring import require_wiring

GetExamples = Callable[[], Iterable[Example]]
# How many examples tell a model its shapes.
SAMPLE = 10


def with_text_first(name: str, get_examples: GetExamples) -> GetExamples:
    """Let examples with text come first: empty ones tell a model nothing about its shapes.

    name (str): The name of the component to initialize.
    get_examples (Callable): Returns the examples.
    RETURNS (Callable): Returns a sample of those with text, followed by all of them.
    RAISES (ValueError): If there are no examples, or none of them has text.
    """
    if next(iter(get_examples()), None) is None:
        raise UserError(
            f"No training data for component '{name}': got no examples, expected at least one. "
            "Look whether the file that [corpora.train] reads is empty, or whether its limit or "
            "max_length leaves anything."
        )
    texts = (example for example in get_examples() if len(example.x) and len(example.y))
    sample = list(islice(texts, SAMPLE))
    if not sample:
        raise UserError(
            f"No text for component '{name}': got examples without tokens only, expected at least "
            "one with some. Look whether the texts were lost where the training data were made."
        )
    return lambda: chain(sample, get_examples())


class FromExamples:
    """Mixin for components that find their labels in examples: having none is an error."""

    name: str
    model: Model[Any, Any]

    def initialize(
        self,
        get_examples: GetExamples,
        *,
        nlp: Language | None = None,
        labels: Iterable[str] | None = None,
    ) -> None:
        """Find the labels and the shapes in a representative sample.

        get_examples (Callable): Returns the examples.
        nlp (Optional[Language]): The pipeline.
        labels (Optional[Iterable[str]]): The labels. Found in the examples by default.
        RAISES (ValueError): If there are no examples, text or labels.
        """
        get_examples = with_text_first(self.name, get_examples)
        require_wiring(self.name, self.model, nlp)
        super().initialize(get_examples, nlp=nlp, labels=labels)  # type: ignore[misc]
