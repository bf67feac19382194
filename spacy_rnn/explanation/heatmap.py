"""Heat maps of explanations in HTML."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .explanations import Explanation
    from .faithfulness import Faithfulness

# Two colours that colour-blind readers can tell apart (Okabe & Ito 2008), and legible behind dark
# text on a light page as well as behind light text on a dark one. Attention is no evidence for or
# against a label, and grey.
FOR, AGAINST, NEUTRAL = "0, 114, 178", "213, 94, 0", "128, 128, 128"
OPACITY = 0.55
# Tokens below this share of the largest weight stay plain.
FAINT = 0.05

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
</head>
<body style="font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; \
padding: 0 1rem">
<h1 style="font-size: 1.4em">{title}</h1>
{content}
</body>
</html>
"""
LEGEND = """<p style="font-size: 0.85em">Tokens {pro} speak for the label, tokens {con} against \
it: the strongest colour is a weight of {largest:.2f}.{attention} Bold tokens have the label.</p>"""
ATTENTION = """ Tokens {mark} are what attention looks at, for whatever label: the strongest is \
a weight of {largest:.2f}."""
FIGURE = """<figure style="margin: 0 0 2.5rem">
<figcaption style="margin-bottom: 0.5em"><strong>{label}</strong> {score:.2f}{others} \
<span style="font-size: 0.85em; opacity: 0.75">{component}</span>{gold}</figcaption>
{rows}
</figure>"""
ROW = """<div style="display: flex; flex-wrap: wrap; gap: 0 1rem; margin-bottom: 0.5em">
<div style="flex: 0 0 11rem; font-size: 0.85em; line-height: 2.1; opacity: 0.75">{method}</div>
<div dir="auto" style="flex: 1 1 20rem; line-height: 2.1">{tokens}</div>
</div>"""
MARK = """<mark title="{title}" style="color: inherit; background: rgba({color}, {opacity:.2f}); \
border-bottom: 2px {line} rgba({color}, {share:.2f}); padding: 0.2em 0.1em; \
border-radius: 0.2em">{text}</mark>"""


def render(
    explanations: Iterable["Explanation"],
    page: bool = False,
    *,
    title: str = "Explanations",
    trust: Sequence["Faithfulness"] = (),
) -> str:
    """Draw heat maps: those of one prediction below each other, all on one scale; attention, whose
    weights are of another kind, has its own.

    explanations (Iterable[Explanation]): The explanations.
    page (bool): Make it a whole HTML page.
    title (str): The title of the page.
    trust (Sequence[Faithfulness]): How faithful the methods are, to be told.
    RETURNS (str): The HTML.
    """
    explanations = list(explanations)
    scales = {True: 0.0, False: 0.0}
    for one in explanations:
        kind = one.method == "attention"
        scales[kind] = max(scales[kind], *map(abs, one.weights))
    pro, con, seen = (_mark("like this", *kind) for kind in ((0.5,), (-0.5,), (0.5, True)))
    attention = ATTENTION.format(mark=seen, largest=scales[True]) if scales[True] else ""
    legend = LEGEND.format(pro=pro, con=con, largest=scales[False], attention=attention)
    figures = [_figure(list(group), scales) for _, group in groupby(explanations, _prediction)]
    content = "\n".join((legend, _advice(trust), *figures))
    return PAGE.format(title=escape(title), content=content) if page else content


def _advice(trust: Sequence["Faithfulness"]) -> str:
    """RETURNS (str): Which method to trust, in words."""
    if not trust:
        return ""
    drops = {one.method: one.comprehensiveness for one in trust}
    random = drops.pop("random")
    good = sorted((m for m in drops if drops[m] > random), key=lambda m: -drops[m])
    said = "No method is better than chance here." if not good else f"Trust {_words(good[0])} most."
    listed = ", ".join(f"{_words(method)} {drop:.2f}" for method, drop in drops.items())
    return (
        f'<p style="font-size: 0.85em">{said} Without the tokens that weigh most, the probability '
        f"of what is predicted drops by: {listed}; without random ones by {random:.2f} (means of "
        f"{trust[0].predictions} predictions on this page).</p>"
    )


def _words(method: str) -> str:
    return escape(method.replace("_", " "))


def _prediction(explanation: "Explanation") -> Any:
    return {**vars(explanation), "weights": None, "method": None}


def _figure(explanations: list["Explanation"], scales: Mapping[bool, float]) -> str:
    first = explanations[0]
    others = "".join(f", {escape(label)} {score:.2f}" for label, score in first.others)
    gold = "" if first.gold is None else f"<br>annotated: <strong>{escape(first.gold)}</strong>"
    return FIGURE.format(
        label=escape(first.label),
        score=first.score,
        others=f'<span style="opacity: 0.75">{others}</span>' if others else "",
        component=escape(first.component),
        gold=gold,
        rows="\n".join(_row(explanation, scales) for explanation in explanations),
    )


def _row(explanation: "Explanation", scales: Mapping[bool, float]) -> str:
    neutral = explanation.method == "attention"
    largest = scales[neutral] or 1.0
    start, end = explanation.span or (0, 0)
    parts = []
    rows = zip(explanation.tokens, explanation.spaces, explanation.weights, strict=True)
    for i, (token, space, weight) in enumerate(rows):
        text = escape(token)
        if start <= i < end:
            text = f"<strong>{text}</strong>"
        parts.append(_mark(text, weight / largest, neutral, f"{weight:+.4f}") + " " * space)
    return ROW.format(method=_words(explanation.method), tokens="".join(parts))


def _mark(text: str, share: float, neutral: bool = False, title: str = "") -> str:
    if abs(share) < FAINT:
        return f'<span title="{title}">{text}</span>'
    color, line = (FOR, "solid") if share > 0 else (AGAINST, "dashed")
    if neutral:
        color, line = NEUTRAL, "dotted"
    share = abs(share)
    opacity = OPACITY * share
    return MARK.format(text=text, title=title, color=color, line=line, opacity=opacity, share=share)
