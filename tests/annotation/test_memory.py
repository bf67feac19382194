"""Memory is bounded, and the tokenizer knows the words that come first."""

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy import util
from spacy.language import Language

from spacy_rnn.annotation import annotate, memory
from spacy_rnn.annotation.memory import bounded_memory
from spacy_rnn.annotation.texts import Source


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


def test_a_pipeline_that_has_forgotten_many_words_is_loaded_anew(
    nlp: Language,
    model: Path,
    texts: Path,
    tmp_path: Path,
    files: Callable[[Path], dict[str, bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, loaded = Source(str(texts)), []
    annotate(nlp, str(model), source, tmp_path / "once", shard_size=40)
    load = util.load_model
    monkeypatch.setattr(memory, "MOST_WORDS", len(nlp.vocab))
    monkeypatch.setattr(util, "load_model", lambda m: loaded.append(m) or load(m))
    annotate(nlp, str(model), source, tmp_path / "anew", shard_size=40)
    assert loaded == [str(model)] * 3  # each shard of the three has all words
    assert files(tmp_path / "anew") == files(tmp_path / "once")
