"""Bags of n-grams against the plain definition."""

import pytest
import torch

from spacy_rnn.modules.ngrams import NgramBag

BAGS = [[3, 1, 3], [], [0], [], [9, 8, 7, 6, 5]]


def batch(bags: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    sizes = torch.tensor([len(bag) for bag in bags], dtype=torch.int64)
    keys = torch.tensor([key for bag in bags for key in bag], dtype=torch.int64)
    return keys, sizes.cumsum(0) - sizes


def test_agrees_with_each_document_alone():
    module = NgramBag(10, 4)
    rows = module.table.weight
    expected = [sum(rows[key] for key in bag) / max(1, len(bag)) ** 0.5 for bag in BAGS]
    expected = [torch.zeros(4) if not bag else row for bag, row in zip(BAGS, expected, strict=True)]
    torch.testing.assert_close(module(*batch(BAGS)), torch.stack(expected))


@pytest.mark.parametrize("bags", [[], [[]], [[], []]])
def test_without_ngrams(bags):
    assert NgramBag(10, 4)(*batch(bags)).tolist() == [[0.0] * 4] * len(bags)


def test_gradient_reaches_the_rows_that_occur():
    module = NgramBag(10, 4)
    module(*batch(BAGS)).sum().backward()
    counts = module.table.weight.grad[:, 0] * torch.tensor([1, 3, 1, 3, 1, *[5] * 5]) ** 0.5
    torch.testing.assert_close(counts, torch.tensor([1.0, 1, 0, 2, 0, 1, 1, 1, 1, 1]))


def test_dropout_drops_ngrams():
    module = NgramBag(10, 4)
    torch.nn.init.ones_(module.table.weight)
    bags = module(*batch([[1] * 10_000]), dropout=0.5)
    assert 90 < bags[0, 0] < 110
    dropped = module(*batch([[i % 10] for i in range(1000)]), dropout=0.5) == 0
    assert 400 < dropped[:, 0].sum() < 600
