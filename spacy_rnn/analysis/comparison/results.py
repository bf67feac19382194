"""What a comparison has found."""

from dataclasses import asdict, dataclass
from typing import Any

from ..decisions import Kind
from ..page import frame, page
from .statistics import Difference


@dataclass(frozen=True)
class SystemResult:
    """What came out of a system.

    name (str): Its name.
    seeds (List[int]): The seeds that it was trained with.
    values (List[float]): The score on test, by seed.
    score (float): Their mean.
    low (float): Where its 95 % interval begins, over resamples of documents and trainings.
    high (float): Where it ends.
    spread (Optional[float]): Standard deviation over seeds, if there are several.
    weights (int): Number of trained numbers.
    bytes (Optional[int]): Size on disk, if it is on disk.
    training_seconds (float): How long a training took.
    words_per_second (float): In batches, the median of rounds in which systems take turns.
    slowest (float): That of the slowest round.
    fastest (float): That of the fastest round.
    latency (Optional[float]): Time for one text, in seconds.
    config (Optional[str]): The config that it was trained with, if it is a pipeline.
    """

    name: str
    seeds: list[int]
    values: list[float]
    score: float
    low: float
    high: float
    spread: float | None
    weights: int
    bytes: int | None
    training_seconds: float
    words_per_second: float
    slowest: float
    fastest: float
    latency: float | None
    config: str | None


@dataclass(frozen=True)
class Comparison:
    """A comparison of systems.

    title (str): The data.
    kind (str): The task.
    metric (str): What the score is.
    recipe (str): The recipe that ours follow.
    train (Dict[str, int]): The numbers of documents, tokens and labels in the training data.
    n_docs (int): Number of test documents.
    systems (List[SystemResult]): What came out, the highest score first.
    differences (Dict[str, Dict[str, Difference]]): How much better a system (first) is than
        another (second).
    advice (str): What follows.
    failed (Dict[str, str]): Trainings that failed, and why.
    notes (List[str]): What a reader has to know.
    """

    title: str
    kind: Kind
    metric: str
    recipe: str
    train: dict[str, int]
    n_docs: int
    systems: list[SystemResult]
    differences: dict[str, dict[str, Difference]]
    advice: str
    failed: dict[str, str]
    notes: list[str]

    def to_json(self) -> dict[str, Any]:
        """RETURNS (Dict[str, Any]): All of it, as what JSON has."""
        return asdict(self)

    def to_html(self) -> str:
        """RETURNS (str): A page that needs no network."""
        return page("compare", f"{self.title}: comparison", self.to_json())

    def _repr_html_(self) -> str:
        return frame(self.to_html())
