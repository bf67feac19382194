"""Loading of pipelines, with an error that a user can mend."""

from pathlib import Path

from spacy import util
from spacy.language import Language

from .errors import UserError, reason


def load_pipeline(model: str | Path) -> Language:
    """Load a pipeline.

    model (Union[str, Path]): Its name or path.
    RETURNS (Language): The pipeline.
    RAISES (UserError): If there is none, or it is damaged.
    """
    try:
        return util.load_model(model)
    except Exception as error:  # each reader of a damaged file raises what it likes
        raise UserError(f"Can't load the pipeline {model}: {reason(error)}") from error
