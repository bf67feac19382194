import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy
import pytest
import spacy
from tokenizers import Tokenizer, models

from spacy_rnn.vectors import SubwordVectors

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


@pytest.fixture
def subwords(tmp_path: Path) -> Path:
    """A pipeline with pretrained subwords: one for each of a few words, and one for all others."""
    pieces = ("[UNK]", "Ada", "Mary", "sings", ".")
    config = {"nlp": {"vectors": {"@vectors": "spacy-rnn.SubwordVectors.v1"}}}
    nlp = spacy.blank("en", config=config)
    tokenizer = Tokenizer(models.WordLevel({p: i for i, p in enumerate(pieces)}, pieces[0]))
    data = numpy.eye(len(pieces), dtype="float32")
    nlp.vocab.vectors = SubwordVectors(strings=nlp.vocab.strings, tokenizer=tokenizer, data=data)
    nlp.to_disk(tmp_path / "subwords")
    return tmp_path / "subwords"
