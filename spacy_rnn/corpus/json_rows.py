"""Rows in JSON, one a line or all in one document, and what annotation tools make of them."""

import json
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import Any

from .errors import CorpusError, listed, show
from .options import OPTIONS, Options
from .tables import PROBE, Row, Table
from .text import read_lines


def read_json(path: Path, options: Options = OPTIONS) -> Table:
    """Read rows in JSON: objects, or spaCy's pairs of a text and its annotations.

    path (Path): The file.
    options (Options): The field that holds the rows of a document, where there are several.
    RETURNS (Table): The rows. A row of Label Studio has the columns of its data, "labels" and
        "entities".
    RAISES (CorpusError): If the file is not JSON.
    """
    first, second = [*islice(_filled_lines(path, options), 2), (0, ""), (0, "")][:2]
    is_document = _is_document(path, first[1], second[1], options)

    @cache
    def load() -> list[Any]:
        return _load_document(path, options)

    def read(columns: Collection[str]) -> Iterator[Row]:
        if not is_document:
            for number, (line, text) in enumerate(_filled_lines(path, options), 1):
                yield _read_line(f"{path}, row {number}, line {line}", text)
        else:
            for number, item in enumerate(load(), 1):
                yield _read_item(f"{path}, row {number}", item)

    names = chain.from_iterable(row.values for row in islice(read(()), PROBE))
    size = len(load()) if is_document else None
    return Table(str(path), "json", list(dict.fromkeys(names)), read, size)


def is_json(first: str, second: str) -> bool:
    """RETURNS (bool): Whether the first lines with text of a file look like JSON."""
    return (
        first in ("[", "{", "[{", "[[")
        or isinstance(_parse(first), (dict, list))
        or (first[:1] in ("[", "{") and _starts_object(first + second))
    )


def _starts_object(text: str) -> bool:
    return "".join(text.split())[:2] in ('{"', "[{", "[[", '["')


def _is_document(path: Path, first: str, second: str, options: Options) -> bool:
    """RETURNS (bool): Whether all is one value, and not one value a line."""
    value = _parse(first)
    if options.field or (value is None and first.startswith("[")):
        return True
    if value is None:  # an object of several lines, or a damaged one in the first
        return first == "{" or (".jsonl" not in path.name.lower() and not second.startswith("{"))
    if isinstance(value, list):
        return not second and not _is_pair(value)
    return not second and _find_field(value) is not None


def _load_document(path: Path, options: Options) -> list[Any]:
    text = "".join(read_lines(path, options))
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise CorpusError(
            f"Can't read {path}, line {error.lineno}: not JSON ({error.msg}): correct the file."
        ) from error
    if isinstance(value, dict):
        field = options.field or _find_field(value)
        value = value.get(field, value)
    if not isinstance(value, list):
        got = f"an object with {listed(value)}" if isinstance(value, dict) else show(value)
        raise CorpusError(
            f"Can't read {path}: got {got}, expected a list of rows: set the option field to the "
            f"name of what holds them, or write a row a line."
        )
    return [item for item in value if item is not None]


def _find_field(value: Mapping[str, Any]) -> str | None:
    """RETURNS (Optional[str]): What holds the rows of a document, if nothing else could."""
    if isinstance(value.get("text"), str) or "tokens" in value:
        return None
    found = [
        key
        for key, items in value.items()
        if isinstance(items, list)
        and all(item is None or isinstance(item, dict) or _is_pair(item) for item in items)
        and any(items)
    ]
    return found[0] if len(found) == 1 else None


def _filled_lines(path: Path, options: Options) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(read_lines(path, options), 1):
        text = line.strip()
        if text:
            yield number, text


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def _read_line(where: str, text: str) -> Row:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return Row(where, error=CorpusError(f"{where}: not JSON ({error.msg}): correct the line."))
    return _read_item(where, value)


def _read_item(where: str, item: Any) -> Row:
    if _is_pair(item):
        text, annotations = item
        more = annotations if isinstance(annotations, dict) else {"entities": annotations}
        return Row(where, {"text": text, **more})
    if not isinstance(item, dict):
        problem = f"got {show(item)}, expected a JSON object: correct the row."
        return Row(where, error=CorpusError(f"{where}: {problem}"))
    if isinstance(item.get("paragraphs"), list):
        problem = "got the training format of spaCy 2, expected rows: run spacy convert first."
        return Row(where, error=CorpusError(f"{where}: {problem}"))
    if isinstance(item.get("data"), dict) and isinstance(item.get("annotations"), list):
        try:
            return Row(where, _label_studio(item))
        except CorpusError as error:
            return Row(where, error=CorpusError(f"{where}: {error}"))
    return Row(where, item)


def _is_pair(item: Any) -> bool:
    return (
        isinstance(item, list)
        and len(item) == 2
        and isinstance(item[0], str)
        and isinstance(item[1], (dict, list))
    )


def _label_studio(task: Mapping[str, Any]) -> dict[str, Any]:
    """RETURNS (dict[str, Any]): The data of a task, with "entities" and "labels"."""
    done = [found for found in task["annotations"] if not found.get("was_cancelled")]
    if not done:
        return {**task["data"], "answer": "ignore"}
    if len(done) > 1:
        raise CorpusError(f"got {len(done)} annotations of one task, expected one: keep one.")
    entities: list[dict[str, Any]] = []
    labels: list[str] = []
    for result in done[0].get("result", ()):
        value = result.get("value", {})
        if "choices" in value:
            labels.extend(value["choices"])
        elif "start" in value:
            entities.append({**value, "labels": value.get(result.get("type"), value.get("labels"))})
    return {**task["data"], "entities": entities, "labels": labels}
