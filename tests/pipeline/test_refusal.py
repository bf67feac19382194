"""What a refused update leaves behind: nothing."""

from collections.abc import Callable

import numpy
import pytest
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spacy_rnn.layers.shim import TorchShim

FACTORIES = ["rnn_tagger", "rnn_ner", "rnn_textcat", "rnn_textcat_multilabel"]
TINY = {"width": 16, "include_static_vectors": True}


def bad_example(nlp: Language) -> Example:
    """RETURNS (Example): One with a word whose vector is NaN."""
    doc = Doc(nlp.vocab, words=["broken", "soup"])
    cats = {"bad": 1.0, "good": 0.0}
    annotation = {"tags": ["N", "N"], "entities": ["U-NOUN", "O"], "cats": cats}
    return Example.from_dict(doc, annotation)


def collected(nlp: Language) -> list[numpy.ndarray]:
    """RETURNS (List[ndarray]): All weights and gradients of a pipeline."""
    found = []
    for _, pipe in nlp.pipeline:
        for node in pipe.model.walk():
            for name in node.param_names:
                found.append(node.get_param(name))
                if node.has_grad(name):
                    found.append(node.get_grad(name))
            for shim in node.shims:
                assert isinstance(shim, TorchShim)
                for weight in shim._model.parameters():
                    found.append(weight.detach().numpy())
                    if weight.grad is not None:
                        found.append(weight.grad.numpy())
    return found


@pytest.fixture
def with_nan(nlp: Language) -> Language:
    for word in ("soup", "liked", "the", "broken"):
        vector = numpy.full(7, numpy.nan if word == "broken" else 0.5, dtype="f")
        nlp.vocab.set_vector(word, vector)
    return nlp


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("factory", FACTORIES)
def test_after_a_refused_update_the_next_one_is_as_ever(
    with_nan: Language, make_examples: Callable, factory: str, shared: bool
) -> None:
    nlp = with_nan
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 16}
    if shared:
        nlp.add_pipe("rnn_tok2vec", name="tok2vec", config={"model": TINY})
    nlp.add_pipe(factory, config={"model": {"tok2vec": listener if shared else TINY}})
    optimizer = nlp.initialize(lambda: make_examples(nlp))
    nlp.update(make_examples(nlp), sgd=optimizer)
    with pytest.raises(ValueError, match="not finite"):
        nlp.update([bad_example(nlp)], sgd=optimizer)
    assert all(numpy.isfinite(array).all() for array in collected(nlp))
    losses = nlp.update(make_examples(nlp), sgd=optimizer)
    assert numpy.isfinite(losses[factory])
    assert all(numpy.isfinite(array).all() for array in collected(nlp))


@pytest.mark.parametrize("factory", FACTORIES)
def test_an_encoder_that_gives_nan_is_refused_by_name(
    nlp: Language, make_examples: Callable, factory: str
) -> None:
    """As a stock one may."""
    tok2vec = {"@architectures": "spacy.HashEmbedCNN.v2", "width": 16, "depth": 1}
    tok2vec |= {"embed_size": 50, "window_size": 1, "maxout_pieces": 2}
    tok2vec |= {"subword_features": True, "pretrained_vectors": None}
    nlp.add_pipe(factory, config={"model": {"tok2vec": tok2vec}})
    optimizer = nlp.initialize(lambda: make_examples(nlp))
    nlp.update(make_examples(nlp), sgd=optimizer)
    output = nlp.get_pipe(factory).model.get_ref("output_layer")
    kept = output.get_param("b")
    output.set_param("b", numpy.full_like(kept, numpy.nan))
    with pytest.raises(ValueError, match=f"'{factory}' are not finite: got NaN"):
        nlp.update(make_examples(nlp), sgd=optimizer)
    output.set_param("b", kept)
    nlp.update(make_examples(nlp), sgd=optimizer)
    for node in nlp.get_pipe(factory).model.walk():
        for name in node.param_names:
            assert numpy.isfinite(node.get_param(name)).all()
