"""Minimal filtering against the NumPy version in float64, with a tolerance for its rounding."""

import numpy as np
import pytest

from tinygrad_ml import kernels

from .versions import hard_to_read

winograd = pytest.importorskip("tinygrad_ml.kernels.winograd", exc_type=ImportError)
SHAPES = [
    # images, height, width, c_in, c_out, padding
    (64, 8, 8, 16, 32, ((1, 1), (1, 1))),
    (16, 9, 11, 17, 19, ((1, 1), (1, 1))),
    (1, 40, 37, 32, 16, ((0, 0), (0, 0))),
    (11, 13, 7, 16, 16, ((2, 2), (2, 2))),
    (12, 10, 9, 20, 16, ((0, 1), (2, 0))),
    (70, 16, 16, 32, 64, ((1, 1), (1, 1))),  # several blocks, the last one not full
    (64, 2, 2, 16, 16, ((2, 2), (2, 2))),  # more padding than image
    (0, 8, 8, 16, 16, ((1, 1), (1, 1))),
]


def example(shape):
    n, height, width, c_in, c_out, padding = shape
    (top, bottom), (left, right) = padding
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, height, width, c_in), np.float32)
    w = rng.standard_normal((3, 3, c_in, c_out), np.float32)
    g = rng.standard_normal((n, height + top + bottom - 2, width + left + right - 2, c_out))
    return x, w, g.astype(np.float32), {"stride": (1, 1), "padding": padding}


def close(actual, expected, terms):
    """Within a few roundings of sums of so many standard normal products."""
    assert actual.dtype == np.float32 and actual.shape == expected.shape
    assert actual.flags.c_contiguous
    np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-5 * max(1, terms) ** 0.5)


@pytest.fixture
def every_size_pays(monkeypatch):
    """Let small batches through too, and count the calls that were taken."""
    taken = []
    monkeypatch.setattr(winograd, "pays", lambda *args: taken.append(args) or True)
    return taken


@pytest.mark.parametrize("make", [np.asarray, *hard_to_read])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_triad_equals_numpy_in_double_precision(shape, make, every_size_pays):
    x, w, g, how = example(shape)
    bias = np.arange(w.shape[3], dtype=np.float32)
    X, W, G = (array.astype(np.float64) for array in (x, w, g))
    out = kernels.conv2d.compiled(make(x), make(w), bias, **how)
    close(out, kernels.conv2d.numpy(X, W, bias, **how), 9 * w.shape[2])
    plain = kernels.conv2d.compiled(make(x), make(w), **how)
    np.testing.assert_array_equal(out, plain + bias)
    grad_x = kernels.conv2d_input.compiled(make(g), make(w), shape=x.shape, **how)
    close(grad_x, kernels.conv2d_input.numpy(G, W, shape=x.shape, **how), 9 * w.shape[3])
    grad_w = kernels.conv2d_weight.compiled(make(x), make(g), shape=w.shape, **how)
    close(grad_w, kernels.conv2d_weight.numpy(X, G, shape=w.shape, **how), g[..., 0].size)
    assert len(every_size_pays) == 4
    product = np.vdot(out - bias, G)
    scale = 1e-5 * np.linalg.norm(out - bias) * np.linalg.norm(G)
    assert np.vdot(X, grad_x) == pytest.approx(product, abs=scale)
    assert np.vdot(W, grad_w) == pytest.approx(product, abs=scale)


def test_errors_stay_within_a_few_times_those_of_the_direct_sum():
    x, w, g, how = example((64, 16, 16, 32, 64, ((1, 1), (1, 1))))
    X, W, G = (array.astype(np.float64) for array in (x, w, g))

    def error(actual, expected):
        return np.sqrt(np.mean((actual - expected) ** 2))

    exact = kernels.conv2d.numpy(X, W, **how)
    direct = error(kernels.conv2d.numpy(x, w, **how), exact)
    assert error(kernels.conv2d.compiled(x, w, **how), exact) < 4 * direct
    exact = kernels.conv2d_weight.numpy(X, G, shape=w.shape, **how)
    direct = error(kernels.conv2d_weight.numpy(x, g, shape=w.shape, **how), exact)
    assert error(kernels.conv2d_weight.compiled(x, g, shape=w.shape, **how), exact) < 5 * direct


def test_only_where_it_pays():
    x = np.zeros((64, 8, 8, 16), np.float32)
    usual = (64, (8, 8), (3, 3, 16, 16), (1, 1), ((1, 1), (1, 1)))
    assert winograd.pays(*usual, x, None)
    assert not winograd.pays(*usual, x, x.astype(np.float64))
    for place, value in enumerate(
        [1, (3, 3), (3, 3, 15, 16), (2, 1), ((-1, 0), (0, 0))],
    ):
        other = [*usual[:place], value, *usual[place + 1 :]]
        assert not winograd.pays(*other, x)
    assert not winograd.pays(*usual[:2], (5, 5, 16, 16), *usual[3:], x)
