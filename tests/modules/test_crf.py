from itertools import pairwise, product

import pytest
import torch
from torch import Tensor

from spacy_rnn.modules.crf import CRF
from spacy_rnn.modules.viterbi import best_path

LENGTHS = torch.tensor([3, 0, 1, 4, 2])


def make_crf(tags: int, *, legal: float = 1.0, scale: float = 1.0) -> CRF:
    """Make a CRF with random transitions, of which a share is legal."""
    crf = CRF(tags)
    torch.nn.init.normal_(crf.transitions, std=scale)
    crf.legal.copy_(torch.rand(tags + 1, tags + 1) < legal)
    return crf


def enumerate_tags(
    crf: CRF, emissions: Tensor, allowed: Tensor | None = None
) -> tuple[list[tuple[int, ...]], Tensor]:
    """List all possible tags of one sequence with their scores, in float64."""
    transitions = crf.transitions.detach().double()
    sequences, scores = [], []
    for tags in product(range(emissions.shape[1]), repeat=len(emissions)):
        path = [-1, *tags, -1] if tags else []
        steps = list(pairwise(path))
        legal = all(crf.legal[step] for step in steps)
        if legal and (allowed is None or all(allowed[i, tag] for i, tag in enumerate(tags))):
            score = sum((transitions[step] for step in steps), torch.zeros((), dtype=torch.float64))
            sequences.append(tags)
            scores.append(score + sum(emissions[i, tag].double() for i, tag in enumerate(tags)))
    return sequences, torch.stack(scores) if scores else torch.zeros(0, dtype=torch.float64)


CASES = [(tags, length) for tags in range(1, 6) for length in range(7) if tags**length < 4000]
CASES += [(4, 6), (5, 6)]


