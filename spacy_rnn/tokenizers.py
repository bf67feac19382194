"""Tokenizers, registered as `spacy-rnn.*` in pyproject.toml."""

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from spacy.util import registry


def language_tokenizer() -> Callable[[Language], Any]:
    """Use the tokenizer of the pipeline's language: `spacy-rnn.LanguageTokenizer.v1`.

    A config that names a tokenizer keeps it when `[nlp] lang` is overridden. With this one, it has
    the language's own, whichever that is.

    RETURNS (Callable[[Language], Any]): Makes the tokenizer of a pipeline.
    """

    def create(nlp: Language) -> Any:
        block = type(nlp).default_config["nlp"]["tokenizer"]
        return registry.resolve({"tokenizer": block})["tokenizer"](nlp)

    return create
