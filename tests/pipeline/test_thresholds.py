import numpy
import pytest

from spacy_rnn.pipeline.thresholds import best_threshold, rescale


def f1(scores, truth, threshold):
    found = scores >= threshold
    return 2 * (found & truth).sum() / (found.sum() + truth.sum())


@pytest.mark.parametrize("seed", range(20))
def test_no_threshold_is_better(seed):
    rng = numpy.random.default_rng(seed)
    scores = rng.integers(0, 8, 30) / 8  # many are equal
    truth = rng.random(30) < scores
    best = max(f1(scores, truth, threshold) for threshold in numpy.linspace(0, 1, 17))
    assert f1(scores, truth, best_threshold(scores, truth)) == best


def test_threshold_is_halfway():
    scores, truth = numpy.array([0.2, 0.9, 0.6, 0.1]), numpy.array([False, True, True, False])
    assert best_threshold(scores, truth) == pytest.approx(0.4)


@pytest.mark.parametrize("truth", [[], [False, False], [True, True]])
def test_nothing_to_choose_by(truth):
    assert best_threshold(numpy.full(len(truth), 0.5), numpy.array(truth, dtype=bool)) is None


@pytest.mark.parametrize("threshold", [0.0, 0.003, 0.5, 0.8, 1.0])
def test_rescaling_moves_the_threshold_only(threshold):
    scores = [0.001, 0.003, 0.2, 0.5, 0.79, 0.8, 0.9]
    rescaled = [rescale(score, threshold) for score in scores]
    assert rescaled == sorted(set(rescaled))
    assert [score >= 0.5 for score in rescaled] == [score >= threshold for score in scores]
    assert rescale(0.0, threshold) == 0.0
    assert rescale(1.0, threshold) == 1.0
