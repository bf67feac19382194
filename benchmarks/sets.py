"""Write public sets of texts as train, dev and test.jsonl, which `spacy rnn convert` reads.

CLINC150 (Larson et al. 2019) becomes three: its intents, its texts that have none of them, and a
set of rare labels.
"""

import json
import random
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Rows = list[tuple[str, str]]

# What the splits are called in CLINC150, and after "oos_" those of texts without an intent.
CLINC150 = {"train": "train", "dev": "val", "test": "test"}
# 20 of the 150 intents are labels, each of 25 of 5,000 training texts. The others are no label.
N_RARE, N_WITH, ONE_IN = 20, 25, 200


def sst2(source: Path, output: Path) -> None:
    """source (Path): Directory of train, dev and test.tsv, text and label without header."""
    for split in ("train", "dev", "test"):
        lines = (source / f"{split}.tsv").read_text(encoding="utf8").splitlines()
        write(output, split, rows_of(line.split("\t") for line in lines))


def clinc150(source: Path, output: Path) -> None:
    """source (Path): Directory of data_full.json."""
    data = json.loads((source / "data_full.json").read_text(encoding="utf8"))
    rare = rare_intents(data["train"])
    for split, name in CLINC150.items():
        write(output / "intents", split, rows_of(data[name]))
        write(output / "outside", split, rows_of(data[f"oos_{name}"]))
        rows = thin_out(data[name], rare) if split == "train" else data[name]
        labels = (
            {"text": text, "labels": [i for i in rare if i == intent]} for text, intent in rows
        )
        write(output / "rare", split, labels)


def rare_intents(rows: Rows) -> list[str]:
    intents = sorted({intent for _, intent in rows})
    return intents[:: len(intents) // N_RARE][:N_RARE]


def thin_out(rows: Rows, rare: Sequence[str]) -> Rows:
    """RETURNS (Rows): A part of the rows, with the rare intents as rare as they should be."""
    draw = random.Random(0)
    kept = [row for i in rare for row in draw.sample([r for r in rows if r[1] == i], N_WITH)]
    others = [row for row in rows if row[1] not in rare]
    return kept + draw.sample(others, N_WITH * ONE_IN - len(kept))


def rows_of(pairs: Iterable[Sequence[str]]) -> Iterable[dict[str, Any]]:
    return ({"text": text, "label": label} for text, label in pairs)


def write(folder: Path, split: str, rows: Iterable[Mapping[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (folder / f"{split}.jsonl").write_text(lines, encoding="utf8")


SETS = {"clinc150": clinc150, "sst2": sst2}


def main(args: Sequence[str] | None = None) -> int:
    options = ArgumentParser(description=__doc__)
    options.add_argument("name", choices=SETS, help="the set")
    options.add_argument("source", type=Path, help="directory of its files")
    options.add_argument("output", type=Path, help="directory to write")
    parsed = options.parse_args(args)
    SETS[parsed.name](parsed.source, parsed.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
