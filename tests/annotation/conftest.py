"""A small pipeline with all kinds of annotation, and texts for it."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example
from thinc.api import fix_random_seed

WORDS = ["the", "a", "cold", "good", "soup", "day", "Anna", "York", "likes", "sees", ",", "."]
MODEL = {"tok2vec": {"@architectures": "spacy-rnn.Tok2Vec.v1", "width": 12, "rows": [50] * 4}}


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The path of a pipeline that tags, finds entities and classifies."""
    fix_random_seed(0)
    nlp = spacy.blank("en")
    for name in ("rnn_tagger", "rnn_ner", "rnn_textcat"):
        nlp.add_pipe(name, config={"model": MODEL})
    annotations = {"tags": ["N", "V"], "entities": [(0, 4, "NAME")], "cats": {"A": 1.0, "B": 0.0}}
    other = {**annotations, "cats": {"A": 0.0, "B": 1.0}}
    examples = [Example.from_dict(nlp.make_doc("Anna sees"), made) for made in (annotations, other)]
    nlp.initialize(lambda: examples)
    path = tmp_path_factory.mktemp("model") / "pipeline"
    nlp.to_disk(path)
    return path


@pytest.fixture
def nlp(model: Path) -> Language:
    return spacy.load(model)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A file of 95 texts with ids."""
    generator = random.Random(0)
    path = tmp_path / "texts.jsonl"
    with path.open("w") as file:
        for i in range(95):
            text = " ".join(generator.choices(WORDS, k=generator.randint(0, 12)))
            file.write(json.dumps({"name": f"n{i}", "text": text}) + "\n")
    return path


@pytest.fixture
def files() -> Callable[[Path], dict[str, bytes]]:
    """All files in a folder."""

    def read(output: Path) -> dict[str, bytes]:
        found = [path for path in output.rglob("*") if path.is_file()]
        return {str(path.relative_to(output)): path.read_bytes() for path in found}

    return read
