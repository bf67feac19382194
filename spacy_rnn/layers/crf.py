"""Conditional random fields over ragged batches."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy
import torch
from numpy.typing import NDArray
from thinc.api import Model
from thinc.types import Floats1d, Floats2d, Ragged
from thinc.util import xp2torch
from torch import Tensor

from ..modules.crf import CRF
from ..modules.forward_backward import IMPOSSIBLE
from ..modules.viterbi import best_path
from .shim import TorchShim, torch_shim

InT = TypeVar("InT")


class Lattice(NamedTuple):
    """The scores of a batch and what may be made of them.

    scores (Floats2d): Emissions of all sequences, one after the other. Shape (tokens, tags).
    lengths (NDArray): Tokens of each sequence, in order. Shape (sequences,).
    allowed (Optional[NDArray]): Tags that each token can have. All by default. Shape (tokens,
        tags).
    gold (Optional[NDArray]): Tags that each token may truly have. Shape (tokens, tags).
    """

    scores: Floats2d
    lengths: NDArray[Any]
    allowed: NDArray[Any] | None = None
    gold: NDArray[Any] | None = None


def crf(nO: int | None = None) -> Model[Lattice, Floats1d]:
    """Find the log-likelihood of each sequence's annotation under a linear-chain CRF.

    nO (Optional[int]): Number of tags. To be set before `initialize` by default.
    RETURNS (Model[Lattice, Floats1d]): The layer, with the transitions in a shim. Its gradient
        with respect to the input is that of the scores alone.
    """
    return Model("crf", forward, init=init, dims={"nO": nO}, shims=[TorchShim(CRF(nO))])


def forward(
    model: Model[Lattice, Floats1d], X: Lattice, is_train: bool
) -> tuple[Floats1d, Callable[[Floats1d], Floats2d]]:
    shim = torch_shim(model)
    return shim(
        X.scores,
        is_train,
        lengths=_lengths(X),
        allowed=_mask(X.allowed, shim.device),
        gold=_mask(X.gold, shim.device),
    )


def init(
    model: Model[Lattice, Floats1d], X: Lattice | None = None, Y: Floats1d | None = None
) -> None:
    torch_shim(model).initialize(tags=model.get_dim("nO"))


def set_legal(model: Model[Lattice, Floats1d], legal: NDArray[Any]) -> None:
    """Say which transitions are legal: in the partition function and in decoding alike.

    legal (NDArray[bool]): From tag (row) to tag (column), the last ones standing for the boundary
        of the sequence. Shape (nO + 1, nO + 1).
    """
    cast(CRF, torch_shim(model).module).legal.copy_(torch.from_numpy(legal))


def rounded(X: Lattice) -> Lattice:
    """Round the scores of a batch to a thousandth. Equal ones, which the batch makes differ in the
    last digits, are then equal, and which of equally probable sequences come first depends on
    their document alone.
    """
    return X._replace(scores=X.scores.round(3))


def negative_log_likelihood(model: Model[Lattice, Floats1d], X: Lattice) -> tuple[float, Floats2d]:
    """Find the loss of a batch, and collect the gradient of the transitions.

    X (Lattice): The batch, with its gold.
    RETURNS (Tuple[float, Floats2d]): The summed loss, and the gradient of the scores.
    """
    likelihood, backprop = model.begin_update(X)
    d_scores = backprop(model.ops.xp.full_like(likelihood, -1.0))
    return 0.0 - float(cast(Any, likelihood).sum()), cast(Floats2d, d_scores)


def viterbi(model: Model[Lattice, Floats1d], X: Lattice) -> NDArray[Any]:
    """RETURNS (NDArray[int64]): The best tags, see `CRF.viterbi`. Shape (tokens,)."""
    shim, scores = torch_shim(model), cast(Any, X.scores)
    if shim.device.type != "cpu" or len(X.lengths) != 1 or not len(scores):
        return _ask(model, CRF.viterbi, X)[0]
    field = cast(CRF, shim.module)
    transitions, legal = field.transitions.numpy(force=True), field.legal.numpy(force=True)
    if X.allowed is not None:
        scores = numpy.where(X.allowed, scores, IMPOSSIBLE)
    return best_path(scores, numpy.where(legal, transitions, IMPOSSIBLE))


def n_best(model: Model[Lattice, Floats1d], X: Lattice, n: int) -> tuple[NDArray[Any], ...]:
    """RETURNS (Tuple[NDArray, NDArray]): The n best sequences of tags and their scores, see
    `CRF.n_best`. Shapes (n, tokens) and (n, sequences).
    """
    return _ask(model, CRF.n_best, X, n=n)


def marginals(
    model: Model[Lattice, Floats1d], X: Lattice, temperature: float = 1.0
) -> NDArray[Any]:
    """RETURNS (NDArray[float64]): Probabilities of tags, see `CRF.marginals`. Shape (tokens,
    tags).
    """
    return _ask(model, CRF.marginals, X, temperature=temperature)[0]


def segment_marginals(
    model: Model[Lattice, Floats1d],
    X: Lattice,
    starts: NDArray[Any],
    sizes: NDArray[Any],
    tags: NDArray[Any],
    temperature: float = 1.0,
) -> NDArray[Any]:
    """RETURNS (NDArray[float64]): Probabilities of segments, see `CRF.segment_marginals`, where
    their description is as well. Shape (segments,).
    """
    segments = {"starts": starts, "sizes": sizes, "tags": tags}
    return _ask(model, CRF.segment_marginals, X, **segments, temperature=temperature)[0]


def _ask(
    model: Model[Lattice, Floats1d], method: Callable[..., Any], X: Lattice, **options: Any
) -> tuple[NDArray[Any], ...]:
    """Call a method of the CRF, whose further arrays are turned into tensors."""
    shim = torch_shim(model)
    for name, option in options.items():
        if isinstance(option, numpy.ndarray):
            options[name] = torch.from_numpy(option).to(shim.device)
    with torch.inference_mode():
        scores = xp2torch(X.scores, device=shim.device)
        allowed = _mask(X.allowed, shim.device)
        found = method(shim.module, scores, _lengths(X), allowed=allowed, **options)
    parts = found if isinstance(found, tuple) else (found,)
    return tuple(part.numpy(force=True) for part in parts)


def with_crf(scorer: Model[InT, Ragged], nO: int | None = None) -> Model[InT, Ragged]:
    """Put a CRF behind the layer that scores its tags.

    The output is that of `scorer`. What is made of it, the likelihood of an annotation or the best
    tags, is for the component to ask of the reference "crf".

    scorer (Model[InT, Ragged]): Scores each tag of each token. Its reference "output_layer" is
        the layer whose "nO" is the number of tags.
    nO (Optional[int]): Number of tags. By default it is set before `initialize`, or found in a
        sample of its output there.
    RETURNS (Model[InT, Ragged]): The model.
    """
    output, field = scorer.get_ref("output_layer"), crf(nO)
    return Model(
        "with_crf",
        forward_scorer,
        init=init_both,
        layers=[scorer, field],
        dims={"nO": nO},
        refs={"output_layer": output, "crf": field},
    )


def forward_scorer(
    model: Model[InT, Ragged], X: InT, is_train: bool
) -> tuple[Any, Callable[[Ragged], InT]]:  # spaCy's tagger has a list as its sample
    return model.layers[0](X, is_train)


def init_both(
    model: Model[InT, Ragged], X: InT | None = None, Y: list[Floats2d] | None = None
) -> None:
    scorer, field = model.layers
    if Y and model.has_dim("nO") is None:
        model.set_dim("nO", next(y.shape[1] for y in Y if len(y)))
    for node in (model.get_ref("output_layer"), field):
        node.set_dim("nO", model.get_dim("nO"))
    scorer.initialize(X)
    field.initialize()


def _lengths(X: Lattice) -> Tensor:
    return torch.from_numpy(X.lengths.astype("int64"))


def _mask(mask: NDArray[Any] | None, device: torch.device) -> Tensor | None:
    return None if mask is None else torch.from_numpy(mask).to(device)
