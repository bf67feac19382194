"""A hook of mkdocs: pages of reference from docstrings in spaCy's style, which others' tools do not
read.

A line `::: spacy_rnn.architectures:tok2vec` becomes what the docstring of the function says, with
its arguments as a table; `::: spacy rnn` becomes all commands, each with its arguments and options.
Folders in the navigation become their pages.
"""

import importlib
import inspect
import re
from enum import Enum
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo

from spacy_rnn.cli import app
from spacy_rnn.recipes.comments import ENTRY

# Marks for the tests, which mkdocs does not take for a block of code.
MARKS = re.compile(r"^(```\w+) [^\n]+$", re.MULTILINE)
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
    """RETURNS (str): The page with its reference written out, and blocks that are only code."""
    markdown = MARKS.sub(r"\1", markdown)
    markdown = markdown.replace("::: spacy rnn\n", describe_commands(app, "spacy rnn"))
    return LINE.sub(lambda line: describe(line["module"], line["name"]), markdown)


def describe_commands(app: typer.Typer, name: str) -> str:
    """RETURNS (str): What all commands of an app do and take, in Markdown."""
    found = {f"{name} {one.name}": _command(one.callback) for one in app.registered_commands}
    for group in app.registered_groups:
        prefix = f"{name} {group.typer_instance.info.name}"
        found[prefix] = describe_commands(group.typer_instance, prefix)
    texts = (
        text if text.startswith("##") else f"## `{title}`\n\n{text}"
        for title, text in sorted(found.items())
    )
    return "\n".join(texts)


def _command(function: Any) -> str:
    """RETURNS (str): What a command does, and a table of its arguments and options."""
    hints = get_type_hints(function, include_extras=True)
    rows = []
    for name, parameter in inspect.signature(function).parameters.items():
        if get_origin(hints[name]) is not Annotated:
            continue  # the context
        kind, info = get_args(hints[name])
        option = f"--{name.replace('_', '-')}"
        # typer takes the first name for a default, until it reads the function.
        given = [info.default] * isinstance(info.default, str) + [*(info.param_decls or ())]
        names = "/".join(given or [name if isinstance(info, ArgumentInfo) else option]).split("/")
        default = getattr(parameter.default, "value", parameter.default)
        shown = "" if default in (None, False, "", inspect.Parameter.empty) else f"`{default}`"
        kinds = [kind, *get_args(kind), *chain.from_iterable(map(get_args, get_args(kind)))]
        enums = [each for each in kinds if isinstance(each, type) and issubclass(each, Enum)]
        choices = ", ".join(f"`{one.value}`" for each in enums for one in each)
        text = f"{info.help or ''}{': ' + choices if choices else ''}"
        rows.append(f"| {', '.join(f'`{n}`' for n in names)} | {shown} | {_cell(text)} |")
    said = " ".join((inspect.getdoc(function) or "").split())
    return "\n".join([said, "", "| argument | default | |", "| --- | --- | --- |", *rows, ""])


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
