"""Components as graphs of ONNX, for programs without torch and spaCy."""

from .errors import ExportError
from .export import FILES, export

__all__ = ["FILES", "ExportError", "export"]
