"""Tokenizers, registered as `spacy-rnn.*` in pyproject.toml."""

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from spacy.util import registry
from thinc.api import ConfigValidationError


def language_tokenizer() -> Callable[[Language], Any]:
    """Use the tokenizer of the pipeline's language: `spacy-rnn.LanguageTokenizer.v1`.

    A config that names a tokenizer keeps it when `[nlp] lang` is overridden. With this one, it has
    the language's own, whichever that is.

    RETURNS (Callable[[Language], Any]): Makes the tokenizer of a pipeline. It raises a
        ConfigValidationError where the language needs a package that is not installed.
    """

    def create(nlp: Language) -> Any:
        block = type(nlp).default_config["nlp"]["tokenizer"]
        try:
            return registry.resolve({"tokenizer": block})["tokenizer"](nlp)
        except ImportError as err:
            # What spaCy's commands say in a few lines and without a traceback.
            raise ConfigValidationError(
                title=f"Can't tokenize the language '{nlp.lang}'",
                desc=f"Got no package for it, expected one. {' '.join(str(err).split())}",
            ) from err

    return create
