"""The forward-backward algorithm over ragged batches of tags (Rabiner 1989)."""

from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

IMPOSSIBLE = float("-inf")
LOWEST = torch.finfo(torch.float64).min

# Scores that differ by at most this much can be exponentiated, multiplied and summed in float64
# without loss: e^-708 is its smallest normal number, and two factors meet in each product.
MAX_SPREAD = 300.0

# The most numbers in a temporary of tags by tags for several sequences: what a cache holds.
BLOCK = 2**17


class Packing(NamedTuple):
    """The order in which a batch is computed: step by step, the longest sequence first.

    order (Tensor): Where in the flat batch each packed token stands. Shape (tokens,).
    position (Tensor): Where in the packed batch each token stands. Shape (tokens,).
    last (Tensor): The packed last tokens of all but empty sequences, in order.
    alive (List[int]): How many sequences reach each step.
    steps (List[Tuple[slice, slice]]): For all steps but the first, the packed tokens before those
        of the step, and those of the step, in the same order.
    """

    order: Tensor
    position: Tensor
    last: Tensor
    alive: list[int]
    steps: list[tuple[slice, slice]]

    @classmethod
    def of(cls, lengths: Tensor, device: torch.device) -> "Packing":
        """lengths (Tensor): Tokens of each sequence. Shape (sequences,), on the CPU."""
        ends = lengths.cumsum(0)
        times = torch.arange(int(lengths.sum())) - (ends - lengths).repeat_interleave(lengths)
        ranks = lengths.argsort(descending=True, stable=True).argsort().repeat_interleave(lengths)
        order = (times * len(lengths) + ranks).argsort()
        position = order.argsort()
        alive = times.bincount().tolist() or [0]
        steps, start = [], 0
        for before, now in pairwise(alive):
            middle = start + before
            steps.append((slice(start, start + now), slice(middle, middle + now)))
            start = middle
        last = position[ends[lengths > 0] - 1]
        return cls(order.to(device), position.to(device), last.to(device), alive, steps)


class LogPartition(torch.autograd.Function):
    """The logarithm of the sum of exp(score) over the possible sequences of tags, with gradients
    by the forward-backward algorithm (Rabiner 1989).
    """

    @staticmethod
    def forward(ctx: Any, scores: Tensor, transitions: Tensor, lengths: Tensor) -> Tensor:
        """
        scores (Tensor): Emissions, -inf where a tag is not possible. Shape (tokens, tags).
        transitions (Tensor): Likewise. Shape (tags + 1, tags + 1).
        lengths (Tensor): Shape (sequences,).
        RETURNS (Tensor): Shape (sequences,).
        """
        before = forward_sums(scores, transitions, lengths)
        ctx.save_for_backward(scores, transitions, lengths, before)
        return _totals(before, transitions, lengths)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_totals: Tensor) -> tuple[Tensor, Tensor, None]:
        scores, transitions, lengths, before = ctx.saved_tensors
        sums = Sums(scores, transitions, lengths, before)
        d_totals = d_totals.masked_fill(sums.totals == IMPOSSIBLE, 0.0)
        weight = by_token(d_totals[:, None], lengths)
        d_scores = sums.marginals() * weight
        ends = lengths[lengths > 0].cumsum(0).to(scores.device)
        d_transitions = torch.zeros_like(transitions)
        d_transitions[-1, :-1] = d_scores[ends - lengths[lengths > 0].to(ends)].sum(dim=0)
        d_transitions[:-1, -1] = d_scores[ends - 1].sum(dim=0)
        d_transitions[:-1, :-1] = sums.pairs(weight)
        return d_scores, d_transitions, None


class Sums:
    """Forward and backward sums of a batch.

    before: Log-sums over what leads to a tag, its own score included. Shape (tokens, tags).
    after: Log-sums over what follows a tag, its own score included. Shape (tokens, tags).
    totals: Log-sums over all sequences of tags. Shape (sequences,).
    """

    def __init__(
        self, scores: Tensor, transitions: Tensor, lengths: Tensor, before: Tensor | None = None
    ) -> None:
        self.scores = scores
        self.transitions = transitions
        self.lengths = lengths
        self.before = forward_sums(scores, transitions, lengths) if before is None else before
        starts = lengths.cumsum(0) - lengths
        mirror = (2 * starts + lengths - 1).repeat_interleave(lengths) - torch.arange(len(scores))
        mirror = mirror.to(scores.device)
        self.after = forward_sums(scores[mirror], transitions.T, lengths)[mirror]
        self.totals = _totals(self.before, transitions, lengths)

    def marginals(self) -> Tensor:
        """RETURNS (Tensor): Probability of each tag of each token. Shape (tokens, tags)."""
        totals = by_token(self.totals[:, None], self.lengths)
        return (self.before + self.after - finite(self.scores) - finite(totals)).exp()

    def pairs(self, weight: Tensor) -> Tensor:
        """Count the transitions that are to be expected.

        weight (Tensor): How much a token counts. Shape (tokens, 1).
        RETURNS (Tensor): Shape (tags, tags).
        """
        between = self.transitions[:-1, :-1]
        inner = torch.ones(len(weight), dtype=torch.bool)
        inner[self.lengths.cumsum(0)[self.lengths > 0] - 1] = False
        first = inner.nonzero()[:, 0].to(weight.device)
        totals = finite(by_token(self.totals[:, None], self.lengths))[first]
        before, after, weight = self.before[first], self.after[first + 1] - totals, weight[first]
        if not _is_narrow(before, between):
            counts = torch.zeros_like(between)
            for rows in torch.split(torch.arange(len(first)), block_rows(between)):
                paths = before[rows][:, :, None] + between + after[rows][:, None]
                counts += (paths.exp() * weight[rows][:, :, None]).sum(dim=0)
            return counts
        peak, top = finite(before.amax(dim=1, keepdim=True)), finite(between.amax())
        # A larger exponent belongs to a tag that no predecessor leads to.
        follow = (after + peak + top).clamp(max=2 * MAX_SPREAD).exp() * weight
        return ((before - peak).exp().T @ follow) * (between - top).exp()


