"""What the functions promise beyond PyTorch's figures: extremes, hand-written loops, errors."""

import numpy as np
import pytest

import tinygrad_ml as tg
from tinygrad_ml import functional as F

rng = np.random.default_rng(8)
FLOATS = (np.float32, np.float64)


def gradient(function, x):
    x = tg.Tensor(x, requires_grad=True)
    y = function(x)
    y.backward(np.ones(y.shape))
    assert x.grad.dtype == x.dtype
    return x.grad


# ------------------------------------------------------------------------------ extreme values


@pytest.mark.parametrize("dtype", FLOATS)
class TestExtremes:
    """Values of ±1000 and ±inf are finite and right where they can be, and never warn."""

    def x(self, dtype):
        return np.array([-np.inf, -1000, -100, 0, 100, 1000, np.inf], dtype)

    def test_sigmoid(self, dtype):
        x = self.x(dtype)
        np.testing.assert_allclose(F.sigmoid(x), [0, 0, 3.720075976e-44, 0.5, 1, 1, 1],
                                   rtol=1e-6, atol=1e-43 if dtype == np.float32 else 0)  # fmt: skip
        np.testing.assert_allclose(gradient(F.sigmoid, x), [0, 0, 0, 0.25, 0, 0, 0], atol=1e-40)

    def test_softplus(self, dtype):
        x = self.x(dtype)
        np.testing.assert_allclose(
            F.softplus(x), [0, 0, 0, np.log(2), 100, 1000, np.inf], atol=1e-40
        )
        np.testing.assert_allclose(gradient(F.softplus, x), [0, 0, 0, 0.5, 1, 1, 1], atol=1e-40)

    def test_tanh_and_relus(self, dtype):
        x = self.x(dtype)
        np.testing.assert_array_equal(F.tanh(x), [-1, -1, -1, 0, 1, 1, 1])
        np.testing.assert_array_equal(gradient(F.tanh, x), [0, 0, 0, 1, 0, 0, 0])
        np.testing.assert_array_equal(F.relu(x), [0, 0, 0, 0, 100, 1000, np.inf])
        np.testing.assert_array_equal(gradient(F.relu, x), [0, 0, 0, 0, 1, 1, 1])
        np.testing.assert_allclose(gradient(F.leaky_relu, x), [0.01] * 4 + [1] * 3, rtol=1e-6)

    def test_softmax_family(self, dtype):
        z = np.array([[1000, 0, -1000], [-1000, -1000, -1000], [-np.inf, 0, 0]], dtype)
        third, half = 1 / 3, 1 / 2
        expected = [[1, 0, 0], [third] * 3, [0, half, half]]
        np.testing.assert_allclose(F.softmax(z), expected, rtol=1e-6)
        np.testing.assert_allclose(F.logsumexp(z), [1000, -1000 + np.log(3), np.log(2)], rtol=1e-6)
        np.testing.assert_allclose(F.log_softmax(z)[0], [0, -1000, -2000])
        np.testing.assert_allclose(gradient(F.logsumexp, z), expected, rtol=1e-6)
        weight = np.array([1, 2, 4], dtype)
        for function in (F.softmax, F.log_softmax):
            assert np.isfinite(gradient(lambda z, f=function: f(z) * weight, z[:2])).all()

    def test_logsumexp_of_nothing(self, dtype):
        nothing = np.array([[-np.inf, -np.inf]], dtype)
        np.testing.assert_array_equal(F.logsumexp(nothing), [-np.inf])
        np.testing.assert_array_equal(F.logsumexp(np.array([[np.inf, 0.0]], dtype)), [np.inf])

    def test_losses(self, dtype):
        z, t = np.array([1000, -1000, 1000, 0], dtype), np.array([1, 0, 0, 1], dtype)
        loss = lambda z: F.binary_cross_entropy_with_logits(z, t, reduction="none")
        np.testing.assert_allclose(loss(z), [0, 0, 1000, np.log(2)], rtol=1e-6, atol=1e-30)
        np.testing.assert_allclose(gradient(loss, z), [0, 0, 1, -0.5], atol=1e-30)
        p = np.array([1, 0, 1, 0], dtype)
        loss = lambda p: F.binary_cross_entropy(p, t, reduction="none")
        np.testing.assert_allclose(loss(p), [0, 0, 100, 100])
        assert np.isfinite(gradient(loss, p)).all()
        scores, classes = (
            np.array([[1000, 0], [1000, 0], [-1000, -1000]], dtype),
            np.array([0, 1, 0]),
        )
        loss = lambda z: F.cross_entropy(z, classes, reduction="none")
        np.testing.assert_allclose(loss(scores), [0, 1000, np.log(2)], rtol=1e-4)
        np.testing.assert_allclose(
            gradient(loss, scores), [[0, 0], [1, -1], [-0.5, 0.5]], atol=1e-30
        )

    def test_gradient_by_certain_targets(self, dtype):
        p, t = (
            np.array([0, 1, 0.5], dtype),
            tg.Tensor(np.array([0, 1, 1], dtype), requires_grad=True),
        )
        F.binary_cross_entropy(p, t, reduction="sum").backward()
        np.testing.assert_allclose(t.grad, [100, -100, 0], atol=1e-6)

    def test_distances(self, dtype):
        x = np.array([[1e8, 1.0], [1e8, 1.0], [1e8, 2.0]], dtype)
        distances = F.pairwise_distances(x)
        np.testing.assert_array_equal(distances, [[0, 0, 1], [0, 0, 1], [1, 1, 0]])
        assert np.isfinite(gradient(F.pairwise_distances, x)).all()


