"""What a training depends on: its config, its data, and the software it runs on."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from spacy.util import dict_to_dot
from thinc.api import Config

from ..digest import digest

SECTIONS_WITH_FILES = ("paths", "corpora", "initialize")
PACKAGES = ("spacy-rnn", "spacy", "thinc", "torch", "numpy")


def describe(config: Config) -> dict[str, Any]:
    """Describe what a training depends on.

    config (Config): The config.
    RETURNS (dict[str, Any]): Ready for JSON: each setting but the logger's, or the digest of the
        file or folder that it names; and the software, which decides on the last bits only.
    """
    settings = {
        name: f"data {digest(Path(value))}" if _is_file(name, value) else value
        for name, value in dict_to_dot(config.interpolate()).items()
        if not name.startswith("training.logger.")
    }
    software = {package: version(package) for package in PACKAGES}
    software["Python"] = platform.python_version()
    software["machine"] = platform.machine()
    software["threads"] = str(torch.get_num_threads())
    return {"settings": settings, "software": software}


def changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """RETURNS (list[str]): What differs between two dictionaries, in words."""
    return [
        f"{name} was {_words(before, name)}, is {_words(now, name)}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name) or (name in before) != (name in now)
    ]


def _words(values: dict[str, Any], name: str) -> str:
    return repr(values[name]) if name in values else "missing"


def _is_file(name: str, value: Any) -> bool:
    in_section = name.partition(".")[0] in SECTIONS_WITH_FILES
    return in_section and isinstance(value, str) and value != "" and Path(value).exists()
