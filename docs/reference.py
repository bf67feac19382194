"""A hook of mkdocs: pages of reference from docstrings in spaCy's style, which others' tools do not
read.

A line `::: spacy_rnn.architectures:tok2vec` becomes what the docstring of the function says, with
its arguments as a table. Folders in the navigation become their pages.
"""

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

from spacy_rnn.recipes.comments import ENTRY

LINE = re.compile(r"^::: (?P<module>[\w.]+):(?P<name>\w+)$", re.MULTILINE)


def on_config(config: Any) -> Any:
    """Put the pages of a folder in its place in the navigation."""
    docs = Path(config["docs_dir"])
    for item in config["nav"]:
        for title, value in item.items() if isinstance(item, dict) else ():
            if isinstance(value, str) and (docs / value).is_dir():
                pages = sorted((docs / value).glob("*.md"))
                item[title] = [str(page.relative_to(docs)) for page in pages]
    return config


def on_page_markdown(markdown: str, **_: Any) -> str:
    """RETURNS (str): The page with its reference written out."""
    return LINE.sub(lambda line: describe(line["module"], line["name"]), markdown)


def describe(module: str, name: str) -> str:
    """RETURNS (str): What the docstring of a function says, in Markdown."""
    function = getattr(importlib.import_module(module), name)
    text = inspect.getdoc(function) or ""
    first = re.search(r"^(?:[a-z]\w*|RETURNS|RAISES) \(", text, re.MULTILINE)
    said = text[: first.start()] if first else text
    defaults = {p.name: p.default for p in inspect.signature(function).parameters.values()}
    rows = [
        f"| `{e['name']}` | {_cell(e['type'])} | {_default(defaults.get(e['name']))} "
        f"| {_cell(' '.join(e['text'].split()))} |"
        for e in ENTRY.finditer(text)
    ]
    table = ["| argument | type | default | |", "| --- | --- | --- | --- |", *rows] if rows else []
    ends = re.findall(r"^((?:RETURNS|RAISES) \(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    return "\n".join([said, *table, "", *(f"{' '.join(end.split())}\n" for end in ends)])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _default(value: Any) -> str:
    return "" if value in (None, inspect.Parameter.empty) else f"`{value!r}`"
