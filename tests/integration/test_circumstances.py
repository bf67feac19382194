"""Pipelines under circumstances that a user brings: other vocabs, inference mode, validation."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import data_validation
from thinc.types import Ragged

WITH_ALL = {"width": 16, "characters": True, "include_static_vectors": True, "learn_unknown": True}
MODELS: list[tuple[str, dict[str, Any]]] = [
    ("rnn_tagger", {"tok2vec": WITH_ALL}),
    ("rnn_tagger", {"tok2vec": {"width": 16}, "crf": True}),
    ("rnn_ner", {"tok2vec": WITH_ALL}),
    ("rnn_textcat", {"tok2vec": WITH_ALL, "ngram_rows": 500}),
    ("rnn_textcat_multilabel", {"tok2vec": {"width": 16}, "ngram_rows": 500, "window": 3}),
    ("rnn_tok2vec", {"width": 16, "depth": 2, "cell": ["lstm", "gru"]}),
]
every_model = pytest.mark.parametrize(("factory", "model"), MODELS)
TEXTS = ["They liked the cold soup .", "Nobody saw what others saw .", "", "Yes !"]


def build(nlp: Language, factory: str, model: dict[str, Any], examples: list[Example]) -> Any:
    for i, word in enumerate(("They", "liked", "soup", "Nobody")):
        nlp.vocab.set_vector(word, numpy.full(7, i, dtype="f"))
    nlp.add_pipe(factory, config={"model": model})
    return nlp.initialize(lambda: examples)


def outputs(nlp: Language, docs: list[Doc]) -> list[numpy.ndarray]:
    found = nlp.pipeline[0][1].model.predict(docs)
    if isinstance(found, Ragged):
        return numpy.split(found.dataXd, found.lengths.cumsum()[:-1])
    return list(found)


@every_model
def test_documents_of_two_vocabs(
    nlp: Language, make_examples: Callable, factory: str, model: dict[str, Any]
) -> None:
    optimizer = build(nlp, factory, model, make_examples(nlp))
    other = spacy.blank("en")
    for word in ("They", "Nobody"):  # with other vectors
        other.vocab.set_vector(word, numpy.full(7, 5, dtype="f"))
    docs = [(nlp, other)[i % 2].make_doc(text) for i, text in enumerate(TEXTS)]
    alone = [outputs(nlp, [doc])[0] for doc in docs]
    for batch in (docs, docs[::-1]):
        expected = alone if batch is docs else alone[::-1]
        for a, b in zip(outputs(nlp, batch), expected, strict=True):
            numpy.testing.assert_allclose(a, b, atol=1e-5)
    losses = nlp.update([*make_examples(nlp), *make_examples(other)], sgd=optimizer)
    assert factory == "rnn_tok2vec" or losses[factory] > 0


@every_model
def test_loaded_in_inference_mode(
    nlp: Language, make_examples: Callable, tmp_path: Path, factory: str, model: dict[str, Any]
) -> None:
    build(nlp, factory, model, make_examples(nlp))
    nlp.to_disk(tmp_path)
    docs = [nlp.make_doc(text) for text in TEXTS]
    with torch.inference_mode():
        loaded = spacy.load(tmp_path)
        within = outputs(loaded, docs)
    for a, b, c in zip(outputs(nlp, docs), within, outputs(loaded, docs), strict=True):
        numpy.testing.assert_allclose(a, b, atol=1e-6)
        numpy.testing.assert_allclose(a, c, atol=1e-6)
    examples = make_examples(loaded)
    losses = loaded.update(examples, sgd=loaded.resume_training())
    assert factory == "rnn_tok2vec" or losses[factory] > 0
    assert loaded.to_bytes() != nlp.to_bytes()


@every_model
def test_under_validation(
    nlp: Language, make_examples: Callable, factory: str, model: dict[str, Any]
) -> None:
    with data_validation(True):
        optimizer = build(nlp, factory, model, make_examples(nlp))
        nlp.update(make_examples(nlp), sgd=optimizer, drop=0.2)
        assert len(list(nlp.pipe(TEXTS))) == len(TEXTS)


def test_an_unchanged_classifier_has_nothing_to_unlearn(
    nlp: Language, make_examples: Callable
) -> None:
    model = {"tok2vec": {"width": 16}, "ngram_rows": 500}
    optimizer = build(nlp, "rnn_textcat", model, make_examples(nlp))
    for _ in range(3):
        nlp.update(make_examples(nlp), sgd=optimizer, drop=0.5)
    nlp.resume_training(sgd=optimizer)
    assert nlp.rehearse(make_examples(nlp))["rnn_textcat"] == pytest.approx(0.0, abs=1e-9)


def test_equally_probable_alternatives_do_not_depend_on_the_batch(
    nlp: Language, make_examples: Callable
) -> None:
    config = {"spans_key": "sc", "n_best": 6, "model": {"tok2vec": {"width": 64}}}
    pipe = nlp.add_pipe("rnn_ner", config=config)
    for label in "ABCDEFGH":  # never seen: equally probable
        pipe.add_label(label)
    optimizer = nlp.initialize(lambda: make_examples(nlp))
    for _ in range(3):
        nlp.update(make_examples(nlp), sgd=optimizer)

    def listed(texts: list[str]) -> list[list[tuple[int, int, str]]]:
        docs = pipe.pipe([nlp.make_doc(text) for text in texts])
        return [[(s.start, s.end, s.label_) for s in doc.spans["sc"]] for doc in docs]

    texts = ["soup " * 7, *TEXTS, "one two three four five", "bread " * 30, "Who ?"]
    alone = [listed([text])[0] for text in texts]
    assert listed(texts) == alone
    assert listed(texts[::-1]) == alone[::-1]
    assert [listed([text, "word " * 50])[0] for text in texts] == alone
