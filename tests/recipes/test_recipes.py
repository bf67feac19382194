"""Recipes, and the configs that are written from them."""

from pathlib import Path

import pytest
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import load_config, load_model_from_config
from thinc.api import Config, ConfigValidationError

from spacy_rnn.recipes import RecipeError, make_config, recipes

ROOT = Path(__file__).parents[2]
NAMES = sorted(recipes())


def parse(text: str) -> Config:
    return Config().from_str(text, interpolate=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_complete_and_says_what_it_is_for(name: str) -> None:
    text = make_config([name])
    assert text.startswith(f"# {recipes()[name][:40]}")
    config = parse(text)
    assert load_model_from_config(config, auto_fill=False).config == config


def test_settings_have_the_first_words_of_docstrings_above_them() -> None:
    lines = make_config(["ner"]).splitlines()
    above = lines[lines.index("depth = 1") - 1]
    assert above == "# The number of recurrent layers. Recommended values are 1 and 2."


def test_components_share_an_encoder_at_the_lowest_of_their_rates() -> None:
    config = parse(make_config(["tagger", "ner"], shared=True, cell="gru"))
    assert config["nlp"]["pipeline"] == ["tok2vec", "rnn_tagger", "rnn_ner"]
    assert config["components"]["tok2vec"]["model"]["cell"] == "gru"
    listeners = load_model_from_config(config, auto_fill=True).get_pipe("tok2vec").listeners
    assert len(listeners) == 2
    assert config["training"]["optimizer"]["learn_rate"]["initial_rate"] == 0.003
    assert config["pretraining"]["component"] == "tok2vec"


def test_a_classifier_on_a_shared_encoder_reads_whole_documents() -> None:
    config = parse(make_config(["textcat", "ner"], shared=True))
    assert config["corpora"]["train"]["gold_preproc"] is False


def test_options_are_in_the_config() -> None:
    text = make_config(["tagger"], lang="zh", gpu=True, overrides={"paths.train": "a.spacy"})
    config = parse(text)
    assert config["nlp"]["lang"] == "zh"
    tokenizer = load_model_from_config(config, auto_fill=True).tokenizer
    assert type(tokenizer).__name__ == "ChineseTokenizer"
    assert config["paths"]["train"] == "a.spacy"
    assert config["system"]["gpu_allocator"] == "pytorch"


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        (["nerd"], {}, "Unknown recipe: got 'nerd', expected one of morphologizer, ner,"),
        (["ner", "tagger"], {}, "got the recipes ner, tagger, expected one. Set shared"),
        (["ner"], {"lang": "qq"}, "Can't use the language 'qq'"),
        (["ner"], {"lang": "th"}, "pythainlp"),
    ],
)
def test_what_cannot_be_written_says_why(names, options, message) -> None:
    with pytest.raises(RecipeError, match=message):
        make_config(names, **options)


def test_the_configs_of_the_project_are_what_the_recipes_write(tmp_path: Path) -> None:
    make = {"__name__": "make", "__file__": str(ROOT / "configs/make.py")}
    exec((ROOT / "configs/make.py").read_text("utf8"), make)
    make["main"](tmp_path)
    made = {path.name: path.read_text("utf8") for path in tmp_path.iterdir()}
    there = {path.name: path.read_text("utf8") for path in ROOT.glob("configs/*.cfg")}
    assert made == there, "run `python configs/make.py`"


def test_pretrained_weights_that_are_missing_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "ner.cfg"
    path.write_text(make_config(["ner"], overrides={"paths.init_tok2vec": "nowhere.bin"}), "utf8")
    nlp = load_model_from_config(load_config(path), auto_fill=True)
    doc = Doc(nlp.vocab, ["Ada"], ents=["B-PERSON"])
    with pytest.raises(ConfigValidationError, match="can't find pretrained tok2vec: nowhere.bin"):
        nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc)])


@pytest.mark.parametrize("option", ["vectors", "distilled"])
def test_what_is_not_there_is_refused(option: str) -> None:
    with pytest.raises(RecipeError, match=f"Can't find the {option}.*got 'lost', expected"):
        make_config(["tagger"], **{option: "lost"})


def test_vectors_are_embedded(tmp_path: Path) -> None:
    (tmp_path / "vecs").mkdir()
    config = parse(make_config(["tagger"], vectors=str(tmp_path / "vecs")))
    assert config["paths"]["vectors"] == str(tmp_path / "vecs")
    assert config["components"]["rnn_tagger"]["model"]["tok2vec"]["include_static_vectors"] is True
