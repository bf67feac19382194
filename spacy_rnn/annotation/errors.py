"""Errors of annotation."""

from ..errors import UserError


class AnnotationError(UserError):
    """Texts cannot be annotated."""
