"""Comments of configs: those of the recipes, and what docstrings say about other settings."""

import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from spacy.language import Language
from spacy.util import CONFIG_SECTION_ORDER, registry
from thinc.api import Config

WIDTH = 100
# `name (type): Description.`, up to the next entry of a docstring.
ENTRY = re.compile(
    r"^(?P<name>[a-z]\w*) \((?P<type>[^\n]*?)\): (?P<text>.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL
)


def comments_in(text: str) -> dict[str, str]:
    """Find the comments of a config.

    text (str): The config.
    RETURNS (Dict[str, str]): The comment above a setting, by the dotted name of that, or above the
        header of a section, by the name of the section. That of the whole config, above its first
        section, has the name "".
    """
    found: dict[str, str] = {}
    section, lines = None, []
    for line in text.splitlines():
        if line.startswith("#"):
            lines.append(line.removeprefix("#").strip())
            continue
        if header := re.match(r"\[(.+)\]", line):
            is_first, section = section is None, header[1]
            key = "" if is_first else section
        else:
            key = f"{section}.{line.partition(' =')[0]}"
        if lines:
            found[key] = " ".join(lines)
        lines = []
    return found


def annotate(config: Config, comments: Mapping[str, str]) -> str:
    """Write a config with comments.

    config (Config): The config.
    comments (Mapping[str, str]): Comments by dotted name, as of `comments_in`. Other settings have
        those of the docstring of what they are handed to.
    RETURNS (str): The config.
    """
    lines = [*_wrap(comments.get("", "")), ""]
    written = dict(_sections(config.to_str(interpolate=False)))
    for section, block in _in_order(config):
        documented = _documented(block)
        lines.extend([*_wrap(comments.get(section, "")), f"[{section}]"])
        settings = written.get(section, [])
        for line in sorted(settings, key=lambda line: not line.startswith(("@", "factory"))):
            name = line.partition(" =")[0]
            note = comments.get(f"{section}.{name}") or documented.get(name, "")
            lines.extend([*_wrap(note), line])
        lines.append("")
    return "\n".join(lines)


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """YIELDS (Tuple[str, List[str]]): The name of a section and the lines below its header."""
    for section in re.split(r"(?m)^\[", text)[1:]:
        name, _, lines = section.partition("]")
        yield name, [line for line in lines.split("\n") if line]


def _in_order(block: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """YIELDS (Tuple[str, Mapping[str, Any]]): Each section by its name, what it holds behind it."""
    if name:
        yield name, block
    names = CONFIG_SECTION_ORDER if not name else block
    for key in names:
        if isinstance(block.get(key), Mapping):
            yield from _in_order(block[key], f"{name}.{key}" if name else key)


def _documented(block: Mapping[str, Any]) -> dict[str, str]:
    """RETURNS (Dict[str, str]): What the docstring of a registered function says about each of its
    arguments, where it is one of this package: others do not keep to one style.
    """
    for key, value in block.items():
        if key == "factory" and Language.has_factory(value):
            function: Any = registry.factories.get(value)
        elif key.startswith("@"):
            function = registry.get(key[1:], value)
        else:
            continue
        if function.__module__.startswith("spacy_rnn."):
            text = inspect.getdoc(function) or ""
            return {m["name"]: " ".join(m["text"].split()) for m in ENTRY.finditer(text)}
    return {}


def _wrap(comment: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(comment, WIDTH - 2, break_on_hyphens=False)]
