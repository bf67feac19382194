"""The simulation of docs/capacity.md gives the page's own figures."""

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "capacity.md"


@pytest.mark.parametrize(("seconds", "column"), [(217e-6, 2), (347e-6, 3)])
def test_table_is_what_the_simulation_says(seconds: float, column: int) -> None:
    page = PAGE.read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    rows = re.findall(r"^\| (\d+) \| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    assert len(rows) == 4
    for cores, *hours in rows:
        simulated = names["simulate"](seconds, int(cores))["hours"]
        assert float(hours[column - 2]) == pytest.approx(simulated, abs=0.05)
