"""What the benchmarks share: threads, interleaved rounds, the machine, and files of results.

Imports nothing that starts threads, so that `limit_threads` comes first.
"""

import gc
import json
import os
import platform
import subprocess
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).resolve().parent / "results"
PACKAGES = ("spacy", "thinc", "torch", "onnxruntime", "numpy", "spacy-rnn")
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "BLIS_NUM_THREADS",
)

Metrics = dict[str, float]
Task = Callable[[int], Metrics]
Row = dict[str, Any]


class BenchmarkError(ValueError):
    """A benchmark cannot run. The message says what to do about it."""


def threads_option(value: str) -> int:
    """Parse `--threads`: a number, or "all" for every core that this process may use."""
    if value == "all":
        return usable_cores()
    if not value.isdecimal() or not int(value):
        raise ArgumentTypeError(f"expected a number from 1 on, or 'all', got '{value}'")
    return int(value)


def usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_environment(threads: int) -> dict[str, str]:
    return dict.fromkeys(THREAD_VARIABLES, str(threads))


def limit_threads(threads: int) -> None:
    """Set the threads of all matrix libraries, before any of them is imported."""
    os.environ.update(thread_environment(threads))
    import torch

    torch.set_num_threads(threads)


def environment() -> dict[str, Any]:
    """RETURNS (Dict[str, Any]): The machine, the versions of what runs on it, and our commit."""
    memory = None
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "machine": {
            "cpu": cpu_model(),
            "cores": os.cpu_count(),
            "usable_cores": usable_cores(),
            "memory_gib": None if memory is None else round(memory, 1),
            "system": f"{platform.system()} {platform.machine()}",
            "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        },
        "versions": {
            "python": platform.python_version(),
            **installed(PACKAGES),
        },
        "commit": commit(),
    }


def commit() -> str | None:
    """RETURNS (Optional[str]): What the checkout is at, with "-dirty" if code or configs differ."""

    def git(*args: str) -> str:
        command = ["git", "-C", str(ROOT), *args]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", "spacy_rnn", "configs", "benchmarks/*.py")
        return git("rev-parse", "HEAD") + ("-dirty" if changed else "")
    except (OSError, subprocess.CalledProcessError):  # no git, or no checkout
        return None


def installed(packages: Sequence[str]) -> dict[str, str]:
    """RETURNS (Dict[str, str]): The versions of those that are there."""
    found = {}
    for package in packages:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@dataclass(eq=False)
class Setting:
    """What all sections of speed.py share.

    texts (List[str]): Sentences or documents.
    rounds (int): Rounds that count.
    quick (bool): Only show that the programs run: the figures mean nothing.
    vectors (Optional[Path]): Pretrained subwords.
    """

    texts: list[str]
    rounds: int
    quick: bool = False
    vectors: Path | None = None

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """RETURNS (List[Tuple[int, int]]): Widths and depths to compare at."""
        return [(32, 1)] if self.quick else [(128, 1), (256, 2)]


def rate(unit: str, amount: float, run: Callable[[], Any]) -> Metrics:
    start = perf_counter()
    run()
    return {f"{unit}/s": amount / (perf_counter() - start)}


def nanoseconds(unit: str, amount: float, run: Callable[[], Any]) -> Metrics:
    return {f"ns/{unit}": milliseconds(run) * 1e6 / amount}


def milliseconds(run: Callable[[], Any]) -> float:
    start = perf_counter()
    run()
    return (perf_counter() - start) * 1e3


def percentiles(times: Sequence[float]) -> Metrics:
    hundredths = quantiles(times, n=100, method="inclusive")
    return {"ms p50": hundredths[49], "ms p99": hundredths[98]}


def interleave(case: str, tasks: Mapping[str, Task], rounds: int, baseline: str) -> list[Row]:
    """Run every task once a round, in an order that rotates, after one round to warm up.

    Ratios are taken within a round, so that what slows the machine down for a while slows down
    both sides.

    case (str): What the tasks have in common.
    tasks (Mapping[str, Task]): The tasks by system. Each takes the number of the round, 0 being
        the warm-up, and returns what it has measured.
    rounds (int): Number of rounds that count.
    baseline (str): The system to compare with.
    RETURNS (List[Row]): A row for each system and metric.
    """
    names = list(tasks)
    measured: dict[str, list[Metrics]] = {name: [] for name in names}
    # What is there already is not searched for garbage over and over.
    gc.collect()
    gc.freeze()
    for number in range(rounds + 1):
        say(f"{case}: {f'round {number} of {rounds}' if number else 'warm-up'}")
        start = number % len(names)
        for name in names[start:] + names[:start]:
            gc.collect()
            metrics = tasks[name](number)
            if number:
                measured[name].append(metrics)
    gc.unfreeze()
    return [
        summary(case, name, metric, baseline, measured)
        for name in names
        for metric in measured[name][0]
    ]


def summary(
    case: str, name: str, metric: str, baseline: str, measured: Mapping[str, list[Metrics]]
) -> Row:
    values = [metrics[metric] for metrics in measured[name]]
    reference = [metrics[metric] for metrics in measured[baseline]]
    ratios = [value / other for value, other in zip(values, reference, strict=True)]
    return {
        "case": case,
        "system": name,
        "metric": metric,
        "median": median(values),
        "low": min(values),
        "high": max(values),
        "baseline": baseline,
        "ratio": median(ratios),
        "ratio_low": min(ratios),
        "ratio_high": max(ratios),
        "rounds": values,
    }


def write_json(path: Path, data: Any) -> None:
    """Write a file beside its final name and rename it, so that it is never there by half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf8"))
    except ValueError as error:
        raise BenchmarkError(f"{path} is not JSON ({error}): delete it and run again.") from error


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
