"""Tables and mixtures against their definitions, token by token."""

import pytest
import torch

from spacy_rnn.modules import embedding
from spacy_rnn.modules.embedding import PIECES, Mixture, Projection, Table
from spacy_rnn.modules.linear import linear


def test_a_table_sums_the_rows_of_each_feature():
    table = Table(20, 3, mode="sum")
    keys = torch.randint(0, 20, (5, 2, 4))
    expected = [torch.cat([table.weight[k].sum(dim=0) for k in token]) for token in keys]
    torch.testing.assert_close(table(keys), torch.stack(expected))


def test_a_table_takes_the_mean_of_any_number_of_rows():
    table = Table(20, 3, mode="mean")
    bags = [[3, 1, 3], [0], [9, 8, 7, 6, 5]]
    keys = torch.tensor([key for bag in bags for key in bag])
    expected = [table.weight[bag].mean(dim=0) for bag in bags]
    torch.testing.assert_close(table(keys, torch.tensor([0, 3, 4])), torch.stack(expected))


def test_a_mixture_agrees_with_the_definition():
    module = Mixture([4, 2], 6)
    X = torch.randn(5, 6)
    for x, y in zip(X, module(X), strict=True):
        pieces = module.mix(x).view(6, PIECES)
        expected = torch.nn.functional.layer_norm(pieces.max(dim=1).values, (6,))
        torch.testing.assert_close(y, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("module", "inputs"),
    [
        (Table(6, 4, mode="sum"), (torch.randint(0, 6, (3, 2, 4)),)),
        (Table(6, 4, mode="mean"), (torch.tensor([2, 2, 5]), torch.tensor([0, 2]))),
        (Mixture([4, 2], 4), (torch.randn(3, 6, dtype=torch.float64),)),
    ],
)
def test_gradients_in_float64(module, inputs):
    names, weights = zip(*module.double().named_parameters(), strict=True)

    def run(*weights: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(module, dict(zip(names, weights, strict=True)), inputs)

    assert torch.autograd.gradcheck(run, weights)


def test_dropout_drops_whole_features(monkeypatch):
    mixed = []

    def multiply(X, weights, bias):
        mixed.append(X)
        return linear(X, weights, bias)

    monkeypatch.setattr(embedding, "linear", multiply)
    Mixture([3, 5], 8)(torch.ones(400, 8), dropout=0.25)
    first, second = mixed[0].split([3, 5], dim=1)
    for feature in (first, second):
        assert (feature == feature[:, :1]).all()
        assert feature.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
        assert 0.15 < (feature[:, 0] == 0).float().mean() < 0.35
    assert (first[:, 0] != second[:, 0]).any()


def test_an_only_feature_is_not_dropped():
    module = Mixture([3], 4)
    X = torch.randn(9, 3)
    torch.testing.assert_close(module(X, dropout=0.9), module(X))


def test_a_projection_learns_its_input_width():
    module = Projection(4)
    module.reset_parameters()
    module.reset_parameters(input_width=3)
    X = torch.randn(2, 3)
    torch.testing.assert_close(module(X), X @ module.linear.weight.T)
