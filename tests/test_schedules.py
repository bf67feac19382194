from itertools import islice

import pytest
from spacy.util import registry

from spacy_rnn.schedules import warmup_linear


def test_rises_and_falls_and_every_step_counts():
    rates = [*islice(warmup_linear(0.1, 4, 10), 11)]
    assert rates == pytest.approx(
        [0.025, 0.05, 0.075, 0.1, 0.1, 0.1 * 5 / 6, 0.1 * 4 / 6, 0.05, 0.1 / 3, 0.1 / 6, 0.0]
    )


def test_the_optimizer_starts_with_a_rate():
    rate = {"@schedules": "spacy-rnn.warmup_linear.v1", "initial_rate": 0.1}
    rate.update(warmup_steps=10, total_steps=100)
    optimizer = registry.resolve({"o": {"@optimizers": "Adam.v1", "learn_rate": rate}})["o"]
    assert optimizer.learn_rate == pytest.approx(0.01)


def test_a_training_shorter_than_the_warmup_stays_on_the_slope():
    assert [*islice(warmup_linear(1.0, 4, 2), 2)] == [0.25, 0.5]


@pytest.mark.parametrize("steps", [(-1, 10), (0, 0)])
def test_impossible_schedules_are_refused(steps):
    with pytest.raises(ValueError, match="got warmup_steps = "):
        warmup_linear(0.1, *steps)
