"""The average of the weights: its formula, its use, and what it refuses."""

import numpy as np
import pytest

from same import assert_same
from tinygrad_ml import functional as F
from tinygrad_ml.nn import BatchNorm, Dense, Sequential
from tinygrad_ml.optim import SGD
from tinygrad_ml.training import Callback, EarlyStopping, ExponentialMovingAverage, Trainer

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 3)), RNG.normal(size=(30, 1))


class Steps(Callback):
    """The weights behind every optimizer step."""

    def __init__(self):
        self.seen = []

    def on_batch_end(self, trainer):
        if trainer.pending == 0:
            self.seen.append(dict(weights(trainer.model)))


def weights(model):
    return {name: p.data.copy() for name, p in model.named_parameters()}


def make(dtype=np.float64, **options):
    model = Sequential(Dense(3, 4, rng=0), BatchNorm(4), Dense(4, 1, rng=1)).astype(dtype)
    return Trainer(model, F.mse_loss, SGD(model.parameters(), 0.05), rng=0, **options)


def fit(trainer, *callbacks, epochs=2, **options):
    return trainer.fit((X, Y), epochs, batch_size=7, progress=False, callbacks=callbacks, **options)


def closed_form(seen, name, decay, warm_up):
    """The average as one sum over all steps."""
    t = len(seen)
    stack = np.stack([step[name] for step in seen]).astype(np.float64)
    if warm_up == "debias":
        factors = np.array([decay ** (t - i) for i in range(1, t + 1)])
        factors /= factors.sum()
    else:
        decays = [decay if warm_up is None else min(decay, (1 + i) / (10 + i))
                  for i in range(1, t + 1)]  # fmt: skip
        factors = np.array([
            (1 if i == 0 else 1 - decays[i]) * np.prod(decays[i + 1 :]) for i in range(t)
        ])  # fmt: skip
    return np.tensordot(factors, stack, 1)


@pytest.mark.parametrize("warm_up", [None, "debias", "ramp"])
@pytest.mark.parametrize("decay", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_is_the_weighted_mean_of_all_steps(warm_up, decay, accumulate):
    average, steps = ExponentialMovingAverage(decay, warm_up), Steps()
    fit(make(accumulate=accumulate), steps, average)
    assert average.steps == len(steps.seen) == (10 if accumulate == 1 else 6)
    for name, array in average.average.items():
        expected = closed_form(steps.seen, name, decay, warm_up)
        np.testing.assert_allclose(array, expected, rtol=1e-12)
    if decay == 0:
        assert_same(average.average, steps.seen[-1])


def test_float32_stays_float32():
    average = ExponentialMovingAverage(0.9)
    trainer = make(np.float32)
    fit(trainer, average)
    assert {a.dtype for a in average.average.values()} == {np.dtype(np.float32)}
    average.apply(trainer.model)
    assert trainer.model.dtype == np.float32


def test_applied_for_a_while_and_for_good():
    average, trainer = ExponentialMovingAverage(0.9), make()
    fit(trainer, average)
    own, state = weights(trainer.model), trainer.model.state_dict()
    with average.applied(trainer.model) as model:
        assert model is trainer.model
        assert_same(weights(model), average.average)
        inside = trainer.predict(X)
    assert_same(trainer.model.state_dict(), state)
    with pytest.raises(TypeError), average.applied(trainer.model):
        trainer.predict((X, Y))  # an error inside the block
    assert_same(trainer.model.state_dict(), state)
    average.apply(trainer.model)
    assert_same(weights(trainer.model), average.average)
    assert np.array_equal(trainer.predict(X), inside)
    trainer.model[0].weight.data = own["layers.0.weight"] * 0  # the average is not touched
    assert np.any(average.average["layers.0.weight"])


def test_a_second_fit_goes_on():
    once, twice = ExponentialMovingAverage(0.9), ExponentialMovingAverage(0.9)
    fit(make(), once, epochs=4)
    trainer = make()
    for _ in range(2):
        fit(trainer, twice)
    assert_same(once.state_dict(), twice.state_dict())


def test_validation_measures_the_average_and_early_stopping_keeps_it():
    trainer, average = make(), ExponentialMovingAverage(0.9, validate=True)
    stopping = EarlyStopping(patience=50)
    best = {}

    class Look(Callback):
        def on_epoch_end(self, training):
            own = weights(training.model)
            with average.applied(training.model):
                loss = training.evaluate((X, Y))["loss"]
            assert training.history["validation_loss"][-1] == loss
            assert loss != training.evaluate((X, Y))["loss"]
            assert_same(own, weights(training.model))
            if loss <= min(training.history["validation_loss"]):
                best.update({name: a.copy() for name, a in average.average.items()})

    fit(trainer, Look(), average, stopping, epochs=6, validation=(X, Y))
    assert_same(weights(trainer.model), best)
    assert trainer.evaluate((X, Y))["loss"] == min(trainer.history["validation_loss"])


def test_without_validate_the_last_weights_are_measured():
    plain, averaged = make(), make()
    one = fit(plain, validation=(X, Y))
    other = fit(averaged, ExponentialMovingAverage(0.9), validation=(X, Y))
    assert one["validation_loss"] == other["validation_loss"]


def test_refuses():
    for decay in (2, 1.0, -0.1, "0.9", None, True, float("nan")):
        with pytest.raises(ValueError, match="decay must be at least 0 and below 1, got"):
            ExponentialMovingAverage(decay)
    with pytest.raises(ValueError, match="warm_up must be None, 'debias' or 'ramp', got 'linear'"):
        ExponentialMovingAverage(warm_up="linear")
    average = ExponentialMovingAverage(np.float32(0.5))
    for use in (average.apply, lambda model: average.applied(model).__enter__()):
        with pytest.raises(TypeError, match="expected a Module as model, got str"):
            use("model")
    with pytest.raises(ValueError, match="average of layers.0.weight .* none of that name"):
        average.apply(make().model)
    fit(make(), average)
    other = Sequential(Dense(3, 9, rng=0), BatchNorm(9), Dense(9, 1, rng=0))
    before = other.state_dict()
    with pytest.raises(ValueError, match=r"of shape \(3, 9\), got \(3, 4\)"):
        average.apply(other)
    assert_same(other.state_dict(), before)
