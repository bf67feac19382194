"""What the recurrent layers do in a pipeline, whatever they compute in."""

import numpy
import pytest
import torch
from spacy.language import Language
from spacy.util import get_lang_class
from thinc.types import Ragged

from spacy_rnn.architectures import bigru_encoder, bilstm_encoder, tok2vec
from spacy_rnn.layers.recurrent import hybrid, recurrent
from spacy_rnn.layers.shim import torch_shim
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


@pytest.mark.parametrize("build", [bilstm_encoder, bigru_encoder, tok2vec])
def test_residual_reaches_the_stack(build):
    for residual in (True, False):
        shims = [shim for node in build(8, residual=residual).walk() for shim in node.shims]
        stacks = [shim._model for shim in shims if isinstance(shim._model, module.RecurrentStack)]
        assert [stack.residual for stack in stacks] == [residual]


@pytest.mark.parametrize("residual", [True, False])
def test_a_hybrid_is_its_cells_one_after_the_other(residual):
    model = hybrid(6, 6, 2, cells=["lstm", "gru"], residual=residual)
    model.initialize()
    lengths = numpy.array([3, 0, 1, 7], dtype="i")
    X = numpy.random.normal(size=(11, 6)).astype("f")
    Y, backprop = model(Ragged(X, lengths), is_train=True)
    dX = backprop(Ragged(Y.dataXd.copy(), lengths)).dataXd
    cells = [torch_shim(layer)._model.layers[0] for layer in model.layers]
    assert [type(cell) for cell in cells] == [torch.nn.LSTM, torch.nn.GRU]
    expected = torch.tensor(X, requires_grad=True)
    states = []
    for x in expected.split(lengths.tolist()):
        for cell in cells if len(x) else ():
            x = cell(x)[0] + x if residual else cell(x)[0]
        states.append(x)
    found = torch.cat(states)
    numpy.testing.assert_allclose(Y.dataXd, found.detach().numpy(), atol=1e-6)
    found.square().sum().div(2).backward()
    numpy.testing.assert_allclose(dX, expected.grad.numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cell": ["lstm", "gru"]}, r"got 1 with 2 cells \(lstm, gru\), .* Set depth = 2, or one"),
        ({"cell": [], "depth": 0}, "got 0 with 0 cells .* Set depth = 1, or one"),
        ({"cell": ["lstm", "rnn"], "depth": 2}, "Unknown recurrent cell: got 'rnn'"),
        (
            {"cell": ["lstm", "mingru"], "depth": 2, "reset_after": False},
            "Invalid reset_after: got false for the cell 'lstm'",
        ),
    ],
)
def test_cells_that_do_not_fit(settings, message):
    with pytest.raises(ValueError, match=message):
        tok2vec(8, **settings)


def test_only_the_gru_of_a_hybrid_has_a_reset_gate():
    model = hybrid(4, 4, 2, cells=["lstm", "gru"], reset_after=False)
    assert [torch_shim(layer)._model.reset_after for layer in model.layers] == [True, False]


@pytest.mark.parametrize("dropout", [-0.1, 1.0])
def test_a_dropout_that_is_not_a_rate(dropout):
    with pytest.raises(ValueError, match=f"Invalid dropout: got {dropout}, expected a rate from 0"):
        recurrent(4, 4, dropout=dropout)
