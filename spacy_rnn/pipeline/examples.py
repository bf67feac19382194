"""Training examples."""

from collections.abc import Callable, Iterable

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
