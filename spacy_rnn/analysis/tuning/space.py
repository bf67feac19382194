"""Which settings are searched, and over which values."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy import util
from thinc.api import Config

from ...dotted import has_setting, setting
from ..problems import AnalysisError

TOK2VEC = "spacy-rnn.Tok2Vec.v1"
# Points of a range that a grid takes.
GRID_POINTS = 4


@dataclass(frozen=True)
class Choice:
    """One of several values.

    values (List[Any]): The values.
    """

    values: list[Any]

    def suggest(self, trial: Any, name: str) -> Any:
        """RETURNS (Any): What a trial takes."""
        return self.values[trial.suggest_categorical(name, list(range(len(self.values))))]

    def grid(self) -> list[Any]:
        """RETURNS (List[Any]): What a grid takes, as the study knows it."""
        return list(range(len(self.values)))

    def value(self, found: Any) -> Any:
        """RETURNS (Any): The setting that the study knows as this."""
        return self.values[found]

    def find(self, value: Any) -> int | None:
        """RETURNS (Optional[int]): What the study knows a setting as, if it is one of these."""
        return self.values.index(value) if value in self.values else None


@dataclass(frozen=True)
class Range:
    """A number in a range.

    low (float): The lowest. If both are whole numbers, so is the setting.
    high (float): The highest.
    log (bool): Whether equal ratios count as equal distances. Recommended for rates.
    """

    low: float
    high: float
    log: bool = False

    @property
    def is_whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)

    def suggest(self, trial: Any, name: str) -> Any:
        """RETURNS (Any): What a trial takes."""
        suggest = trial.suggest_int if self.is_whole else trial.suggest_float
        return suggest(name, self.low, self.high, log=self.log)

    def grid(self) -> list[Any]:
        """RETURNS (List[Any]): What a grid takes: both ends, and points between."""
        parts = [i / (GRID_POINTS - 1) for i in range(GRID_POINTS)]
        if self.log:
            found = [self.low * (self.high / self.low) ** part for part in parts]
        else:
            found = [self.low + (self.high - self.low) * part for part in parts]
        found[-1] = self.high
        if self.is_whole:
            return sorted({round(value) for value in found})
        return [float(f"{value:.12g}") for value in found]

    def value(self, found: Any) -> Any:
        """RETURNS (Any): The setting that the study knows as this."""
        return found

    def find(self, value: Any) -> float | None:
        """RETURNS (Optional[float]): What the study knows a setting as, if it is in the range."""
        is_number = isinstance(value, int if self.is_whole else (int, float))
        return value if is_number and self.low <= value <= self.high else None


Space = dict[str, Choice | Range]


def read_space(config: Config, path: Path | None) -> Space:
    """Find what is searched: a file, or else the config's own block, or else what is sensible.

    config (Config): The config, not interpolated. Its block [tune] is taken out.
    path (Optional[Path]): A config file with a block [tune].
    RETURNS (Space): The values of each setting, by dotted name.
    RAISES (AnalysisError): If there is no such file or setting, or a range is empty.
    """
    block = config.pop("tune", None)
    if path is not None:
        if not path.is_file():
            raise AnalysisError(
                f"Can't find the space {path}: expected a file with a block [tune]."
            )
        block = util.load_config(path, interpolate=False).get("tune")
        if block is None:
            raise AnalysisError(f"Nothing to search in {path}: expected a block [tune].")
    if block is None:
        return default_space(config)
    space = {name: parse(name, value) for name, value in block.items()}
    for name in space:
        if not has_setting(config, name):
            raise AnalysisError(
                f"Unknown setting in [tune]: got {name}, which the config lacks, expected a dotted "
                "name such as training.dropout."
            )
    if not space:
        raise AnalysisError("Nothing to search: got an empty block [tune], expected settings.")
    return space


def parse(name: str, value: Any) -> Choice | Range:
    """RETURNS (Union[Choice, Range]): What a line of [tune] stands for.
    RAISES (AnalysisError): If it stands for nothing.
    """
    if isinstance(value, list) and value:
        return Choice(value)
    if isinstance(value, Mapping) and {"low", "high"} <= set(value) <= {"low", "high", "log"}:
        low, high, log = value["low"], value["high"], value.get("log", False)
        numbers = all(isinstance(end, (int, float)) for end in (low, high))
        if numbers and low < high and (low > 0 or not log):
            return Range(low, high, log)
        raise AnalysisError(
            f"Empty range in [tune]: got {name} from {low} to {high}, expected a lower number first"
            f"{' and, on a logarithmic scale, above 0' if log else ''}."
        )
    raise AnalysisError(
        f"Can't search {name}: got {value!r}, expected a list of values, which is not empty, or a "
        'range such as {"low": 0.1, "high": 0.5}, with "log": true for a logarithmic scale.'
    )


def default_space(config: Config) -> Space:
    """RETURNS (Space): What is worth searching of a recurrent component: dropout, rate, batches,
    cell, width and depth.
    RAISES (AnalysisError): If the config has none.
    """
    blocks = [
        f"components.{name}.model" + (".tok2vec" if "tok2vec" in component["model"] else "")
        for name, component in config["components"].items()
        if "model" in component
    ]
    found: Space = {"training.dropout": Range(0.1, 0.6)}
    if has_setting(config, "training.optimizer.learn_rate.initial_rate"):
        found["training.optimizer.learn_rate.initial_rate"] = Range(0.0005, 0.01, log=True)
    if isinstance(config["training"].get("batcher", {}).get("size"), int):
        found["training.batcher.size"] = Choice([500, 1000, 2000])
    for block in blocks:
        if setting(config, f"{block}.@architectures") == TOK2VEC:
            found[f"{block}.cell"] = Choice(["lstm", "gru"])
            found[f"{block}.width"] = Choice([64, 128, 256])
            found[f"{block}.depth"] = Choice([1, 2])
            return found
    raise AnalysisError(
        f"Can't tell what to search: got a config without {TOK2VEC}. Say it in a block [tune], in "
        "the config or a file of its own (--space)."
    )
