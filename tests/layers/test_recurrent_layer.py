"""What the recurrent layers do in a pipeline, whatever they compute in."""

import numpy
import pytest
import torch
from spacy.language import Language
from spacy.util import get_lang_class

from spacy_rnn.architectures import bigru_encoder, bilstm_encoder, tok2vec
from spacy_rnn.layers.recurrent import recurrent
from spacy_rnn.modules import recurrent as module

TEXTS = ["They did not like the cold soup .", "Yes !", "", "soup " * 70, "We liked the soup ."]


@pytest.fixture
def bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute in bfloat16 wherever it is asked for."""
    if not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        pytest.skip("needs a CPU on which oneDNN has bfloat16")
    monkeypatch.setattr(module, "available_dtype", lambda wanted, X: getattr(torch, wanted))


def tagger(precision: str) -> Language:
    nlp = get_lang_class("en")()
    settings = {"@architectures": "spacy-rnn.Tok2Vec.v1", "precision": precision}
    model = {"@architectures": "spacy-rnn.Tagger.v1", "tok2vec": settings}
    nlp.add_pipe("rnn_tagger", config={"model": model})
    return nlp


def test_bfloat16_changes_little_but_the_speed(bfloat16, make_examples):
    nlp, low = tagger("float32"), tagger("bfloat16")
    optimizer = low.initialize(lambda: make_examples(low))
    for _ in range(60):
        low.update(make_examples(low), sgd=optimizer)
    assert low.evaluate(make_examples(low))["tag_acc"] == 1.0
    data = low.get_pipe("rnn_tagger").to_bytes()
    nlp.initialize(lambda: make_examples(nlp))
    nlp.get_pipe("rnn_tagger").from_bytes(data)
    assert nlp.get_pipe("rnn_tagger").to_bytes() == data
    docs = [nlp.make_doc(text) for text in TEXTS]
    models = [each.get_pipe("rnn_tagger").model for each in (nlp, low)]
    high, together = (model.predict(docs) for model in models)
    assert not numpy.array_equal(high[0], together[0])
    for doc, a, b in zip(docs, high, together, strict=True):
        numpy.testing.assert_allclose(a, b, atol=0.02)
        numpy.testing.assert_allclose(models[1].predict([doc])[0], b, atol=0.02)


@pytest.mark.parametrize("build", [bilstm_encoder, bigru_encoder, tok2vec])
def test_precision_reaches_the_stack(build):
    for precision in ("float32", "bfloat16"):
        shims = [shim for node in build(8, precision=precision).walk() for shim in node.shims]
        stacks = [shim._model for shim in shims if isinstance(shim._model, module.RecurrentStack)]
        assert [stack.precision for stack in stacks] == [precision]
    with pytest.raises(ValueError, match="Unknown precision: got 'half', expected one of"):
        build(8, precision="half")


@pytest.mark.parametrize("dropout", [-0.1, 1.0])
def test_a_dropout_that_is_not_a_rate(dropout):
    with pytest.raises(ValueError, match=f"Invalid dropout: got {dropout}, expected a rate from 0"):
        recurrent(4, 4, dropout=dropout)
