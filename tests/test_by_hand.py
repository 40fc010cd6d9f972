"""Autograd against the backpropagation equations written out by hand (tests/by_hand.py)."""

import numpy as np
import pytest

import by_hand
import tinygrad_ml as tg
from tinygrad_ml.functional import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    mse_loss,
    sigmoid,
)
from tinygrad_ml.models import CNN, MLP, Autoencoder, XORNet

rng = np.random.default_rng(20)
X = rng.normal(size=(7, 5))
VALUES = rng.normal(size=(7, 3))
BITS = rng.integers(0, 2, (7, 3)).astype(float)
CLASSES = rng.integers(0, 3, 7)


def assert_equal(got, expected):
    """|a - b| <= 1e-12 max(1, |b|), element by element, in float64."""
    assert len(got) == len(expected)
    for a, b in zip(got, expected):
        assert a.dtype == np.float64 and a.shape == np.shape(b)
        assert np.all(np.abs(a - b) <= 1e-12 * np.maximum(1, np.abs(b)))


def gradients_of(model, loss):
    """Gradients of all parameters, in order; biases start at 0, so they are moved first."""
    model.zero_grad()
    loss(model).backward()
    return [p.grad for p in model.parameters()]


def moved(model):
    """The model with biases that are not 0 any more, and its parameters."""
    noise = np.random.default_rng(1)
    for p in model.parameters():
        p.data = p.data + 0.1 * noise.normal(size=p.shape)
    return model, [np.array(p.data) for p in model.parameters()]


HIDDEN = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus"]
COSTS = {
    "squared error": (mse_loss, VALUES, by_hand.delta_squared_error),
    "sigmoid and binary cross-entropy": (
        binary_cross_entropy_with_logits, BITS, by_hand.delta_binary_cross_entropy,
    ),
    "softmax and cross-entropy": (cross_entropy, CLASSES, by_hand.delta_cross_entropy),
}  # fmt: skip


@pytest.mark.parametrize("activation", HIDDEN)
@pytest.mark.parametrize("cost", COSTS)
def test_mlp(cost, activation):
    loss, target, delta = COSTS[cost]
    model, parameters = moved(MLP([5, 6, 4, 3], activation, rng=0, dtype=np.float64))
    activations = [activation, activation, "linear"]
    zs, layers = by_hand.dense_forward(parameters, X, activations)
    expected, _ = by_hand.dense_backward(parameters, zs, layers, activations, delta(zs[-1], target))
    assert_equal([model(X).data], [layers[-1]])
    assert_equal(gradients_of(model, lambda m: loss(m(X), target)), expected)


@pytest.mark.parametrize("output", ["sigmoid", "tanh", "softplus"])
def test_mlp_with_an_output_activation_and_squared_error(output):
    model, parameters = moved(MLP([5, 6, 3], "sigmoid", output, rng=0, dtype=np.float64))
    activations = ["sigmoid", output]
    zs, layers = by_hand.dense_forward(parameters, X, activations)
    delta = by_hand.delta_squared_error(zs[-1], VALUES, output)
    expected, _ = by_hand.dense_backward(parameters, zs, layers, activations, delta)
    assert_equal(gradients_of(model, lambda m: mse_loss(m(X), VALUES)), expected)


def test_binary_cross_entropy_of_probabilities_is_that_of_logits():
    model, parameters = moved(MLP([5, 6, 3], "sigmoid", "sigmoid", rng=0, dtype=np.float64))
    zs, layers = by_hand.dense_forward(parameters, X, ["sigmoid", "sigmoid"])
    delta = by_hand.delta_binary_cross_entropy(zs[-1], BITS)
    expected, _ = by_hand.dense_backward(parameters, zs, layers, ["sigmoid", "sigmoid"], delta)
    assert_equal(gradients_of(model, lambda m: binary_cross_entropy(m(X), BITS)), expected)


