"""The updates are their formulas, written here once more for whole arrays in float64."""

import itertools

import numpy as np
import pytest

from tinygrad_ml import kernels

from .versions import dtypes, read_only, versions

SIZES = [0, 1, 100, 40_000]  # the last is more than one block


def sgd(p, g, velocity, lr, momentum, dampening, nesterov, weight_decay):
    d = g + weight_decay * p
    if velocity is None:
        return p - lr * d, None
    velocity = momentum * velocity + (1 - dampening) * d
    return p - lr * (d + momentum * velocity if nesterov else velocity), velocity


def adam(p, g, m, v, largest, rate, gradient_rate, eps, beta1, beta2, weight_decay, keep, adaptive):
    p = keep * p
    d = g + weight_decay * p
    m, v = beta1 * m + (1 - beta1) * d, beta2 * v + (1 - beta2) * d**2
    largest = None if largest is None else np.where(largest > v, largest, v)
    divisor = (v if largest is None else largest) ** 0.5 + eps if adaptive else 1
    return p - (rate * m + gradient_rate * d) / divisor, m, v, largest


def adamax(p, g, m, u, rate, beta1, beta2, eps, weight_decay):
    d = g + weight_decay * p
    m = beta1 * m + (1 - beta1) * d
    u = np.where(beta2 * u > abs(d) + eps, beta2 * u, abs(d) + eps)
    return p - rate * m / u, m, u


def rmsprop(p, g, square, mean, velocity, lr, alpha, eps, momentum, weight_decay):
    d = g + weight_decay * p
    square = alpha * square + (1 - alpha) * d**2
    mean = None if mean is None else alpha * mean + (1 - alpha) * d
    step = d / ((square if mean is None else square - mean**2) ** 0.5 + eps)
    velocity = None if velocity is None else momentum * velocity + step
    return p - lr * (step if velocity is None else velocity), square, mean, velocity


def adagrad(p, g, total, lr, eps, weight_decay):
    d = g + weight_decay * p
    total = total + d**2
    return p - lr * d / (total**0.5 + eps), total


def adadelta(p, g, square, change, lr, rho, eps, weight_decay):
    d = g + weight_decay * p
    square = rho * square + (1 - rho) * d**2
    step = d * ((change + eps) / (square + eps)) ** 0.5
    return p - lr * step, square, rho * change + (1 - rho) * step**2


DECAY = {"weight_decay": (0.0, 0.1)}
FORMULAS = {  # the formula, how many states it has, those that may be missing, its numbers
    "sgd": (sgd, 1, {0}, {"lr": (0.05,), "momentum": (0.9,), "dampening": (0.0, 0.3),
                          "nesterov": (False, True), **DECAY}),
    "adam": (adam, 3, {2}, {"rate": (0.02,), "gradient_rate": (0.0, 0.01), "eps": (1e-3,),
                            "beta1": (0.9,), "beta2": (0.99,), "keep": (1.0, 0.95),
                            "adaptive": (False, True), **DECAY}),
    "adamax": (adamax, 2, {}, {"rate": (0.02,), "beta1": (0.9,), "beta2": (0.99,),
                               "eps": (1e-3,), **DECAY}),
    "rmsprop": (rmsprop, 3, {1, 2}, {"lr": (0.02,), "alpha": (0.9,), "eps": (1e-3,),
                                     "momentum": (0.8,), **DECAY}),
    "adagrad": (adagrad, 1, {}, {"lr": (0.02,), "eps": (1e-3,), **DECAY}),
    "adadelta": (adadelta, 2, {}, {"lr": (0.5,), "rho": (0.9,), "eps": (1e-3,), **DECAY}),
}  # fmt: skip


def combinations(name):
    """(states or None, numbers) of every way to call a kernel."""
    _, count, optional, numbers = FORMULAS[name]
    present = [(True, False) if i in optional else (True,) for i in range(count)]
    for used, values in itertools.product(
        itertools.product(*present), itertools.product(*numbers.values())
    ):
        yield used, dict(zip(numbers, values, strict=True))


def test_every_update_has_its_formula():
    updates = {name for name in kernels.__all__ if name.endswith("_update")}
    assert updates == {f"{name}_update" for name in FORMULAS}


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_an_update_is_its_formula(version, dtype, name):
    formula, count, *_ = FORMULAS[name]
    rng = np.random.default_rng(0)
    for used, numbers in combinations(name):
        p, g = ([rng.standard_normal(size).astype(dtype) for size in SIZES] for _ in range(2))
        # a mean square is at least the square of the mean
        states = [[(rng.uniform(1, 2, size) / 4**i).astype(dtype) for size in SIZES]
                  if present else None for i, present in enumerate(used)]  # fmt: skip
        before = [p, *states]
        before = [None if a is None else [v.astype(np.float64) for v in a] for a in before]
        gradients = [read_only(each) for each in g]
        version(getattr(kernels, f"{name}_update"))(p, gradients, *states, **numbers)
        for i in range(len(SIZES)):
            old = [None if a is None else a[i] for a in before]
            expected = formula(old[0], g[i].astype(np.float64), *old[1:], **numbers)
            for got, wanted in zip([p, *states], expected, strict=True):
                assert (got is None) == (wanted is None)
                if got is not None:
                    assert got[i].dtype == dtype
                    tolerance = 1e-5 if dtype == np.float32 else 1e-12
                    np.testing.assert_allclose(got[i], wanted, rtol=tolerance, atol=tolerance)
            np.testing.assert_array_equal(gradients[i], g[i])


@versions
@pytest.mark.parametrize("dtype", dtypes)
def test_a_spread_below_zero_is_none(version, dtype):
    """The mean square of equal gradients comes out below the square of their mean, by rounding."""
    g = [np.random.default_rng(0).standard_normal(1000).astype(dtype)]
    p, square, mean = ([np.zeros(1000, dtype)] for _ in range(3))
    below = False
    for _ in range(300):
        version(kernels.rmsprop_update)(
            p, g, square, mean, None, lr=1e-9, alpha=0.9, eps=1e-3, momentum=0.0, weight_decay=0.0
        )
        below |= np.any(square[0] < mean[0] ** 2)
    assert np.isfinite(p[0]).all()
    assert below or dtype == np.float64


@versions
def test_updates_accept_writable_gradients_and_numpy_scalars(version):
    p, g = (np.random.default_rng(0).standard_normal((2, 10)).astype(np.float32)) * 1
    expected = p - np.float32(0.1) * g
    version(kernels.sgd_update)(
        [p], [g], None, lr=np.float64(0.1), momentum=0.0, dampening=0.0, nesterov=False,
        weight_decay=0.0,
    )  # fmt: skip
    np.testing.assert_allclose(p, expected, rtol=1e-6)
    assert p.dtype == np.float32


def test_the_kernel_takes_half_precision_by_its_numpy_version():
    p, g = (np.ones(3, np.float16) for _ in range(2))
    kernels.adagrad_update([p], [g], [g * 0], lr=0.5, eps=0.0, weight_decay=0.0)
    np.testing.assert_array_equal(p, np.full(3, 0.5, np.float16))
