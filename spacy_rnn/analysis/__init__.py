"""Analysis of pipelines: reports on their errors."""

from .problems import AnalysisError
from .report import Report, report

__all__ = ["AnalysisError", "Report", "report"]
