"""spaCy's own tests, which are installed with it, on our components. What is left out and why is in
in_place_of_spacy.py, the plugin that puts ours in the place of spaCy's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

TIMEOUT = 1200  # seconds
MODULES = [
    "parser.test_ner",
    "pipeline.test_pipe_factories",
    "pipeline.test_pipe_methods",
    "pipeline.test_tagger",
    "pipeline.test_textcat",
    "serialize.test_serialize_config",
    "serialize.test_serialize_pipeline",
    "training.test_rehearse",
    "training.test_training",
]


@pytest.mark.parametrize("name", MODULES)
def test_of_spacy(name: str, tmp_path: Path) -> None:
    pytest.importorskip("hypothesis")
    pytest.importorskip("mock")
    # In a process and a folder of its own: spaCy's tests have their own settings of pytest.
    options = ("-q", "--tb=short", "-p", "in_place_of_spacy", "-p", "no:cacheprovider", "--pyargs")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"spacy.tests.{name}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
