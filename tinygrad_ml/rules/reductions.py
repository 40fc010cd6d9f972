"""Derivatives of sums, means, extremes and products over any form of `axis`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

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
    return root(var(x, axis, ddof, keepdims))


def root(variance: Any) -> Any:
    """The square root, flat at 0: the peak of a cone, like abs."""
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
    reduced = reduced_axes(x, axis)
    kept = [a for a in range(x.ndim) if a not in reduced]
    order = (*kept, *reduced)
    others = _product_of_others(rows(x, axis)).reshape([x.shape[a] for a in order])
    back = sorted(range(len(order)), key=order.__getitem__)
    return _spread(g, x, axis, keepdims) * np.transpose(others, back)


def reduced_axes(x: Any, axis: Axis) -> tuple[int, ...]:
    """The axes that a reduction takes away, counted from the front."""
    if axis is None or x.ndim == 0:  # NumPy allows axis=0 on a single number
        return tuple(range(x.ndim))
    return normalize_axis_tuple(axis, x.ndim)


def rows(x: Any, axis: Axis) -> Any:
    """The axes that are reduced moved to the end and joined to one."""
    reduced = reduced_axes(x, axis)
    kept = [a for a in range(x.ndim) if a not in reduced]
    count = math.prod(x.shape[a] for a in reduced)
    return np.transpose(x, (*kept, *reduced)).reshape((*(x.shape[a] for a in kept), count))


defvjp(np.prod, _prod_rule)


# ---- running sums: each element is in all later sums, so the gradient sums from the end


def _cumsum_rule(g: Any, out: Any, x: Any, *, axis: int | None = None) -> Any:
    along = 0 if axis is None else axis
    return np.flip(np.cumsum(np.flip(g, axis=along), axis=along), axis=along).reshape(x.shape)


defvjp(np.cumsum, _cumsum_rule)

# ---- running products: element i is a factor of all later ones. Without dividing, its gradient is
# (x_0 ... x_(i-1)) s_i, where s_i = g_i + x_(i+1) s_(i+1) is a recurrence from the end


def _from_the_end(g: Any, factors: Any) -> Any:
    """s_i = g_i + factors_i s_(i+1) along the last axis, doubling the reach with every step."""
    n, reach = g.shape[-1], 1
    none = np.zeros_like(g)
    while reach < n:
        beyond = none[..., :reach]
        g = g + factors * np.concatenate([g[..., reach:], beyond], axis=-1)
        factors = factors * np.concatenate([factors[..., reach:], beyond], axis=-1)
        reach *= 2
    return g


def _cumprod_rule(g: Any, out: Any, x: Any, *, axis: int | None = None) -> Any:
    if axis is None or x.ndim == 0:
        return _cumprod_rule(g, out, x.reshape(-1), axis=0).reshape(x.shape)
    g, out, moved = (np.moveaxis(a, axis, -1) for a in (g, out, x))
    if x.shape[axis] == 0:
        return np.zeros_like(x)
    before = np.concatenate([np.ones_like(moved[..., :1]), out[..., :-1]], axis=-1)
    later = np.concatenate([moved[..., 1:], np.zeros_like(moved[..., :1])], axis=-1)
    return np.moveaxis(before * _from_the_end(g, later), -1, axis)


defvjp(np.cumprod, _cumprod_rule)
