"""Distances between all rows of two matrices."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..kernels.nearest import METRICS, SQUARES, measure
from ..table import defvjp
from ..tensor import constant, primitive

Array = Any  # an ndarray or a Tensor
_BLOCK = 1 << 18  # numbers in one block of differences: they stay in the second-level cache


def pairwise_distances(
    x: Array, y: Array = None, metric: str | Callable = "euclidean", p: float = 2.0
) -> Array:
    """d[i, j] = |x[i] - y[j]|, or its square for metric="sqeuclidean"; y defaults to x.

    Shapes: x (n, d), y (m, d) -> (n, m). Measured by direct differences, in blocks of bounded
    memory: the expansion x^2 - 2 x y + y^2 would leave equal rows a distance apart. The gradient
    of a distance of 0 is 0.

    For arrays `metric` may also be "manhattan" (sum |x - y|), "chebyshev" (max |x - y|), "hamming"
    (the number of features that differ), "minkowski" ((sum |x - y|^p)^(1/p), p > 0), or a function
    of two rows that returns a number.

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
    if callable(metric):
        return _by_function(_plain(x), _plain(y), metric)
    if not isinstance(metric, str) or metric not in METRICS:
        raise ValueError(
            f"pairwise_distances: metric must be {', '.join(map(repr, METRICS))} or a function, "
            f"got {metric!r}."
        )
    if metric not in SQUARES:
        if not p > 0:
            raise ValueError(f"pairwise_distances: p must be a positive number, got {p!r}.")
        one = metric == "minkowski" and math.isinf(p)
        return _measured(_plain(x), _plain(y), "chebyshev" if one else metric, p)
    squared = _squared(x, y)
    if metric == "sqeuclidean":
        return squared
    apart = squared > 0
    return np.where(apart, np.sqrt(np.where(apart, squared, 1)), 0)


def _plain(x: Array) -> np.ndarray:
    """An array; no gradient gets lost, since a Tensor that is tracked is refused."""
    if getattr(x, "requires_grad", False):
        raise TypeError(
            "pairwise_distances: expected an array for this metric, got a Tensor that requires a "
            "gradient. Use 'euclidean' or 'sqeuclidean', or x.detach()."
        )
    x = np.asarray(x)
    return x if x.dtype.kind == "f" else x.astype(np.result_type(x, np.float32))


def _measured(x: np.ndarray, y: np.ndarray, metric: str, p: float) -> np.ndarray:
    out = np.zeros((len(x), len(y)), np.result_type(x, y))
    if not x.shape[1]:
        return out
    columns, rows = y.T, max(1, _BLOCK // max(1, len(y)))
    for start in range(0, len(x), rows):
        block = x[start : start + rows].T[..., None]
        apart = lambda j, block=block: np.abs(block[j] - columns[j])
        out[start : start + rows] = measure(apart, len(columns), metric, p)
    return out


def _by_function(x: np.ndarray, y: np.ndarray, metric: Callable) -> np.ndarray:
    out = np.array([[metric(one, other) for other in y] for one in x])
    if out.size and (out.shape != (len(x), len(y)) or out.dtype.kind not in "fiub"):
        raise ValueError(
            "pairwise_distances: expected metric(x, y) to return one number, got "
            f"{metric(x[0], y[0])!r:.80}. It gets two rows."
        )
    return out.reshape(len(x), len(y)).astype(np.result_type(x, y))


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
