"""spaCy's training, which can be killed at any moment and resumed exactly."""

from .errors import TrainingError
from .interruption import Interrupted
from .loop import train

__all__ = ["Interrupted", "TrainingError", "train"]
