"""Layers beyond PyTorch's figures: dropout, batch statistics, float32, seeds, refusals."""

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import nn
from tinygrad_ml.nn import BatchNorm, Conv2D, Dense, Dropout, Flatten, LeakyReLU


def draw(*shape):
    return np.random.default_rng(3).standard_normal(shape)


ROWS = {
    "Dense": lambda: Dense(4, 3), "Dense no bias": lambda: Dense(4, 3, bias=False),
    "BatchNorm": lambda: BatchNorm(4), "Dropout": lambda: Dropout(0.5, rng=0),
    "Flatten": Flatten, "Sigmoid": nn.Sigmoid, "Tanh": nn.Tanh, "ReLU": nn.ReLU,
    "LeakyReLU": LeakyReLU, "Softplus": nn.Softplus, "Softmax": nn.Softmax,
    "BatchNorm of NumPy's numbers": lambda: BatchNorm(4, np.float64(0.2), np.float64(1e-3)),
    "Dropout of NumPy's numbers": lambda: Dropout(np.float64(0.5), rng=0),
    "LeakyReLU of NumPy's numbers": lambda: LeakyReLU(np.float64(0.1)),
}  # fmt: skip
IMAGES = {
    "Conv2D": lambda: Conv2D(4, 2, 3, padding="same"), "MaxPool2D": nn.MaxPool2D,
    "AvgPool2D": nn.AvgPool2D, "padded MaxPool2D": lambda: nn.MaxPool2D(3, 1, 1),
}  # fmt: skip
CASES = [(make, (5, 4)) for make in ROWS.values()] + [
    (make, (2, 4, 4, 4)) for make in [*ROWS.values(), *IMAGES.values()]
]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("make", "shape"), CASES, ids=[*ROWS, *(f"{name} images" for name in [*ROWS, *IMAGES])]
)
def test_float32_stays(make, shape, training):
    layer = make().train(training)
    x = tg.Tensor(draw(*shape).astype(np.float32), requires_grad=True)
    out = layer(x)
    assert isinstance(out, tg.Tensor) and out.dtype == np.float32
    out.sum().backward()
    assert {p.grad.dtype for p in (x, *layer.parameters())} == {np.dtype(np.float32)}
    assert {v.dtype for v in layer.state_dict().values()} <= {np.dtype(np.float32)}
    plain = layer.freeze()(x.data)
    assert plain.dtype == np.float32


# ------------------------------------------------------------------------------ dropout


def test_dropout_statistics():
    x = np.full((200, 500), 3, np.float32)
    layer = Dropout(0.2, rng=0)
    out = layer(x)
    kept = out != 0
    np.testing.assert_allclose(out[kept], 3 / 0.8, rtol=1e-6)
    deviation = np.sqrt(0.2 * 0.8 / x.size)
    assert abs(kept.mean() - 0.8) < 4 * deviation
    assert abs(out.mean() - 3) < 4 * deviation * 3 / 0.8
    assert abs(kept.mean(axis=0) - 0.8).max() < 6 * np.sqrt(0.2 * 0.8 / 200)  # no column is spared
    again = layer(x) != 0
    assert abs((kept & again).mean() - 0.64) < 0.01  # another mask, independent of the first


def test_dropout_gradient_has_the_mask_of_the_result():
    x = tg.Tensor(np.ones((50, 4)), requires_grad=True)
    out = Dropout(0.5, rng=1)(x)
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, out.data)
    assert set(np.unique(x.grad)) == {0, 2}


def test_dropout_seeds():
    x = np.ones((20, 20), np.float32)
    first = Dropout(0.5, rng=7)(x)
    np.testing.assert_array_equal(first, Dropout(0.5, rng=7)(x))
    np.testing.assert_array_equal(first, Dropout(0.5, rng=np.random.default_rng(7))(x))
    assert np.any(first != Dropout(0.5, rng=8)(x)) and np.any(Dropout()(x) != Dropout()(x))


