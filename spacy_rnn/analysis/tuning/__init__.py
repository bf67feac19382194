"""Search for the best settings of a config."""

from .results import Tuning
from .space import read_space
from .study import tune

__all__ = ["Tuning", "read_space", "tune"]
