"""What large models know, for small ones: pretrained subwords and teachers."""

from .errors import TransferError

__all__ = ["TransferError"]
