"""What the recurrent layers do in a pipeline."""

import numpy
import pytest
import torch
from thinc.config import ConfigValidationError
from thinc.types import Ragged

from spacy_rnn.architectures import bigru_encoder, bilstm_encoder, tok2vec
from spacy_rnn.layers.recurrent import hybrid, recurrent
from spacy_rnn.layers.shim import torch_shim
from spacy_rnn.modules import recurrent as module


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


def test_a_precision_whose_results_would_depend_on_the_batch(nlp):
    with pytest.raises(ConfigValidationError, match="precision"):
        nlp.add_pipe("rnn_tok2vec", config={"model": {"precision": "bfloat16"}})
