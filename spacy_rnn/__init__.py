"""Recurrent pipelines for spaCy."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .explanation import explain

__all__ = ["explain"]


def __getattr__(name: str) -> Any:
    # Spares whoever has the package installed an import that few need.
    if name == "explain":
        from .explanation import explain

        return explain
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
