"""Errors of transfer."""


class TransferError(ValueError):
    """Something cannot be transferred. The message says what was found, what is expected and what
    to do about it."""
