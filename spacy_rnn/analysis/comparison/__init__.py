"""Comparison of systems that are trained on the same data."""

from .comparison import compare
from .results import Comparison

__all__ = ["Comparison", "compare"]
