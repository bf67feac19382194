"""Search for the best settings of a config."""

from .space import read_space
from .study import Tuning, tune

__all__ = ["Tuning", "read_space", "tune"]
