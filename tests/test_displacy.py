"""Entities with their probabilities in displaCy."""

import pytest
import spacy
from spacy.tokens import Doc, SpanGroup

from spacy_rnn import render_entities


@pytest.fixture
def doc() -> Doc:
    nlp = spacy.blank("en")
    doc = Doc(nlp.vocab, ["Ada", "met", "Bob", "<b>"], ents=["B-PERSON", "O", "B-PERSON", "O"])
    spans = [doc.char_span(0, 3, "PERSON"), doc.char_span(0, 3, "GPE"), doc.ents[1]]
    doc.spans["entities"] = SpanGroup(doc, spans=spans, attrs={"scores": [0.914, 0.05, 0.6]})
    return doc


def test_each_entity_has_its_label_and_probability(doc):
    html = render_entities(doc, jupyter=False)
    assert "PERSON 0.91" in html
    assert "PERSON 0.60" in html
    assert "GPE" not in html
    assert "&lt;b&gt;" in html
    assert html.count('class="entity"') == 2


def test_options_and_pages_are_those_of_displacy(doc):
    html = render_entities([doc, doc], page=True, jupyter=False, options={"ents": ["ORG"]})
    assert html.startswith("<!DOCTYPE html>")
    assert "PERSON" not in html
    html = render_entities(doc, jupyter=False, options={"colors": {"PERSON": "#abc"}})
    assert html.count("background: #abc") == 2


def test_probabilities_that_are_not_there(doc):
    with pytest.raises(
        ValueError, match=r"spans \['entities'\], expected 'sc' with scores.*Set sp"
    ):
        render_entities(doc, "sc")
