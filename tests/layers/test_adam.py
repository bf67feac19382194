"""Adam over all weights at once is Thinc's Adam over each."""

from typing import Any

import numpy
import pytest
from thinc.api import SGD, Adam, RAdam, fix_random_seed
from thinc.types import Ragged

from spacy_rnn.layers import shim
from spacy_rnn.layers.adam import is_adam
from spacy_rnn.layers.recurrent import recurrent

X = Ragged(numpy.random.RandomState(0).normal(size=(7, 4)).astype("f"), numpy.array([4, 0, 3]))


def train(optimizer: Any, steps: int = 50) -> list[numpy.ndarray]:
    """RETURNS (List[ndarray]): The weights and their averages after some steps, of which one has
    weights without a gradient.
    """
    fix_random_seed(0)
    model = recurrent(4, 6).initialize()
    frozen = next(model.shims[0].module.parameters())
    for step in range(steps):
        Y, backprop = model.begin_update(X)
        backprop(Ragged(Y.dataXd - 1.0, Y.lengths))
        if step == 5:
            frozen.grad = None
        model.finish_update(optimizer)
        optimizer.step_schedules()
    weights = [weight.detach().numpy() for weight in model.shims[0].module.parameters()]
    return [*weights, *(optimizer.averages or {}).values()]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"L2": 0.01, "use_averages": False},
        {"L2": 0.1, "L2_is_weight_decay": False, "grad_clip": 0.01},
        {"grad_clip": 0.0, "eps": 1e-3, "beta1": 0.5, "beta2": 0.9},
        {"learn_rate": [0.02, 0.01] * 25},
    ],
)
def test_equals_thincs_own(settings, monkeypatch):
    def make() -> Any:
        return Adam(**{"learn_rate": 0.01, **settings})

    optimizer = make()
    assert is_adam(optimizer)
    found = train(optimizer)
    monkeypatch.setattr(shim, "is_adam", lambda optimizer: False)
    expected = train(make())
    assert len(found) == len(expected) == (16 if settings.get("use_averages", True) else 8)
    for a, b in zip(found, expected, strict=True):
        numpy.testing.assert_allclose(a, b, atol=2e-5)


@pytest.mark.parametrize("optimizer", [SGD(0.1), RAdam(0.01)])
def test_other_optimizers_are_called_as_they_are(optimizer):
    assert not is_adam(optimizer)
    before, after = train(optimizer, steps=0), train(optimizer)
    assert all((a != b).any() for a, b in zip(before, after, strict=False))
