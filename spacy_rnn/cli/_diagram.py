"""Reliability diagrams (DeGroot & Fienberg 1983) as SVG."""

from collections.abc import Mapping
from html import escape

from ..pipeline.calibration import Reliability

SIDE = 240
MARGIN = 48
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#555}.title{font-weight:600;fill:#222}"
    ".bar{fill:#4c78a8}.count{font-size:9px}.interval{stroke:#e6550d;stroke-width:2}"
    ".ideal{stroke:#999;stroke-dasharray:4 4}.axis{stroke:#999;fill:none}"
    "@media(prefers-color-scheme:dark){text{fill:#bbb}.title{fill:#eee}.bar{fill:#7aa6d8}}"
)


def reliability_diagram(found: Mapping[str, Reliability]) -> str:
    """Draw a diagram for each component: bars as high as the share of right predictions, with its
    interval, over the probability that was promised. On the dashed line they are the same. Above
    is how many predictions there are.

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
        f"<title>{count} predictions, probability {mean:.2f}, right {share:.2f} "
        f"({low:.2f} to {high:.2f})</title></rect>"
        f'<path class="interval" d="M{(i + 0.5) * width:.1f} {SIDE * (1 - low):.1f}'
        f'V{SIDE * (1 - high):.1f}"/>'
        f'<text class="count" x="{(i + 0.5) * width:.1f}" y="-4" text-anchor="middle">'
        f"{_short(count)}</text>"
        for i, (count, mean, share, (low, high)) in enumerate(
            zip(*result[:3], result.intervals(), strict=True)
        )
        if count
    )
    ticks = "".join(
        f'<text x="{SIDE * value}" y="{SIDE + 16}" text-anchor="middle">{value:g}</text>'
        f'<text x="-8" y="{SIDE * (1 - value) + 4}" text-anchor="end">{value:g}</text>'
        for value in (0.0, 0.5, 1.0)
    )
    return (
        f'<text class="title" x="0" y="-36">{escape(name)}</text>'
        f'<text x="0" y="-20">calibration error {result.error:.3f}, '
        f"{int(result.counts.sum())} predictions</text>"
        f'{bars}<path class="axis" d="M0 0V{SIDE}H{SIDE}"/>'
        f'<path class="ideal" d="M0 {SIDE}L{SIDE} 0"/>{ticks}'
        f'<text x="{SIDE / 2}" y="{SIDE + 34}" text-anchor="middle">probability</text>'
        f'<text transform="translate(-30 {SIDE / 2}) rotate(-90)" text-anchor="middle">right</text>'
    )


def _short(count: int) -> str:
    """RETURNS (str): A number that is no wider than a bar."""
    return str(count) if count < 1000 else f"{count / 1000:.0f}k"