# ------------------------------------------------------------------------------ by hand


def convolve_by_hand(x, w, bias, stride, top, left, output):
    """out[i, j, o] = bias[o] + sum of x[i s + a - top, j s + b - left, c] w[a, b, c, o]."""
    out = np.zeros((*output, w.shape[3]))
    for i, j, o in np.ndindex(out.shape):
        out[i, j, o] = bias[o]
        for a, b, c in np.ndindex(w.shape[:3]):
            row, column = i * stride + a - top, j * stride + b - left
            if 0 <= row < x.shape[0] and 0 <= column < x.shape[1]:
                out[i, j, o] += x[row, column, c] * w[a, b, c, o]
    return out


@pytest.mark.parametrize("make", [np.asarray, tg.Tensor])
def test_cnn_operations(make):
    """A 6x6x3 image and two kernels: (6, 6, 2), pooled to (3, 3, 2), 18 numbers, softmax."""
    x, w, b = (
        rng.standard_normal((6, 6, 3)),
        rng.standard_normal((3, 3, 3, 2)),
        rng.standard_normal(2),
    )
    maps = F.conv2d(make(x), make(w), make(b), stride=1, padding=1)
    expected = convolve_by_hand(x, w, b, 1, 1, 1, (6, 6))
    assert maps.shape == (6, 6, 2)
    np.testing.assert_allclose(np.asarray(maps), expected, rtol=1e-12, atol=1e-12)
    pooled = F.max_pool2d(F.relu(maps), pool_size=2, stride=2)
    blocks = np.maximum(expected, 0).reshape(3, 2, 3, 2, 2).max(axis=(1, 3))
    np.testing.assert_allclose(np.asarray(pooled), blocks, rtol=1e-12, atol=1e-12)
    share = F.softmax(pooled.reshape(-1))
    assert share.shape == (18,) and abs(float(share.sum()) - 1) < 1e-12
    assert isinstance(share, tg.Tensor) == (make is tg.Tensor)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "top", "left", "output"),
    [
        ((5, 7), (3, 3), 2, 0, 0, 0, (2, 3)),
        ((5, 7), (2, 4), 3, 1, 1, 1, (2, 2)),
        ((6, 5), (3, 2), 2, "same", 0, 0, (3, 3)),
        ((5, 5), (4, 4), 1, "same", 1, 1, (5, 5)),
    ],
)
def test_convolutions_by_hand(size, kernel, stride, padding, top, left, output):
    x, w, b = rng.standard_normal((*size, 2)), rng.standard_normal((*kernel, 2, 3)), np.ones(3)
    got = F.conv2d(x, w, b, stride, padding)
    np.testing.assert_allclose(
        got, convolve_by_hand(x, w, b, stride, top, left, output), atol=1e-12
    )
    np.testing.assert_allclose(F.conv2d(x[None], w, b, stride, padding)[0], got, atol=1e-12)


