"""Write the training configs of this folder from the recipes of the package.

python configs/make.py
"""

import sys
from pathlib import Path

from spacy_rnn.recipes import make_config, recipes

SHARED = {"joint": ("tagger", "ner"), "ud": ("tagger", "morphologizer")}


def main(folder: Path) -> None:
    for name in recipes():
        (folder / f"{name}.cfg").write_text(make_config([name]), encoding="utf8")
    for name, tasks in SHARED.items():
        (folder / f"{name}.cfg").write_text(make_config(tasks, shared=True), encoding="utf8")


if __name__ == "__main__":
    main(Path(*sys.argv[1:]) if sys.argv[1:] else Path(__file__).parent)
