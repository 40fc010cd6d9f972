"""The feed-forward network: shapes, starting values, errors, learning."""

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss, relu
from tinygrad_ml.models import MLP
from tinygrad_ml.models.mlp import ACTIVATIONS
from tinygrad_ml.training import Trainer

X = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)


@pytest.mark.parametrize(
    "activation", [*(name for name in ACTIVATIONS if name != "softmax"), np.sin]
)
def test_sizes_become_layers(activation):
    model = MLP([2, 4, 3, 1], activation, rng=0)
    assert [p.shape for p in model.parameters()] == [(2, 4), (4,), (4, 3), (3,), (3, 1), (1,)]
    assert model(X).shape == (40, 1) and model(X).dtype == np.float32
    assert model.n_parameters == 12 + 15 + 4


def test_no_hidden_layer_is_an_affine_map():
    model = MLP([2, 3], rng=0)
    np.testing.assert_array_equal(model(X).data, X @ model[0].weight.data)


def test_options_become_layers():
    model = MLP([2, 4, 3], "tanh", "softmax", dropout=0.5, batch_norm=True, rng=0)
    names = [type(layer).__name__ for layer in model]
    assert names == ["Dense", "BatchNorm", "Tanh", "Dropout", "Dense", "Softmax"]
    np.testing.assert_allclose(model.eval()(X).data.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    "activation, variance",
    [("relu", 2 / 400), (relu, 2 / 400), (tg.nn.LeakyReLU(), 2 / 400), ("softplus", 2 / 400),
     ("gelu", 2 / 400), ("silu", 2 / 400), ("elu", 2 / 400), ("selu", 1 / 400),
     ("sigmoid", 2 / 1000), ("tanh", 2 / 1000), (np.tanh, 2 / 1000)],
)  # fmt: skip
def test_starting_values_fit_the_activation(activation, variance):
    model = MLP([400, 600, 400], activation, rng=0)
    assert model[0].weight.data.var() == pytest.approx(variance, rel=0.02)
    assert model[2].weight.data.var() == pytest.approx(2 / 1000, rel=0.02)
    assert not model[0].bias.data.any() and not model[2].bias.data.any()


def test_starting_values_can_be_chosen():
    assert np.all(MLP([2, 3, 1], init=lambda shape, rng: np.ones(shape))[0].weight.data == 1)
    assert MLP([2, 400, 1], "relu", init="lecun_normal", rng=0)[0].weight.data.var() < 0.6


def test_signals_keep_their_size_in_a_deep_network():
    x = np.random.default_rng(1).normal(size=(100, 64)).astype(np.float32)
    out = MLP([64] * 30, "relu", rng=0)(x).data
    assert 0.1 < out.std() < 10


def test_a_seed_fixes_everything():
    def outputs(seed):
        model = MLP([2, 8, 8, 1], dropout=0.5, rng=seed)
        return model(X).data, model(X).data

    (a, b), (c, d) = outputs(3), outputs(3)
    np.testing.assert_array_equal([a, b], [c, d])
    assert not np.array_equal(a, b) and not np.array_equal(a, outputs(4)[0])


def test_a_generator_is_drawn_from_and_dropout_layers_differ():
    rng = np.random.default_rng(0)
    first, second = MLP([2, 4, 1], rng=rng), MLP([2, 4, 1], rng=rng)
    assert not np.array_equal(first[0].weight.data, second[0].weight.data)
    model = MLP([2, 8, 8, 1], dropout=0.5, rng=0)
    ones = np.ones((4, 8), np.float32)
    assert not np.array_equal(model[2](ones), model[5](ones))


def test_the_dtype_is_that_of_the_parameters():
    model = MLP([2, 4, 1], batch_norm=True, rng=0, dtype=np.float64)
    assert model.dtype == np.float64 and model(X.astype(np.float64)).dtype == np.float64


@pytest.mark.parametrize(
    "x", [[[0, 1], [1, 0]], np.array([[0, 1], [1, 0]]), [[False, True], [1, 0]]]
)
def test_lists_and_integers_are_converted(x):
    model = MLP([2, 4, 1], rng=0)
    expected = model(np.array([[0, 1], [1, 0]], np.float32)).data
    assert model(x).dtype == np.float32
    np.testing.assert_array_equal(model(x).data, expected)


@pytest.mark.parametrize(
    "sizes",
    [4, [2], [], [2, 4.0, 1], [2, 0, 1], [2, -1], "241", [2, "4", 1], [2, True, 1], None,
     [[2, 4], [4, 1]], np.ones((2, 2), int)],
)  # fmt: skip
def test_wrong_sizes(sizes):
    with pytest.raises(ValueError, match="sizes must be a list of at least 2 positive integers"):
        MLP(sizes)


@pytest.mark.parametrize("activation", ["rellu", None, 3, tg.nn.ReLU])
def test_wrong_activation(activation):
    with pytest.raises(ValueError, match="MLP: activation must be one of identity, sigmoid, "):
        MLP([2, 4, 1], activation)
    if isinstance(activation, type):
        with pytest.raises(ValueError, match=r"Write ReLU\(\)"):
            MLP([2, 4, 1], activation)


@pytest.mark.parametrize(
    "x, error, message",
    [
        (np.zeros((2, 7)), ValueError, r"model\[0\] \(Dense\): expected 2 input .* transposed"),
        (np.zeros((7, 3)), ValueError, "expected 2 input features"),
        ([[1, 2], [3]], ValueError, "MLP: .* ragged list"),
        ([["a", "b"]], TypeError, "MLP: expected numbers, got <U1"),
        ([[1, None]], TypeError, "MLP: expected numbers, got object"),
        (None, TypeError, "MLP: expected numbers"),
    ],
)
def test_wrong_input(x, error, message):
    with pytest.raises(error, match=message):
        MLP([2, 4, 1])(x)


def fit(model, loss, target, epochs=200, batch_size=40, learning_rate=0.5):
    optimizer = tg.optim.SGD(model.parameters(), learning_rate, momentum=0.9)
    trainer = Trainer(model, loss, optimizer, rng=0)
    trainer.fit((X, target), epochs, batch_size=batch_size, progress=False)
    return trainer


@pytest.mark.parametrize("batch_size", [40, 8])
def test_learns_with_every_loss(batch_size):
    larger = X[:, 0] > X[:, 1]
    trainer = fit(MLP([2, 4, 1], "sigmoid", rng=0), binary_cross_entropy_with_logits,
                  larger[:, None], batch_size=batch_size)  # fmt: skip
    assert np.mean((trainer.predict(X)[:, 0] > 0) == larger) >= 0.95
    trainer = fit(MLP([2, 4, 2], "tanh", rng=0), cross_entropy, larger.astype(int),
                  batch_size=batch_size)  # fmt: skip
    assert np.mean(trainer.predict(X).argmax(axis=1) == larger) >= 0.95
    values = (X[:, :1] - 2 * X[:, 1:]) / 4
    trainer = fit(MLP([2, 8, 1], rng=0), mse_loss, values,
                  batch_size=batch_size, learning_rate=0.05)  # fmt: skip
    assert trainer.history["loss"][-1] < 0.02 * values.var()


def test_targets_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"prediction's shape \(40, 1\), got \(40,\)"):
        fit(MLP([2, 4, 1]), mse_loss, X[:, 0])
    with pytest.raises(ValueError, match=r"got \(40, 1\)"):
        fit(MLP([2, 4, 2]), cross_entropy, np.zeros((40, 1), int))
    with pytest.raises(TypeError, match="target batches of real numbers"):
        fit(MLP([2, 4, 2]), cross_entropy, np.array(["a", "b"] * 20))