def test_windows_and_fold_are_adjoint():
    x = rng.standard_normal((2, 5, 6, 3))
    patches = F.windows(x, size=(3, 2), stride=(2, 1))
    assert patches.shape == (2, 2, 5, 3, 2, 3)
    np.testing.assert_array_equal(patches[1, 1, 2], x[1, 2:5, 2:4])
    g = rng.standard_normal(patches.shape)
    folded = F.fold(g, shape=x.shape, stride=(2, 1))
    np.testing.assert_allclose((patches * g).sum(), (x * folded).sum(), rtol=1e-12)


def test_linear_by_hand_and_by_keyword():
    x, w, b = rng.standard_normal((4, 3)), rng.standard_normal((3, 2)), rng.standard_normal(2)
    np.testing.assert_allclose(F.linear(x, w, b), x @ w + b, rtol=1e-14)
    bias = tg.Tensor(b, requires_grad=True)
    F.linear(x, w, bias=bias).sum().backward()
    np.testing.assert_array_equal(bias.grad, [4, 4])
    for given in (x, x[0], x.reshape(2, 2, 3), x[:0]):
        np.testing.assert_allclose(F.linear(given, w), given @ w, rtol=1e-14)


def test_one_hot():
    expected = [[1, 0, 0], [0, 0, 1]]
    for dtype in (np.uint8, np.int8, np.int64, np.uint64):
        np.testing.assert_array_equal(F.one_hot(np.array([0, 2], dtype)), expected)
    np.testing.assert_array_equal(F.one_hot(tg.Tensor([0, 2])), expected)
    assert F.one_hot([[1], [0]], 4).shape == (2, 1, 4)
    assert F.one_hot(np.zeros(0, int)).shape == (0, 0)
    assert F.one_hot([1], dtype=np.float64).dtype == np.float64


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.bool_, np.int64])
def test_distances_of_small_integers_do_not_wrap_around(dtype):
    low, high = (0, 1) if dtype == np.bool_ else (np.iinfo(dtype).min, 100)
    if dtype == np.int64:
        low = -100
    x, y = np.array([[low]], dtype), np.array([[high]], dtype)
    assert F.pairwise_distances(x, y) == abs(float(high) - float(low))
    assert F.pairwise_distances(y, x, metric="sqeuclidean") == (float(high) - float(low)) ** 2


def test_gradients_of_distances_far_from_the_origin():
    """Rows around 10,000 with differences of about 1: float32 keeps their digits."""
    x, y = (rng.standard_normal((n, 3)).astype(np.float32) + 10_000 for n in (20, 200))
    exact = gradient(lambda x: F.pairwise_distances(x, y, metric="sqeuclidean"), x.astype(float))
    found = gradient(lambda x: F.pairwise_distances(x, y, metric="sqeuclidean"), x)
    np.testing.assert_allclose(found, exact, rtol=1e-4, atol=0.05)


def test_distances_in_blocks():
    x, y = rng.standard_normal((70, 30)), rng.standard_normal((9000, 30))
    got = F.pairwise_distances(x, y, metric="sqeuclidean")
    for i in (0, 33, 69):
        np.testing.assert_allclose(got[i], ((x[i] - y) ** 2).sum(axis=1), rtol=1e-12)


def test_dropout():
    x = tg.Tensor(np.ones((100, 100)), requires_grad=True)
    kept = F.dropout(x, 0.25, np.random.default_rng(0))
    values = np.unique(kept.data)
    np.testing.assert_allclose(values, [0, 4 / 3])
    assert abs(kept.data.mean() - 1) < 0.02
    kept.sum().backward()
    np.testing.assert_array_equal(x.grad, kept.data)
    again = F.dropout(x, 0.25, np.random.default_rng(0))
    np.testing.assert_array_equal(again.data, kept.data)
    assert F.dropout(x, 0, np.random.default_rng(0)) is x
    single = F.dropout(np.ones(8, np.float32), 0.5, np.random.default_rng(0))
    assert single.dtype == np.float32 and type(single) is np.ndarray
    for rate in (1, -0.1, float("nan")):
        with pytest.raises(ValueError, match="at least 0 and below 1"):
            F.dropout(x, rate, np.random.default_rng(0))


