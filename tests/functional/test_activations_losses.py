"""Activations, special functions and losses equal PyTorch's, and are right to the second order.

The figures are recorded in tests/reference/activations_losses.npz.
"""

import functools
import inspect
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import scipy.special

import tinygrad_ml as tg
from rules.tester import DEMANDS, Case
from tinygrad_ml import functional as F


def recorded():
    """(function name, options, parts) of every case."""
    with np.load(Path(__file__).parents[1] / "reference" / "activations_losses.npz") as file:
        index, values = json.loads(str(file["index"])), file["values"]
    start = 0
    for row in index:
        parts = {}
        for key, (kind, *shape) in row["parts"].items():
            size = int(np.prod(shape))
            part = values[start : start + size].reshape(shape)
            parts[key] = part.astype(np.int64) if kind == "i" else part
            start += size
        yield row["function"], row["options"], parts
    assert start == values.size


RECORDS = list(recorded())
IDS = [f"{name}-{number}" for number, (name, _, _) in enumerate(RECORDS)]
cases = pytest.mark.parametrize("record", RECORDS, ids=IDS)


def inputs_of(parts, dtype=np.float64):
    made = ("out", "weight")
    values = [v for k, v in parts.items() if k not in made and not k.startswith("grad_")]
    return [v.astype(dtype) if v.dtype.kind == "f" else v for v in values]


def gradients_of(parts):
    """The recorded gradient of every input, or None."""
    keys = [k for k in parts if k not in ("out", "weight") and not k.startswith("grad_")]
    return [parts.get(f"grad_{key}") for key in keys]


def run(record, dtype):
    """(result, gradients) of a case on Tensors of a dtype."""
    name, options, parts = record
    tensors = [
        tg.Tensor(x, requires_grad=True) if expected is not None else x
        for x, expected in zip(inputs_of(parts, dtype), gradients_of(parts), strict=True)
    ]
    out = getattr(F, name)(*tensors, **options)
    out.backward(parts["weight"].astype(dtype))
    return out.data, [t.grad if isinstance(t, tg.Tensor) else None for t in tensors]


def assert_near(got, expected, tolerance):
    assert got.shape == expected.shape
    error = np.abs(got - expected) / np.maximum(1, np.abs(expected))
    assert error.max(initial=0) <= tolerance, f"off by {error.max():.3g}"


def test_at_least_five_figures_each():
    counts = Counter(name for name, _, _ in RECORDS)
    assert min(counts.values()) >= 5 and set(counts) <= set(F.__all__)


@cases
def test_figures(record):
    out, gradients = run(record, np.float64)
    parts = record[2]
    assert out.dtype == np.float64
    assert_near(out, parts["out"], 1e-11)
    for got, expected in zip(gradients, gradients_of(parts), strict=True):
        if expected is not None:
            assert_near(got, expected, 1e-11)


@cases
def test_arrays_give_arrays(record):
    name, options, parts = record
    out = getattr(F, name)(*inputs_of(parts), **options)
    assert isinstance(out, (np.ndarray, np.floating))
    assert_near(np.asarray(out), parts["out"], 1e-11)


@cases
def test_float32_stays(record):
    out, gradients = run(record, np.float32)
    parts = record[2]
    assert out.dtype == np.float32
    assert_near(out, parts["out"], 1e-4)
    for got, expected in zip(gradients, gradients_of(parts), strict=True):
        if expected is not None:
            assert got.dtype == np.float32
            assert_near(got, expected, 1e-3)


# ------------------------------------------------------------------------------ second order

rng = np.random.default_rng(31)
SIGNS = np.array([1.0, -1.0, -1.0, 1.0])
CLASSES = np.array([2, 0, 1, 2])
WEIGHT = [0.5, 2.0, 1.0]


def draw(*shape, low=-2.0, high=2.0):
    """Values that keep their distance from each other and from the corners at whole numbers."""
    n = int(np.prod(shape))
    values = low + (high - low) * (np.arange(n) + 0.5) / n
    return rng.permutation(np.where(np.abs(values - np.rint(values)) < 0.05, values + 0.1, values)
                           ).reshape(shape)  # fmt: skip


def shares(*shape):
    return rng.dirichlet(np.ones(shape[-1]), shape[:-1])


