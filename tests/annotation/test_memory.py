"""Memory is bounded, and the tokenizer knows the words that come first."""

import pytest
import spacy

from spacy_rnn.annotation import memory
from spacy_rnn.annotation.memory import bounded_memory


def test_the_first_words_stay_and_others_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    nlp = spacy.blank("en")
    monkeypatch.setattr(memory, "WORDS", len(nlp.vocab) + 1)
    with bounded_memory(nlp):
        nlp("first words of all")
    with bounded_memory(nlp):
        doc = nlp("first evanescence")
        assert doc[1].text == "evanescence"
    assert "words" in nlp.vocab
    assert "words" in nlp.vocab.strings
    assert "evanescence" not in nlp.vocab.strings
    with bounded_memory(nlp):
        nlp("another evanescence")
    assert "another" not in nlp.vocab.strings
