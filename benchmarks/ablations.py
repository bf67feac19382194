"""What each setting is worth: a small tagger and a small entity recogniser, with one thing changed
in each row. Settings of `tok2vec` stand without their component.
"""

from typing import Any

Settings = dict[str, Any]

BASELINE = "lstm, 128 x 1"
SMALL: Settings = {
    "training.optimizer.learn_rate.total_steps": 1000,
    "training.dropout": 0.4,
    "training.optimizer.learn_rate.initial_rate": 0.003,
    "tok2vec.width": 128,
    "tok2vec.depth": 1,
    "tok2vec.cell": "lstm",
    "tok2vec.residual": False,
    "tok2vec.learn_unknown": True,
    "tok2vec.char_ngram_rows": 10000,
    "tok2vec.characters": False,
}
RESIDUAL: Settings = {"tok2vec.depth": 2, "tok2vec.residual": True}
CELLS: dict[str, Settings] = {
    BASELINE: {},
    "gru, 128 x 1": {"tok2vec.cell": "gru"},
    "gru, 128 x 1, reset_after = false": {"tok2vec.cell": "gru", "tok2vec.reset_after": False},
    "mingru, 128 x 1": {"tok2vec.cell": "mingru"},
    # As many weights in the encoder as the LSTM has.
    "gru, 148 x 1": {"tok2vec.cell": "gru", "tok2vec.width": 148},
    "mingru, 128 x 3, residual": {**RESIDUAL, "tok2vec.depth": 3, "tok2vec.cell": "mingru"},
    "lstm, 128 x 2, residual": RESIDUAL,
    "gru, 128 x 2, residual": {**RESIDUAL, "tok2vec.cell": "gru"},
    "lstm and gru, 128 x 2, residual": {**RESIDUAL, "tok2vec.cell": ["lstm", "gru"]},
}
GROUPS: dict[str, dict[str, Settings]] = {
    "Cells": CELLS,
    "Layers": {
        BASELINE: {},
        "lstm, 128 x 1, residual": {"tok2vec.residual": True},
        "lstm, 128 x 2": {"tok2vec.depth": 2},
        "lstm, 128 x 2, residual": RESIDUAL,
        "lstm, 128 x 3, residual": {**RESIDUAL, "tok2vec.depth": 3},
        "forward only": {"tok2vec.bidirectional": False},
        "dropout of the embedding only": {"tok2vec.dropout": 0.0},
    },
    "Embedding": {
        BASELINE: {},
        "without learn_unknown": {"tok2vec.learn_unknown": False},
        "without n-grams": {"tok2vec.char_ngram_rows": 0},
        "with characters": {"tok2vec.characters": True},
    },
    "Training": {
        BASELINE: {},
        "without averages": {"training.optimizer.use_averages": False},
        "at a constant rate": {
            "training.optimizer.learn_rate.total_steps": 1_000_000,
            "training.max_steps": 1000,
        },
    },
}
# The table to take data and config from, the component, and the score to report.
TASKS = {
    "ud": ("rnn_tagger", "UD English EWT, XPOS"),
    "uner": ("rnn_ner", "Universal NER EWT, F"),
}
INTRODUCTION = """\
# Ablations

`rnn_tagger` and `rnn_ner`, trained as `configs/tagger.cfg` and `configs/ner.cfg` say, but small and
short: one layer of width 128, 1,000 steps, a rate of 0.003 and dropout of 0.4. Each row changes one
setting. Scores in percent on dev, gold tokens, mean ± standard deviation over (so many) seeds.

```
python benchmarks/accuracy.py ablations-ud      # a row: --rows "gru, 128 x 1" --seeds 0
python benchmarks/accuracy.py ablations-uner
python benchmarks/speed.py --only cells         # weights and words/s
python benchmarks/report.py                     # this page
```
"""
LEFT_OUT = """\
## Tried and left out

Seed 0, dev; in brackets the same without it.

| | UD English EWT, XPOS | Universal NER EWT, F |
| --- | ---: | ---: |
| 128 x 2: residual between the layers only | 93.56 (94.07) | 63.10 (65.08) |
| 128 x 2, residual: dropout of the sum | 93.67 (94.07) | 65.34 (65.08) |
| 128 x 2, residual: layer normalisation between the layers | 94.12 (94.07) | - |
| 128 x 1, residual: dropout of the sum | - | 62.96 (63.50) |
| 128 x 1: locked dropout (Gal & Ghahramani 2016) | 93.26 (93.17) | 55.86 (59.51) |
| 128 x 1: weight drop of 0.2 (Merity et al. 2017) | 93.19 (93.17) | - |
| 128 x 1: gradients clipped by their global norm | 93.36 (93.46) | - |
| 128 x 1: the same at a rate of 0.008 | 93.66 (93.83) | - |

Locked dropout and weight drop were measured without `learn_unknown`.
"""


def overrides(component: str, settings: Settings) -> Settings:
    """RETURNS (Settings): The settings of a row by their names in the config of a component."""
    tok2vec = f"components.{component}.model.tok2vec."
    found = {**SMALL, **settings}
    return {name.replace("tok2vec.", tok2vec, 1): value for name, value in found.items()}


def rows() -> dict[str, Settings]:
    """RETURNS (Dict[str, Settings]): The settings of all groups, the baseline once."""
    return {name: settings for group in GROUPS.values() for name, settings in group.items()}
