"""Rivals that are trained as spaCy would have it."""

from pathlib import Path

import pytest
import spacy
from spacy.cli.init_config import init_config
from spacy.util import load_config, load_model_from_config

CONFIGS = Path(__file__).resolve().parents[2] / "benchmarks/configs"


@pytest.mark.parametrize(
    "name", ["tagger_cnn", "tagger_torch_bilstm", "textcat_bow", "textcat_multilabel_bow"]
)
@pytest.mark.parametrize("section", ["training", "nlp"])
def test_rivals_keep_default_settings(name: str, section: str) -> None:
    component = name.rpartition("_")[0].removesuffix("_torch")
    default = init_config(lang="en", pipeline=[component], optimize="efficiency", silent=True)
    if section == "nlp":  # but for the tokenizer, which is the language's own
        default["nlp"]["tokenizer"] = {"@tokenizers": "spacy-rnn.LanguageTokenizer.v1"}
    rival = load_config(CONFIGS / f"{name}.cfg", interpolate=False)
    assert rival[section] == default[section]


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.cfg")), ids=lambda path: path.stem)
def test_rivals_divide_chinese_as_chinese(path: Path) -> None:
    config = load_config(path, overrides={"nlp.lang": "zh"}, interpolate=False)
    tokenizer = load_model_from_config(config, auto_fill=True).tokenizer
    assert type(tokenizer) is type(spacy.blank("zh").tokenizer)
