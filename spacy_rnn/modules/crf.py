"""Linear-chain conditional random field over ragged batches."""

from typing import Any

import torch
from torch import Tensor, nn

from .forward_backward import (
    BLOCK,
    IMPOSSIBLE,
    LogPartition,
    Packing,
    Sums,
    best_into,
    by_token,
    finite,
    restrict,
    split_transitions,
)


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
    marginals are 0 and its decoded tags are -1.

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

    @torch.no_grad()
    def with_tags(self, shares: Any) -> "CRF":
        """Add tags, behind those that there are.

        shares (ArrayLike): How much each tag counts for the transitions from and to a new one.
            Between new ones, and whether they are legal, it is the same. Shape (new tags, tags).
        RETURNS (CRF): A field in which the scores of the tags that there are stay the same.
        """
        new, old = shares.shape
        # Each tag, and the boundary, as a mixture of those that there are.
        mixed = torch.zeros(old + new + 1, old + 1, dtype=torch.float64)
        mixed[:old, :old] = torch.eye(old)
        mixed[old:-1, :old] = torch.as_tensor(shares)
        mixed[-1, -1] = 1.0
        mixed = mixed.to(self.transitions.device)
        grown = CRF(old + new)
        grown.transitions.data = (mixed @ self.transitions.double() @ mixed.T).float()
        grown.legal.data = mixed @ self.legal.double() @ mixed.T > 0.0
        return grown

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
        every = restrict(emissions, allowed)
        true = every if gold is None else restrict(every, gold)
        scores = torch.cat((true, every))
        both = LogPartition.apply(scores, self._scores(), lengths.repeat(2))
        log_true, log_every = both.chunk(2)
        return torch.where(log_true > IMPOSSIBLE, log_true - log_every, IMPOSSIBLE)

    @torch.no_grad()
    def viterbi(self, emissions: Tensor, lengths: Tensor, allowed: Tensor | None = None) -> Tensor:
        """Find the best tags of each sequence (Viterbi 1967).

        RETURNS (Tensor): Tags. Shape (tokens,).
        """
        scores = restrict(emissions, allowed)
        start, between, end = split_transitions(self._scores())
        packing = Packing.of(lengths, emissions.device)
        best = scores[packing.order]
        best[: packing.alive[0]] += start
        columns = torch.split(between, max(1, BLOCK // len(between)), dim=1)
        parts = [part.contiguous() for part in columns]
        for before, now in packing.steps:
            best[now] += torch.cat([best_into(best[before], part) for part in parts], dim=1)
        # A predecessor is found again on the way back, which is cheaper than keeping all of them.
        final = best[packing.last] + end
        tags = best.new_empty(len(best), dtype=torch.int64)
        tags[packing.last] = final.argmax(dim=1)
        into = between.T.contiguous()
        for before, now in reversed(packing.steps):
            tags[before] = (best[before] + into[tags[now]]).argmax(dim=1)
        impossible = final.amax(dim=1) == IMPOSSIBLE
        return tags[packing.position].masked_fill(by_token(impossible, lengths), -1)

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
        start, between, end = split_transitions(self._scores())
        scores = restrict(emissions, allowed)[packing.order]
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
        impossible = by_token(final.values == IMPOSSIBLE, lengths)
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
        scores = restrict(emissions, allowed) / temperature
        return Sums(scores, self._scores() / temperature, lengths).marginals()

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
        scores = restrict(emissions, allowed) / temperature
        transitions = self._scores() / temperature
        sums = Sums(scores, transitions, lengths)
        segments = torch.arange(len(sizes), device=sizes.device).repeat_interleave(sizes)
        ends = sizes.cumsum(0)
        tokens = torch.arange(len(tags), device=tags.device) + (starts - ends + sizes)[segments]
        steps = scores[tokens, tags]
        steps[1:] += transitions[tags[:-1], tags[1:]]
        steps[ends - sizes] = sums.before[starts, tags[ends - sizes]]
        path = steps.new_zeros(len(sizes)).index_add(0, segments, steps)
        last, final = starts + sizes - 1, tags[ends - 1]
        path = path + sums.after[last, final] - finite(scores[last, final])
        return (path - finite(by_token(sums.totals[:, None], lengths))[starts, 0]).exp()

    def _scores(self) -> Tensor:
        """RETURNS (Tensor): Transitions, -inf where illegal, in float64."""
        return self.transitions.double().masked_fill(~self.legal, IMPOSSIBLE)
