"""Pooling against the plain definition of each pool."""

import numpy
import pytest
import torch

from spacy_rnn.modules.pooling import POOLS, Pooling

LENGTHS = torch.tensor([3, 0, 1, 5, 0])
X = torch.randn(9, 4, generator=torch.Generator().manual_seed(0))


def pool_one(module: Pooling, pool: str, x: torch.Tensor) -> torch.Tensor:
    if not len(x):
        return torch.zeros(4)
    if pool == "max":
        return x.max(dim=0).values
    if pool == "mean":
        return x.mean(dim=0)
    if pool == "last":
        return torch.cat((x[-1, :2], x[0, 2:])) if module.bidirectional else x[-1]
    weights = torch.softmax(module.query(torch.tanh(module.key(x))), dim=0)
    return (weights * x).sum(dim=0)


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("pools", [*((pool,) for pool in POOLS), POOLS, ("last", "mean")])
def test_agrees_with_each_sequence_alone(pools, bidirectional):
    module = Pooling(4, pools, bidirectional)
    for weight in module.parameters():
        torch.nn.init.normal_(weight)
    expected = [
        torch.cat([pool_one(module, pool, x) for pool in pools]) for x in X.split(LENGTHS.tolist())
    ]
    torch.testing.assert_close(module(X, LENGTHS), torch.stack(expected), atol=1e-6, rtol=0)
    for x, pooled in zip(X.split(LENGTHS.tolist()), expected, strict=True):
        if len(x):
            numpy.testing.assert_allclose(module.alone(x.numpy())[0], pooled.detach(), atol=1e-6)


@pytest.mark.parametrize("pool", POOLS)
def test_gradients_in_float64(pool):
    module = Pooling(4, [pool]).double()
    for weight in module.parameters():
        torch.nn.init.normal_(weight)
    inputs = X.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: module(x, LENGTHS), (inputs,))


@pytest.mark.parametrize("lengths", [[], [0, 0]])
def test_without_tokens(lengths):
    pooled = Pooling(4, POOLS)(torch.zeros(0, 4), torch.tensor(lengths, dtype=torch.int64))
    assert pooled.tolist() == [[0.0] * 16] * len(lengths)


def test_each_head_pools_its_part_of_the_vectors():
    module = Pooling(4, ["attention"], heads=2)
    torch.nn.init.normal_(module.query.weight)
    parts = []
    for head in range(2):
        one = Pooling(4, ["attention"])
        one.key.load_state_dict(module.key.state_dict())
        one.query.weight = torch.nn.Parameter(module.query.weight[head : head + 1])
        parts.append(one(X, LENGTHS)[:, 2 * head : 2 * head + 2])
    torch.testing.assert_close(module(X, LENGTHS), torch.cat(parts, dim=1))


def test_attention_weights_of_a_sequence_sum_to_one():
    module = Pooling(4, ["attention"], heads=4)
    torch.nn.init.normal_(module.query.weight)
    for weights in module.attention_weights(X, LENGTHS).split(LENGTHS.tolist()):
        torch.testing.assert_close(weights.sum(dim=0), torch.full((4,), float(len(weights) > 0)))


@pytest.mark.parametrize("heads", [0, 3])
def test_bad_heads(heads):
    with pytest.raises(ValueError, match=f"got {heads}, expected a number that divides .* 4"):
        Pooling(4, ["attention"], heads=heads)


def test_attention_survives_extreme_scores():
    module = Pooling(4, ["attention"])
    torch.nn.init.constant_(module.query.weight, 1e4)
    assert module(X * 100, LENGTHS).isfinite().all()


@pytest.mark.parametrize("pools", [[], ["first"], ["max", "median"]])
def test_bad_pools(pools):
    with pytest.raises(ValueError, match=r"Invalid pooling: got \[.*\], expected one or several"):
        Pooling(4, pools)
