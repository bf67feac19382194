"""Rivals that are trained as spaCy would have it."""

from pathlib import Path

import pytest
from spacy.cli.init_config import init_config
from spacy.util import load_config

CONFIGS = Path(__file__).resolve().parents[2] / "benchmarks/configs"


@pytest.mark.parametrize(
    "name", ["tagger_cnn", "tagger_torch_bilstm", "textcat_bow", "textcat_multilabel_bow"]
)
@pytest.mark.parametrize("section", ["training", "nlp"])
def test_rivals_keep_default_settings(name: str, section: str) -> None:
    component = name.rpartition("_")[0].removesuffix("_torch")
    default = init_config(lang="en", pipeline=[component], optimize="efficiency", silent=True)
    rival = load_config(CONFIGS / f"{name}.cfg", interpolate=False)
    assert rival[section] == default[section]
