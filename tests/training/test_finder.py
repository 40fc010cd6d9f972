"""The learning-rate finder: where it points, what it leaves alone, what it refuses."""

import numpy as np
import pytest

from same import assert_same
from tinygrad_ml import functional as F
from tinygrad_ml import plotting
from tinygrad_ml.data import DataLoader, load_digits
from tinygrad_ml.nn import BatchNorm, Dense, Dropout, ReLU, Sequential
from tinygrad_ml.optim import SGD, Adam
from tinygrad_ml.training import learning_rate_finder

RNG = np.random.default_rng(0)
X = RNG.normal(size=(96, 3))
Y = X.sum(axis=1, keepdims=True)


def line():
    return Sequential(Dense(3, 1, rng=0, dtype=np.float64))


def find(model=None, loss=F.mse_loss, data=(X, Y), optimizer=SGD, **options):
    model = line() if model is None else model
    return learning_rate_finder(model, loss, data, optimizer, **{"progress": False} | options)


def test_rates_and_losses_by_hand():
    """Gradient descent with the rate of each step, and the loss before it."""
    found = find(data=(X, Y), batch_size=96, smallest=1e-3, largest=0.1, steps=20)
    model = line()
    np.testing.assert_allclose(found.rates, 1e-3 * 100 ** (np.arange(20) / 19))
    optimizer = SGD(model.parameters(), 1.0)
    for rate, value in zip(found.rates, found.losses):
        optimizer.learning_rate = rate
        optimizer.zero_grad()
        loss = F.mse_loss(model(X), Y)
        assert float(loss) == pytest.approx(value, rel=1e-9)
        loss.backward()
        optimizer.step()


def test_a_quadratic_diverges_behind_its_bound():
    """Gradient descent is stable below 2 over the largest eigenvalue of the Hessian."""
    design = np.hstack([X, np.ones((96, 1))])
    bound = 2 / np.linalg.eigvalsh(2 * design.T @ design / 96).max()
    found = find(batch_size=96, steps=200)
    assert 0.01 * bound < found.suggestion < bound
    assert bound < found.rates[-1] < 10 and len(found.rates) < 200


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("optimizer", "least", "most"), [(Adam, 1e-3, 0.3), (SGD, 0.03, 3.0)])
def test_digits(seed, optimizer, least, most):
    digits = load_digits()
    model = Sequential(Dense(64, 32, rng=seed), ReLU(), Dense(32, 10, rng=seed + 9))
    found = find(model, F.cross_entropy, (digits.X / 16, digits.y), optimizer, rng=seed)
    assert least < found.suggestion < most
    assert found.losses.shape == found.rates.shape == found.smoothed.shape


def test_model_loader_and_generators_stay_as_they_are():
    model = Sequential(Dense(3, 4, rng=0), BatchNorm(4), Dropout(0.2, 5), Dense(4, 1, rng=0))
    model[0].weight.grad = np.ones((3, 4))
    loader = DataLoader(X, Y, batch_size=8, shuffle=True, rng=3)
    next(iter(loader))
    before = [model.state_dict(), loader.state_dict(), model[2].rng.bit_generator.state]
    find(model, data=loader, steps=30)
    after = [model.state_dict(), loader.state_dict(), model[2].rng.bit_generator.state]
    assert_same(before, after)
    assert model.training and np.array_equal(model[0].weight.grad, np.ones((3, 4)))


@pytest.mark.parametrize("data", [
    (X, Y), DataLoader(X, Y, batch_size=10), [(X[:9], Y[:9]), (X[9:], Y[9:])],
])  # fmt: skip
def test_data_in_every_form(data):
    assert find(data=data, rng=0).suggestion > 0
    autoencoder = Sequential(Dense(3, 3, rng=0))
    assert find(autoencoder, data=X, rng=0).suggestion > 0


def test_the_same_seed_finds_the_same():
    one, other = find(rng=4), find(rng=4)
    assert np.array_equal(one.losses, other.losses)
    assert repr(one) == repr(other) and repr(one).startswith("learning_rate=0.")


def test_float32_models_take_float64_data():
    assert find(Sequential(Dense(3, 1, rng=0)), rng=0).suggestion > 0


def test_a_loss_that_never_falls():
    found = find(loss=lambda p, t: (p * 0).sum() + 1)
    assert found.suggestion is None
    assert repr(found).startswith("No suggestion: the loss never fell (100 rates from 1e-06 to 10)")
    assert plotting.plot_learning_rates(found).axes[0].get_xscale() == "log"


def test_a_bar_that_ends(capsys):
    find(progress=True, steps=10)
    err = capsys.readouterr().err
    assert "learning rates" in err and err.endswith("\n")


@pytest.mark.parametrize(("options", "kind", "message"), [
    ({"optimizer": SGD(line().parameters(), 0.1)}, TypeError, "a function that makes an optimizer"),
    ({"optimizer": None}, TypeError, "a function that makes an optimizer, got None"),
    ({"smallest": 0}, ValueError, "expected 0 < smallest < largest, got 0 and 10.0"),
    ({"smallest": 1, "largest": 0.1}, ValueError, "expected 0 < smallest < largest"),
    ({"largest": "1"}, ValueError, "expected 0 < smallest < largest"),
    ({"largest": float("nan")}, ValueError, "expected 0 < smallest < largest"),
    ({"steps": 5}, ValueError, "steps must be an integer of at least 10, got 5"),
    ({"steps": 20.0}, ValueError, "steps must be an integer of at least 10, got 20.0"),
    ({"data": []}, ValueError, "at least one batch"),
    ({"data": (X, Y[:, 0])}, ValueError, "mse_loss: expected a target"),
    ({"data": (X.T, Y)}, ValueError, "arrays of one length"),
    ({"data": (X * np.nan, Y)}, FloatingPointError, "input batch itself holds NaN"),
    ({"model": lambda x: x}, TypeError, "expected a Module as model"),
    ({"rng": "seed"}, ValueError, "learning_rate_finder: rng must be None, a seed"),
])  # fmt: skip
def test_refuses(options, kind, message):
    with pytest.raises(kind, match=message):
        find(**options)


def test_picture(tmp_path):
    found = find(rng=0)
    figure = plotting.plot_learning_rates(found, title="A search")
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("learning rate", "loss before the step")
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names[:2] == ["loss of a batch", "smoothed"] and names[2].startswith("suggestion: ")
    assert axes.get_ylim()[0] < found.losses.min() and axes.get_ylim()[1] > found.losses[0]
    figure.savefig(tmp_path / "rates.png")
    assert (tmp_path / "rates.png").stat().st_size > 1000
