"""Derivatives of norms. The slope at the kink, a vector or matrix of zeros, is 0, like abs at 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..table import defvjp, implements
from ..tensor import primitive
from .matrices import reciprocal


@primitive
def _norm(x: Any, *, order: float, axis: Any, keepdims: bool) -> Any:
    """(sum |x|^order)^(1 / order) over any axes."""
    return np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=order)


def _norm_rule(g: Any, out: Any, x: Any, *, order: float, axis: Any, keepdims: bool) -> Any:
    if axis is not None and not keepdims:
        g, out = np.expand_dims(g, axis), np.expand_dims(out, axis)
    if order == 2:
        return g * (x * reciprocal(out))
    share = np.where(x == 0, 1, abs(x) * reciprocal(out))
    return g * (np.sign(x) * share ** (order - 1))


defvjp(_norm, _norm_rule)


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """The length of vectors along any axes, of any order; ties of the order inf share evenly."""
    if not isinstance(ord, (int, float, np.number)):
        raise ValueError(
            f"norm: expected a number as the order of a vector norm, got {ord!r}. "
            "'fro' and 'nuc' are norms of matrices: axis=(-2, -1)."
        )
    if ord == 0:
        return np.not_equal(x, 0).sum(axis=axis, keepdims=keepdims).astype(x.dtype)
    if abs(ord) == math.inf:
        return (np.max if ord > 0 else np.min)(abs(x), axis=axis, keepdims=keepdims)
    return _norm(x, order=float(ord), axis=axis, keepdims=keepdims)


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, keepdims: bool = False, ord: Any = "fro") -> Any:
    """The norm of each matrix of a stack."""
    return _matrix_norm(x, ord, (-2, -1), keepdims)


def _matrix_norm(x: Any, order: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if order in (None, "fro", "f"):
        return vector_norm(x, axes, keepdims)
    if order in (1, -1, math.inf, -math.inf):  # the largest or smallest sum of a column or row
        along, across = axes if abs(order) == 1 else axes[::-1]
        sums = abs(x).sum(axis=along, keepdims=True)
        found = (np.max if order > 0 else np.min)(sums, axis=across, keepdims=True)
        return found if keepdims else np.squeeze(found, axis=axes)
    if order not in ("nuc", 2, -2):
        raise ValueError(
            "norm: expected 'fro', 'nuc', 1, -1, 2, -2, inf or -inf as the order of a matrix norm, "
            f"got {order!r}. The norm of each row or column needs one axis: axis=-1."
        )
    values = np.linalg.svdvals(np.moveaxis(x, axes, (-2, -1)))
    reduce: Any = {"nuc": np.sum, 2: np.max, -2: np.min}[order]
    found = reduce(values, axis=-1)
    return np.expand_dims(found, axes) if keepdims else found


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Norm of a vector (axis an int), a matrix (two axes) or, without order and axis, of all."""
    if axis is None and ord is None:
        return vector_norm(x, None, keepdims)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    known = all(isinstance(k, (int, np.integer)) and -x.ndim <= k < x.ndim for k in axes)
    if not known or len({k % x.ndim for k in axes}) != len(axes) or len(axes) not in (1, 2):
        raise ValueError(
            f"norm: expected one axis for vectors or two different ones for matrices, got "
            f"axis={axis!r} for shape {x.shape}. Name the axes with axis=."
        )
    if len(axes) == 1:
        return vector_norm(x, axes[0], keepdims, 2 if ord is None else ord)
    return _matrix_norm(x, ord, axes, keepdims)


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """The condition number, |x| |inv(x)| in the norm p (None: 2), the ratio of singular values."""
    if not all(np.shape(x)[-2:]):
        raise np.linalg.LinAlgError(
            f"cond: expected matrices with at least one element, got shape {np.shape(x)}."
        )
    if p in (None, 2, -2):
        values = np.linalg.svdvals(x)
        largest, smallest = values[..., 0], values[..., -1]
        return smallest / largest if p == -2 else largest / smallest
    return matrix_norm(x, ord=p) * matrix_norm(np.linalg.inv(x), ord=p)
