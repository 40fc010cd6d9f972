"""Integers are ids for a model that looks them up, and numbers for every other one."""

import numpy as np
import pytest

from tinygrad_ml import functional as F
from tinygrad_ml.data import DataLoader
from tinygrad_ml.nn import Dense, Embedding, Flatten, Module, Sequential
from tinygrad_ml.optim import SGD, Adam
from tinygrad_ml.tensor import Parameter
from tinygrad_ml.training import Trainer, accuracy, learning_rate_finder, overfit_one_batch

RNG = np.random.default_rng(0)
IDS = RNG.integers(0, 5, (24, 4))
PARITY = IDS % 2  # a class for every place
LAST = IDS[:, -1]  # a class for every row


def per_place():
    return Sequential(Embedding(5, 8, rng=0), np.tanh, Dense(8, 2, rng=1))


def per_row():
    return Sequential(Embedding(5, 4, rng=0), Flatten(), Dense(16, 5, rng=1))


def trainer_of(model, loss=F.cross_entropy, learning_rate=0.05, **options):
    return Trainer(model, loss, Adam(model.parameters(), learning_rate), rng=0, **options)


class Rows(Module):
    """Looks rows up by itself, and says so."""

    reads_ids = True

    def __init__(self):
        self.table = Parameter(np.zeros((5, 5)), dtype=np.float32)

    def __call__(self, ids):
        return self.table[ids[:, -1]]


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
@pytest.mark.parametrize("make, y", [(per_place, PARITY), (per_row, LAST), (Rows, LAST)])
def test_ids_are_learned(make, y, dtype):
    ids = IDS.astype(dtype)
    trainer = trainer_of(make(), metrics=["accuracy"])
    history = trainer.fit((ids, y), 40, validation=(ids, y), batch_size=8, progress=False)
    assert history["validation_accuracy"][-1] == 1.0
    assert trainer.evaluate(DataLoader(ids, y, batch_size=7))["accuracy"] == 1.0
    scores = trainer.predict(ids)
    assert scores.dtype == np.float32 and scores.shape[:-1] == y.shape
    np.testing.assert_array_equal(scores.argmax(axis=-1), y)


def test_a_row_per_place_gives_the_losses_and_steps_of_flat_rows():
    places, flat = per_place().astype(np.float64), per_place().astype(np.float64)
    for model, ids, y in ((places, IDS, PARITY), (flat, IDS.reshape(-1), PARITY.reshape(-1))):
        trainer = Trainer(
            model, F.cross_entropy, SGD(model.parameters(), 0.1), metrics=["accuracy"]
        )
        trainer.fit([(ids, y)], 3, progress=False)
        model.figures = [trainer.history["loss"], trainer.history["accuracy"]]
    np.testing.assert_allclose(places.figures, flat.figures, rtol=1e-14)
    for p, q in zip(places.parameters(), flat.parameters(), strict=True):
        np.testing.assert_allclose(p.data, q.data, rtol=1e-12, atol=1e-15)


def test_finder_and_checks_keep_ids():
    found = learning_rate_finder(per_place(), F.cross_entropy, (IDS, PARITY), rng=0, progress=False)
    assert found.suggestion is not None
    assert overfit_one_batch(per_place(), F.cross_entropy, (IDS, PARITY)).ok


def test_a_nan_behind_ids_is_named():
    class Log(Module):
        def __call__(self, x):
            return np.log(x)

    model = Sequential(Embedding(5, 4, rng=0), Log(), Dense(4, 2, rng=1))
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match=r"layers\[1\] \(Log\)"):
        trainer_of(model).fit((IDS, PARITY), 1, progress=False)


def test_integers_are_numbers_for_other_models():
    seen = []

    class Line(Module):
        def __init__(self):
            self.dense = Dense(4, 1, rng=0)

        def __call__(self, x):
            seen.append(x.dtype)
            return self.dense(x)

    trainer = trainer_of(Line(), F.mse_loss)
    y = IDS.sum(axis=1, keepdims=True)
    trainer.fit((IDS, y), 1, validation=(IDS, y), progress=False)
    assert trainer.predict(IDS).dtype == np.float32
    assert overfit_one_batch(Line(), F.mse_loss, (IDS, y)).ok
    assert set(seen) == {np.dtype(np.float32)}


def test_the_summary_of_a_model_of_ids():
    assert "(n, 4, 2)" in per_place().summary((4,))


@pytest.mark.parametrize(
    "X, y, message",
    [
        (IDS.astype(float), PARITY, "expected integer ids from 0 to 4, got float32"),
        (IDS > 2, PARITY, "expected integer ids from 0 to 4, got float32"),
        (IDS + 1, PARITY, "expected ids from 0 to 4, got 1 to 5"),
        (IDS, PARITY[:, 0], r"expected targets of shape \(24, 4\) .*, got \(24,\)"),
        (IDS, PARITY.astype(float), "expected integer classes, got float32"),
        (IDS.astype(str), PARITY, "encode text as numbers"),
    ],
)
def test_mistakes(X, y, message):
    with pytest.raises((TypeError, ValueError), match=message):
        trainer_of(per_place()).fit((X, y), 1, progress=False)


def test_accuracy_of_places():
    scores = np.eye(3)[[[0, 1], [2, 2]]]
    assert accuracy(scores, np.array([[0, 1], [2, 0]])) == 0.75
    with pytest.raises(ValueError, match=r"got \(2, 2, 3\) and \(2,\)"):
        accuracy(scores, np.array([0, 1]))
