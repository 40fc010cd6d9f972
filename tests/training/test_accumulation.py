"""Several batches for one step, and optimizers that ask for the loss themselves."""

from itertools import pairwise

import numpy as np
import pytest

from tinygrad_ml import functional as F
from tinygrad_ml.data import DataLoader
from tinygrad_ml.nn import Dense, Sequential, Tanh
from tinygrad_ml.optim import SGD, Adam, CosineSchedule, Optimizer
from tinygrad_ml.training import Callback, Trainer

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(24, 3)), RNG.normal(size=(24, 1))


def make(optimizer=SGD, dtype=np.float64, **options):
    model = Sequential(Dense(3, 5, rng=0, dtype=dtype), Tanh(), Dense(5, 1, rng=1, dtype=dtype))
    return Trainer(model, F.mse_loss, optimizer(model.parameters(), 0.05), rng=0, **options)


def weights(trainer):
    return np.concatenate([p.data.ravel() for p in trainer.model.parameters()])


def fit(trainer, batches, epochs=3, *callbacks):
    trainer.fit(batches, epochs, progress=False, callbacks=callbacks)
    return weights(trainer)


def in_batches(*sizes):
    ends = np.cumsum([0, *sizes])
    return [(X[a:b], Y[a:b]) for a, b in pairwise(ends)]


@pytest.mark.parametrize("optimizer", [SGD, Adam])
@pytest.mark.parametrize(("small", "accumulate", "joined"), [
    ((8, 8, 8), 3, (24,)), ((4,) * 6, 2, (8, 8, 8)),
    ((4,) * 5, 2, (8, 8, 4)),  # the rest of an epoch makes a step too
    ((5, 3, 2, 6), 2, (8, 8)), ((7, 1, 1, 5), 9, (14,)),  # weighted by rows
])  # fmt: skip
@pytest.mark.parametrize("clip_norm", [None, 0.05])
def test_as_if_the_batches_were_joined(optimizer, small, accumulate, joined, clip_norm):
    accumulated = make(optimizer, accumulate=accumulate, clip_norm=clip_norm)
    one = fit(accumulated, in_batches(*small))
    whole = make(optimizer, clip_norm=clip_norm)
    other = fit(whole, in_batches(*joined))
    np.testing.assert_allclose(one, other, rtol=1e-12)
    assert accumulated.optimizer.step_count == whole.optimizer.step_count


def test_the_gradient_is_the_weighted_mean():
    """sum of n_i g_i over sum of n_i, by hand."""
    trainer = make(accumulate=2)
    before, expected = weights(trainer), 0
    for x, y in in_batches(5, 2):
        trainer.model.zero_grad()
        F.mse_loss(trainer.model(x), y).backward()
        expected += (
            len(x) / 7 * np.concatenate([p.grad.ravel() for p in trainer.model.parameters()])
        )
    after = fit(trainer, in_batches(5, 2), 1)
    np.testing.assert_allclose(before - after, 0.05 * expected, rtol=1e-12)


def test_float32_stays_float32():
    trainer = make(dtype=np.float32, accumulate=3)
    assert fit(trainer, DataLoader(X, Y, batch_size=4)).dtype == np.float32
    assert all(p.grad.dtype == np.float32 for p in trainer.model.parameters())


class Watch(Callback):
    def __init__(self):
        self.seen = []

    def on_batch_end(self, trainer):
        self.seen.append((trainer.pending, trainer.optimizer.learning_rate))


def test_the_schedule_and_the_callbacks_know_of_steps():
    schedule, watch = CosineSchedule(length=1), Watch()
    trainer = make(schedule=schedule, accumulate=2)
    fit(trainer, in_batches(4, 4, 4, 4, 4), 1, watch)
    assert [pending for pending, _ in watch.seen] == [4, 0, 4, 0, 0]
    rates = [0.05 * schedule(t) for t in (0, 0, 0.4, 0.4, 0.8)]  # one rate for one step
    np.testing.assert_allclose([rate for _, rate in watch.seen], rates)


def test_a_collection_shorter_than_its_length():
    class Short(list):
        def __len__(self):
            return 9

    trainer = make(accumulate=4)
    fit(trainer, Short(in_batches(4, 4, 4)), 2)
    assert trainer.optimizer.step_count == 2 and trainer.pending == 0


@pytest.mark.parametrize("accumulate", [0, -1, 1.5, True, "2", None])
def test_wrong_accumulations_are_refused(accumulate):
    with pytest.raises(ValueError, match="accumulate must be a positive integer, got"):
        make(accumulate=accumulate)


# ------------------------------------------------------------------------------------ closures


class Descent(Optimizer):
    """Halves the rate until the loss falls: it has to see the loss more than once."""

    needs_closure = True

    def step(self, closure):
        start = closure()
        self.step_count += 1
        gradients = [p.grad for p in self.parameters]
        old = [p.data for p in self.parameters]
        rate, value = 4.0, np.inf
        while not value < start:
            rate /= 2
            for p, w, g in zip(self.parameters, old, gradients):
                p.data = w - rate * g
            value = closure()
        self.last = value


def test_an_optimizer_may_ask_for_the_loss():
    watch = Watch()
    trainer = make(Descent, metrics={"rows": lambda p, t: len(p)})
    history = trainer.fit((X, Y), 20, batch_size=24, progress=False, callbacks=[watch])
    losses = history["loss"]
    assert all(b < a for a, b in pairwise(losses))  # each the loss before its step
    assert trainer.evaluate((X, Y))["loss"] == pytest.approx(trainer.optimizer.last, rel=1e-12)
    assert history["rows"] == [24] * 20 and {pending for pending, _ in watch.seen} == {0}
    assert trainer.optimizer.step_count == 20


def test_closures_check_the_loss_and_clip():
    model = Sequential(Dense(3, 1, rng=0))
    trainer = Trainer(model, F.mse_loss, Descent(model.parameters(), 0.1), clip_norm=0.1)
    with pytest.raises(FloatingPointError, match="input batch itself holds NaN"):
        trainer.fit((np.full((4, 3), np.nan), np.zeros((4, 1))), 1, progress=False)
    seen = []
    trainer.optimizer.step = lambda closure: seen.append((closure(), model[0].weight.grad))
    trainer.fit((X, 100 * Y), 1, batch_size=24, progress=False)
    assert isinstance(seen[0][0], float)
    norm = np.sqrt(sum((p.grad**2).sum() for p in model.parameters()))
    assert norm == pytest.approx(0.1, rel=1e-5)


def test_closures_and_accumulation_are_refused():
    with pytest.raises(ValueError, match="accumulate=1 with Descent, got 2. .*batch_size=len"):
        make(Descent, accumulate=2)
