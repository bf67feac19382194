"""The picture of the flow is drawn from the model as it is."""

import importlib.util
from pathlib import Path
from xml.etree import ElementTree

DOCS = Path(__file__).parents[2] / "docs"


def test_the_picture_is_that_of_the_model():
    spec = importlib.util.spec_from_file_location("flow", DOCS / "flow.py")
    flow = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(flow)
    stored = (DOCS / "how-it-works" / "flow.svg").read_text(encoding="utf8")
    assert flow.picture() == stored, "run python docs/flow.py"
    names = [text.text for text in ElementTree.fromstring(stored).iter() if text.text]
    assert any(name.startswith("token_embedding: torch module TokenEmbedding") for name in names)
