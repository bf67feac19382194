"""What each setting is worth: write the configs of a small tagger or a small entity recogniser,
with one thing changed in each, and print their paths as `spacy rnn compare --systems` takes them.
"""

import re
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import ROOT

Settings = dict[str, Any]

BASELINE = "lstm, 128 x 1"
# Those of `tok2vec` stand without their component.
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
# The config, the component, and the score to report.
TASKS = {
    "ud": ("tagger.cfg", "rnn_tagger", "UD English EWT, XPOS"),
    "uner": ("ner.cfg", "rnn_ner", "Universal NER EWT, F"),
}
INTRODUCTION = """\
# Ablations

`rnn_tagger` and `rnn_ner`, trained as `configs/tagger.cfg` and `configs/ner.cfg` say, but small and
short: one layer of width 128, 1,000 steps, a rate of 0.003 and dropout of 0.4. Each row changes one
setting. Scores in percent on dev, gold tokens, mean ± standard deviation over (so many) seeds.

```
mkdir dev                                       # a folder in which dev is what is tested on
cp corpus/ner/uner/dev.spacy dev/test.spacy && cp corpus/ner/uner/{train,dev}.spacy dev
python -m spacy rnn compare dev comparison --task ner --seeds 1 \\
    --systems $(python benchmarks/ablations.py uner ablations)
cp comparison/comparison.json benchmarks/results/ablations/uner.json
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


def rows() -> dict[str, Settings]:
    """RETURNS (Dict[str, Settings]): The settings of all groups, the baseline once."""
    return {name: settings for group in GROUPS.values() for name, settings in group.items()}


def slug(row: str) -> str:
    """RETURNS (str): The name of a row's config, which is the system's in a comparison."""
    return re.sub(r"\W+", "-", row.lower()).strip("-")


def configs(task: str) -> dict[str, str]:
    """RETURNS (Dict[str, str]): The configs of all rows, by slug."""
    from spacy.util import load_config

    file, component, _ = TASKS[task]
    tok2vec = f"components.{component}.model.tok2vec."
    found = {}
    for row, settings in rows().items():
        named = {k.replace("tok2vec.", tok2vec, 1): v for k, v in {**SMALL, **settings}.items()}
        config = load_config(ROOT / "configs" / file, overrides=named, interpolate=False)
        found[slug(row)] = config.to_str()
    return found


def main(args: Sequence[str] | None = None) -> int:
    options = ArgumentParser(description=__doc__)
    options.add_argument("task", choices=TASKS, help="the data that they are for")
    options.add_argument("output", type=Path, help="folder to write the configs to")
    parsed = options.parse_args(args)
    parsed.output.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, text in configs(parsed.task).items():
        paths.append(parsed.output / f"{name}.cfg")
        paths[-1].write_text(text, encoding="utf8")
    print(",".join(map(str, paths)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
