"""The hash embedding against its definition, token by token."""

import numpy
import torch
from spacy.lang.en import English

from spacy_rnn.layers.distinct import distinct_rows
from spacy_rnn.layers.embedding import hash_keys, lexical_features
from spacy_rnn.modules.embedding import PIECES, HashEmbedding


def test_agrees_with_the_definition_token_by_token():
    module = HashEmbedding(6, [50, 20])
    keys = torch.randint(0, 20, (4, 2, 4))
    inverse = torch.tensor([0, 1, 1, 3, 0, 2])
    Y = module(keys, inverse)
    for y, token in zip(Y, inverse, strict=True):
        features = [table.weight[keys[token, i]].sum(0) for i, table in enumerate(module.tables)]
        pieces = module.mix(torch.cat(features)).view(6, PIECES)
        expected = module.norm(pieces.max(dim=1).values)
        torch.testing.assert_close(y, expected, atol=1e-6, rtol=0)


def test_gradients_in_float64():
    module = HashEmbedding(4, [6, 5]).double()
    keys, inverse = torch.randint(0, 5, (3, 2, 4)), torch.tensor([0, 2, 1, 0])
    names, weights = zip(*module.named_parameters(), strict=True)

    def run(*weights: torch.Tensor) -> torch.Tensor:
        named = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(module, named, (keys, inverse))

    assert torch.autograd.gradcheck(run, weights)


def test_distinct_rows_rebuild_the_array():
    rows = numpy.random.randint(0, 4, (500, 3)).astype("uint64")
    first, inverse = distinct_rows(rows)
    assert len(first) == len({tuple(row) for row in rows.tolist()})
    numpy.testing.assert_array_equal(rows[first][inverse], rows)


def test_distinct_rows_survive_colliding_hashes(monkeypatch):
    monkeypatch.setattr("spacy_rnn.layers.distinct.MULTIPLIER", numpy.uint64(0))
    rows = numpy.array([[1, 2], [3, 4], [1, 2], [5, 6]], dtype="uint64")
    first, inverse = distinct_rows(rows)
    assert len(first) == 3
    numpy.testing.assert_array_equal(rows[first][inverse], rows)


def test_features_of_no_documents_and_of_empty_ones():
    nlp = English()
    assert lexical_features([], ["NORM", "SHAPE"]).shape == (0, 2)
    assert lexical_features([nlp(""), nlp("")], ["NORM"]).shape == (0, 1)
    features = lexical_features([nlp("a b"), nlp(""), nlp("c")], ["NORM", "SHAPE"])
    assert features.shape == (3, 2)
    assert hash_keys(features, [100, 10]).shape == (3, 2, 4)
    assert hash_keys(features, [100, 10])[:, 1].max() < 10


def test_dropout_drops_whole_features_of_all_occurrences():
    module = HashEmbedding(6, [50, 20])
    keys, inverse = torch.randint(0, 20, (300, 2, 4)), torch.arange(300).repeat(2)
    first, second = module(keys, inverse, dropout=0.5).split(300)
    torch.testing.assert_close(first, second)
    nothing = module.norm(module.mix(torch.zeros(12)).view(6, PIECES).amax(dim=1))
    dropped = (first - nothing).abs().amax(dim=1) < 1e-6
    assert 0.15 < dropped.float().mean() < 0.35  # both features
