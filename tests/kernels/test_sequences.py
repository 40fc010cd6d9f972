"""Recurrences, row norms, masked softmax and added rows: both versions against plain loops."""

import numpy as np
import pytest

from tinygrad_ml import kernels

from .versions import dtypes, hard_to_read, versions

N, LENGTH, HIDDEN = 3, 4, 5


def draw(*shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def close(got, expected, dtype=np.float64):
    assert got.dtype == dtype and got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=0, atol=3e-6 if dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_lstm_is_its_formula(version, dtype):
    pre, u = draw(LENGTH, N, 4 * HIDDEN, dtype=dtype), draw(HIDDEN, 4 * HIDDEN, dtype=dtype, seed=1)
    h, c = draw(2, N, HIDDEN, dtype=dtype, seed=2)
    found = version(kernels.lstm)(pre, u, h, c)
    for t in range(LENGTH):
        z = pre[t].astype(float) + h @ u
        i, f, g, o = np.split(z, 4, axis=1)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        for got, expected in zip(found, (h, c, np.concatenate([i, f, g, o], axis=1))):
            close(got[t], expected, dtype)


@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_gru_is_its_formula(version, dtype):
    pre, u = draw(LENGTH, N, 3 * HIDDEN, dtype=dtype), draw(HIDDEN, 3 * HIDDEN, dtype=dtype, seed=1)
    h, bias = draw(N, HIDDEN, dtype=dtype, seed=2), draw(HIDDEN, dtype=dtype, seed=3)
    found, gates = version(kernels.gru)(pre, u, bias, h)
    for t in range(LENGTH):
        of_r, of_z, of_k = np.split(pre[t].astype(float), 3, axis=1)
        inner_r, inner_z, inner_k = np.split(h @ u, 3, axis=1)
        r, z = sigmoid(of_r + inner_r), sigmoid(of_z + inner_z)
        k = np.tanh(of_k + r * (inner_k + bias))
        h = (1 - z) * k + z * h
        close(found[t], h, dtype)
        close(gates[t], np.concatenate([r, z, k, inner_k + bias], axis=1), dtype)


BACKWARD = {
    "lstm": (kernels.lstm_backward, (1, 1, 4, 1, 4), 4),
    "gru": (kernels.gru_backward, (1, 4, 1, 4), 3),
}


@pytest.mark.parametrize("name", BACKWARD)
@pytest.mark.parametrize("dtype", dtypes)
@pytest.mark.parametrize("make_hard", [np.copy, *hard_to_read])
@versions
def test_backward_of_a_recurrence(version, make_hard, dtype, name):
    """Any memory layout gives what the NumPy version gives in float64."""
    kernel, parts, gates = BACKWARD[name]
    arrays = [draw(LENGTH, N, p * HIDDEN, seed=i) for i, p in enumerate(parts)]
    arrays += [draw(HIDDEN, gates * HIDDEN, seed=8) / 4, draw(N, HIDDEN, seed=9)]
    arrays = [a.astype(dtype) for a in arrays]
    expected = kernel.numpy(*(a.astype(float) for a in arrays))
    scale = max(np.abs(e).max() for e in expected)
    for got, e in zip(version(kernel)(*map(make_hard, arrays)), expected):
        close(got / dtype(scale), e / scale, dtype)


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_normalise_rows(version, dtype, centred):
    x, (gamma, beta) = draw(200, 7, dtype=dtype) + dtype(3), draw(2, 7, dtype=dtype)
    how = {"eps": 1e-3, "centred": centred}
    wide = x.astype(float)
    d = wide - wide.mean(axis=1, keepdims=True) * centred
    unit = d / np.sqrt((d**2).mean(axis=1, keepdims=True) + 1e-3)
    close(version(kernels.normalise_rows)(x, gamma, beta, **how), unit * gamma + beta, dtype)
    close(version(kernels.normalise_rows)(x, gamma, **how), unit * gamma, dtype)
    g = draw(200, 7, dtype=dtype, seed=1)
    found = version(kernels.normalise_rows_backward)(g, x, gamma, **how)
    close(found[1] / dtype(100), (g * unit).sum(axis=0) / 100, dtype)
    close(found[2] / dtype(100), g.astype(float).sum(axis=0) / 100, dtype)


@versions
def test_normalise_rows_with_a_large_mean_and_many_rows(version):
    """float32: the variance keeps its digits, and long columns are added up in blocks."""
    x = np.float32(1000) + draw(5, 64, dtype=np.float32)
    ones = np.ones(64, np.float32)
    found = version(kernels.normalise_rows)(x, ones, eps=0.0, centred=True)
    wide = x.astype(float)
    expected = (wide - wide.mean(axis=1, keepdims=True)) / wide.std(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=2e-4)
    g = np.full((100_000, 2), 0.1, np.float32)
    how = {"eps": 1e-5, "centred": True}
    x = draw(100_000, 2, dtype=np.float32)
    total = version(kernels.normalise_rows_backward)(g, x, ones[:2], **how)[2]
    np.testing.assert_allclose(total, 1e4, rtol=1e-3)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_masked_softmax(version, dtype, masked, causal):
    x = draw(2, 4, 4, dtype=dtype) * dtype(5)
    mask = np.zeros((4, 4), dtype)
    mask[1], mask[2, 0] = -np.inf, -np.inf
    out = version(kernels.masked_softmax)(x, *([mask] if masked else []), causal=causal)
    scores = x.astype(float) + mask * masked if masked else x.astype(float)
    with np.errstate(invalid="ignore"):
        e = np.exp(scores) * (np.tri(4) if causal else 1)
        expected = np.nan_to_num(e / e.sum(axis=-1, keepdims=True))
    close(out, expected, dtype)
    g = draw(2, 4, 4, dtype=dtype, seed=3)
    slope = version(kernels.softmax_backward)(g, out)
    close(slope, out * (g - (g * out).sum(axis=-1, keepdims=True)), dtype)


@versions
def test_masked_softmax_at_the_ends(version):
    big = np.array([[1e30, -1e30, 1e30], [-np.inf, 0, -1e308]])
    expected = [[0.5, 0, 0.5], [0, 1, 0]]
    np.testing.assert_array_equal(version(kernels.masked_softmax)(big, causal=False), expected)


@pytest.mark.parametrize("dtype", [*dtypes, np.int64])
@versions
def test_add_rows(version, dtype):
    rng = np.random.default_rng(0)
    for m, n, count in ((0, 3, 4), (1, 1, 1), (50, 3, 7), (20, 0, 3)):
        g, rows = (10 * draw(m, n)).astype(dtype), rng.integers(0, count, m)
        expected = np.zeros((count, n), dtype)
        np.add.at(expected, rows, g)
        got = version(kernels.add_rows)(g, rows, count=count)
        assert got.dtype == dtype
        np.testing.assert_allclose(got, expected, rtol=1e-5)
