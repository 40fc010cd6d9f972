"""Kernel functions: inner products of points in a space that is never written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..kernels import memory
from ..kernels.threads import share, slices
from .distances import pairwise_distances

_BLOCK = 1 << 16  # kernel values in one block: they stay in the second-level cache
_FAR = 1e5  # gamma |x|^2 from which on too many digits of products cancel
KERNELS = ("linear", "rbf", "poly", "sigmoid")


def kernel_matrix(
    x: Any,
    y: Any = None,
    kernel: str | Callable = "rbf",
    gamma: float = 1.0,
    degree: int = 3,
    coef0: float = 0.0,
) -> np.ndarray:
    """k(x[i], y[j]) for all rows of two matrices of numbers, shapes (n, d), (m, d) -> (n, m).

    linear: x'y.  poly: (gamma x'y + coef0)^degree.  sigmoid: tanh(gamma x'y + coef0).
    rbf: exp(-gamma |x - y|^2).  A function gets both matrices and returns the (n, m) numbers.

    `y` defaults to x. Distances are taken through a matrix product around the mean of y where that
    leaves the values right to about 1e-10, and from differences otherwise.

    >>> kernel_matrix([[0.0, 0.0], [1.0, 1.0]], gamma=0.5)
    array([[1.        , 0.36787944],
           [0.36787944, 1.        ]])
    """
    x = _numbers(x)
    y = x if y is None else _numbers(y)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(
            f"kernel_matrix: expected two matrices of equal width, got shapes {x.shape} and "
            f"{y.shape}. Rows are samples."
        )
    if not callable(kernel) and (not isinstance(kernel, str) or kernel not in KERNELS):
        raise ValueError(
            f"kernel_matrix: kernel must be one of {', '.join(KERNELS)} or a function, got "
            f"{kernel!r:.80}."
        )
    if not gamma > 0:
        raise ValueError(f"kernel_matrix: gamma must be a positive number, got {gamma!r}.")
    if not isinstance(degree, (int, np.integer)) or degree < 0:
        raise ValueError(f"kernel_matrix: degree must be an integer of at least 0, got {degree!r}.")
    if not (len(x) and len(y)):
        return np.empty((len(x), len(y)))
    return KernelFunction(y, kernel, gamma, degree, coef0)(x)


class KernelFunction:
    """k(., points[j]) for fixed points (m, d): called with rows (n, d) it gives (n, m) numbers.

    What belongs to the points alone is computed once; otherwise as `kernel_matrix`.
    """

    def __init__(
        self, points: np.ndarray, kernel: str | Callable, gamma: float, degree: int, coef0: float
    ) -> None:
        self.kernel, self.gamma, self.degree, self.coef0 = kernel, gamma, degree, coef0
        self.points = points
        if kernel == "rbf":
            self.middle = points.mean(axis=0)
            self.points = points - self.middle
        self.squares = np.einsum("ij,ij->i", self.points, self.points)
        if kernel == "rbf":
            # One product of longer rows, (2 gamma x, -gamma x'x, 1) and (y, 1, -gamma y'y), is the
            # whole exponent.
            ones = np.ones(len(points))
            self.factors = np.column_stack([self.points, ones, -gamma * self.squares])

    def __call__(self, x: np.ndarray) -> np.ndarray:
        out = memory.empty((len(x), len(self.points)), np.float64)
        self._write(x - self.middle if self.kernel == "rbf" else x, out)
        return out

    def rows(self, numbers: Any, out: np.ndarray) -> None:
        """Write k(points[i], points[j]) for the i in `numbers` (n,) and all j into `out` (n, m)."""
        self._write(self.points[numbers], out)

    def square(self) -> np.ndarray:
        """k(points[i], points[j]) for all i and j, of which one half is computed."""
        m = len(self.points)
        out = memory.empty((m, m), np.float64)
        if callable(self.kernel):
            self._write(self.points, out)
            return out
        values = self._values(self.points)

        def fill(part: slice) -> None:
            for rows in _blocks(part, m):
                values(rows, slice(rows.start, None), out[rows, rows.start :])
                out[rows.stop :, rows] = out[rows, rows.stop :].T

        share(fill, slices(m, out.size))
        return out

    def diagonal(self) -> np.ndarray:
        """k(points[j], points[j]), shape (m,)."""
        if callable(self.kernel):
            return np.array([_called(self.kernel, row, row)[0, 0] for row in self.points[:, None]])
        return np.ones(len(self.points)) if self.kernel == "rbf" else self._of(self.squares.copy())

    def _write(self, x: np.ndarray, out: np.ndarray) -> None:
        """Fill `out`, a few rows at a time that stay in the cache, on all cores if it is large."""
        if callable(self.kernel):
            out[:] = _called(self.kernel, x, self.points)
            return
        values = self._values(x)

        def fill(part: slice) -> None:
            for rows in _blocks(part, len(self.points)):
                values(rows, slice(None), out[rows])

        share(fill, slices(len(x), out.size))

    def _values(self, x: np.ndarray) -> Callable[[slice, slice, np.ndarray], None]:
        """A function of rows of x, some of the points and `out`, which it fills."""
        if self.kernel != "rbf":

            def of_products(rows: slice, columns: slice, out: np.ndarray) -> None:
                out[:] = self._of(np.matmul(x[rows], self.points[columns].T, out=out))

            return of_products
        squares = self.gamma * np.einsum("ij,ij->i", x, x)

        def from_differences(rows: slice, columns: slice, out: np.ndarray) -> None:
            out[:] = pairwise_distances(x[rows], self.points[columns], "sqeuclidean")
            out *= -self.gamma
            np.exp(out, out=out)

        if not max(squares.max(initial=0), self.gamma * self.squares.max(initial=0)) < _FAR:
            return from_differences
        factors = np.column_stack([2 * self.gamma * x, -squares, np.ones(len(x))])

        def from_factors(rows: slice, columns: slice, out: np.ndarray) -> None:
            np.matmul(factors[rows], self.factors[columns].T, out=out)
            np.minimum(out, 0, out=out)  # rounding may leave a distance a little below 0
            np.exp(out, out=out)

        return from_factors

    def _of(self, inner: np.ndarray) -> np.ndarray:
        if self.kernel == "linear":
            return inner
        inner *= self.gamma
        inner += self.coef0
        return np.tanh(inner, out=inner) if self.kernel == "sigmoid" else _power(inner, self.degree)


def _blocks(part: slice, width: int) -> Iterator[slice]:
    """The rows of a part, as many at a time as stay in the cache."""
    few = max(1, _BLOCK // max(1, width))
    for start in range(part.start, part.stop, few):
        yield slice(start, min(start + few, part.stop))


def _power(x: np.ndarray, degree: int) -> np.ndarray:
    """x^degree by squaring, which is faster than NumPy's power."""
    result = np.ones_like(x)
    while degree:
        if degree % 2:
            result *= x
        degree //= 2
        x = x * x if degree else x
    return result


def _numbers(x: Any) -> np.ndarray:
    x = np.asarray(x)
    if x.dtype.kind not in "fiub":
        raise TypeError(
            f"kernel_matrix: expected numbers, got {x.dtype}. Encode text and missing values as "
            "numbers first."
        )
    return x.astype(float)


def _called(kernel: Callable, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    try:
        out = np.asarray(kernel(x, y))
    except Exception as error:
        error.add_note(f"The kernel function got matrices of shapes {x.shape} and {y.shape}.")
        raise
    if out.dtype.kind not in "fiub":
        raise TypeError(
            f"kernel_matrix: expected the kernel function to return numbers, got {out.dtype}. "
            "Write for example lambda x, y: x @ y.T"
        )
    if out.shape != (len(x), len(y)):
        raise ValueError(
            f"kernel_matrix: expected the kernel function to return shape {(len(x), len(y))} for "
            f"matrices of {len(x)} and {len(y)} rows, got {out.shape}. It gets whole matrices: "
            "lambda x, y: x @ y.T"
        )
    if not np.isfinite(out).all():
        raise ValueError(
            "kernel_matrix: expected the kernel function to return finite numbers, got NaN or inf. "
            "Look where it divides, or scale the features."
        )
    return out
