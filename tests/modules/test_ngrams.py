"""Bags of n-grams against the plain definition."""

import math

import pytest
import torch

from spacy_rnn.modules.ngrams import NgramBag

# How often each n-gram occurs in each document.
BAGS = [{3: 2, 1: 1}, {}, {0: 1}, {}, {9: 1, 8: 1, 7: 4, 6: 1, 5: 1}]


def batch(bags: list[dict[int, int]]) -> list[torch.Tensor]:
    keys = [key for bag in bags for key in bag]
    counts = [count for bag in bags for count in bag.values()]
    return [torch.tensor(array, dtype=torch.int64) for array in (keys, counts, [*map(len, bags)])]


def weights(bag: dict[int, int]) -> torch.Tensor:
    raw = torch.tensor([1 + math.log(count) for count in bag.values()])
    return raw / (raw**2).sum().sqrt()


def test_agrees_with_each_document_alone():
    module = NgramBag(10, 4)
    rows = module.table.weight
    expected = [weights(bag) @ rows[list(bag)] if bag else torch.zeros(4) for bag in BAGS]
    torch.testing.assert_close(module(*batch(BAGS)), torch.stack(expected))


@pytest.mark.parametrize("bags", [[], [{}], [{}, {}]])
def test_without_ngrams(bags):
    assert NgramBag(10, 4)(*batch(bags)).tolist() == [[0.0] * 4] * len(bags)


def test_gradient_reaches_the_rows_that_occur():
    module = NgramBag(10, 4)
    module(*batch(BAGS)).sum().backward()
    expected = torch.zeros(10)
    for bag in BAGS:
        expected[list(bag)] += weights(bag)
    torch.testing.assert_close(module.table.weight.grad[:, 0], expected)


def test_dropout_drops_ngrams():
    module = NgramBag(10_000, 4)
    torch.nn.init.ones_(module.table.weight)
    bags = module(*batch([dict.fromkeys(range(10_000), 1)]), dropout=0.5)
    assert 90 < bags[0, 0] < 110
    dropped = module(*batch([{i: 1} for i in range(1000)]), dropout=0.5) == 0
    assert 400 < dropped[:, 0].sum() < 600