@pytest.fixture(params=["all", "constrained", "wide"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def make_case(kind: str, tags: int, length: int) -> tuple[CRF, Tensor, Tensor, Tensor | None]:
    torch.manual_seed(tags * 10 + length)
    scale = 400.0 if kind == "wide" else 2.0
    crf = make_crf(tags, legal=0.8 if kind == "constrained" else 1.0, scale=scale)
    emissions = torch.randn(length, tags) * scale
    allowed = torch.rand(length, tags) < 0.8 if kind == "constrained" else None
    return crf, emissions, torch.tensor([length]), allowed


@pytest.mark.parametrize(("tags", "length"), CASES)
def test_everything_equals_enumeration(kind: str, tags: int, length: int) -> None:
    crf, emissions, lengths, allowed = make_case(kind, tags, length)
    sequences, scores = enumerate_tags(crf, emissions, allowed)
    gold = torch.rand(length, tags) < 0.5
    share = torch.tensor(
        [all(gold[i, tag] for i, tag in enumerate(seq)) for seq in sequences], dtype=torch.bool
    )
    chances = scores.softmax(dim=0)

    best = crf.viterbi(emissions, lengths, allowed)
    open_scores = emissions if allowed is None else emissions.masked_fill(~allowed, -torch.inf)
    legal = crf.transitions.detach().masked_fill(~crf.legal, -torch.inf)
    if length:
        assert best_path(open_scores.numpy(), legal.numpy()).tolist() == best.tolist()
    paths, totals = crf.n_best(emissions, lengths, 3, allowed)
    marginals = crf.marginals(emissions, lengths, allowed)
    likelihood = crf(emissions, lengths, gold, allowed)

    if not sequences:
        assert best.tolist() == [-1] * length
        assert (paths == -1).all()
        assert (totals == -torch.inf).all()
        assert (marginals == 0).all()
        assert likelihood.tolist() == [-torch.inf]
        return
    order = scores.argsort(descending=True)
    assert tuple(best.tolist()) == sequences[int(order[0])]
    for rank in range(3):
        if rank < len(sequences):
            assert tuple(paths[rank].tolist()) == sequences[int(order[rank])]
            torch.testing.assert_close(totals[rank, 0], scores[order[rank]])
        else:
            assert (paths[rank] == -1).all()
            assert totals[rank, 0] == -torch.inf
    expected = torch.zeros(length, tags, dtype=torch.float64)
    for chance, sequence in zip(chances, sequences, strict=True):
        expected[range(length), sequence] += chance
    torch.testing.assert_close(marginals, expected)
    true = scores[share].logsumexp(0) if share.any() else torch.tensor(-torch.inf).double()
    torch.testing.assert_close(likelihood[0], true - scores.logsumexp(0))


@pytest.mark.parametrize(("tags", "length"), [(2, 4), (3, 5), (5, 4), (4, 6)])
def test_segment_marginals_equal_enumeration(kind: str, tags: int, length: int) -> None:
    crf, emissions, lengths, allowed = make_case(kind, tags, length)
    sequences, scores = enumerate_tags(crf, emissions, allowed)
    chances = scores.softmax(dim=0)
    starts, sizes, paths, expected = [], [], [], []
    for start in range(length):
        for end in range(start + 1, length + 1):
            for _ in range(5):
                path = torch.randint(tags, (end - start,)).tolist()
                share = [list(sequence[start:end]) == path for sequence in sequences]
                starts.append(start)
                sizes.append(end - start)
                paths += path
                expected.append(float(chances[torch.tensor(share)].sum()) if share else 0.0)
    found = crf.segment_marginals(
        emissions,
        lengths,
        torch.tensor(starts),
        torch.tensor(sizes),
        torch.tensor(paths),
        allowed,
    )
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


def test_temperature_divides_all_scores() -> None:
    torch.manual_seed(0)
    crf, emissions, half = make_crf(3), torch.randn(10, 3), CRF(3)
    half.transitions.data = crf.transitions.data / 2
    segment = torch.tensor([3]), torch.tensor([2]), torch.tensor([0, 1])
    torch.testing.assert_close(
        crf.marginals(emissions, LENGTHS, temperature=2.0), half.marginals(emissions / 2, LENGTHS)
    )
    torch.testing.assert_close(
        crf.segment_marginals(emissions, LENGTHS, *segment, temperature=2.0),
        half.segment_marginals(emissions / 2, LENGTHS, *segment),
    )


@pytest.mark.parametrize("scale", [1.0, 400.0])
def test_gradients(scale: float) -> None:
    torch.manual_seed(1)
    crf = make_crf(4, legal=0.8, scale=scale).double()
    emissions = (torch.randn(10, 4).double() * scale).requires_grad_()
    allowed = torch.rand(10, 4) < 0.9
    gold = torch.rand(10, 4) < 0.7

    def likelihood(emissions: Tensor, transitions: Tensor) -> Tensor:
        weights = {"transitions": transitions}
        batch = (emissions, LENGTHS, gold, allowed)
        found = torch.func.functional_call(crf, weights, batch)
        return found[found > -torch.inf]

    assert torch.autograd.gradcheck(
        likelihood, (emissions, crf.transitions), eps=1e-6 * scale, atol=1e-5
    )


def test_impossible_sequences_have_no_gradient() -> None:
    torch.manual_seed(2)
    crf, emissions = make_crf(3), torch.randn(10, 3, requires_grad=True)
    gold = torch.ones(10, 3, dtype=torch.bool)
    gold[1] = False
    likelihood = crf(emissions, LENGTHS, gold)
    assert likelihood[0] == -torch.inf
    assert likelihood[1] == 0.0
    likelihood.sum().backward()
    assert emissions.grad is not None
    assert not emissions.grad[:3].any()
    assert torch.isfinite(emissions.grad).all()
    assert torch.isfinite(crf.transitions.grad).all()


def test_unknown_tokens_are_summed_out() -> None:
    torch.manual_seed(3)
    crf, emissions = make_crf(3), torch.randn(10, 3, requires_grad=True)
    likelihood = crf(emissions, LENGTHS, torch.ones(10, 3, dtype=torch.bool))
    torch.testing.assert_close(likelihood, torch.zeros(5, dtype=torch.float64))


def test_batch_mates_do_not_matter() -> None:
    torch.manual_seed(4)
    crf, emissions = make_crf(5, legal=0.8), torch.randn(10, 5)
    offset = 0
    whole = [
        crf.viterbi(emissions, LENGTHS),
        crf.n_best(emissions, LENGTHS, 2)[0][1],
        crf.marginals(emissions, LENGTHS),
    ]
    for i, length in enumerate(LENGTHS.tolist()):
        own, alone = emissions[offset : offset + length], LENGTHS[i : i + 1]
        parts = [
            crf.viterbi(own, alone),
            crf.n_best(own, alone, 2)[0][1],
            crf.marginals(own, alone),
        ]
        for batch, part in zip(whole, parts, strict=True):
            torch.testing.assert_close(batch[offset : offset + length], part)
        offset += length


@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_no_tokens(lengths: list[int]) -> None:
    crf, emissions, sizes = make_crf(3), torch.zeros(0, 3), torch.tensor(lengths, dtype=torch.int64)
    none = torch.zeros(0, dtype=torch.int64)
    assert crf(emissions, sizes).tolist() == [0.0] * len(lengths)
    assert crf.viterbi(emissions, sizes).shape == (0,)
    paths, totals = crf.n_best(emissions, sizes, 2)
    assert paths.shape == (2, 0)
    assert totals.shape == (2, len(lengths))
    assert crf.marginals(emissions, sizes).shape == (0, 3)
    assert crf.segment_marginals(emissions, sizes, none, none, none).shape == (0,)


def test_no_illegal_sequence_in_100_000() -> None:
    torch.manual_seed(5)
    crf = make_crf(9, legal=0.5, scale=5.0)
    lengths = torch.randint(1, 8, (100_000,))
    emissions = torch.randn(int(lengths.sum()), 9) * 10
    allowed = torch.rand(emissions.shape) < 0.9
    tags = crf.viterbi(emissions, lengths, allowed)
    possible = tags >= 0
    assert possible.float().mean() > 0.9
    assert allowed[possible.nonzero()[:, 0], tags[possible]].all()
    ends = lengths.cumsum(0)
    before = tags.roll(1)
    before[ends - lengths] = 9
    last = tags[ends - 1]
    assert crf.legal[before, tags][possible].all()
    assert crf.legal[last, 9][last >= 0].all()


def test_long_sequences_stay_exact() -> None:
    torch.manual_seed(6)
    crf, emissions = make_crf(5), torch.randn(20_000, 5) * 5
    marginals = crf.marginals(emissions, torch.tensor([20_000]))
    torch.testing.assert_close(marginals.sum(dim=1), torch.ones(20_000, dtype=torch.float64))


def test_many_tags() -> None:
    torch.manual_seed(7)
    crf, emissions = make_crf(2001), torch.randn(10, 2001)
    tags = crf.viterbi(emissions, LENGTHS)
    gold = torch.nn.functional.one_hot(tags, 2001).bool()
    likelihood = crf(emissions, LENGTHS, gold)
    assert (likelihood <= 0.0).all()
    marginals = crf.marginals(emissions, LENGTHS)
    torch.testing.assert_close(marginals[3, tags[3]], likelihood[2].exp())


def test_adopts_the_size_of_loaded_weights() -> None:
    crf, other = make_crf(4, legal=0.5), CRF()
    other.load_state_dict(crf.state_dict())
    assert torch.equal(crf.transitions, other.transitions)
    assert torch.equal(crf.legal, other.legal)
