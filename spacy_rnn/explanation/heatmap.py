"""Heat maps of explanations in HTML."""

from collections.abc import Iterable
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .explanations import Explanation

# Two colours that colour-blind readers can tell apart (Okabe & Ito 2008), and legible behind dark
# text on a light page as well as behind light text on a dark one.
FOR, AGAINST = "0, 114, 178", "213, 94, 0"
OPACITY = 0.55
# Tokens below this share of the largest weight stay plain.
FAINT = 0.05

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Explanations</title>
</head>
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; \
padding: 0 1rem">
{content}
</body>
</html>
"""
LEGEND = """<p style="font-size: 0.85em">Tokens {pro} speak for the label, tokens {con} against \
it: the stronger the colour, the more. Bold tokens have the label.</p>"""
FIGURE = """<figure style="margin: 0 0 2.5rem">
<figcaption style="margin-bottom: 0.5em"><strong>{label}</strong> {score:.2f} \
<span style="font-size: 0.85em; opacity: 0.75">{component}</span></figcaption>
{rows}
</figure>"""
ROW = """<div style="display: flex; flex-wrap: wrap; gap: 0 1rem; margin-bottom: 0.5em">
<div style="flex: 0 0 11rem; font-size: 0.85em; line-height: 2.1; opacity: 0.75">{method}</div>
<div dir="auto" style="flex: 1 1 20rem; line-height: 2.1">{tokens}</div>
</div>"""
MARK = """<mark title="{title}" style="color: inherit; background: rgba({color}, {opacity:.2f}); \
border-bottom: 2px {line} rgba({color}, {share:.2f}); padding: 0.2em 0.1em; \
border-radius: 0.2em">{text}</mark>"""


def render(explanations: Iterable["Explanation"], page: bool = False) -> str:
    """Draw heat maps: those of one prediction below each other.

    explanations (Iterable[Explanation]): The explanations.
    page (bool): Make it a whole HTML page.
    RETURNS (str): The HTML.
    """
    legend = LEGEND.format(pro=_mark("like this", 0.5), con=_mark("like this", -0.5))
    figures = [_figure(list(group)) for _, group in groupby(explanations, _prediction)]
    content = "\n".join((legend, *figures))
    return PAGE.format(content=content) if page else content


def _prediction(explanation: "Explanation") -> Any:
    return {**vars(explanation), "weights": None, "method": None}


def _figure(explanations: list["Explanation"]) -> str:
    first = explanations[0]
    return FIGURE.format(
        label=escape(first.label),
        score=first.score,
        component=escape(first.component),
        rows="\n".join(_row(explanation) for explanation in explanations),
    )


def _row(explanation: "Explanation") -> str:
    largest = max(map(abs, explanation.weights)) or 1.0
    start, end = explanation.span or (0, 0)
    parts = []
    rows = zip(explanation.tokens, explanation.spaces, explanation.weights, strict=True)
    for i, (token, space, weight) in enumerate(rows):
        text = escape(token)
        if start <= i < end:
            text = f"<strong>{text}</strong>"
        parts.append(_mark(text, weight / largest, f"{weight:+.4f}") + " " * space)
    method = escape(explanation.method.replace("_", " "))
    return ROW.format(method=method, tokens="".join(parts))


def _mark(text: str, share: float, title: str = "") -> str:
    if abs(share) < FAINT:
        return f'<span title="{title}">{text}</span>'
    color, line = (FOR, "solid") if share > 0 else (AGAINST, "dashed")
    share = abs(share)
    opacity = OPACITY * share
    return MARK.format(text=text, title=title, color=color, line=line, opacity=opacity, share=share)