@pytest.mark.parametrize("dtype", FLOATS)
def test_arrays_in_arrays_out(dtype):
    x, image = np.ones((2, 3), dtype), np.ones((1, 4, 4, 1), dtype)
    results = [
        F.sigmoid(x), F.tanh(x), F.relu(x), F.leaky_relu(x), F.softplus(x), F.softmax(x),
        F.log_softmax(x), F.logsumexp(x), F.mse_loss(x, x, "none"), F.l1_loss(x, x, "none"),
        F.cross_entropy(x, np.array([0, 1]), "none"), F.pairwise_distances(x), F.linear(x, x.T),
        F.conv2d(image, np.ones((2, 2, 1, 1), dtype)), F.max_pool2d(image), F.avg_pool2d(image),
        F.batch_norm(x, x[0], x[0], x[0], x[0]), F.mse_loss(x, x), F.cross_entropy(x, x),
    ]  # fmt: skip
    for result in results:
        assert isinstance(result, (np.ndarray, np.floating)) and result.dtype == dtype


# ------------------------------------------------------------------------------ errors

X, Z = np.ones((4, 3)), np.ones(4)
IMAGE, W = np.ones((1, 4, 4, 2)), np.ones((2, 2, 2, 3))
TEXT = np.array(["a", "b"])
INT = np.arange(4)

