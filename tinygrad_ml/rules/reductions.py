"""Derivatives of sums, means, extremes and products over any form of `axis`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..table import defvjp, implements
from ..tensor import constant

Axis = Any  # None, an int or a tuple of ints


def _spread(g: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """Repeat a reduced value along the axes that were reduced, to the shape of x."""
    if axis is not None and not keepdims and x.ndim:
        g = np.expand_dims(g, axis)
    return np.broadcast_to(g, x.shape)


def _count(x: Any, axis: Axis) -> int:
    """How many elements go into one result."""
    if axis is None or x.ndim == 0:  # NumPy allows axis=0 on a single number
        return x.size
    axes = axis if isinstance(axis, tuple) else (axis,)
    return math.prod(x.shape[a] for a in axes)


@constant
def _winners(x: Any, extreme: Any) -> Any:
    """1 / (number of ties) where x is the extreme value, 0 elsewhere; in the dtype of x.

    `extreme` keeps the reduced axes with length 1.
    """
    hit = x == extreme
    axes = tuple(i for i, n in enumerate(extreme.shape) if n == 1)
    return hit.astype(x.dtype) / hit.sum(axis=axes, keepdims=True, dtype=x.dtype)


def _extreme_rule(g: Any, out: Any, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    full = out
    if not keepdims and x.ndim:
        full = out.reshape((1,) * x.ndim) if axis is None else np.expand_dims(out, axis)
    return _spread(g, x, axis, keepdims) * _winners(x, full)


defvjp(np.sum, lambda g, out, x, *, axis=None, keepdims=False: _spread(g, x, axis, keepdims))
defvjp(
    np.mean,
    lambda g, out, x, *, axis=None, keepdims=False: _spread(g / _count(x, axis), x, axis, keepdims),
)
for extreme in (np.max, np.min, np.amax, np.amin):
    defvjp(extreme, _extreme_rule)


@implements(np.var)
def var(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """sum((x - mean)^2) / (n - ddof)."""
    centered = x - x.mean(axis=axis, keepdims=True)
    total = np.square(centered).sum(axis=axis, keepdims=keepdims)
    return total / (_count(x, axis) - ddof)


@implements(np.std)
def std(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The square root of the variance; its slope where all values are equal is 0."""
    variance = var(x, axis, ddof, keepdims)
    equal = variance == 0
    return np.where(equal, 0, np.sqrt(np.where(equal, 1, variance)))


# ---- products: the derivative is the product of all the others, also where some are 0


def _product_of_others(x: Any) -> Any:
    """For every element of the last axis, the product of the other ones.

    Halving: with pairs (a, b) and r the product of all other pairs, a gets r b and b gets r a.
    O(n) work, no division, and made of operations that differentiate again.
    """
    n = x.shape[-1]
    if n < 2:
        return np.ones_like(x)
    if n % 2:
        x = np.concatenate([x, np.ones_like(x[..., :1])], axis=-1)
    left, right = x[..., 0::2], x[..., 1::2]
    rest = _product_of_others(left * right)
    return np.stack([rest * right, rest * left], axis=-1).reshape(x.shape)[..., :n]


def _prod_rule(g: Any, out: Any, x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    reduced = [a % x.ndim for a in axes] if x.ndim else []
    kept = [a for a in range(x.ndim) if a not in reduced]
    order = (*kept, *reduced)
    moved = np.transpose(x, order)
    rows = moved.reshape((*moved.shape[: len(kept)], math.prod(moved.shape[len(kept) :])))
    others = _product_of_others(rows).reshape(moved.shape)
    return _spread(g, x, axis, keepdims) * np.transpose(others, _inverse(order))


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(range(len(order)), key=order.__getitem__))


defvjp(np.prod, _prod_rule)


# ---- running sums: each element is in all later sums, so the gradient sums from the end


def _cumsum_rule(g: Any, out: Any, x: Any, *, axis: int | None = None) -> Any:
    along = 0 if axis is None else axis
    return np.flip(np.cumsum(np.flip(g, axis=along), axis=along), axis=along).reshape(x.shape)


defvjp(np.cumsum, _cumsum_rule)
