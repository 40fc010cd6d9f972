"""Distances between all rows of two matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..table import defvjp
from ..tensor import constant, primitive

Array = Any  # an ndarray or a Tensor
_BLOCK = 1 << 18  # numbers in one block of differences: they stay in the second-level cache


def pairwise_distances(x: Array, y: Array = None, metric: str = "euclidean") -> Array:
    """d[i, j] = |x[i] - y[j]|, or its square for metric="sqeuclidean"; y defaults to x.

    Shapes: x (n, d), y (m, d) -> (n, m). Measured by direct differences, in blocks of bounded
    memory: the expansion x^2 - 2 x y + y^2 would leave equal rows a distance apart. The gradient
    of a distance of 0 is 0.

    >>> pairwise_distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([[5.]])
    """
    x = x if hasattr(x, "dtype") else np.asarray(x)
    y = x if y is None else y if hasattr(y, "dtype") else np.asarray(y)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(
            "pairwise_distances: expected two matrices of equal width, got shapes "
            f"{x.shape} and {y.shape}. Rows are samples."
        )
    for rows in (x, y):
        if rows.dtype.kind not in "fiub":
            raise TypeError(
                f"pairwise_distances: expected numbers, got {rows.dtype}. Encode text and missing "
                "values as numbers first."
            )
    if metric not in ("euclidean", "sqeuclidean"):
        raise ValueError(
            f"pairwise_distances: metric must be 'euclidean' or 'sqeuclidean', got {metric!r}."
        )
    squared = _squared(x, y)
    if metric == "sqeuclidean":
        return squared
    apart = squared > 0
    return np.where(apart, np.sqrt(np.where(apart, squared, 1)), 0)


@primitive
def _squared(x: Array, y: Array) -> Array:
    dtype = np.result_type(x, y)
    if dtype.kind != "f":  # differences of small or unsigned integers would wrap around
        dtype = np.result_type(dtype, np.float32)
        x, y = x.astype(dtype), y.astype(dtype)
    out = np.empty((len(x), len(y)), dtype)
    rows = max(1, _BLOCK // max(1, y.size))
    for start in range(0, len(x), rows):
        difference = x[start : start + rows, None, :] - y
        np.einsum("ijk,ijk->ij", difference, difference, out=out[start : start + rows])
    return out


@constant
def _middle(y: Any) -> np.ndarray:
    return y.sum(axis=0) / max(1, len(y))


def _squared_rule(g: Array, x: Array, y: Array) -> Array:
    """sum_j 2 g[i, j] (x[i] - y[j]); measured from the middle of y, where few digits cancel."""
    middle = _middle(y)
    return 2 * ((x - middle) * g.sum(axis=1, keepdims=True) - g @ (y - middle))


defvjp(
    _squared,
    lambda g, out, x, y: _squared_rule(g, x, y),
    lambda g, out, x, y: _squared_rule(g.T, y, x),
)
