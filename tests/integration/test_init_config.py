"""The README's lines for the configs that `spacy init config` writes."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy
import pytest
import spacy
import srsly
from spacy.cli.init_config import init_config
from spacy.cli.train import train
from spacy.language import Language
from spacy.tokens import DocBin
from spacy.training import Example
from thinc.api import Config

ROOT = Path(__file__).parents[2]
# All whose encoder is a block of its own; the most accurate take vectors too.
BASES = [
    *((pipe, "efficiency") for pipe in ("tagger", "morphologizer", "parser", "ner")),
    *((pipe, "efficiency") for pipe in ("trainable_lemmatizer", "span_finder")),
    *((pipe, "efficiency") for pipe in ("spancat", "spancat_singlelabel")),
    *((pipe, "accuracy") for pipe in ("textcat", "textcat_multilabel")),
]


def excerpt() -> Config:
    """RETURNS (Config): The block for the encode slot, as it stands in the README."""
    header = "[components.tok2vec.model.encode]"
    block = re.search(
        rf"```ini\n({re.escape(header)}.*?)```", (ROOT / "README.md").read_text("utf8"), re.S
    )
    assert block
    above = "[components]\n[components.tok2vec]\n[components.tok2vec.model]\n"
    return Config().from_str(above + block[1])["components"]["tok2vec"]["model"]["encode"]


@pytest.mark.slow
@pytest.mark.parametrize(("pipe", "optimize"), BASES, ids=lambda value: value)
def test_the_excerpt_trains_on_every_base(
    pipe: str,
    optimize: str,
    tmp_path: Path,
    examples: Callable[[Language], list[Example]],
) -> None:
    nlp = spacy.blank("en")
    docs = [example.reference for example in examples(nlp)]
    for doc in docs:
        for token in doc:
            token.lemma_ = token.lower_.rstrip("s")
    DocBin(docs=docs * 30).to_disk(tmp_path / "data.spacy")
    nlp.vocab.set_vector("Paris", numpy.ones(8))
    nlp.to_disk(tmp_path / "vectors")
    config = init_config(lang="en", pipeline=[pipe], optimize=optimize, silent=True)
    config["components"]["tok2vec"]["model"]["encode"] = excerpt()
    logger = {"@loggers": "spacy.ConsoleLogger.v3", "output_file": str(tmp_path / "log.jsonl")}
    config["training"]["logger"] = logger
    config.to_disk(tmp_path / "config.cfg")
    overrides = {
        "paths.train": str(tmp_path / "data.spacy"),
        "paths.dev": str(tmp_path / "data.spacy"),
        "training.max_steps": 20,
        "training.eval_frequency": 20,
        "training.dropout": 0.0,
    }
    if optimize == "accuracy":
        overrides["paths.vectors"] = str(tmp_path / "vectors")
    train(tmp_path / "config.cfg", tmp_path / "model", overrides=overrides)
    trained = spacy.load(tmp_path / "model" / "model-last")
    names = [node.name for node in trained.get_pipe("tok2vec").model.walk()]
    assert any("lstm" in name.lower() for name in names), names
    log = list(srsly.read_jsonl(tmp_path / "log.jsonl"))
    assert log[-1]["step"] == 20
    assert log[-1]["losses"]["tok2vec"] > 0.0  # an encoder that nothing listens to has none