def forward_sums(scores: Tensor, transitions: Tensor, lengths: Tensor) -> Tensor:
    """Sum over the tags before each token.

    RETURNS (Tensor): The logarithms of the sums of exp(score) over the sequences that lead to a
        tag, its own score included. Shape (tokens, tags).
    """
    packing = Packing.of(lengths, scores.device)
    start, between, _ = split_transitions(transitions)
    scores = scores[packing.order]
    first = slice(packing.alive[0])
    top = finite(between.amax())
    factors = (between - top).exp()
    sums = scores.clone()
    sums[first] += start
    for before, now in packing.steps:
        peak = finite(sums[before].amax(dim=1, keepdim=True))
        sums[now] += ((sums[before] - peak).exp() @ factors).log() + (peak + top)
    if not _is_narrow(sums, between):
        sums = scores
        sums[first] += start
        for before, now in packing.steps:
            paths = (
                rows[:, :, None] + between
                for rows in torch.split(sums[before], block_rows(between))
            )
            sums[now] += torch.cat([block.logsumexp(dim=1) for block in paths])
    return sums[packing.position]


def _totals(before: Tensor, transitions: Tensor, lengths: Tensor) -> Tensor:
    """RETURNS (Tensor): Log-sums over all sequences of tags. Shape (sequences,)."""
    totals = before.new_zeros(len(lengths))
    last = (lengths.cumsum(0)[lengths > 0] - 1).to(before.device)
    full = (lengths > 0).to(before.device)
    totals[full] = (before[last] + transitions[:-1, -1]).logsumexp(dim=1)
    return totals


def best_into(before: Tensor, between: Tensor) -> Tensor:
    """RETURNS (Tensor): The best score that leads to each tag. Shape (sequences, tags)."""
    blocks = torch.split(before, block_rows(between))
    return torch.cat([(rows[:, :, None] + between).amax(dim=1) for rows in blocks])


def restrict(emissions: Tensor, allowed: Tensor | None) -> Tensor:
    """RETURNS (Tensor): Emissions, -inf where they are not allowed, in float64."""
    scores = emissions.double()
    return scores if allowed is None else scores.masked_fill(~allowed, IMPOSSIBLE)


def split_transitions(transitions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """RETURNS (Tuple[Tensor, Tensor, Tensor]): Scores of the first tag, of each tag (row) before
    each tag (column), and of the last tag.
    """
    return transitions[-1, :-1], transitions[:-1, :-1], transitions[:-1, -1]


def by_token(values: Tensor, lengths: Tensor) -> Tensor:
    """Repeat what belongs to a sequence for each of its tokens. Empty ones may be left out."""
    if len(values) < len(lengths):
        lengths = lengths[lengths > 0]
    tokens = int(lengths.sum())
    return values.repeat_interleave(lengths.to(values.device), dim=0, output_size=tokens)


def finite(logs: Tensor) -> Tensor:
    """Make logarithms safe to subtract: what is impossible then stays impossible."""
    return logs.clamp(min=LOWEST)


def _is_narrow(sums: Tensor, between: Tensor) -> bool:
    """RETURNS (bool): Whether the tags of a token, and the transitions, lie close enough together
    to be exponentiated.
    """

    def spread(logs: Tensor) -> Tensor:
        lowest = logs.masked_fill(logs == IMPOSSIBLE, torch.inf).amin(dim=1)
        return (logs.amax(dim=1) - lowest).amax()

    return not len(sums) or bool(
        spread(sums) <= MAX_SPREAD and spread(between.reshape(1, -1)) <= MAX_SPREAD
    )


def block_rows(between: Tensor) -> int:
    """RETURNS (int): How many sequences to compute at once, if each takes tags by tags numbers."""
    return max(1, BLOCK // between.numel())
