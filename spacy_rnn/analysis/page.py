"""Self-contained pages: the data as JSON, and what draws it.

Charts are drawn by Observable Plot with D3 (both ISC), which the package brings along unchanged in
`page/vendor/`: together half a megabyte, they make SVG that takes the page's colours, light and
dark, and prints.
"""

import json
import re
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Literal

VENDOR = ("vendor/d3-7.9.2.min.js", "vendor/plot-0.6.17.umd.min.js")


def page(name: Literal["compare", "report", "tune"], title: str, data: dict[str, Any]) -> str:
    """Make a page.

    name (str): What draws it.
    title (str): Its title.
    data (Dict[str, Any]): What it shows, as what JSON has.
    RETURNS (str): The HTML.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    scripts = "\n".join(
        f"<script>{read(part)}</script>" for part in (*VENDOR, "common.js", f"{name}.js")
    )
    parts = {
        "title": escape(title),
        "style": read("page.css"),
        # Nothing in it can end the element that it stands in.
        "data": text.replace("<", "\\u003c"),
        "scripts": scripts,
    }
    return re.sub(r"\{\{ (\w+) \}\}", lambda match: parts[match[1]], read("page.html"))


def frame(html: str) -> str:
    """RETURNS (str): A page in a frame, as a notebook shows it."""
    style = "width: 100%; height: 80vh; border: 0"
    return f'<iframe srcdoc="{escape(html)}" style="{style}"></iframe>'


@cache
def read(name: str) -> str:
    """RETURNS (str): The text of a file in `page/`."""
    return files(__package__).joinpath("page", name).read_text(encoding="utf8")
