"""A row of a table, and its training with a seed."""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import BenchmarkError, read_json

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Row:
    """A pipeline to train.

    name (str): The name in the table.
    config (Path): The config file; or a program that takes the files of train, dev and test, and
        writes the scores.
    overrides (Dict[str, Any]): Settings that differ from the file, by dotted name.
    training (Optional[Path]): A config file whose [training] block, apart from the scores, takes
        the place of this config's: to compare architectures that are trained alike.
    speed (Optional[str]): The same pipeline's name in the results of speed.py.
    calibrate (bool): Whether to calibrate the trained pipeline on dev, and fit its thresholds.
    """

    name: str
    config: Path
    overrides: dict[str, Any] = field(default_factory=dict)
    training: Path | None = None
    speed: str | None = None
    calibrate: bool = False

    @property
    def is_program(self) -> bool:
        return self.config.suffix == ".py"

    @property
    def slug(self) -> str:
        return re.sub(r"\W+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True)
class Table:
    """Rows that are trained on the same data.

    corpus (Path): Directory with a file each for train, dev and test, named [NAME-]SPLIT.spacy;
        where "oos_auroc" is a score, also with texts that have no label, outside/SPLIT.spacy.
    commands (Tuple[str, ...]): The commands of project.yml that make the corpus.
    scores (Tuple[str, ...]): The scores to report, the most important first.
    gold_preproc (bool): Whether tokens and sentences are given.
    rows (List[Row]): The rows.
    evaluated (Tuple[str, ...]): The splits to evaluate on.
    """

    corpus: Path
    commands: tuple[str, ...]
    scores: tuple[str, ...]
    gold_preproc: bool
    rows: list[Row]
    evaluated: tuple[str, ...] = ("dev", "test")

    def data(self, split: str) -> Path:
        """RETURNS (Path): The file of a split.
        RAISES (BenchmarkError): If there is not exactly one.
        """
        found = [*self.corpus.glob(f"{split}.spacy"), *self.corpus.glob(f"*-{split}.spacy")]
        if len(found) != 1:
            steps = " and ".join(f"'python -m spacy project run {each}'" for each in self.commands)
            raise BenchmarkError(
                f"Can't train on {self.corpus}: found {len(found)} files for the {split} split, "
                f"expected one, {split}.spacy or NAME-{split}.spacy. Make the corpus with {steps}, "
                f"or give its directory with --corpus."
            )
        return found[0]

    def outside(self, split: str) -> Path:
        """RETURNS (Path): The file of a split's texts that have no label."""
        return self.corpus / "outside" / f"{split}.spacy"


@dataclass(frozen=True)
class Run:
    """One row of a table with one seed, and where its files go."""

    table: Table
    row: Row
    seed: int
    result: Path
    folder: Path

    @property
    def label(self) -> str:
        return f"{self.row.name}, seed {self.seed}"

    def config(self) -> str:
        """RETURNS (str): The row's config with its overrides, as it is trained, or its program."""
        from spacy.util import load_config

        if self.row.is_program:
            return self.row.config.read_text(encoding="utf8")
        config = load_config(self.row.config, overrides=self.row.overrides, interpolate=False)
        if self.row.training is not None:
            training = load_config(self.row.training, interpolate=False)["training"]
            kept = {key: config["training"][key] for key in ("score_weights", "logger")}
            config["training"] = {**training, **kept}
        text: str = config.to_str()
        return text

    def fingerprint(self) -> str:
        """RETURNS (str): Changes with whatever a user may change: config, seed and data."""
        calibrated = ", calibrated" if self.row.calibrate else ""
        digest = hashlib.sha256(f"{self.config()}\n{self.seed}{calibrated}".encode())
        for split in SPLITS:
            digest.update(self.table.data(split).read_bytes())
        return digest.hexdigest()

    def is_finished(self) -> bool:
        if not self.result.exists():
            return False
        return bool(read_json(self.result).get("fingerprint") == self.fingerprint())
