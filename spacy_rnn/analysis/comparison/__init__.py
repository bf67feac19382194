"""Comparison of systems that are trained on the same data."""

from .comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
