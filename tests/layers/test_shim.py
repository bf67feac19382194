"""The shim's manners: updates, averages, storage, errors."""

import contextlib
import pickle
import random
from typing import Any

import numpy
import pytest
import safetensors.torch
import torch
from thinc.api import Adam, Model, fix_random_seed, set_dropout_rate
from thinc.types import Ragged

from spacy_rnn.layers.recurrent import recurrent
from spacy_rnn.layers.weights import half_precision, save_weights

X = Ragged(numpy.random.RandomState(0).normal(size=(7, 4)).astype("f"), numpy.array([4, 0, 3]))


@pytest.fixture
def model() -> Model[Ragged, Ragged]:
    return recurrent(4, 6).initialize()


def train(model: Model[Ragged, Ragged], optimizer: Any, steps: int = 3) -> None:
    for _ in range(steps):
        Y, backprop = model.begin_update(X)
        backprop(Ragged(Y.dataXd - 1.0, Y.lengths))
        model.finish_update(optimizer)


def weights(model: Model[Ragged, Ragged]) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in model.shims[0]._model.state_dict().items()}


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_the_optimizer_moves_every_weight_towards_the_target(model):
    before, distance = weights(model), abs(model.predict(X).dataXd - 1).mean()
    train(model, Adam(0.01), steps=100)
    assert not any(torch.equal(before[name], w) for name, w in weights(model).items())
    assert abs(model.predict(X).dataXd - 1).mean() < distance / 2


def test_gradients_accumulate_until_the_update(model):
    twice = model.copy()
    for times, m in ((1, model), (2, twice)):
        for _ in range(times):
            Y, backprop = m.begin_update(X)
            backprop(Ragged(numpy.ones_like(Y.dataXd), Y.lengths))
    for one, two in zip(
        model.shims[0]._model.parameters(), twice.shims[0]._model.parameters(), strict=True
    ):
        torch.testing.assert_close(2 * one.grad, two.grad)


def test_averages_are_used_and_given_back(model):
    optimizer = Adam(0.05, use_averages=True)
    train(model, optimizer)
    trained, output = weights(model), model.predict(X).dataXd
    with contextlib.suppress(KeyboardInterrupt), model.use_params(optimizer.averages):
        averaged = weights(model)
        assert not any(torch.equal(trained[name], w) for name, w in averaged.items())
        for name, weight in averaged.items():
            numpy.testing.assert_array_equal(
                weight.numpy(), optimizer.averages[model.shims[0].id, name]
            )
        assert not numpy.array_equal(model.predict(X).dataXd, output)
        raise KeyboardInterrupt
    assert equal(weights(model), trained)
    numpy.testing.assert_array_equal(model.predict(X).dataXd, output)


def test_a_copy_has_weights_and_an_optimizer_state_of_its_own(model):
    copied = model.copy()
    assert equal(weights(copied), weights(model))
    assert copied.shims[0].id != model.shims[0].id
    optimizer = Adam(0.01, use_averages=True)
    before = weights(model)
    train(copied, optimizer)
    assert equal(weights(model), before)
    with model.use_params(optimizer.averages):
        assert equal(weights(model), before)


def test_initialize_draws_anew_and_repeats_with_the_seed(model):
    first = weights(model)
    assert not equal(weights(model.initialize()), first)
    fix_random_seed(3)
    second = weights(model.initialize())
    fix_random_seed(3)
    assert equal(weights(model.initialize()), second)


def test_round_trip_in_bytes_and_pickle(model):
    loaded = recurrent(4, 6).from_bytes(model.to_bytes())
    numpy.testing.assert_array_equal(loaded.predict(X).dataXd, model.predict(X).dataXd)
    unpickled = pickle.loads(pickle.dumps(model.shims[0]))
    assert equal(unpickled._model.state_dict(), weights(model))


def test_loading_unpickles_nothing(model, monkeypatch):
    data = model.to_bytes()

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("unpickled")

    for name in ("pickle.load", "pickle.loads", "torch.load", "torch.serialization.load"):
        monkeypatch.setattr(name, refuse)
    loaded = recurrent(4, 6).from_bytes(data)
    numpy.testing.assert_array_equal(loaded.predict(X).dataXd, model.predict(X).dataXd)


@pytest.mark.parametrize("damage", [lambda b: b[:-10], lambda b: b"", lambda b: b"PK\3\4" * 50])
def test_damaged_weights_are_refused_and_change_nothing(model, damage):
    before = weights(model)
    with pytest.raises(ValueError, match=r"Can't read the weights of RecurrentStack: got .* bytes"):
        model.shims[0].from_bytes(damage(model.shims[0].to_bytes()))
    assert equal(weights(model), before)


