"""Memory is bounded, and the tokenizer knows the words that come first."""

import weakref
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

    def load(path: str) -> Language:
        # Two pipelines at a time would take twice the memory.
        assert [pipeline() for pipeline in loaded] == [None] * len(loaded)
        made = util.load_model(path)
        loaded.append(weakref.ref(made))
        return made

    annotate(str(model), source, tmp_path / "once", shard_size=40)
    monkeypatch.setattr(memory, "MOST_WORDS", len(nlp.vocab))
    annotate(str(model), source, tmp_path / "anew", load=load, shard_size=40)
    assert len(loaded) == 1 + 3  # each shard of the three has all words
    assert files(tmp_path / "anew") == files(tmp_path / "once")
