"""Linear-chain conditional random field over ragged batches."""

from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

IMPOSSIBLE = float("-inf")
LOWEST = torch.finfo(torch.float64).min

# Scores that differ by at most this much can be exponentiated, multiplied and summed in float64
# without loss: e^-708 is its smallest normal number, and two factors meet in each product.
MAX_SPREAD = 300.0

# The most numbers in a temporary of tags by tags for several sequences: what a cache holds.
BLOCK = 2**17


class CRF(nn.Module):
    """Linear-chain conditional random field (Lafferty et al. 2001).

    The score of a sequence of tags is the sum of the emissions of its tags and of the transitions
    between them, from the boundary before its first tag to the boundary behind its last; the
    probability of the sequence is the softmax of that score over all legal sequences. What is not
    legal has no share in any sum and is never decoded. An empty sequence has the score 0.

    Scores are summed as float64 logarithms, so that the marginals of a sequence of 100,000 tokens
    are right as well. No result depends on the other sequences of the batch.

    All methods take flat `emissions`, the tokens of all sequences one after the other, shape
    (tokens, tags); `lengths`, shape (sequences,), on the CPU, zeros allowed; and optionally
    `allowed`, the tags that each token can have, boolean, shape (tokens, tags). Where `allowed`
    and `legal` leave a sequence no tags at all, its log-likelihood is -inf with gradient zero, its
    marginals and entropy are 0 and its decoded tags are -1.

    transitions: Scores from tag (row) to tag (column). The last row and column stand for the
        boundary. Shape (tags + 1, tags + 1).
    legal: Which transitions are legal. Same shape.

    tags (Optional[int]): Number of tags. By default it is told to `reset_parameters`, or found in
        the weights that are loaded.
    """

    transitions: Tensor
    legal: Tensor

    def __init__(self, tags: int | None = None) -> None:
        super().__init__()
        self.transitions = nn.UninitializedParameter()
        # A constant, yet no buffer: those cannot be copied before their size is known.
        self.legal = nn.UninitializedParameter(requires_grad=False)
        self.reset_parameters(tags)

    @torch.no_grad()
    def reset_parameters(self, tags: int | None = None) -> None:
        """Set all scores to zero and all transitions to legal.

        tags (Optional[int]): Number of tags.
        """
        if tags is not None:
            scores = torch.zeros(tags + 1, tags + 1, device=self.transitions.device)
            self.transitions = nn.Parameter(scores)
            self.legal = nn.Parameter(scores == 0.0, requires_grad=False)

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        if nn.parameter.is_lazy(self.transitions):
            weights = {"transitions": self.transitions, "legal": self.legal}
            destination.update({prefix + name: weight for name, weight in weights.items()})
        else:
            super()._save_to_state_dict(destination, prefix, keep_vars)

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        stored = state_dict.get(prefix + "transitions")
        if stored is not None and nn.parameter.is_lazy(self.transitions):
            self.reset_parameters(len(stored) - 1)
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)

    def forward(
        self,
        emissions: Tensor,
        lengths: Tensor,
        gold: Tensor | None = None,
        allowed: Tensor | None = None,
    ) -> Tensor:
        """Find the log-likelihood of sequences that may be partially annotated (Tsuboi et al.
        2008).

        gold (Optional[Tensor]): The tags that a token may truly have: one, or several where its
            annotation leaves them open. Shape (tokens, tags).
        allowed (Optional[Tensor]): The tags that a token can have at all.
        RETURNS (Tensor): The log-probability of the sequences that agree with `gold`, in float64.
            Shape (sequences,).
        """
        every = _restrict(emissions, allowed)
        true = every if gold is None else _restrict(every, gold)
        scores = torch.cat((true, every))
        both = LogPartition.apply(scores, self._scores(), lengths.repeat(2))
        log_true, log_every = both.chunk(2)
        return torch.where(log_true > IMPOSSIBLE, log_true - log_every, IMPOSSIBLE)

    @torch.no_grad()
    def viterbi(self, emissions: Tensor, lengths: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Find the best tags of each sequence (Viterbi 1967).

        RETURNS (Tensor): Tags. Shape (tokens,).
        """
        packing = Packing.of(lengths, emissions.device)
        start, between, end = _split(self._scores())
        best = _restrict(emissions, allowed)[packing.order]
        best[: packing.alive[0]] += start
        columns = torch.split(between, max(1, BLOCK // len(between)), dim=1)
        parts = [part.contiguous() for part in columns]
        for before, now in packing.steps:
            best[now] += torch.cat([_best(best[before], part) for part in parts], dim=1)
        # A predecessor is found again on the way back, which is cheaper than keeping all of them.
        final = best[packing.last] + end
        tags = best.new_empty(len(best), dtype=torch.int64)
        tags[packing.last] = final.argmax(dim=1)
        into = between.T.contiguous()
        for before, now in reversed(packing.steps):
            tags[before] = (best[before] + into[tags[now]]).argmax(dim=1)
        impossible = final.amax(dim=1) == IMPOSSIBLE
        return tags[packing.position].masked_fill(_by_token(impossible, lengths), -1)

    @torch.no_grad()
    def n_best(
        self, emissions: Tensor, lengths: Tensor, n: int, allowed: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Find the `n` best sequences of tags (list Viterbi, Seshadri & Sundberg 1994).

        n (int): Number of sequences, at least 1.
        RETURNS (Tuple[Tensor, Tensor]): Tags, shape (n, tokens), and scores, falling, shape
            (n, sequences), in float64. Where there are fewer sequences, the tags are -1 and the
            scores -inf.
        """
        packing = Packing.of(lengths, emissions.device)
        start, between, end = _split(self._scores())
        scores = _restrict(emissions, allowed)[packing.order]
        # Each tag has n paths that lead to it, and a path's state is `tag * n + rank`.
        best = scores[:, :, None].repeat(1, 1, n)
        best[: packing.alive[0], :, 0] += start
        best[: packing.alive[0], :, 1:] = IMPOSSIBLE
        origins = torch.zeros_like(best, dtype=torch.int64)
        for before, now in packing.steps:
            paths = best[before].flatten(1)[:, :, None] + between.repeat_interleave(n, dim=0)
            top = paths.topk(n, dim=1)
            best[now] += top.values.transpose(1, 2)
            origins[now] = top.indices.transpose(1, 2)
        final = (best[packing.last] + end[:, None]).flatten(1).topk(n, dim=1)
        states = origins.new_empty(len(best), n)
        states[packing.last] = final.indices
        origins = origins.flatten(1)
        for before, now in reversed(packing.steps):
            states[before] = origins[now].gather(1, states[now])
        impossible = _by_token(final.values == IMPOSSIBLE, lengths)
        totals = final.values.new_full((len(lengths), n), IMPOSSIBLE)
        totals[:, 0] = 0.0
        totals[(lengths > 0).to(totals.device)] = final.values
        return (states // n)[packing.position].masked_fill(impossible, -1).T, totals.T

    @torch.no_grad()
    def marginals(
        self,
        emissions: Tensor,
        lengths: Tensor,
        allowed: Tensor | None = None,
        temperature: float = 1.0,
    ) -> Tensor:
        """Find the probability of each tag of each token.

        temperature (float): What all scores are divided by.
        RETURNS (Tensor): Shape (tokens, tags), in float64.
        """
        scores = _restrict(emissions, allowed) / temperature
        return _Sums(scores, self._scores() / temperature, lengths).marginals()

    @torch.no_grad()
    def segment_marginals(
        self,
        emissions: Tensor,
        lengths: Tensor,
        starts: Tensor,
        sizes: Tensor,
        tags: Tensor,
        allowed: Tensor | None = None,
        temperature: float = 1.0,
    ) -> Tensor:
        """Find the probability that all tokens of a segment have given tags (Culotta & McCallum
        2004): exact, and not the product of the tokens' marginals.

        starts (Tensor): The first token of each segment, in `emissions`. Shape (segments,).
        sizes (Tensor): Tokens of each segment, at least 1 and within one sequence. Shape
            (segments,).
        tags (Tensor): Tags of the tokens of all segments, one after the other.
        temperature (float): What all scores are divided by.
        RETURNS (Tensor): Shape (segments,), in float64.
        """
        scores = _restrict(emissions, allowed) / temperature
        transitions = self._scores() / temperature
        sums = _Sums(scores, transitions, lengths)
        segments = torch.arange(len(sizes), device=sizes.device).repeat_interleave(sizes)
        ends = sizes.cumsum(0)
        tokens = torch.arange(len(tags), device=tags.device) + (starts - ends + sizes)[segments]
        steps = scores[tokens, tags]
        steps[1:] += transitions[tags[:-1], tags[1:]]
        steps[ends - sizes] = sums.before[starts, tags[ends - sizes]]
        path = steps.new_zeros(len(sizes)).index_add(0, segments, steps)
        last, final = starts + sizes - 1, tags[ends - 1]
        path = path + sums.after[last, final] - _finite(scores[last, final])
        return (path - _finite(_by_token(sums.totals[:, None], lengths))[starts, 0]).exp()

    @torch.no_grad()
    def entropy(self, emissions: Tensor, lengths: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Find the entropy of the distribution over each sequence's tags (Hernando et al. 2005).

        RETURNS (Tensor): In nats. Shape (sequences,), in float64.
        """
        packing = Packing.of(lengths, emissions.device)
        transitions = self._scores()
        _, between, end = _split(transitions)
        scores = _restrict(emissions, allowed)
        sums = _forward(scores, transitions, lengths)[packing.order]
        into = sums - _finite(scores[packing.order])
        # The entropy of the tags up to a token, given its tag.
        entropy = torch.zeros_like(sums)
        for before, now in packing.steps:
            paths = sums[before][:, :, None] + between - _finite(into[now])[:, None]
            chances = paths.exp().nan_to_num(posinf=0.0)  # infinite for a tag not allowed
            past = chances * entropy[before][:, :, None] + torch.special.entr(chances)
            entropy[now] = past.sum(dim=1)
        final = sums[packing.last] + end
        chances = (final - _finite(final.logsumexp(dim=1, keepdim=True))).exp()
        result = sums.new_zeros(len(lengths))
        past = chances * entropy[packing.last] + torch.special.entr(chances)
        result[(lengths > 0).to(result.device)] = past.sum(dim=1)
        return result

    def _scores(self) -> Tensor:
        """RETURNS (Tensor): Transitions, -inf where illegal, in float64."""
        return self.transitions.double().masked_fill(~self.legal, IMPOSSIBLE)


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
        before = _forward(scores, transitions, lengths)
        ctx.save_for_backward(scores, transitions, lengths, before)
        return _totals(before, transitions, lengths)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_totals: Tensor) -> tuple[Tensor, Tensor, None]:
        scores, transitions, lengths, before = ctx.saved_tensors
        sums = _Sums(scores, transitions, lengths, before)
        d_totals = d_totals.masked_fill(sums.totals == IMPOSSIBLE, 0.0)
        weight = _by_token(d_totals[:, None], lengths)
        d_scores = sums.marginals() * weight
        ends = lengths[lengths > 0].cumsum(0).to(scores.device)
        d_transitions = torch.zeros_like(transitions)
        d_transitions[-1, :-1] = d_scores[ends - lengths[lengths > 0].to(ends)].sum(dim=0)
        d_transitions[:-1, -1] = d_scores[ends - 1].sum(dim=0)
        d_transitions[:-1, :-1] = sums.pairs(weight)
        return d_scores, d_transitions, None


class _Sums:
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
        self.before = _forward(scores, transitions, lengths) if before is None else before
        starts = lengths.cumsum(0) - lengths
        mirror = (2 * starts + lengths - 1).repeat_interleave(lengths) - torch.arange(len(scores))
        mirror = mirror.to(scores.device)
        self.after = _forward(scores[mirror], transitions.T, lengths)[mirror]
        self.totals = _totals(self.before, transitions, lengths)

    def marginals(self) -> Tensor:
        """RETURNS (Tensor): Probability of each tag of each token. Shape (tokens, tags)."""
        totals = _by_token(self.totals[:, None], self.lengths)
        return (self.before + self.after - _finite(self.scores) - _finite(totals)).exp()

    def pairs(self, weight: Tensor) -> Tensor:
        """Count the transitions that are to be expected.

        weight (Tensor): How much a token counts. Shape (tokens, 1).
        RETURNS (Tensor): Shape (tags, tags).
        """
        between = self.transitions[:-1, :-1]
        inner = torch.ones(len(weight), dtype=torch.bool)
        inner[self.lengths.cumsum(0)[self.lengths > 0] - 1] = False
        first = inner.nonzero()[:, 0].to(weight.device)
        totals = _finite(_by_token(self.totals[:, None], self.lengths))[first]
        before, after, weight = self.before[first], self.after[first + 1] - totals, weight[first]
        if not _is_narrow(before, between):
            counts = torch.zeros_like(between)
            for rows in torch.split(torch.arange(len(first)), _rows(between)):
                paths = before[rows][:, :, None] + between + after[rows][:, None]
                counts += (paths.exp() * weight[rows][:, :, None]).sum(dim=0)
            return counts
        peak, top = _finite(before.amax(dim=1, keepdim=True)), _finite(between.amax())
        # A larger exponent belongs to a tag that no predecessor leads to.
        follow = (after + peak + top).clamp(max=2 * MAX_SPREAD).exp() * weight
        return ((before - peak).exp().T @ follow) * (between - top).exp()


def _forward(scores: Tensor, transitions: Tensor, lengths: Tensor) -> Tensor:
    """Sum over the tags before each token.

    RETURNS (Tensor): The logarithms of the sums of exp(score) over the sequences that lead to a
        tag, its own score included. Shape (tokens, tags).
    """
    packing = Packing.of(lengths, scores.device)
    start, between, _ = _split(transitions)
    scores = scores[packing.order]
    first = slice(packing.alive[0])
    top = _finite(between.amax())
    factors = (between - top).exp()
    sums = scores.clone()
    sums[first] += start
    for before, now in packing.steps:
        peak = _finite(sums[before].amax(dim=1, keepdim=True))
        sums[now] += ((sums[before] - peak).exp() @ factors).log() + (peak + top)
    if not _is_narrow(sums, between):
        sums = scores
        sums[first] += start
        for before, now in packing.steps:
            paths = (
                rows[:, :, None] + between for rows in torch.split(sums[before], _rows(between))
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


def _best(before: Tensor, between: Tensor) -> Tensor:
    """RETURNS (Tensor): The best score that leads to each tag. Shape (sequences, tags)."""
    blocks = torch.split(before, _rows(between))
    return torch.cat([(rows[:, :, None] + between).amax(dim=1) for rows in blocks])


def _restrict(emissions: Tensor, allowed: Tensor | None) -> Tensor:
    """RETURNS (Tensor): Emissions, -inf where they are not allowed, in float64."""
    scores = emissions.double()
    return scores if allowed is None else scores.masked_fill(~allowed, IMPOSSIBLE)


def _split(transitions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """RETURNS (Tuple[Tensor, Tensor, Tensor]): Scores of the first tag, of each tag (row) before
    each tag (column), and of the last tag.
    """
    return transitions[-1, :-1], transitions[:-1, :-1], transitions[:-1, -1]


def _by_token(values: Tensor, lengths: Tensor) -> Tensor:
    """Repeat what belongs to a sequence for each of its tokens. Empty ones may be left out."""
    if len(values) < len(lengths):
        lengths = lengths[lengths > 0]
    return values.repeat_interleave(lengths.to(values.device), dim=0)


def _finite(logs: Tensor) -> Tensor:
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


def _rows(between: Tensor) -> int:
    """RETURNS (int): How many sequences to compute at once, if each takes tags by tags numbers."""
    return max(1, BLOCK // between.numel())