def test_any_flipped_byte_is_refused(model):
    before, data = weights(model), model.shims[0].to_bytes()
    for at in random.Random(0).sample(range(len(data)), 300):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        with pytest.raises(ValueError, match="the weights of RecurrentStack"):
            model.shims[0].from_bytes(bytes(flipped))
    assert equal(weights(model), before)


def test_weights_of_another_type_are_refused(model):
    before = weights(model)
    high = {name: weight.double() for name, weight in before.items()}
    with pytest.raises(ValueError, match=r"of float64, expected the shape \(12,\) of float32"):
        model.shims[0].from_bytes(save_weights(high))
    with pytest.raises(ValueError, match="got weights that are damaged"):
        model.shims[0].from_bytes(safetensors.torch.save(before))
    assert equal(weights(model), before)


def test_weights_in_half_precision_take_half_the_bytes_and_load_in_single():
    large = recurrent(256, 256).initialize()
    with half_precision():
        data = large.shims[0].to_bytes()
    assert len(data) < 0.51 * len(large.shims[0].to_bytes())
    loaded = recurrent(256, 256).initialize()
    loaded.shims[0].from_bytes(data)
    exact = {name: weight.half().float() for name, weight in weights(large).items()}
    assert equal(weights(loaded), exact)


def test_a_weight_that_is_too_large_for_half_precision_is_not_saved_in_it(model):
    model.shims[0].module.layers[0].bias_hh_l0.data[3] = 70_000.0
    with (
        half_precision(),
        pytest.raises(ValueError, match=r"layers\.0\.bias_hh_l0 in half .*70000"),
    ):
        model.shims[0].to_bytes()
    model.shims[0].from_bytes(model.shims[0].to_bytes())


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf])
def test_weights_that_are_not_finite_are_refused(model, value):
    before = weights(model)
    wrong = {name: weight.clone() for name, weight in before.items()}
    wrong["layers.0.bias_hh_l0"][3] = value
    with pytest.raises(ValueError, match="NaN or infinite numbers in layers.0.bias_hh_l0"):
        model.shims[0].from_bytes(save_weights(wrong))
    assert equal(weights(model), before)


def test_weights_of_another_model_are_refused_and_change_nothing(model):
    before = weights(model)
    with pytest.raises(
        ValueError,
        match=r"another model than this RecurrentStack: for layers.0.bias_hh_l0, "
        r"got the shape \(16,\) of float32, expected the shape \(12,\) of float32",
    ):
        model.shims[0].from_bytes(recurrent(4, 8).shims[0].to_bytes())
    assert equal(weights(model), before)


@pytest.mark.parametrize("value", [numpy.nan, numpy.inf])
def test_gradients_that_are_not_finite_are_refused_and_change_nothing(model, value):
    before = weights(model)
    Y, backprop = model.begin_update(X)
    dY = numpy.full_like(Y.dataXd, value)
    with pytest.raises(ValueError, match=r"Gradients of RecurrentStack are not finite.*learn_rate"):
        backprop(Ragged(dY, Y.lengths))
    model.finish_update(Adam(0.01))
    assert equal(weights(model), before)


def test_backprop_needs_begin_update(model):
    Y, backprop = model(X, is_train=False)
    with pytest.raises(RuntimeError, match="call begin_update instead"):
        backprop(Y)


def test_dropout_follows_thinc_unless_fixed():
    for dropout, rates in ((None, [0.0, 0.5]), (0.5, [0.5, 0.5])):
        model = recurrent(4, 64, dropout=dropout).initialize()
        for rate, expected in zip([0.0, 0.5], rates, strict=True):
            set_dropout_rate(model, rate)
            share = (model.begin_update(X)[0].dataXd == 0).mean()
            assert abs(share - expected) < 0.1
            assert (model.predict(X).dataXd != 0).all()


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_bad_dropout(rate):
    with pytest.raises(ValueError, match=f"Invalid dropout: got {rate}, expected a rate"):
        recurrent(4, 4, dropout=rate)


def test_bad_input_width(model):
    wide = Ragged(numpy.zeros((2, 5), dtype="f"), numpy.array([2]))
    for run in (model.predict, lambda X: recurrent(4, 6).initialize(X)):
        with pytest.raises(ValueError, match="got vectors of width 5, expected 4"):
            run(wide)
