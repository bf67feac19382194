import numpy
import pytest
import torch

from spacy_rnn.pipeline.calibration import fit_temperature, temper


@pytest.mark.parametrize("temperature", [0.125, 1.0, 3.0])
def test_tempering_divides_the_scores(temperature):
    scores = torch.randn(5, 4, dtype=torch.float64) * 5
    expected = (scores / temperature).softmax(-1).numpy()
    numpy.testing.assert_allclose(temper(scores.softmax(-1).numpy(), temperature), expected)


@pytest.mark.parametrize("temperature", [0.01, 0.5, 2.0, 100.0])
def test_temperature_has_the_least_loss(temperature):
    fit = fit_temperature(lambda t: numpy.full(40, (t - temperature) ** 2), numpy.arange(40))
    found = fit.kept["temperature"]
    assert found == pytest.approx(min(max(temperature, 0.125), 8.0), rel=2e-3)
