"""Errors of training."""

from ..errors import UserError


class TrainingError(UserError):
    """Training cannot begin or go on."""