COMPOSED = {
    "mish": (F.mish, draw(5)),
    "log_sigmoid": (F.log_sigmoid, draw(5)),
    "softmin": (F.softmin, draw(2, 3)),
    "glu": (F.glu, draw(2, 4)),
    "hardtanh": (F.hardtanh, draw(6)),
    "relu6": (F.relu6, draw(6, low=-4, high=9)),
    "hardsigmoid": (F.hardsigmoid, draw(6, low=-5, high=5)),
    "hardswish": (F.hardswish, draw(6, low=-5, high=5)),
    "prelu": (F.prelu, draw(3, 2), draw(2)),
    "xlogy": (F.xlogy, draw(3), draw(3, low=0.5)),
    "xlogy broadcast": (F.xlogy, draw(3, 1), draw(2, low=0.5)),
    "xlog1py": (F.xlog1py, draw(3), draw(3, low=-0.5)),
    "celu": (lambda x: F.celu(x, 0.6), draw(5)),
    "gelu tanh": (lambda x: F.gelu(x, "tanh"), draw(5)),
    "smooth_l1": (lambda x, t: F.smooth_l1_loss(x, t, beta=0.77), draw(4), draw(4)),
    "hinge": (lambda x: F.hinge_loss(x, SIGNS), draw(4)),
    "poisson": (F.poisson_nll_loss, draw(4), draw(4, low=0.3)),
    "poisson means": (
        lambda m, t: F.poisson_nll_loss(m, t, log_input=False),
        draw(4, low=0.4),
        draw(4, low=0.3),
    ),
    "gaussian": (F.gaussian_nll_loss, draw(2, 2), draw(2, 2), draw(2, 1, low=0.3)),
    "bce weight": (
        lambda p, t: F.binary_cross_entropy(p, t, weight=[0.5, 2]),
        draw(2, 2, low=0.2, high=0.8),
        draw(2, 2, low=0.2, high=0.8),
    ),
    "logits pos_weight": (
        lambda z, t: F.binary_cross_entropy_with_logits(z, t, weight=2, pos_weight=[0.5, 2]),
        draw(2, 2),
        draw(2, 2, low=0.2, high=0.8),
    ),
    "cross_entropy": (
        lambda z: F.cross_entropy(z, CLASSES, "mean", WEIGHT, 0.2, ignore_index=1),
        draw(4, 3),
    ),
    "cross_entropy shares": (
        lambda z, t: F.cross_entropy(z, t, "sum", WEIGHT, 0.2),
        draw(2, 3),
        shares(2, 3),
    ),
    "nll": (lambda z: F.nll_loss(z, CLASSES, "mean", WEIGHT, 1), draw(4, 3)),
    "kl_div": (F.kl_div, draw(2, 3), shares(2, 3)),
    "kl_div of logs": (lambda q, t: F.kl_div(q, t, log_target=True), draw(2, 3), draw(2, 3)),
    "multi_margin": (lambda z: F.multi_margin_loss(z, CLASSES), draw(4, 3)),
    "cosine": (F.cosine_similarity, draw(2, 3), draw(2, 3)),
    "cosine broadcast": (F.cosine_similarity, draw(2, 1, 3), draw(2, 3)),
    "cosine embedding": (
        lambda x, y: F.cosine_embedding_loss(x, y, SIGNS, margin=-0.9),
        draw(4, 3),
        draw(4, 3),
    ),
    "hinge embedding": (lambda d: F.hinge_embedding_loss(d, SIGNS, margin=3.0), draw(4)),
    "triplet": (
        lambda a, p, n: F.triplet_margin_loss(a, p, n, margin=9.0),
        draw(2, 3),
        draw(2, 3, low=3, high=4),
        draw(2, 3, low=5, high=6),
    ),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_both_orders_and_all_demands(name):
    call, *arrays = COMPOSED[name]
    case = Case(call, call, arrays, analytic=False)
    for demand in DEMANDS.values():
        demand(case)


# ------------------------------------------------------------------------------ extremes and kinks

SMOOTH = {
    "elu": F.elu, "celu": F.celu, "selu": F.selu, "gelu": F.gelu, "silu": F.silu, "mish": F.mish,
    "gelu tanh": functools.partial(F.gelu, approximate="tanh"), "softsign": F.softsign,
    "sigmoid": F.sigmoid, "log_sigmoid": F.log_sigmoid, "softplus": F.softplus, "erf": F.erf,
    "erfc": F.erfc, "hardswish": F.hardswish, "hardsigmoid": F.hardsigmoid, "relu6": F.relu6,
    "hardtanh": F.hardtanh,
}  # fmt: skip
# (at -inf, at inf, slope at -inf, slope at inf)
LIMITS = {
    "elu": (-1, np.inf, 0, 1), "celu": (-1, np.inf, 0, 1), "gelu": (0, np.inf, 0, 1),
    "gelu tanh": (0, np.inf, 0, 1), "silu": (0, np.inf, 0, 1), "softsign": (-1, 1, 0, 0),
    "sigmoid": (0, 1, 0, 0), "log_sigmoid": (-np.inf, 0, 1, 0), "softplus": (0, np.inf, 0, 1),
    "erf": (-1, 1, 0, 0), "erfc": (2, 0, 0, 0), "relu6": (0, 6, 0, 0), "hardtanh": (-1, 1, 0, 0),
}  # fmt: skip


@pytest.mark.parametrize("times", [1, 1500], ids=["few", "many"])  # NumPy, and the kernels
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SMOOTH)
def test_large_values(name, dtype, times):
    """No warning (they are errors here), no NaN, float32 stays; also in the second derivative."""
    values = np.array([-1e30, -1000, -90, -20, 0, 20, 90, 1000, 1e30], dtype)
    x = tg.Tensor(np.repeat(values, times), requires_grad=True)
    y = SMOOTH[name](x)
    (slope,) = tg.gradients(y.sum(), [x], create_graph=True)
    parts = [y, slope]
    if slope.requires_grad:
        parts += tg.gradients(slope.sum(), [x])
    for part in parts:
        assert part.dtype == dtype and np.isfinite(part.data).all()
    if name in LIMITS:
        low, high, low_slope, high_slope = LIMITS[name]
        ends = slope.data[[0, -1]]
        np.testing.assert_allclose(ends, [low_slope, high_slope], atol=1e-6)
        ends = SMOOTH[name](np.repeat(np.array([-np.inf, np.inf], dtype), 9 * times))[[0, -1]]
        np.testing.assert_allclose(ends, [low, high], atol=1e-30)


