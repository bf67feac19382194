"""Recurrent pipelines for spaCy."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .displacy import render_entities
    from .explanation import explain

__all__ = ["__version__", "explain", "render_entities"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Spares whoever has the package installed imports that few need.
    if name == "explain":
        from .explanation import explain

        return explain
    if name == "render_entities":
        from .displacy import render_entities

        return render_entities
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
