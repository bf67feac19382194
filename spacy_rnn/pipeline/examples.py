"""Training examples."""

from collections.abc import Callable, Iterable

from spacy.language import Language
from spacy.training import Example

GetExamples = Callable[[], Iterable[Example]]


def require_examples(name: str, get_examples: GetExamples) -> None:
    """RAISES (ValueError): If there are no examples to initialize a component with."""
    if next(iter(get_examples()), None) is None:
        raise ValueError(
            f"No training data for component '{name}': got no examples, expected at least one. "
            "Look whether the file that [corpora.train] reads is empty, or whether its limit or "
            "max_length leaves anything."
        )


class FromExamples:
    """Mixin for components that find their labels in examples: having none is an error."""

    name: str

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
        RAISES (ValueError): If there are no examples or labels.
        """
        require_examples(self.name, get_examples)
        super().initialize(get_examples, nlp=nlp, labels=labels)  # type: ignore[misc]
