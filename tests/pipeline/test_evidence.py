"""Settings are kept where data speak for them, and as rarely as promised where they do not."""

import numpy
import pytest

from spacy_rnn.pipeline.evidence import Fit, f_score, held_out_gains
from spacy_rnn.pipeline.thresholds import threshold_gains


def entities(n_documents: int, effect: float, seed: int) -> numpy.ndarray:
    """Counts of right, and of predicted and true entities under margins: with each step of the
    margin, some more are predicted, of which a share is right.
    """
    draw = numpy.random.default_rng(seed)
    true = draw.poisson(1.5, n_documents)
    table = numpy.zeros((n_documents, 6, 2))
    found = draw.binomial(true, 0.5)
    wrong = draw.poisson(0.4, n_documents)
    for margin in range(6):
        table[:, margin] = numpy.stack((found, found + wrong + true), axis=-1)
        found = numpy.minimum(true, found + draw.binomial(true - found, effect))
        wrong = wrong + draw.poisson(0.12, n_documents)
    return table


@pytest.mark.parametrize(("n_documents", "effect", "share"), [(15, 0.04, 0.15), (400, 0.3, 1.0)])
def test_how_often_a_margin_is_kept(n_documents: int, effect: float, share: float) -> None:
    """Hardly ever with 23 entities and no effect to speak of; always with 600 and a strong one."""
    kept = 0
    for seed in range(20):
        table = entities(n_documents, effect, seed)
        kept += Fit.of({"O": 1.0}, held_out_gains(table, f_score)).kept != {}
    assert kept / 20 <= share if share < 1 else kept == 20


def test_the_gain_is_that_of_new_data() -> None:
    """What is chosen among many looks better on its own data than it is."""
    draw = numpy.random.default_rng(0)
    scores, truth = draw.uniform(size=60), (draw.uniform(size=60) < 0.3).astype(float)
    gains = threshold_gains(scores, truth, 0.5)
    predicted = scores[:, None] >= numpy.linspace(0, 1, 50)
    hits = (predicted & (truth[:, None] == 1)).sum(axis=0)
    best = (2 * hits / (predicted.sum(axis=0) + truth.sum())).max()
    at_half = 2 * (truth[scores >= 0.5]).sum() / ((scores >= 0.5).sum() + truth.sum())
    assert gains.mean() < best - at_half


def test_too_few_documents_tell_nothing() -> None:
    assert not held_out_gains(numpy.ones((4, 3, 2)), f_score).any()
