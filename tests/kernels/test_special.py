"""The error function against SciPy and the C library, the twins against each other."""

import math

import numpy as np
import pytest
import scipy.special

from tinygrad_ml import functional, kernels
from tinygrad_ml.tensor import Tensor

from .versions import dtypes, hard_to_read, versions

ONE = [kernels.erf, kernels.erfc, kernels.gelu, kernels.sigmoid]
TWO = [kernels.gelu_backward, kernels.sigmoid_backward]
SLOPE = math.sqrt(8 / math.pi)
GATES = [{"slope": 1.0, "cubic": 0.0}, {"slope": SLOPE, "cubic": 0.044715 * SLOPE}]
X = np.concatenate([np.linspace(-30, 30, 20001), np.linspace(-1, 1, 20001), [0.46875, 4.0, -4.0]])


def worst(got, expected):
    return np.max(np.abs(got - expected) / np.abs(expected))


@versions
def test_erf_to_the_last_places(version):
    inside = X[X != 0]
    assert worst(version(kernels.erf)(inside), scipy.special.erf(inside)) < 8e-16
    single = inside.astype(np.float32)
    assert worst(version(kernels.erf)(single), scipy.special.erf(single.astype(float))) < 3e-7


@versions
def test_erfc_keeps_the_digits_of_small_values(version):
    inside = X[X < 26]
    expected = np.array([math.erfc(x) for x in inside])
    assert worst(version(kernels.erfc)(inside), expected) < 2e-15
    assert worst(version(kernels.erfc)(inside), scipy.special.erfc(inside)) < 1e-13
    single = X[X < 9].astype(np.float32)
    expected = scipy.special.erfc(single.astype(float))
    assert worst(version(kernels.erfc)(single), expected) < 4e-7


@versions
def test_activations_are_their_formulas(version):
    x = X[np.abs(X) < 12]
    phi = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    share, logistic = scipy.special.ndtr(x), scipy.special.expit(x)
    expected = {
        kernels.gelu: x * share,
        kernels.gelu_backward: share + x * phi,
        kernels.sigmoid: logistic,
        kernels.sigmoid_backward: x * (1 - x),
    }
    for dtype, tolerance in ((np.float64, 1e-15), (np.float32, 4e-7)):
        for kernel, values in expected.items():
            arrays = (np.ones_like(x),) * (kernel in TWO) + (x,)
            got = version(kernel)(*(a.astype(dtype) for a in arrays))
            np.testing.assert_allclose(got, values, rtol=tolerance, atol=tolerance)
        for how in GATES:
            gate = scipy.special.expit(how["slope"] * x + how["cubic"] * x**3)
            single = x.astype(dtype)
            got = version(kernels.gated)(single, **how)
            # a rounding of the gate's argument, up to a hundred, is one of the gate
            np.testing.assert_allclose(got, x * gate, rtol=20 * tolerance, atol=2 * tolerance)
            steepness = how["slope"] + 3 * how["cubic"] * x * x
            slope = gate * (1 + x * (1 - gate) * steepness)
            got = version(kernels.gated_backward)(np.ones_like(single), single, **how)
            np.testing.assert_allclose(got, slope, rtol=20 * tolerance, atol=4 * tolerance)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7,), (3, 5, 2), (70, 1000)])
@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_shapes_and_dtypes(version, dtype, shape):
    x, g = np.random.default_rng(0).standard_normal((2, *shape)).astype(dtype)
    results = [version(k)(np.asarray(x)) for k in ONE]
    results += [version(k)(np.asarray(g), np.asarray(x)) for k in TWO]
    results += [version(kernels.gated)(np.asarray(x), **GATES[0])]
    results += [version(kernels.gated_backward)(np.asarray(g), np.asarray(x), **GATES[0])]
    assert {r.shape for r in results} == {shape} and {r.dtype for r in results} == {np.dtype(dtype)}


@pytest.mark.parametrize("make_hard", hard_to_read)
@versions
def test_any_memory_layout(version, make_hard):
    x, g = np.random.default_rng(0).standard_normal((2, 4, 5, 6)).astype(np.float32)
    for kernel in ONE:
        np.testing.assert_allclose(version(kernel)(make_hard(x)), version(kernel)(x), rtol=1e-6)
    for kernel in TWO:
        got = version(kernel)(make_hard(g), make_hard(x))
        np.testing.assert_allclose(got, version(kernel)(g, x), rtol=1e-6)


@versions
def test_extremes(version):
    x = np.array([-np.inf, -1e30, 1e30, np.inf, np.nan])
    expected = {
        kernels.erf: [-1, -1, 1, 1], kernels.erfc: [2, 2, 0, 0], kernels.sigmoid: [0, 0, 1, 1],
        kernels.gelu: [0, 0, 1e30, np.inf],
    }  # fmt: skip
    for dtype in dtypes:
        for kernel, values in expected.items():
            got = version(kernel)(x.astype(dtype))
            np.testing.assert_allclose(got, [*values, np.nan], rtol=1e-6)
        one = np.ones(5, dtype)
        gates = [version(kernels.gated_backward)(one, x.astype(dtype), **how) for how in GATES]
        for got in (version(kernels.gelu_backward)(one, x.astype(dtype)), *gates):
            np.testing.assert_allclose(got, [0, 0, 1, 1, np.nan], atol=1e-30)


def test_half_precision():
    x = np.linspace(-60, 60, 25).astype(np.float16)
    for kernel in ONE:
        got = kernel(x)
        assert got.dtype == np.float16
        np.testing.assert_allclose(got, kernel(x.astype(np.float64)), rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("size", [4095, 4096, 70_000])
def test_few_and_many_elements_agree(size):
    """Below 4096 elements NumPy computes, above a compiled loop where there is one."""
    x = np.random.default_rng(0).standard_normal(size).astype(np.float32)
    for kernel in ONE:
        np.testing.assert_allclose(kernel(x), kernel.numpy(x), rtol=2e-6, atol=1e-7)
    leaf = Tensor(x, requires_grad=True)
    out = functional.sigmoid(leaf)
    out.backward(x)
    expected = kernels.sigmoid_backward.numpy(x, out.data)
    np.testing.assert_allclose(leaf.grad, expected, rtol=1e-6, atol=1e-7)


def test_softplus_of_many_is_softplus_of_few():
    for dtype, tolerance in ((np.float32, 5e-7), (np.float64, 1e-15)):
        x = np.concatenate([np.linspace(-80, 80, 3000), np.linspace(-1e-3, 1e-3, 500)]).astype(
            dtype
        )
        expected = np.logaddexp(x.astype(np.longdouble), 0)
        assert worst(functional.softplus(x), expected) < tolerance
        assert worst(functional.softplus(x[:900]), expected[:900]) < tolerance