ERRORS = {
    "mse shapes": (lambda: F.mse_loss(X, Z), r"mse_loss: .*\(4, 3\).*\(4,\)"),
    "mse column": (lambda: F.mse_loss(X[:, :1], Z), "every row with every other"),
    "mse ints": (lambda: F.mse_loss(INT, INT), "mse_loss: expected floating-point"),
    "mse list": (lambda: F.mse_loss([1.0], [1.0]), "mse_loss: expected floating-point"),
    "mse text": (lambda: F.mse_loss(TEXT, TEXT), "mse_loss: expected floating-point"),
    "mse text target": (lambda: F.mse_loss(Z[:2], TEXT), "target of numbers"),
    "mse empty": (lambda: F.mse_loss(X[:0], X[:0]), "empty batch"),
    "mse reduction": (
        lambda: F.mse_loss(X, X, "average"),
        "'mean', 'sum' or 'none', got 'average'",
    ),
    "l1 shapes": (lambda: F.l1_loss(X, Z), "l1_loss: .*shape"),
    "bce range": (lambda: F.binary_cross_entropy(2 * Z, Z), r"probabilities in \[0, 1\].*sigmoid"),
    "bce nan": (lambda: F.binary_cross_entropy(Z * np.nan, Z), r"probabilities in \[0, 1\]"),
    "bce shapes": (lambda: F.binary_cross_entropy(X, Z), "binary_cross_entropy: .*shape"),
    "logits shapes": (lambda: F.binary_cross_entropy_with_logits(X, Z), "with_logits: .*shape"),
    "logits ints": (lambda: F.binary_cross_entropy_with_logits(INT, INT), "floating-point"),
    "ce floats": (lambda: F.cross_entropy(X, Z), r"integer classes, got float64"),
    "ce range": (lambda: F.cross_entropy(X, INT), "classes from 0 to 2 .* got 0 to 3"),
    "ce negative": (lambda: F.cross_entropy(X, INT - 1), "classes from 0 to 2 .* got -1"),
    "ce column": (lambda: F.cross_entropy(X, INT[:, None]), r"shape \(4,\) .* got \(4, 1\)"),
    "ce text": (lambda: F.cross_entropy(X[:2], TEXT), "cross_entropy: .*np.unique"),
    "ce ints": (
        lambda: F.cross_entropy(np.ones((4, 3), int), INT % 3),
        "cross_entropy: .*floating",
    ),
    "ce empty": (lambda: F.cross_entropy(X[:0], INT[:0]), "empty batch"),
    "one_hot floats": (lambda: F.one_hot(Z), "integer labels, got float64"),
    "one_hot text": (lambda: F.one_hot(TEXT), "integer labels, got <U1"),
    "one_hot range": (lambda: F.one_hot(INT, 3), "labels from 0 to 2, got 0 to 3"),
    "one_hot negative": (lambda: F.one_hot([-1, 0]), "got -1 to 0"),
    "sigmoid ints": (lambda: F.sigmoid(INT), r"sigmoid: expected floating-point .*astype"),
    "softmax text": (lambda: F.softmax(TEXT), "softmax: expected floating-point"),
    "log_softmax ints": (lambda: F.log_softmax(INT), "log_softmax: expected floating-point"),
    "logsumexp ints": (lambda: F.logsumexp(INT), "logsumexp: expected floating-point"),
    "softplus ints": (lambda: F.softplus(INT), "softplus: expected floating-point"),
    "linear width": (lambda: F.linear(X, W[0, 0]), r"expected 2 input features .* got 3"),
    "linear turned": (lambda: F.linear(X.T, np.ones((3, 4))), r"transposed\? Rows are samples"),
    "linear weights": (lambda: F.linear(X, Z), r"weights of shape \(n_in, n_out\), got \(4,\)"),
    "linear bias": (lambda: F.linear(X, X.T, np.ones(3)), r"bias of shape \(4,\), got \(3,\)"),
    "conv channels": (lambda: F.conv2d(IMAGE[..., :1], W), "expected 2 input channels, got 1"),
    "conv kernel": (lambda: F.conv2d(IMAGE, W[0]), r"kernels of shape \(kh, kw, c_in, c_out\)"),
    "conv bias": (lambda: F.conv2d(IMAGE, W, np.ones(2)), r"bias of shape \(3,\), got \(2,\)"),
    "conv matrix": (lambda: F.conv2d(X, W), r"expected images .* x\[..., None\]"),
    "conv small": (lambda: F.conv2d(IMAGE[:, :1], W), "height of at least 2, got 1"),
    "conv ints": (lambda: F.conv2d(IMAGE.astype(int), W), "conv2d: expected floating-point images"),
    "conv stride": (
        lambda: F.conv2d(IMAGE, W, stride=0),
        "stride must be an integer of at least 1",
    ),
    "conv pair": (lambda: F.conv2d(IMAGE, W, stride=(1, 2, 3)), "a pair"),
    "conv fraction": (lambda: F.conv2d(IMAGE, W, stride=1.5), "must be an integer"),
    "conv word": (lambda: F.conv2d(IMAGE, W, padding="full"), "'same' or 'valid', got 'full'"),
    "conv negative": (
        lambda: F.conv2d(IMAGE, W, padding=-1),
        "padding must be an integer of at least 0",
    ),
    "conv much": (lambda: F.conv2d(IMAGE, W, padding=2), "padding below the window's height"),
    "pool matrix": (lambda: F.max_pool2d(X), "max_pool2d: expected images"),
    "pool large": (lambda: F.avg_pool2d(IMAGE, 5), "avg_pool2d: expected images of a height"),
    "pool size": (lambda: F.max_pool2d(IMAGE, True), "pool_size must be an integer"),
    "distances width": (lambda: F.pairwise_distances(X, X.T), "matrices of equal width"),
    "distances vector": (lambda: F.pairwise_distances(Z), "two matrices"),
    "distances text": (lambda: F.pairwise_distances(TEXT[None]), "expected numbers, got <U1"),
    "distances metric": (lambda: F.pairwise_distances(X, metric="cosine"), "got 'cosine'"),
    "relu text": (lambda: F.relu(TEXT), "relu: expected "),
    "tanh text": (lambda: F.tanh(TEXT), "tanh: expected "),
    "softmax axis": (lambda: F.softmax(X, axis=3), r"softmax: expected an axis .*\(4, 3\), got 3"),
    "leaky_relu text": (lambda: F.leaky_relu(TEXT), "leaky_relu: expected "),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    """One sentence of what was expected and what came; no text of NumPy's."""
    call, message = ERRORS[name]
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        call()
    text = str(caught.value)
    assert "ufunc" not in text and "operand" not in text and len(text) < 300


@pytest.mark.parametrize("operation", [F.max_pool2d, F.avg_pool2d, lambda x: F.conv2d(x, W)])
def test_empty_batches_of_images(operation):
    x = tg.Tensor(np.ones((0, 4, 4, 2)), requires_grad=True)
    y = operation(x)
    assert y.shape[0] == 0
    y.sum().backward()
    assert x.grad.shape == x.shape


def test_linear_takes_whole_numbers_in_the_type_of_its_weights():
    w = np.array([[1.0], [2.0]], np.float32)
    for x in ([[3, 4]], [[3.0, 4.0]], np.array([[3, 4]])):
        out = F.linear(x, w)
        assert out.dtype == np.float32
        np.testing.assert_array_equal(out, [[11]])
    weight = tg.Parameter(w)
    F.linear(np.array([[3, 4]]), weight).sum().backward()
    assert weight.grad.dtype == np.float32
    np.testing.assert_array_equal(weight.grad, [[3], [4]])


def test_an_empty_list_of_ids_has_no_rows():
    assert F.embedding([], np.ones((3, 2))).shape == (0, 2)
