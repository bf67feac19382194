"""Draw the model of a component, from the model itself: `python docs/flow.py`."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import spacy
from thinc.api import Model

from spacy_rnn.layers.shim import TorchShim

PAGE = Path(__file__).parent / "how-it-works" / "flow.svg"
WIDTH, LINE, PAD, GAP, LEFT = 640, 19, 12, 26, 20
STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #222 } .name { font-weight: 600 }
.data { fill: #666; font-style: italic } rect { fill: #f2f5fa; stroke: #5b7db1 }
path { stroke: #5b7db1; fill: none; marker-end: url(#arrow) } marker path { fill: #5b7db1 }
@media (prefers-color-scheme: dark) {
  text { fill: #ddd } .data { fill: #aaa } rect { fill: #202a38 }
}
</style>
<marker id="arrow" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">
<path d="M0,0 L8,4 L0,8 z"/></marker>"""
# What the layers take and give, by their place between those that take or give something else.
START, FLAT, LISTS = "Docs", "flat array: tokens x width, and lengths", "an array for each Doc"


def leaves(model: Model[Any, Any]) -> Iterator[Model[Any, Any]]:
    """YIELDS (Model): The layers that compute something, in order."""
    if not model.layers:
        yield model
    for layer in model.layers:
        yield from leaves(layer)


def lines(layer: Model[Any, Any]) -> list[str]:
    """RETURNS (List[str]): What is to be said of a layer: its name, and what it has inside."""
    found = [layer.name]
    for shim in layer.shims:
        if isinstance(shim, TorchShim):
            found[0] += f": torch module {type(shim.module).__name__}"
            for name, part in shim.module.named_children():
                sizes = [f"{tuple(weight.shape)}" for weight in part.parameters()]
                more = f" and {len(sizes) - 3} more" if len(sizes) > 3 else ""
                found.append(f"{name}: {type(part).__name__}, weights {', '.join(sizes[:3])}{more}")
    for name in layer.param_names:
        found.append(f"{name}: {layer.get_param(name).shape}")
    return found


def draw(model: Model[Any, Any], result: str) -> str:
    """RETURNS (str): A picture of the layers of a model, as SVG.

    model (Model): An initialized model.
    result (str): What becomes of its output.
    """
    parts, y, data = [], PAD + LINE, START
    for layer in leaves(model):
        parts.append(f'<text class="data" x="{LEFT}" y="{y}">{data}</text>')
        parts.append(f'<path d="M{WIDTH / 2},{y + 6} v{GAP - 8}"/>')
        y += GAP
        said = lines(layer)
        height = len(said) * LINE + PAD
        parts.append(f'<rect x="{LEFT}" y="{y}" width="{WIDTH - 2 * LEFT}" height="{height}"/>')
        for i, text in enumerate(said):
            kind = "" if i else ' class="name"'
            x, at = LEFT + PAD + (PAD if i else 0), y + (i + 1) * LINE
            parts.append(f'<text{kind} x="{x}" y="{at}">{escape(text)}</text>')
        y += height + GAP
        data = LISTS if "2list" in layer.name or data == LISTS else FLAT
    parts.append(f'<text class="data" x="{LEFT}" y="{y}">{result}</text>')
    size = f'viewBox="0 0 {WIDTH} {y + PAD}" width="{WIDTH}" height="{y + PAD}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    return "\n".join([head, STYLE, *parts, "</svg>\n"])


def picture() -> str:
    """RETURNS (str): The flow of `rnn_tagger` as it is by default."""
    nlp = spacy.blank("en")
    tagger: Any = nlp.add_pipe("rnn_tagger")
    for label in ("DT", "NN", "VB"):
        tagger.add_label(label)
    nlp.initialize()
    return draw(tagger.model, "Doc.tag_ of each token, here of 3 tags")


def main(args: Sequence[str] | None = None) -> int:
    ArgumentParser(description=__doc__).parse_args(args)
    PAGE.write_text(picture(), encoding="utf8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
