"""The lowest versions that are allowed are those that `make test-oldest` installs."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def test_lowest_versions_are_tested() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 cannot read TOML")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    text = (ROOT / "constraints-oldest.txt").read_text("utf8")
    pins = dict(re.findall(r"(?m)^([\w-]+)==(\S+)$", text))
    (pins["torch"],) = re.findall(r"(?m)^OLDEST_TORCH \?= (\S+)$", (ROOT / "Makefile").read_text())
    lowest = {}
    for line in project["dependencies"] + project["optional-dependencies"]["datasets"]:
        requirement = Requirement(line)
        (lowest[requirement.name],) = (
            bound.version for bound in requirement.specifier if bound.operator == ">="
        )
    assert lowest.keys() >= {"spacy", "thinc", "torch", "numpy", "safetensors", "datasets"}
    assert {name: pins.get(name) for name in lowest} == lowest
