"""Reliability diagrams (DeGroot & Fienberg 1983) as SVG."""

from collections.abc import Mapping
from html import escape

from ..pipeline.calibration import Reliability

SIDE = 240
MARGIN = 48
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#555}.title{font-weight:600;fill:#222}"
    ".bar{fill:#4c78a8}.ideal{stroke:#999;stroke-dasharray:4 4}.axis{stroke:#999;fill:none}"
    "@media(prefers-color-scheme:dark){text{fill:#bbb}.title{fill:#eee}.bar{fill:#7aa6d8}}"
)


def reliability_diagram(found: Mapping[str, Reliability]) -> str:
    """Draw a diagram for each component: bars as high as the share of right predictions, over
    the probability that was promised. On the dashed line they are the same.

    found (Mapping[str, Reliability]): How reliable the probabilities are, by component.
    RETURNS (str): The picture.
    """
    step = SIDE + 2 * MARGIN
    panels = "".join(
        f'<g transform="translate({MARGIN + i * step},{MARGIN})">{_panel(name, result)}</g>'
        for i, (name, result) in enumerate(found.items())
    )
    size = f'width="{len(found) * step}" height="{step}"'
    label = "Share of right predictions by their probability"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{label}">'
        f"<style>{STYLE}</style>{panels}</svg>\n"
    )


def _panel(name: str, result: Reliability) -> str:
    n_bins = len(result.counts)
    width = SIDE / n_bins
    bars = "".join(
        f'<rect class="bar" x="{i * width + 1:.1f}" y="{SIDE * (1 - share):.1f}" '
        f'width="{width - 2:.1f}" height="{SIDE * share:.1f}" '
        f'opacity="{0.3 + 0.7 * count / result.counts.max():.2f}">'
        f"<title>{count} predictions, probability {mean:.2f}, right {share:.2f}</title></rect>"
        for i, (count, mean, share) in enumerate(zip(*result[:3], strict=True))
        if count
    )
    ticks = "".join(
        f'<text x="{SIDE * value}" y="{SIDE + 16}" text-anchor="middle">{value:g}</text>'
        f'<text x="-8" y="{SIDE * (1 - value) + 4}" text-anchor="end">{value:g}</text>'
        for value in (0.0, 0.5, 1.0)
    )
    return (
        f'<text class="title" x="0" y="-24">{escape(name)}</text>'
        f'<text x="0" y="-8">calibration error {result.error:.3f}, '
        f"{int(result.counts.sum())} predictions</text>"
        f'{bars}<path class="axis" d="M0 0V{SIDE}H{SIDE}"/>'
        f'<path class="ideal" d="M0 {SIDE}L{SIDE} 0"/>{ticks}'
        f'<text x="{SIDE / 2}" y="{SIDE + 34}" text-anchor="middle">probability</text>'
        f'<text transform="translate(-30 {SIDE / 2}) rotate(-90)" text-anchor="middle">right</text>'
    )
