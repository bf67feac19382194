"""Sub-batches: complete, similar in length, within the budget, of few shapes."""

import pytest
import torch

from spacy_rnn.modules.batches import padded_length, reversal, sub_batches


@pytest.mark.parametrize(("least", "most"), [(8, 32), (256, 256)])
def test_sub_batches_cover_every_token_once_within_the_budget(least, most):
    lengths = torch.randint(0, 60, (500,))
    seen = []
    for sizes, index in sub_batches(lengths, least, most, 1000):
        assert len(sizes) <= most
        assert index.numel() <= 1000
        assert index.shape == (padded_length(int(sizes.max())), len(sizes))
        seen.append(index[torch.arange(len(index))[:, None] < sizes])
    assert sorted(torch.cat(seen).tolist()) == list(range(int(lengths.sum())))


def test_sub_batches_are_of_few_shapes_and_similar_length():
    found = list(sub_batches(torch.arange(1, 401), 8, 32, 10**6))
    assert {len(sizes) for sizes, _ in found} <= {8, 16, 24, 32}
    assert all(sizes.min() >= 0.7 * sizes.max() for sizes, _ in found if len(sizes) > 8)
    assert sum(index.numel() for _, index in found) < 1.25 * 400 * 401 / 2


def test_padded_lengths_are_few_and_close():
    padded = [padded_length(n) for n in range(1, 1025)]
    assert padded[:16] == list(range(1, 17))
    assert all(n <= p < 1.125 * n for n, p in enumerate(padded, start=1))
    assert len(set(padded)) == 16 + 6 * 8


def test_a_long_sequence_gets_a_sub_batch_of_its_own():
    lengths = torch.tensor([5] * 255 + [100_000])
    sizes, index = next(sub_batches(lengths, 256, 256, 16384))
    assert sizes.tolist() == [100_000]
    assert index.shape == (padded_length(100_000), 1)


def test_reversal_is_its_own_inverse_and_leaves_padding():
    index = reversal(torch.tensor([4, 2, 1]), 5)
    assert index.tolist() == [[9, 4, 2], [6, 1, 5], [3, 7, 8], [0, 10, 11], [12, 13, 14]]
    assert index.flatten()[index].flatten().tolist() == list(range(15))
