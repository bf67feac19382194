"""Analysis of pipelines: reports on their errors, and comparisons of systems."""

from .comparison import Comparison, compare
from .problems import AnalysisError
from .report import Report, report

__all__ = ["AnalysisError", "Comparison", "Report", "compare", "report"]
