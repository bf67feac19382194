"""What single cells hold."""

import ast
import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from .errors import CorpusError, show
from .tables import Row

WHOLE = re.compile(r"-?\d+\.0+")  # how a whole number looks that was kept beside missing ones
# A list without commas, of which Python makes one word.
NUMPY_LIST = re.compile(r"""\[.*(['"]\s+['"]|\d\.?\s+\d).*\]""", re.DOTALL)


def as_list(value: Any) -> list[Any] | None:
    """RETURNS (Optional[list[Any]]): What a list, or a string that is a list as JSON or Python
    write it, holds. None for anything else."""
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, Mapping) and isinstance(value.get("choices"), list):
        return list(value["choices"])
    if not isinstance(value, str) or value.strip()[:1] != "[" or value.strip()[-1:] != "]":
        return None
    if NUMPY_LIST.fullmatch(value.strip()) and "," not in value:
        return None
    for parse in (json.loads, ast.literal_eval):
        try:
            found = parse(value.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        return found if isinstance(found, list) else None
    return None


def is_one(row: Row, column: str, value: Any) -> bool:
    found = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}.get(
        str(value).strip().lower()
    )
    if found is None:
        fail(row, column, value, "0 or 1")
    return bool(found)


def integer(value: Any) -> int | None:
    try:
        return int(value) if not isinstance(value, float) or value.is_integer() else None
    except (TypeError, ValueError):
        return None


def encodable(row: Row, column: str, value: str) -> str:
    try:
        value.encode("utf8")
    except UnicodeEncodeError:
        fail(row, column, value, "text without halves of surrogate pairs")
    return value


def fail(
    row: Row, column: str, got: Any, expected: str, error: type[CorpusError] = CorpusError
) -> NoReturn:
    raise error(
        f"{row.where}: the column '{column}' holds {show(got)}, expected {expected}: "
        f"correct or remove the row."
    )