def test_dropout_in_prediction_and_of_rate_0():
    x = np.ones((4, 4))
    layer = Dropout(0.5, rng=0).eval()
    state = str(layer.rng.bit_generator.state)
    assert layer(x) is x and str(layer.rng.bit_generator.state) == state
    assert Dropout(0)(x) is x


@pytest.mark.parametrize("rate", [1, 1.0, -0.1, np.nan, "half", None])
def test_rates_that_are_none(rate):
    with pytest.raises(ValueError, match="Dropout: rate must be at least 0 and below 1, got"):
        Dropout(rate)


# ------------------------------------------------------------------------------ batch norm


def test_batch_norm_normalises():
    x = (draw(64, 3, 2, 4) * [1, 2, 3, 4] + [5, 6, 7, 8]).astype(np.float32)
    out = BatchNorm(4)(x).data
    np.testing.assert_allclose(out.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(out.std(axis=(0, 1, 2)), 1, atol=1e-4)


def test_prediction_uses_and_keeps_the_running_statistics():
    layer = BatchNorm(2, eps=0.0).eval()
    layer.running_mean, layer.running_var = np.float32([1, 2]), np.float32([4, 9])
    before = layer.state_dict()
    np.testing.assert_allclose(layer(np.float32([[3, 5]])).data, [[1, 1]])  # one row is enough
    assert all(np.array_equal(before[k], v) for k, v in layer.state_dict().items())


def test_running_statistics_carry_no_graph():
    layer = BatchNorm(2)
    x = tg.Tensor(draw(4, 2), requires_grad=True)
    layer(x * 2)
    assert type(layer.running_mean) is type(layer.running_var) is np.ndarray


def test_batch_norm_refuses():
    with pytest.raises(ValueError, match=r"expected input of shape \(n, ..., 3\), got \(4, 2\)"):
        BatchNorm(3)(np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"expected input of shape \(n, ..., 3\), got \(3,\)"):
        BatchNorm(3)(np.ones(3))
    layer = BatchNorm(3)
    with pytest.raises(ValueError, match=r"at least 2 values per channel .* \(1, 3\)"):
        layer(np.ones((1, 3)))
    assert not layer.running_mean.any()


# ------------------------------------------------------------------------------ the others


def test_dense_and_conv_start_as_promised():
    layer, convolution = Dense(3, 2, dtype=np.float64), Conv2D(3, 5, (2, 4))
    assert layer.weight.shape == (3, 2) and layer.weight.dtype == np.float64
    assert layer.bias.shape == (2,) and not layer.bias.data.any()
    assert convolution.weight.shape == (2, 4, 3, 5) and convolution.weight.dtype == np.float32
    assert convolution.bias.shape == (5,) and not convolution.bias.data.any()
    assert Dense(3, 2, bias=False).bias is None and Conv2D(1, 1, 1, bias=False).bias is None


def test_flatten():
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(Flatten()(x), x.reshape(2, 12))
    assert Flatten()(np.ones((0, 3, 4))).shape == (0, 12)
    with pytest.raises(ValueError, match=r"expected a batch of shape \(n, ...\), got \(3,\)"):
        Flatten()(np.ones(3))


@pytest.mark.parametrize("bad", [0, -1, 2.0, True, "3", None])
def test_sizes_are_positive_integers(bad):
    for make, name in [
        (lambda: Dense(bad, 2), "Dense: n_in"),
        (lambda: Dense(2, bad), "Dense: n_out"),
        (lambda: Conv2D(bad, 1, 3), "Conv2D: c_in"),
        (lambda: Conv2D(1, bad, 3), "Conv2D: c_out"),
        (lambda: BatchNorm(bad), "BatchNorm: c"),
    ]:
        with pytest.raises(ValueError, match=f"{name} must be a positive integer, got {bad!r}"):
            make()
    with pytest.raises(ValueError, match="kernel_size"):
        Conv2D(1, 1, 0)
