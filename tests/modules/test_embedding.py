"""The embedding of tokens against its definition, token by token."""

import pytest
import torch

from spacy_rnn.modules import embedding
from spacy_rnn.modules.embedding import MAXOUT_PIECES, TokenEmbedding
from spacy_rnn.modules.linear import linear

ROWS = (20, 10)
BAGS = [[3, 1, 3], [0], [9, 8, 7, 6, 5]]
INVERSE = torch.tensor([2, 0, 0, 1, 2, 0])


@pytest.fixture
def module():
    made = TokenEmbedding(6, ROWS, ngram_rows=20, characters=True, vectors=True)
    made.reset_parameters(vector_width=5)
    return made


@pytest.fixture
def features():
    return {
        "hashes": torch.randint(2**32, (3, 2, 4)),
        "ngrams": torch.tensor([row for bag in BAGS for row in bag]),
        "ngram_starts": torch.tensor([0, 3, 4]),
        "symbols": torch.randint(0, 256, (9,)),
        "symbol_lengths": torch.tensor([4, 2, 3]),
        "vectors": torch.randn(3, 5),
    }


def test_agrees_with_the_definition(module, features):
    words = features["symbols"].split(features["symbol_lengths"].tolist())
    tables = module.attributes.table.weight.split(ROWS)
    expected = []
    for i, word in enumerate(words):
        parts = [
            table[keys % len(table)].sum(dim=0)
            for table, keys in zip(tables, features["hashes"][i], strict=True)
        ]
        parts.append(module.ngrams.weight[BAGS[i]].mean(dim=0))
        parts.append(module.characters(word, torch.tensor([len(word)]))[0])
        parts.append(features["vectors"][i] @ module.vectors.weight.T)
        pieces = module.mix(torch.cat(parts)).view(6, MAXOUT_PIECES)
        expected.append(torch.nn.functional.layer_norm(pieces.max(dim=1).values, (6,)))
    found = module(INVERSE, **features)
    torch.testing.assert_close(found, torch.stack(expected)[INVERSE], atol=1e-6, rtol=0)


def test_gradients_of_all_occurrences_are_summed(module, features):
    d_Y = torch.randn(len(INVERSE), 6)
    module(INVERSE, **features).backward(d_Y)
    found = [weight.grad.clone() for weight in module.parameters()]
    module.zero_grad()
    d_unique = torch.stack([d_Y[i == INVERSE].sum(dim=0) for i in range(3)])
    module(torch.arange(3), **features).backward(d_unique)
    for gradient, weight in zip(found, module.parameters(), strict=True):
        torch.testing.assert_close(gradient, weight.grad, atol=1e-5, rtol=1e-5)


def test_gradients_in_float64(features):
    module = TokenEmbedding(4, ROWS, ngram_rows=20, vectors=True)
    module.reset_parameters(vector_width=5)
    del features["symbols"], features["symbol_lengths"]
    features["vectors"] = features["vectors"].double()
    names, weights = zip(*module.double().named_parameters(), strict=True)

    def run(*weights: torch.Tensor) -> torch.Tensor:
        named = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(module, named, (INVERSE,), features)

    assert torch.autograd.gradcheck(run, weights)


def test_dropout_drops_whole_features(monkeypatch):
    mixed = []

    def multiply(X, weights, bias=None):
        mixed.append(X)
        return linear(X, weights, bias)

    monkeypatch.setattr(embedding, "linear", multiply)
    module = TokenEmbedding(8, [50], vectors=True)
    module.reset_parameters(vector_width=3)
    torch.nn.init.ones_(module.attributes.table.weight)
    torch.nn.init.ones_(module.vectors.weight)
    tokens = {"hashes": torch.zeros(400, 1, 4, dtype=torch.int64), "vectors": torch.ones(400, 3)}
    module(torch.arange(400), **tokens, dropout=0.25)
    for feature, value in zip(mixed[-1].split(8, dim=1), (4.0, 3.0), strict=True):
        assert (feature == feature[:, :1]).all()
        assert feature.unique().tolist() == pytest.approx([0.0, value / 0.75])
        assert 0.15 < (feature[:, 0] == 0).float().mean() < 0.35
    assert ((mixed[-1][:, 0] == 0) != (mixed[-1][:, 8] == 0)).any()


def test_an_only_feature_is_not_dropped():
    module = TokenEmbedding(4, ngram_rows=9)
    tokens = {"ngrams": torch.arange(9), "ngram_starts": torch.tensor([0, 4, 6])}
    expected = module(torch.arange(3), **tokens)
    torch.testing.assert_close(module(torch.arange(3), **tokens, dropout=0.9), expected)


def test_the_width_of_static_vectors_is_found_in_the_data():
    module = TokenEmbedding(4, vectors=True)
    module.reset_parameters()
    module.reset_parameters(vector_width=3)
    assert module(torch.arange(2), vectors=torch.randn(2, 3)).shape == (2, 4)
    with pytest.raises(ValueError, match="got vectors of width 5, expected 3"):
        module(torch.arange(2), vectors=torch.randn(2, 5))


@pytest.mark.parametrize("width", [0, -2])
def test_no_width(width: int):
    with pytest.raises(ValueError, match=f"Invalid width: got {width}, expected 1 or more"):
        TokenEmbedding(width, rows=[10])


def test_nothing_to_embed():
    with pytest.raises(ValueError, match="Nothing to embed: got no attrs, n-grams, characters or"):
        TokenEmbedding(4)