@pytest.mark.parametrize("seed", range(5))
def test_xor_network_and_its_update(seed):
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([[0.0], [1.0], [1.0], [0.0]])
    net, parameters = moved(XORNet(rng=seed, dtype=np.float64))
    activations = ["sigmoid", "linear"]
    for inputs, targets in ((x, y), (x[2:3], y[2:3])):  # the whole table, and one sample
        zs, layers = by_hand.dense_forward(parameters, inputs, activations)
        delta = by_hand.delta_binary_cross_entropy(zs[-1], targets)
        expected, _ = by_hand.dense_backward(parameters, zs, layers, activations, delta)
        net.zero_grad()
        binary_cross_entropy_with_logits(net(inputs), targets).backward()
        assert_equal([p.grad for p in net.parameters()], expected)
    tg.optim.SGD(net.parameters(), learning_rate=0.5).step()  # w <- w - (eta / m) sum of dC/dw
    assert_equal([p.data for p in net.parameters()],
                 [p - 0.5 * g for p, g in zip(parameters, expected)])  # fmt: skip


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("output", [None, "sigmoid"])
def test_autoencoder(activation, output):
    samples = rng.random((9, 10))
    model, parameters = moved(
        Autoencoder(10, (8, 4, 2), activation, output, rng=0, dtype=np.float64)
    )
    activations = [activation, activation, "linear", activation, activation, output or "linear"]
    zs, layers = by_hand.dense_forward(parameters, samples, activations)
    delta = by_hand.delta_squared_error(zs[-1], samples, activations[-1])
    expected, _ = by_hand.dense_backward(parameters, zs, layers, activations, delta)
    assert_equal([model.encode(samples), model.reconstruct(samples)], [layers[3], layers[-1]])
    assert_equal(gradients_of(model, lambda m: mse_loss(m(samples), samples)), expected)


@pytest.mark.parametrize(
    "shape, channels", [((4, 4, 2), (3,)), ((8, 8, 1), (2, 3)), ((6, 9, 3), (2, 2))]
)
def test_cnn(shape, channels):
    images = rng.normal(size=(3, *shape))
    classes = rng.integers(0, 4, 3)
    model, parameters = moved(
        CNN(shape, 4, channels=channels, hidden=(5,), rng=0, dtype=np.float64)
    )
    expected = by_hand.cnn_gradients(parameters, images, classes, blocks=len(channels), border=1)
    assert_equal(gradients_of(model, lambda m: cross_entropy(m(images), classes)), expected)


def test_linear_regression():
    w, b, y = rng.normal(size=5), rng.normal(), rng.normal(size=7)
    loss = lambda w, b: mse_loss(X @ w + b, y) / 2
    assert_equal(tg.grad(loss, (0, 1))(w, np.float64(b)), by_hand.linear_regression(X, y, w, b))


def test_logistic_regression():
    w, b, y = rng.normal(size=5), rng.normal(), rng.integers(0, 2, 7).astype(float)
    expected = by_hand.logistic_regression(X, y, w, b)
    from_logits = lambda w, b: binary_cross_entropy_with_logits(X @ w + b, y)
    from_probabilities = lambda w, b: binary_cross_entropy(sigmoid(X @ w + b), y)
    for loss in (from_logits, from_probabilities):
        assert_equal(tg.grad(loss, (0, 1))(w, np.float64(b)), expected)


def test_a_wrong_formula_is_noticed():
    """The derivative of sigmoid taken at the activation instead of at z: the tutorials' mistake."""
    model, parameters = moved(MLP([5, 6, 3], "sigmoid", rng=0, dtype=np.float64))
    zs, layers = by_hand.dense_forward(parameters, X, ["sigmoid", "linear"])
    delta = by_hand.delta_squared_error(zs[-1], VALUES)
    wrong = [layers[1], zs[1]]
    expected, _ = by_hand.dense_backward(parameters, wrong, layers, ["sigmoid", "linear"], delta)
    with pytest.raises(AssertionError):
        assert_equal(gradients_of(model, lambda m: mse_loss(m(X), VALUES)), expected)