@pytest.mark.parametrize("times", [1, 5000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SMOOTH)
def test_nan_stays(name, dtype, times):
    x = tg.Tensor(np.full(times, np.nan, dtype), requires_grad=True)
    with np.errstate(invalid="ignore"):  # np.logaddexp warns
        y = SMOOTH[name](x)
    assert np.isnan(y.data).all()


def slope(function, *values):
    x = tg.Tensor(np.array(values, float), requires_grad=True)
    function(x).sum().backward()
    return x.grad


def test_corners_are_flat():
    np.testing.assert_array_equal(slope(F.relu6, -1, 0, 3, 6, 7), [0, 0, 1, 0, 0])
    np.testing.assert_array_equal(slope(F.hardtanh, -2, -1, 0, 1, 2), [0, 0, 1, 0, 0])
    np.testing.assert_array_equal(slope(F.hardsigmoid, -3, 0, 3), [0, 1 / 6, 0])
    np.testing.assert_array_equal(slope(lambda x: F.elu(x, 0.5), 0), [0.5])
    np.testing.assert_array_equal(slope(lambda x: F.hinge_loss(x, np.ones(1), "sum"), 1), [0])


def test_xlogy_at_0():
    nothing = np.array([0.0, 0.0, 0.0, 0.0])
    y = np.array([0.0, -1.0, np.inf, 2.0])
    x, other = tg.Tensor(nothing, requires_grad=True), tg.Tensor(y, requires_grad=True)
    out = F.xlogy(x, other)
    np.testing.assert_array_equal(out.data, nothing)
    out.sum().backward()
    np.testing.assert_allclose(x.grad, [0, 0, 0, np.log(2)])
    np.testing.assert_array_equal(other.grad, nothing)
    assert np.isnan(F.xlogy(0.0, np.nan)) and F.xlog1py(0.0, -1.0) == 0
    assert F.xlogy(2, np.float32([3])).dtype == np.float32


def test_logit_is_the_inverse_of_expit():
    z = np.linspace(-30, 30, 13)
    np.testing.assert_allclose(F.logit(F.expit(z))[:8], z[:8], rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(F.logit(np.array([0.0, 1.0])), [-np.inf, np.inf])


def test_options_that_change_nothing_give_the_same_loss():
    z, t = rng.standard_normal((8, 3)), rng.integers(0, 3, 8)
    for reduction in ("mean", "sum", "none"):
        plain = F.cross_entropy(z, t, reduction)
        for options in ({"class_weight": np.ones(3)}, {"ignore_index": 7}):
            np.testing.assert_allclose(F.cross_entropy(z, t, reduction, **options), plain)
        np.testing.assert_allclose(F.nll_loss(F.log_softmax(z), t, reduction), plain)
    p = rng.uniform(0.1, 0.9, (8, 3))
    np.testing.assert_allclose(
        F.binary_cross_entropy(p, p, weight=1), F.binary_cross_entropy(p, p), rtol=1e-15
    )
    np.testing.assert_allclose(
        F.binary_cross_entropy_with_logits(z, p, pos_weight=1),
        F.binary_cross_entropy_with_logits(z, p),
        rtol=1e-13,
    )


def test_ignored_rows_get_no_gradient_and_may_hold_anything():
    z = tg.Tensor(np.array([[1.0, 2.0], [3.0, 4.0]]), requires_grad=True)
    F.cross_entropy(z, np.array([1, -100]), ignore_index=-100).backward()
    np.testing.assert_array_equal(z.grad[1], [0, 0])
    alone = F.cross_entropy(z.data[:1], np.array([1]))
    np.testing.assert_allclose(F.cross_entropy(z.data, [1, -100] @ np.eye(2, dtype=int),
                                               ignore_index=-100), alone)  # fmt: skip


def test_classes_ruled_out_by_infinite_logits():
    """A masked class has the logit -inf; its share of 0 must not make NaN."""
    z = np.array([[0.0, 0.0, -np.inf]])
    for loss in (
        F.cross_entropy(z, np.array([1]), class_weight=[1.0, 1, 1]),
        F.cross_entropy(z, np.array([[0, 1.0, 0]])),
        F.nll_loss(F.log_softmax(z), np.array([1])),
        F.kl_div(F.log_softmax(z), np.array([[0, 1.0, 0]])),
    ):
        np.testing.assert_allclose(loss, np.log(2))


def test_vectors_without_length_or_distance():
    zero = tg.Tensor(np.zeros((1, 3)), requires_grad=True)
    F.cosine_similarity(zero, np.ones((1, 3))).sum().backward()
    assert np.isfinite(zero.grad).all()
    zero.grad = None
    F.triplet_margin_loss(zero, np.zeros((1, 3)), np.ones((1, 3)) * 0.1).backward()
    np.testing.assert_allclose(zero.grad, np.full((1, 3), 1 / np.sqrt(3)))


# ------------------------------------------------------------------------------ mistakes

X, Z, INT = np.ones((4, 3)), np.ones(4), np.arange(4)
TEXT = np.array(["a", "b", "c", "d"])
TRACKED = tg.Tensor(np.ones(4), requires_grad=True)
GENERATOR = np.random.default_rng(0)

ERRORS = {
    "gelu ints": (lambda: F.gelu(INT), "gelu: expected floating-point values, got int64"),
    "gelu None": (lambda: F.gelu(None), "gelu: expected floating-point values"),
    "gelu word": (lambda: F.gelu(Z, "tan"), "approximate must be 'none' or 'tanh', got 'tan'"),
    "erf text": (lambda: F.erf(TEXT), "erf: expected floating-point values, got <U1"),
    "elu alpha": (lambda: F.elu(Z, TRACKED), "elu: alpha must be a finite number"),
    "celu alpha": (lambda: F.celu(Z, 0), "celu: alpha must be a positive number, got 0"),
    "hardtanh turned": (lambda: F.hardtanh(Z, 1, -1), "expected low < high, got 1.0 and -1.0"),
    "prelu number": (lambda: F.prelu(X, 0.2), r"slopes of shape \(1,\) or \(3,\).*got 0.2"),
    "prelu width": (lambda: F.prelu(X, np.ones(4)), r"or \(3,\) .* got \(4,\)"),
    "glu odd": (lambda: F.glu(X), "even number of values along axis -1, got 3"),
    "glu axis": (lambda: F.glu(X, 5), r"axis of an input of shape \(4, 3\), got 5"),
    "softmin axis": (lambda: F.softmin(X, "a"), "expected an axis of an input"),
    "logit range": (lambda: F.logit(2 * Z), r"probabilities in \[0, 1\], got 2 to 2"),
    "xlogy shapes": (lambda: F.xlogy(X, Z), r"shapes that fit together, got \(4, 3\) and \(4,\)"),
    "xlogy text": (lambda: F.xlogy(TEXT, Z), "xlogy: expected two arrays of numbers"),
    "huber column": (lambda: F.huber_loss(X[:, :1], Z), "huber_loss: .*every row with every"),
    "huber delta": (lambda: F.huber_loss(X, X, delta="a"), "delta must be a positive number"),
    "huber empty": (lambda: F.huber_loss(X[:0], X[:0]), "empty batch"),
    "huber reduction": (lambda: F.huber_loss(X, X, 0.5), "'mean', 'sum' or 'none', got 0.5"),
    "smooth beta": (lambda: F.smooth_l1_loss(X, X, beta=-1), "beta must be a positive number"),
    "hinge classes": (lambda: F.hinge_loss(Z, INT % 2), r"-1 and 1, got 0 to 1. Write 2 \* t - 1"),
    "hinge empty": (lambda: F.hinge_loss(Z[:0], Z[:0]), "empty batch"),
    "poisson": (lambda: F.poisson_nll_loss(-Z, Z, log_input=False), "positive means, got -1"),
    "gaussian shape": (lambda: F.gaussian_nll_loss(X, X, Z), r"\(4, 3\) or \(4, 1\), got \(4,\)"),
    "gaussian negative": (lambda: F.gaussian_nll_loss(X, X, -X), "variances of at least 0"),
    "bce weight": (lambda: F.binary_cross_entropy(X, X, weight=Z), r"weight of shape \(4, 3\)"),
    "bce ragged": (lambda: F.binary_cross_entropy(X, X, weight=[[1], [1, 2]]), "must be numbers"),
    "bce negative": (lambda: F.binary_cross_entropy(X, X, weight=-1), "numbers of at least 0"),
    "bce tracked": (lambda: F.binary_cross_entropy(Z, Z, weight=TRACKED), "weight is constant"),
    "logits pos_weight": (
        lambda: F.binary_cross_entropy_with_logits(X, X, pos_weight=[1, 2]),
        r"pos_weight of shape \(4, 3\)",
    ),
    "ce weight": (lambda: F.cross_entropy(X, INT % 3, class_weight=[1, 2]), r"got \(2,\)"),
    "ce weight dict": (lambda: F.cross_entropy(X, INT % 3, class_weight={0: 1}), "class_weight"),
    "ce smoothing": (lambda: F.cross_entropy(X, INT % 3, label_smoothing=2), r"in \[0, 1\]"),
    "ce ignore": (lambda: F.cross_entropy(X, INT % 3, ignore_index=1.5), "must be an integer"),
    "ce ignore shares": (lambda: F.cross_entropy(X, X, ignore_index=1), "integer targets"),
    "ce all ignored": (lambda: F.cross_entropy(X, INT * 0, ignore_index=0), "one target that"),
    "ce range": (lambda: F.cross_entropy(X, INT, label_smoothing=0.1), "from 0 to 2 .* 0 to 3"),
    "ce floats": (lambda: F.cross_entropy(X, Z, label_smoothing=0.1), "integer classes"),
    "nll column": (lambda: F.nll_loss(X, INT[:, None]), r"target of shape \(4,\) .* \(4, 1\)"),
    "nll turned": (lambda: F.nll_loss(X.T, INT % 3), r"target of shape \(3,\)"),
    "nll list": (lambda: F.nll_loss(X, [0, 1]), "as an array or Tensor, got list"),
    "nll reduction": (lambda: F.nll_loss(X, INT % 3, "average"), "got 'average'"),
    "kl shape": (lambda: F.kl_div(X, X.T), r"shape \(4, 3\), got \(3, 4\)"),
    "kl negative": (lambda: F.kl_div(X, -X), "target of probabilities, got -1"),
    "margin floats": (lambda: F.multi_margin_loss(X, Z), "multi_margin_loss: .*integer classes"),
    "cosine shapes": (lambda: F.cosine_similarity(X, X.T), "one length along axis -1"),
    "cosine ints": (lambda: F.cosine_similarity(INT, INT), "cosine_similarity: .*floating-point"),
    "cosine classes": (lambda: F.cosine_embedding_loss(X, X, 0 * Z), "targets of -1 and 1"),
    "triplet shapes": (lambda: F.triplet_margin_loss(X, X, X[:2]), r"of one shape \(..., d\)"),
    "triplet ints": (lambda: F.triplet_margin_loss(INT, INT, INT), "floating-point values"),
    "bce target": (lambda: F.binary_cross_entropy(0.5 + 0 * Z, 2 + 0 * Z), "targets from 0 to 1"),
    "signs": (
        lambda: F.binary_cross_entropy_with_logits(Z, 0 * Z - 1),
        r"targets from 0 to 1, got -1 to -1. Write \(t \+ 1\) / 2",
    ),
    "counts": (lambda: F.poisson_nll_loss(Z, 0 * Z - 1), "targets from 0 to inf, got -1 to -1"),
    "triplet margin": (lambda: F.triplet_margin_loss(X, X, X, margin=-1), "a positive number, got"),
    "relu nothing": (lambda: F.relu(None), r"relu: .*got None. Give numbers in a regular shape"),
    "relu ragged": (lambda: F.relu([[1.0], [1.0, 2.0]]), "relu: .*lists of different lengths"),
    "leaky slope": (lambda: F.leaky_relu(Z, "a"), "leaky_relu: slope must be a finite number"),
    "linear text": (lambda: F.linear([["a"]], X), "linear: expected an array of numbers, got <U1"),
    "linear weights": (lambda: F.linear(X, None), r"weights of .*NoneType. Use np.asarray"),
    "linear bias": (lambda: F.linear(X, X.T, [1.0]), r"bias of shape \(4,\), got list"),
    "linear nothing": (lambda: F.linear(None, X), "linear: expected an array of numbers, got None"),
    "classes text": (lambda: F.one_hot([1, 2], "3"), "n_classes must be None or a whole number"),
    "dropout text": (lambda: F.dropout("a", 0.5, 0), "dropout: expected an array of numbers"),
    "dropout rng": (lambda: F.dropout(Z, 0.5, "a"), "dropout: rng must be None, a seed"),
    "norm nothing": (lambda: F.layer_norm(X, None), "layer_norm: .*floating-point gamma, got None"),
    "id below 0": (lambda: F.embedding([-1], X), "got -1 to -1. The first id is 0"),
    "dropout rate": (lambda: F.alpha_dropout(Z, None, GENERATOR), "at least 0 and below 1"),
    "dropout rows": (lambda: F.channel_dropout(Z, 0.5, GENERATOR), r"\(n, ..., c\), got \(4,\)"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_mistakes(name):
    """One sentence of what was expected and what came; no text of NumPy's."""
    call, message = ERRORS[name]
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        call()
    text = str(caught.value)
    assert "ufunc" not in text and "operand" not in text and len(text) < 300


@pytest.mark.parametrize("name", ["erf", "erfc", "expit", "logit", "xlogy", "xlog1py"])
def test_scipys_functions_name_ours(name):
    function = inspect.unwrap(getattr(scipy.special, name))  # the ufunc, without array-API dispatch
    x = tg.Tensor(np.full(2, 0.5), requires_grad=True)
    with pytest.raises(TypeError, match=rf"Use tg\.functional\.{name}\(t\), which has one"):
        function(*[x] * function.nin)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1, 3000])
@pytest.mark.parametrize("name", ["mish", "silu", "gelu", "hardswish", "softplus", "elu", "selu"])
def test_at_infinity_activations_go_on_straight(name, size):
    x = tg.Tensor(np.repeat([[np.inf], [-np.inf], [np.nan]], size, axis=1), requires_grad=True)
    out = getattr(F, name)(x)
    slope = tg.gradients(out.sum(), [x])[0].data
    steep = F.rectifiers.SELU_SCALE if name == "selu" else 1
    assert np.all(out.data[0] == np.inf) and np.all(slope[0] == steep)
    assert np.all(np.isfinite(out.data[1])) and np.allclose(slope[1], 0, atol=1e-30)
    assert np.all(np.isnan(out.data[2]))
