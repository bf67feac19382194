"""Errors of annotation."""


class AnnotationError(ValueError):
    """Texts cannot be annotated. The message says what was found, what is expected and what to do
    about it."""
