"""What holds for every config of the project."""

import sys
from pathlib import Path

import pytest
from spacy.util import load_config, load_model_from_config, registry
from thinc.api import ConfigValidationError

from spacy_rnn.recipes import RecipeError, make_config

ROOT = Path(__file__).parents[1]
CONFIGS = sorted(ROOT.glob("configs/*.cfg"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_optimizer_is_readable_on_its_own(path: Path) -> None:
    """`Language.create_optimizer` reads the section as it is saved, with no other to refer to."""
    section = load_config(path)["training"]["optimizer"]
    registry.resolve({"optimizer": section})


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_training_ends_where_the_learning_rate_does(path: Path) -> None:
    steps = "training.optimizer.learn_rate.total_steps"
    config = load_config(path, overrides={steps: 123}, interpolate=True)
    assert config["training"]["max_steps"] == 123


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_tokenizer_is_that_of_the_language(path: Path) -> None:
    config = load_config(path, overrides={"nlp.lang": "zh"})
    config["nlp"]["pipeline"] = []
    nlp = load_model_from_config(config)
    assert type(nlp.tokenizer).__name__ == "ChineseTokenizer"


def test_a_language_without_its_package_is_said_without_a_traceback(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pythainlp", None)
    monkeypatch.setitem(sys.modules, "pythainlp.tokenize", None)
    config = load_config(CONFIGS[0], overrides={"nlp.lang": "th"})
    with pytest.raises(ConfigValidationError) as error:
        load_model_from_config(config)
    assert error.value.title == "Can't tokenize the language 'th'"
    assert "PyThaiNLP" in error.value.desc
    with pytest.raises(RecipeError, match="Can't use the language 'th': .*PyThaiNLP"):
        make_config(["ner"], lang="th")
