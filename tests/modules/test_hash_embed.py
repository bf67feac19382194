"""What a value's vector is made of, and when it is that of an unknown one."""

import pytest
import torch

from spacy_rnn.modules.hash_embed import HashEmbed

ROWS = [50, 20]


@pytest.fixture
def module():
    return HashEmbed(ROWS, 3, learn_unknown=True)


def unknown(module):
    """RETURNS (Tensor): The vectors of unknown values, one for each attribute."""
    return module.table.weight[sum(ROWS) : sum(ROWS) + 2]


@pytest.fixture
def hashes():
    return torch.randint(2**32, (5, 2, 4))


def test_a_known_value_is_the_sum_of_rows_of_its_feature(module, hashes):
    module.count(hashes)
    tables = module.table.weight[: sum(ROWS)].split(ROWS)
    for token, y in zip(hashes, module(hashes), strict=True):
        rows = [
            table[keys % len(table)].sum(dim=0) for table, keys in zip(tables, token, strict=True)
        ]
        torch.testing.assert_close(y, torch.cat(rows))


def test_a_value_never_counted_is_unknown(module, hashes):
    torch.testing.assert_close(module(hashes), unknown(module).flatten().expand(5, 6))
    module.count(hashes[:1])
    is_unknown = (module(hashes) == unknown(module).flatten()).all(dim=1)
    assert is_unknown.tolist() == [False, True, True, True, True]
    assert (module(hashes, pass_rare=True)[1:] == unknown(module).flatten()).all()
    module.reset_parameters()
    assert (module(hashes[:1]) == unknown(module).flatten()).all()


def test_each_feature_is_known_by_itself(module, hashes):
    module.count(hashes[:1])
    other = torch.stack((hashes[0, 0], hashes[1, 1]))[None]
    first, second = module(other)[0].split(3)
    torch.testing.assert_close(first, module(hashes[:1])[0, :3])
    torch.testing.assert_close(second, unknown(module)[1])


def passing(module, hashes):
    """RETURNS (Tensor): The share of occurrences in which each value passes for unknown."""
    many = hashes.repeat(2000, 1, 1)
    passed = module(many, pass_rare=True).view(2000, *hashes.shape[:2], 3) == unknown(module)
    return passed.all(dim=3).float().mean(dim=0)


@pytest.mark.parametrize("times", [1, 30, 3_000])
def test_rare_values_pass_for_unknown_the_rarer_the_more_often(module, times):
    constant, rare, others = torch.randint(2**32, (3, 1, 2, 4))
    batch = torch.cat((constant, constant, others.expand(48, 2, 4)))
    for _ in range(999):
        module.count(batch)
    module.count(torch.cat((rare, batch)))
    for counted in (module.seen.counts, module.seen.total):  # as if training had gone on and on
        counted *= times
    shares = passing(module, torch.cat((constant, rare)))
    # The one is in every batch, the other in one of a thousand.
    expected = [1 / (1 + 1e5 / 50), 1 / (1 + 1e5 / (50 * 1000))]
    for share, right in zip(shares, expected, strict=True):
        assert share.tolist() == pytest.approx([right, right], abs=0.04)


def test_gradients_in_float64(module, hashes):
    module.double().count(hashes[:3])
    names, weights = zip(*module.named_parameters(), strict=True)

    def run(*weights: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(module, dict(zip(names, weights, strict=True)), (hashes,))

    assert torch.autograd.gradcheck(run, weights)
