"""Kernel functions against their formulas, written out pair by pair."""

import math

import numpy as np
import pytest
from sklearn.metrics import pairwise as peer

from tinygrad_ml.functional import kernel_matrix
from tinygrad_ml.functional.kernel_functions import KERNELS, KernelFunction

FORMULAS = {
    "linear": lambda x, y: x @ y,
    "rbf": lambda x, y: math.exp(-0.3 * sum((x - y) ** 2)),
    "poly": lambda x, y: (0.3 * (x @ y) + 0.5) ** 3,
    "sigmoid": lambda x, y: math.tanh(0.3 * (x @ y) + 0.5),
}
HOW = {"gamma": 0.3, "degree": 3, "coef0": 0.5}
rng = np.random.default_rng(0)


@pytest.mark.parametrize("kernel", KERNELS)
def test_formulas(kernel):
    x, y = rng.standard_normal((7, 4)), rng.standard_normal((5, 4))
    expected = [[FORMULAS[kernel](a, b) for b in y] for a in x]
    np.testing.assert_allclose(kernel_matrix(x, y, kernel, **HOW), expected, rtol=1e-12)
    np.testing.assert_allclose(
        kernel_matrix(x, kernel=kernel, **HOW), [[FORMULAS[kernel](a, b) for b in x] for a in x],
        rtol=1e-12,
    )  # fmt: skip


@pytest.mark.parametrize("kernel", [*KERNELS, lambda x, y: x @ y.T])
@pytest.mark.parametrize("n", [1, 3, 900])
def test_rows_square_and_diagonal_are_parts_of_the_matrix(kernel, n):
    points = rng.standard_normal((n, 6))
    function = KernelFunction(points, kernel, **HOW)
    whole = kernel_matrix(points, points, kernel, **HOW)
    np.testing.assert_allclose(function.square(), whole, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(function.diagonal(), whole.diagonal(), rtol=1e-12, atol=1e-13)
    some = np.array([n - 1, 0, n // 2])
    out = np.empty((3, n))
    function.rows(some, out)
    np.testing.assert_allclose(out, whole[some], rtol=1e-12, atol=1e-13)


def test_large_matrices_against_scikit_learn():
    x, y = rng.standard_normal((1500, 10)), rng.standard_normal((1200, 10)) + 100
    for name in ("rbf", "sigmoid"):
        expected = getattr(peer, f"{name}_kernel")(x + 100, y, gamma=0.05)
        found = kernel_matrix(x + 100, y, name, gamma=0.05, coef0=1)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-15)


def test_far_points_are_told_apart():
    x = np.array([[0.0], [1.0], [1e9], [1e9 + 1]])
    near = math.exp(-1)
    expected = [[1, near, 0, 0], [near, 1, 0, 0], [0, 0, 1, near], [0, 0, near, 1]]
    np.testing.assert_allclose(kernel_matrix(x), expected, rtol=1e-12)
    np.testing.assert_allclose(KernelFunction(x, "rbf", 1, 3, 0).square(), expected, rtol=1e-12)
    np.testing.assert_allclose(kernel_matrix(x[2:], x[:2]), np.zeros((2, 2)))


def test_integers_and_lists():
    assert kernel_matrix([[1, 2]], [[3, 4]], "linear").tolist() == [[11.0]]
    assert kernel_matrix([[1, 2]], [[3, 4]], lambda x, y: x @ y.T + 1).tolist() == [[12.0]]
    assert kernel_matrix(np.empty((0, 2)), [[3, 4]]).shape == (0, 1)
    assert kernel_matrix([[3, 4]], np.empty((0, 2))).shape == (1, 0)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (([[1.0, 2.0]], [[1.0]]), r"equal width, got shapes \(1, 2\) and \(1, 1\)"),
        (([1.0, 2.0],), r"got shapes \(2,\)"),
        (([[1.0]], [[1.0]], "gauss"), "one of linear, rbf, poly, sigmoid or a function"),
        (([[1.0]], [[1.0]], 3), "or a function, got 3"),
        (([["a"]],), "expected numbers"),
        (([[1.0]], [[1.0]], "rbf", -1.0), "gamma must be a positive number, got -1"),
        (([[1.0]], [[1.0]], "poly", 1.0, 2.5), "degree must be an integer of at least 0, got 2.5"),
        (([[1.0]], [[1.0]], lambda x, y: [[np.nan]]), "finite numbers, got NaN"),
        (([[1.0]], [[1.0]], lambda x, y: 1.0), r"return shape \(1, 1\) .* got \(\)"),
        (([[1.0]], [[1.0]], lambda x, y: [["a"]]), "return numbers"),
    ],
)
def test_mistakes(args, message):
    with pytest.raises((ValueError, TypeError), match=message):
        kernel_matrix(*args)


def test_an_error_of_a_kernel_function_says_what_it_got():
    with pytest.raises(ValueError, match="matmul") as caught:
        kernel_matrix(np.ones((3, 2)), kernel=lambda x, y: x @ y)
    assert caught.value.__notes__ == [
        "The kernel function got matrices of shapes (3, 2) and (3, 2)."
    ]


@pytest.mark.parametrize("degree", range(8))
def test_powers(degree):
    x = rng.standard_normal((9, 3))
    found = kernel_matrix(x, kernel="poly", degree=degree, coef0=1.0)
    np.testing.assert_allclose(found, (x @ x.T + 1) ** degree, rtol=1e-12)
