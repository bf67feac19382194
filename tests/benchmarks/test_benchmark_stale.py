"""Which results are of another config than today's."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

CONFIG = """
[paths]
train = null

[nlp]
lang = "en"
pipeline = ["rnn_tagger"]

[components]

[components.rnn_tagger]
factory = "rnn_tagger"

[components.rnn_tagger.model]
@architectures = "spacy-rnn.Tagger.v1"

[components.rnn_tagger.model.tok2vec]
@architectures = "spacy-rnn.Tok2Vec.v1"
width = 32

[training]
max_steps = 100

[training.optimizer]
@optimizers = "Adam.v1"

[training.optimizer.learn_rate]
@schedules = "warmup_linear.v1"
initial_rate = 0.001
warmup_steps = 10
total_steps = ${training.max_steps}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"rnn_tagger"]', '"rnn_tagger"]\n\n[nlp.tokenizer]\n@tokenizers = "spacy.Tokenizer.v1"'),
        ("${training.max_steps}", "100"),
        ("train = null", 'train = "elsewhere"'),
        ("width = 32", 'width = 32\nprecision = "float32"'),
    ],
    ids=["default written out", "variable written out", "paths", "setting that is gone"],
)
def test_same_meaning(module: Callable[[str], ModuleType], old: str, new: str) -> None:
    assert old in CONFIG
    assert module("stale").same(CONFIG.replace(old, new), CONFIG)


@pytest.mark.parametrize(
    ("old", "new"),
    [("width = 32", "width = 48"), ("max_steps = 100", "max_steps = 101")],
)
def test_another_meaning(module: Callable[[str], ModuleType], old: str, new: str) -> None:
    assert not module("stale").same(CONFIG.replace(old, new), CONFIG)


def test_systems_of_earlier_configs_are_listed(
    module: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    stale, ablations = module("stale"), module("ablations")
    cnn = (stale.ROOT / "benchmarks/configs/tagger_cnn.cfg").read_text("utf8")
    row = {"file": "benchmarks/configs/tagger_cnn.cfg", "overrides": {}}
    lstm = stale.system_config("lstm", "tagger", "tagger", "en", None, {})
    found = {
        "accuracy/ud.json": {
            "systems": [
                {**row, "name": "as it is", "config": cnn},
                {**row, "name": "wider", "config": cnn.replace("width = 96", "width = 64")},
                {**row, "name": "longer", "config": cnn, "overrides": {"training.max_steps": 1}},
            ]
        },
        "ablations/ud.json": {
            "systems": [
                {"name": name, "config": ablations.configs("ud")["lstm-128-x-1"]}
                for name in ("lstm-128-x-1", "gru-128-x-1", "gone")
            ]
        },
        "comparisons/ud.json": {
            "kind": "tagger",
            "recipe": "tagger",
            "systems": [
                {"name": "lstm", "config": lstm},
                {"name": "gru", "config": lstm},
                {"name": "majority", "config": None},
            ],
        },
    }
    for name, data in found.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(json.dumps(data), "utf8")
    assert list(stale.stale(tmp_path)) == [
        "accuracy/ud: wider",
        "accuracy/ud: longer",
        "ablations/ud: gru-128-x-1",
        "ablations/ud: gone",
        "comparisons/ud: gru",
    ]


@pytest.mark.slow
def test_the_page_lists_them(module: Callable[[str], ModuleType]) -> None:
    """A change of a config calls for new results, or for `python benchmarks/stale.py`."""
    stale = module("stale")
    assert stale.page(stale.RESULTS) == Path(stale.PAGE).read_text("utf8")
