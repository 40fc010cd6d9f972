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
    "PReLU": lambda: nn.PReLU(4, np.float64(0.1)), "PReLU of one": nn.PReLU,
    "ELU": lambda: nn.ELU(np.float64(0.5)), "CELU": lambda: nn.CELU(np.float64(0.5)),
    "GELU": nn.GELU, "GELU tanh": lambda: nn.GELU("tanh"), "GLU": nn.GLU, "SELU": nn.SELU,
    "SiLU": nn.SiLU, "Mish": nn.Mish, "Softsign": nn.Softsign, "LogSigmoid": nn.LogSigmoid,
    "Hardtanh": lambda: nn.Hardtanh(np.float64(-0.5)), "ReLU6": nn.ReLU6, "Identity": nn.Identity,
    "Hardsigmoid": nn.Hardsigmoid, "Hardswish": nn.Hardswish, "Softmin": nn.Softmin,
    "LogSoftmax": nn.LogSoftmax, "AlphaDropout": lambda: nn.AlphaDropout(np.float64(0.5), rng=0),
}  # fmt: skip
IMAGES = {
    "Conv2D": lambda: Conv2D(4, 2, 3, padding="same"), "MaxPool2D": nn.MaxPool2D,
    "AvgPool2D": nn.AvgPool2D, "padded MaxPool2D": lambda: nn.MaxPool2D(3, 1, 1),
    "ChannelDropout": lambda: nn.ChannelDropout(0.5, rng=0),
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


def test_channel_dropout_drops_whole_channels_of_a_sample():
    x = tg.Tensor(np.ones((40, 3, 5, 50), np.float32), requires_grad=True)
    out = nn.ChannelDropout(0.25, rng=0)(x)
    share = out.data.mean(axis=(1, 2))  # of one channel of one sample
    np.testing.assert_allclose(np.unique(share), [0, 4 / 3], rtol=1e-6)
    assert abs((share > 0).mean() - 0.75) < 4 * np.sqrt(0.75 * 0.25 / share.size)
    out.sum().backward()
    np.testing.assert_array_equal(x.grad, out.data)
    assert nn.ChannelDropout(0.5).eval()(x) is x and nn.ChannelDropout(0)(x) is x
    with pytest.raises(ValueError, match=r"ChannelDropout: expected .*\(n, ..., c\), got \(4, 2\)"):
        nn.ChannelDropout()(np.ones((4, 2)))


def test_alpha_dropout_keeps_mean_and_variance():
    x = tg.Tensor(draw(300, 300), requires_grad=True)
    layer = nn.AlphaDropout(0.3, rng=0)
    out = layer(x)
    assert abs(out.data.mean()) < 0.02 and abs(out.data.var() - 1) < 0.03
    out.sum().backward()
    scale = np.unique(x.grad)
    assert scale[0] == 0 and len(scale) == 2 and abs((x.grad == 0).mean() - 0.3) < 0.01
    assert layer.eval()(x) is x and nn.AlphaDropout(0)(x) is x


def test_reprs_show_the_options():
    shown = [repr(layer) for layer in (nn.ELU(0.5), nn.GELU(), nn.PReLU(3), nn.Hardtanh(0, 1),
                                       nn.SiLU().eval(), nn.AlphaDropout(0.1))]  # fmt: skip
    assert shown == ["ELU(alpha=0.5)", "GELU(approximate='none')", "PReLU(3)",
                     "Hardtanh(low=0.0, high=1.0)", "SiLU()", "AlphaDropout(0.1)"]  # fmt: skip


def test_prelu_learns_its_slopes():
    layer = nn.PReLU(3)
    x = np.array([[-1.0, 2, -3], [-4, -5, 6]], np.float32)
    out = layer(x)
    np.testing.assert_allclose(out.data, np.where(x > 0, x, 0.25 * x))
    out.sum().backward()
    np.testing.assert_array_equal(layer.slope.grad, [-5, -5, -3])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.ELU("a"), "ELU: alpha must be a finite number, got 'a'"),
        (lambda: nn.CELU(0), "CELU: alpha must be a positive number, got 0"),
        (lambda: nn.GELU(True), "GELU: approximate must be 'none' or 'tanh', got True"),
        (lambda: nn.Hardtanh(1, 1), "Hardtanh: expected low < high"),
        (lambda: nn.PReLU(0), "PReLU: c must be a positive integer, got 0"),
        (lambda: nn.PReLU(3)(np.ones((2, 4))), r"prelu: expected slopes of shape \(1,\) or \(4,\)"),
        (lambda: nn.GLU()(np.ones((2, 3))), "glu: expected an even number of values"),
        (lambda: nn.AlphaDropout(1), "AlphaDropout: rate must be at least 0 and below 1, got 1"),
    ],
)
def test_activations_refuse(make, message):
    with pytest.raises(ValueError, match=message):
        make()


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
