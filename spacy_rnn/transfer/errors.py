"""Errors of transfer."""

from ..errors import UserError


class TransferError(UserError):
    """Something cannot be transferred."""
