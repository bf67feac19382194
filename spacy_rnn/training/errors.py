"""Errors of training."""


class TrainingError(ValueError):
    """Training cannot begin or go on. The message says what was found, what is expected and what
    to do about it."""
