"""A NaN is named by the layer that made it, forward and backward, and the model stays as it was."""

import warnings

import numpy as np
import pytest

from same import assert_same
from tinygrad_ml import functional as F
from tinygrad_ml.nn import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool2D, Module, Sequential
from tinygrad_ml.optim import SGD
from tinygrad_ml.tensor import Parameter
from tinygrad_ml.training import Trainer

RNG = np.random.default_rng(0)
ROWS, VALUES = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 1))
IMAGES, CLASSES = RNG.normal(size=(8, 6, 6, 1)), RNG.integers(0, 3, 8)


class Root(Module):
    """Its derivative at 0 is infinite."""

    def __call__(self, x):
        return np.sqrt(np.maximum(x, 0))


class Log(Module):
    def __call__(self, x):
        return np.log(x)


class Cell(Module):
    """A recurrent cell with two results and two arguments, like an LSTM's."""

    def __init__(self, break_at=None):
        self.inside = Dense(3 + 4, 8, rng=0)
        self.gate = (
            Root() if break_at == "backward" else Log() if break_at == "forward" else np.tanh
        )

    def __call__(self, x, state):
        h, c = state
        gates = self.inside(np.concatenate([x, h], axis=1))
        c = 0.5 * c + self.gate(gates[:, :4])
        return np.tanh(gates[:, 4:]) * c, c


class Recurrent(Module):
    def __init__(self, break_at=None):
        self.cells = {"first": Cell(), "second": Cell(break_at)}
        self.head = Dense(4, 1, rng=1)

    def __call__(self, x):
        h = c = np.zeros((len(x), 4), x.dtype)
        for _ in range(3):
            for cell in self.cells.values():
                h, c = cell(x, state=(h, c))
        return self.head(h)


def diverging(model, X=ROWS, y=VALUES, loss=F.mse_loss, learning_rate=0.1, epochs=9, **options):
    trainer = Trainer(model, loss, SGD(model.parameters(), learning_rate), rng=0, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        with pytest.raises(FloatingPointError) as caught:
            trainer.fit((X, y), epochs, batch_size=len(X), progress=False)
    return str(caught.value)


def cnn(*layers):
    first = Conv2D(1, 2, 3, rng=0), BatchNorm(2), MaxPool2D(2)
    return Sequential(*first, *layers, Flatten(), Dense(8, 3, rng=1))


# ------------------------------------------------------------------------------------ forward


def test_the_first_layer_of_a_cnn():
    message = diverging(cnn(Log()), IMAGES, CLASSES, F.cross_entropy)
    assert "fit: the loss is nan in epoch 1, batch 1 of 1" in message
    assert "comes from model.layers[3] (Log)." in message
    model = cnn()
    model.layers[0] = Sequential(model.layers[0], np.log)
    message = diverging(model, IMAGES, CLASSES, F.cross_entropy)
    assert "comes from model.layers[0].layers[1] (log)." in message


def test_a_cell_with_several_results():
    message = diverging(Recurrent("forward"))
    assert "comes from model.cells.second.gate (Log)." in message


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_the_data_itself(value):
    for part, what in enumerate(("input", "target")):
        data = [ROWS.copy(), VALUES.copy()]
        data[part][7, 0] = value
        message = diverging(Recurrent(), *data)
        assert f"The {what} batch itself holds NaN or inf (row " in message


# ------------------------------------------------------------------------------------ backward


def test_a_gradient_behind_a_finite_loss():
    model = Sequential(Dense(3, 4, rng=0), Root(), Dense(4, 1, rng=1))
    model[0].weight.data = np.zeros((3, 4))
    message = diverging(model)
    assert "but a gradient is not finite in epoch 1, batch 1 of 1" in message
    assert "The gradient of the parameter bias of model.layers[0] (Dense) holds NaN" in message
    assert "made in the backward pass of model.layers[1] (Root). Look there for" in message


def test_a_gradient_in_a_cnn_and_in_a_function():
    layers = Sequential(np.tanh, lambda x: np.sqrt(x - x)), Dropout(0.5, 0)
    message = diverging(cnn(*layers), IMAGES, CLASSES, F.cross_entropy)
    assert "made in the backward pass of model.layers[3].layers[1] (<lambda>)." in message


def test_a_gradient_in_a_cell():
    model = Recurrent("backward")
    model.cells["second"].inside.bias.data = np.zeros(8)
    model.cells["second"].inside.weight.data = np.zeros((7, 8))
    message = diverging(model)
    assert "the parameter bias of model.cells.second.inside (Dense)" in message
    assert "made in the backward pass of model.cells.second.gate (Root)." in message


def test_a_parameter_of_its_own():
    class Scale(Module):
        def __init__(self):
            self.log = Parameter(np.zeros(3))

        def __call__(self, x):
            return x * (1 + np.sqrt(self.log))

    message = diverging(Sequential(Dense(3, 3, rng=0), Scale(), Dense(3, 1, rng=1)))
    assert "The gradient of the parameter log of model.layers[1] (Scale) holds" in message
    assert "made in the backward pass of model.layers[1] (Scale)." in message


def test_the_loss_itself():
    message = diverging(
        Sequential(Dense(3, 1, rng=0)), ROWS * 0, VALUES * 0,
        loss=lambda p, t: np.sqrt(((p - t) ** 2).sum()),
    )  # fmt: skip
    assert "made in the backward pass of the loss." in message


def test_also_with_clipping_and_in_an_accumulation():
    for options in ({"clip_norm": 1.0}, {"accumulate": 4}):
        model = Sequential(Dense(3, 4, rng=0), Root(), Dense(4, 1, rng=1))
        model[0].weight.data = np.zeros((3, 4))
        assert "pass of model.layers[1] (Root)" in diverging(model, **options)


def test_large_gradients_are_finite():
    """Their squares overflow in float32, they do not."""
    model = Sequential(Dense(3, 1, rng=0))
    trainer = Trainer(model, F.mse_loss, SGD(model.parameters(), 1e-30), rng=0)
    trainer.fit((1000 * ROWS, 1e18 * VALUES), 1, progress=False, batch_size=12)
    grad = model[0].weight.grad
    assert np.isfinite(grad).all() and not np.isfinite(np.vdot(grad, grad))


def test_the_last_batch_of_a_fit_is_checked_too():
    model = Sequential(Dense(3, 4, rng=0), Root(), Dense(4, 1, rng=1))
    model[0].weight.data = np.zeros((3, 4))
    before = model.state_dict()
    diverging(model, epochs=1)
    assert_same(model.state_dict(), before)  # no step was made


def test_the_search_leaves_no_trace():
    model = cnn(Dropout(0.5, 0), Log())
    generator, kinds = model[3].rng, [type(layer) for layer in model]
    states = []

    def loss(prediction, target):
        states.append((model.state_dict(), generator.bit_generator.state))
        return F.cross_entropy(prediction, target)

    diverging(model, IMAGES, CLASSES, loss)
    assert_same(model.state_dict(), states[0][0])
    assert_same(generator.bit_generator.state, states[0][1])
    assert [type(layer) for layer in model] == kinds
