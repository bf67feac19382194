"""What is remembered of the values of training."""

import pytest
import torch

from spacy_rnn.modules.seen import SeenValues


@pytest.fixture
def seen():
    return SeenValues()


def values(n):
    """RETURNS (Tensor): The hashes of a value for each of so many tokens."""
    return torch.randint(2**32, (n, 1, 4))


@pytest.mark.parametrize(
    ("n_values", "most"), [(100_000, 1e-5), (1_000_000, 0.0025), (3_000_000, 0.0085)]
)
def test_how_many_values_never_seen_pass_for_seen(seen, n_values, most):
    added = values(n_values)
    for batch in added.split(50_000):
        seen.add(batch)
    assert seen.known(values(200_000)).float().mean() <= most
    assert seen.known(added[:1_000_000]).all()
    assert seen.known(added).float().mean() > 0.45


def test_values_in_one_batch_are_bounded_as_well(seen):
    seen.add(values(3_000_000))
    assert seen.known(values(200_000)).float().mean() <= 0.0085


def test_frequencies_beyond_what_their_type_could_hold_as_a_product(seen):
    often, rarely = values(2).unsqueeze(1)
    seen.add(rarely)
    for _ in range(25_000):
        seen.add(often)
    frequencies = seen.frequencies(torch.cat((often, rarely, values(1))))
    torch.testing.assert_close(
        frequencies, torch.tensor([[25_000], [1], [0]]) / torch.tensor(25_001.0).double()
    )


def test_a_value_counts_once_a_batch(seen):
    often = values(1)
    seen.add(torch.cat((often, often, often, values(1))))
    assert seen.frequencies(often).item() == 1 / 4


def test_frequencies_among_many_values(seen):
    often = values(100)
    for batch in values(1_000_000).split(900):
        seen.add(torch.cat((often, batch)))
    true = 1 / 1000
    assert (seen.frequencies(often) - true).abs().max() < 2 / 2**18
    assert seen.frequencies(values(10_000)).max() < 2 / 2**18


def test_all_is_stored_and_cleared(seen):
    added = values(1000)
    seen.add(added)
    copied = SeenValues()
    copied.load_state_dict(seen.state_dict())
    assert copied.known(added).all()
    torch.testing.assert_close(copied.frequencies(added), seen.frequencies(added))
    assert sum(b.nbytes for b in seen.buffers()) < 3.1 * 2**20
    seen.clear()
    assert not seen.known(added).any()
    assert not seen.frequencies(added).any()
