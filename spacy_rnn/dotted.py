"""Settings of a config by dotted name, such as training.dropout."""

from collections.abc import Iterable, Mapping
from typing import Any


def setting(config: Mapping[str, Any], name: str) -> Any:
    """RETURNS (Any): A setting by dotted name, None where there is none."""
    block: Any = config
    for key in name.split("."):
        block = block.get(key) if isinstance(block, dict) else None
    return block


def has_setting(config: Mapping[str, Any], name: str) -> bool:
    """RETURNS (bool): Whether a config has a setting, which may be null."""
    parent, _, key = name.rpartition(".")
    block = setting(config, parent) if parent else config
    return isinstance(block, dict) and key in block


def unknown_setting(config: Mapping[str, Any], names: Iterable[str], what: str) -> str | None:
    """Say which setting a config lacks. spaCy drops such a setting without a word.

    config (Mapping[str, Any]): The config, complete.
    names (Iterable[str]): Dotted names of settings.
    what (str): What the config is, for the message.
    RETURNS (Optional[str]): The message about the first that is lacking, if one is.
    """
    for name in names:
        if not has_setting(config, name):
            return (
                f"Unknown setting: got {name}, which {what} lacks, expected a dotted name such as "
                "training.dropout."
            )
    return None
