"""Configs that are to be trained: whether they can be, before anything is."""

from collections.abc import Mapping
from typing import Any

from spacy import util
from spacy.language import Language
from spacy.schemas import ConfigSchemaTraining
from spacy.util import registry
from thinc.api import Config

from ..dotted import unknown_setting
from .problems import AnalysisError


def checked(name: str, config: Config, overrides: Mapping[str, Any]) -> Language:
    """Override settings, and fill in what is missing.

    name (str): What the config is of, for errors.
    config (Config): The config.
    overrides (Mapping[str, Any]): Other values by dotted name.
    RETURNS (Language): The pipeline, not initialized, with the complete config.
    RAISES (AnalysisError): If there is no such setting, or a value is not possible.
    """
    text = config.to_str(interpolate=False)
    try:
        config = Config().from_str(text, interpolate=False, overrides=dict(overrides))
        nlp = util.load_model_from_config(config, auto_fill=True)
        filled = nlp.config
        # spaCy checks this block no earlier than in training. A logger would make its folder, and
        # what is called before a pipeline is saved may want data.
        training = dict(filled.interpolate()["training"])
        training.update(logger={"@loggers": "spacy.ConsoleLogger.v1"}, before_to_disk=None)
        registry.resolve(training, schema=ConfigSchemaTraining)
    except (ValueError, TypeError) as error:  # also of an unknown function
        reason = " ".join(str(error).partition("\n{")[0].split())
        raise AnalysisError(f"The config of {name} can't be used: {reason}") from error
    if unknown := unknown_setting(filled, overrides, f"the config of {name}"):
        raise AnalysisError(unknown)
    return nlp


def require_data(name: str, config: Config) -> None:
    """Make sure that there is data to train and to evaluate on, by reading the first documents.

    name (str): What the config is of, for errors.
    config (Config): The config, complete, with the paths of the data.
    RAISES (AnalysisError): If data cannot be read, or there is none.
    """
    nlp = util.load_model_from_config(config)
    config = config.interpolate()
    for role in ("train_corpus", "dev_corpus"):
        place = config["training"][role]
        where = f"Can't train {name}: got no documents from its {role}, {place}"
        way_out = "Give other data, as in --paths.train corpus/train.spacy."
        try:
            (corpus,) = util.resolve_dot_names(config, [place])
            found = next(iter(corpus(nlp)), None)
        except Exception as error:  # each reader raises what it likes
            reason = " ".join(str(error).split()) or type(error).__name__
            raise AnalysisError(
                f"{where} ({reason.rstrip('.')}), expected some. {way_out}"
            ) from error
        if found is None:
            raise AnalysisError(f"{where}, expected some. {way_out}")
