import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def program() -> Callable[..., tuple[int, str, str]]:
    """Run a program of benchmarks/ and get the exit code, the output and the messages."""

    def run(name: str, *args: object) -> tuple[int, str, str]:
        command = [sys.executable, BENCHMARKS / name, *map(str, args)]
        process = subprocess.run(command, capture_output=True, text=True, check=False)
        return process.returncode, process.stdout, process.stderr

    return run


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a module of benchmarks/, where the programs find their siblings."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module
