"""Recurrent pipelines for spaCy."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .explanation import explain

__all__ = ["__version__", "explain"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Spares whoever has the package installed an import that few need.
    if name == "explain":
        from .explanation import explain

        return explain
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
