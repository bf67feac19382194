"""Explanations of predictions: how much each token bears on a label."""

from .explanations import Explanation, explain, explain_all
from .faithfulness import Faithfulness, faithfulness
from .heatmap import render
from .methods import METHODS, methods_for
from .questions import find_component

__all__ = [
    "METHODS",
    "Explanation",
    "Faithfulness",
    "explain",
    "explain_all",
    "faithfulness",
    "find_component",
    "methods_for",
    "render",
]
