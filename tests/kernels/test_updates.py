import itertools

import numpy as np
import pytest

from tinygrad_ml import kernels

from .versions import dtypes, versions

SIZES = [0, 1, 100, 40_000]  # the last is more than one block


def vectors(count, size, dtype, seed=0):
    return np.random.default_rng(seed).standard_normal((count, size)).astype(dtype)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_sgd_is_its_formula(version, size, dtype):
    for nesterov, weight_decay, momentum, dampening in itertools.product(
        (False, True), (0.0, 0.1), (None, 0.9), (0.0, 0.3)
    ):
        p, g, velocity = vectors(3, size, dtype)
        gradient = g.copy()
        d = g + weight_decay * p
        if momentum is None:
            expected, expected_velocity, velocity = p - 0.05 * d, None, None
        else:
            expected_velocity = momentum * velocity + (1 - dampening) * d
            step = d + momentum * expected_velocity if nesterov else expected_velocity
            expected = p - 0.05 * step
        version(kernels.sgd_update)(
            p,
            g,
            velocity,
            lr=0.05,
            momentum=momentum or 0.0,
            dampening=dampening,
            nesterov=nesterov,
            weight_decay=weight_decay,
        )
        np.testing.assert_allclose(p, expected, rtol=1e-5, atol=1e-6)
        assert p.dtype == dtype
        if velocity is not None:
            np.testing.assert_allclose(velocity, expected_velocity, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(g, gradient)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_adam_is_its_formula(version, size, dtype):
    lr, beta1, beta2, eps = 0.02, 0.9, 0.99, 1e-8
    for decoupled, weight_decay in itertools.product((False, True), (0.0, 0.1)):
        p, *gradients = vectors(4, size, dtype)
        q = p.astype(np.float64)
        m, v = np.zeros_like(p), np.zeros_like(p)
        mean, square = np.zeros_like(q), np.zeros_like(q)
        for step, g in enumerate(gradients, 1):
            before = g.copy()
            version(kernels.adam_update)(
                p,
                g,
                m,
                v,
                lr=lr,
                beta1=beta1,
                beta2=beta2,
                eps=eps,
                weight_decay=weight_decay,
                decoupled=decoupled,
                step=step,
            )
            np.testing.assert_array_equal(g, before)
            if decoupled:
                q *= 1 - lr * weight_decay
            d = g if decoupled else g + weight_decay * q
            mean = beta1 * mean + (1 - beta1) * d
            square = beta2 * square + (1 - beta2) * d * d
            unbiased, spread = mean / (1 - beta1**step), square / (1 - beta2**step)
            q -= lr * unbiased / (np.sqrt(spread) + eps)
        assert p.dtype == m.dtype == v.dtype == dtype
        tolerance = 1e-5 if dtype == np.float32 else 1e-12
        np.testing.assert_allclose(p, q, rtol=tolerance, atol=tolerance * 10)
        np.testing.assert_allclose(m, mean, atol=tolerance)
        np.testing.assert_allclose(v, square, atol=tolerance)


@versions
def test_updates_accept_read_only_gradients_and_numpy_scalars(version):
    p, g, velocity = vectors(3, 10, np.float32)
    g.setflags(write=False)
    expected = p - np.float32(0.1) * g
    version(kernels.sgd_update)(
        p,
        g,
        None,
        lr=np.float64(0.1),  # a schedule may compute with NumPy
        momentum=0.0,
        dampening=0.0,
        nesterov=False,
        weight_decay=0.0,
    )
    np.testing.assert_allclose(p, expected, rtol=1e-6)
    assert p.dtype == np.float32
