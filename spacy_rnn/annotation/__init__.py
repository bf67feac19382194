"""Texts in, annotations out: streaming, restartable, on one machine or many."""

from .annotate import Summary, annotate
from .errors import AnnotationError

__all__ = ["AnnotationError", "Summary", "annotate"]
