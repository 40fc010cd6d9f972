"""Functions known at points: differences, integrals, interpolation, convolution, polynomials."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..table import defvjp, implements
from ..tensor import apply, arrays_of, as_array

# ---- differences and integrals


def _part(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    """x[start:stop] along one axis."""
    index = [slice(None)] * x.ndim
    index[axis] = slice(start, stop)
    return x[tuple(index)]


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """a[i + 1] - a[i] along an axis, n times; first with values put before and after."""
    if n < 0:
        raise ValueError(f"diff: expected n of at least 0, got {n}.")
    shape = list(np.shape(a))
    shape[axis] = 1
    if n and (prepend is not None or append is not None):
        ends = [end if np.ndim(end) or end is None else
                np.broadcast_to(as_array(end).astype(np.result_type(a, end)), shape)
                for end in (prepend, append)]  # fmt: skip
        a = np.concatenate([e for e in (ends[0], a, ends[1]) if e is not None], axis=axis)
    for _ in range(n):
        a = _part(a, axis, 1, None) - _part(a, axis, None, -1)
    return a


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """Differences of the flattened values, with more values around them."""
    middle = diff(np.reshape(ary, -1))
    parts = [np.reshape(p, -1) for p in (to_begin, middle, to_end) if p is not None]
    return np.concatenate(parts) if len(parts) > 1 else middle


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The integral of y over x (or over steps dx) by the trapezoidal rule."""
    y = as_array(y)
    if x is not None:
        along = [1] * y.ndim
        along[axis] = -1
        x = np.reshape(x, along) if np.ndim(x) == 1 else as_array(x)
        if x.shape[axis] != y.shape[axis]:
            raise ValueError(
                f"trapezoid: expected {y.shape[axis]} points x, as many as values y along axis "
                f"{axis}, got {x.shape[axis]}."
            )
        dx = diff(x, axis=axis)
    return np.sum(dx * (_part(y, axis, 1, None) + _part(y, axis, None, -1)) / 2, axis=axis)


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Slopes of a function known on a grid: central differences of second order.

    The slope of the parabola through three neighbours; at the ends the difference of two
    (`edge_order=1`) or again the parabola (2). `varargs`: a step or coordinates, for all axes or
    for each. Several axes give a tuple.
    """
    f = as_array(f)
    axes = normalize_axis_tuple(range(f.ndim) if axis is None else axis, f.ndim)
    steps = varargs if len(varargs) > 1 else (varargs or (1.0,)) * len(axes)
    if len(steps) != len(axes):
        raise TypeError(f"gradient: expected 0, 1 or {len(axes)} spacings, got {len(varargs)}.")
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: expected edge_order 1 or 2, got {edge_order!r}.")
    out = tuple(_slopes(f, h, a, edge_order) for h, a in zip(steps, axes, strict=True))
    return out[0] if len(out) == 1 else out


def _slopes(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    f = np.moveaxis(f, axis, -1)
    n = f.shape[-1]
    if n <= edge_order:
        raise ValueError(f"gradient: expected at least {edge_order + 1} values, got {n}.")
    if np.ndim(spacing) and np.shape(spacing) != (n,):
        raise ValueError(f"gradient: expected {n} coordinates, got shape {np.shape(spacing)}.")
    h = diff(spacing) if np.ndim(spacing) else np.broadcast_to(spacing, (n - 1,))
    h = h.astype(np.float64 if f.dtype.kind in "biu" else f.dtype)
    slope = diff(f) / h
    left, right = slope[..., :-1], slope[..., 1:]
    inner = (left * h[1:] + right * h[:-1]) / (h[:-1] + h[1:])
    first, last = slope[..., :1], slope[..., -1:]
    if edge_order == 2:
        first = first + (first - slope[..., 1:2]) * h[:1] / (h[:1] + h[1:2])
        last = last + (last - slope[..., -2:-1]) * h[-1:] / (h[-1:] + h[-2:-1])
    return np.moveaxis(np.concatenate([first, inner, last], axis=-1), -1, axis)


# ---- convolution of two vectors: bilinear, its adjoints are convolutions with one of them reversed


def _convolve_rule(g: Any, other: Any) -> Any:
    return _part(np.convolve(g, other[::-1]), 0, len(other) - 1, len(g))


defvjp(
    np.convolve,
    lambda g, out, a, v: _convolve_rule(g, v),
    lambda g, out, a, v: _convolve_rule(g, a),
)


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """out[k] = sum of a[i] v[k - i]; "same" and "valid" are the middle of it."""
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"convolve: expected mode 'full', 'same' or 'valid', got {mode!r}.")
    full = apply(np.convolve, a, v)
    shorter, longer = sorted((np.size(a), np.size(v)))
    start = {"full": 0, "same": (shorter - 1) // 2, "valid": shorter - 1}[mode]
    length = {"full": len(full), "same": longer, "valid": longer - shorter + 1}[mode]
    return full[start : start + length]


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """out[k] = sum of a[i + k] v[i]: the convolution with v reversed."""
    if np.size(a) < np.size(v):
        return np.flip(correlate(v, a, mode))
    return convolve(a, np.flip(v), mode)


# ---- values between and around points


@implements(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    """Linear interpolation of the points (xp, fp), xp increasing; differentiable by all three."""
    x, xp, fp = (as_array(a) for a in (x, xp, fp))
    if xp.ndim != 1 or xp.shape != fp.shape or not xp.size:
        raise ValueError(
            f"interp: expected xp and fp as vectors of one length, got {xp.shape} and {fp.shape}."
        )
    points = np.asarray(arrays_of(xp))
    if np.any(np.diff(points) <= 0):
        raise ValueError("interp: expected increasing xp. Sort both: i = np.argsort(xp), xp[i].")
    place = np.searchsorted(points, arrays_of(x), side="right") - 1
    place = np.clip(place, 0, max(len(points) - 2, 0))
    after = np.minimum(place + 1, len(points) - 1)
    width = np.where(after > place, xp[after] - xp[place], 1)
    inner = fp[place] + (fp[after] - fp[place]) * ((x - xp[place]) / width)
    inner = np.where(np.less(x, points[0]), fp[0] if left is None else left, inner)
    return np.where(np.greater(x, points[-1]), fp[-1] if right is None else right, inner)


@implements(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, period: float = math.tau) -> Any:
    """Angles without jumps: whole periods are added, which are piecewise constant."""
    angles = arrays_of(p)
    return p + (np.unwrap(angles, discont, axis, period=period) - angles)


@implements(np.linspace)
def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, axis: int = 0) -> Any:
    """`num` values at equal distances from start to stop."""
    dtype = np.result_type(start, stop)
    weight = np.linspace(0, 1, num, endpoint=endpoint, dtype=dtype if dtype.kind == "f" else float)
    ndim = max(np.ndim(start), np.ndim(stop))
    weight = weight.reshape((-1,) + (1,) * ndim)
    return np.moveaxis(start * (1 - weight) + stop * weight, 0, axis)


# ---- polynomials


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """p[0] x^(n-1) + ... + p[n-1] by Horner's scheme."""
    if len(p) < 2:
        return np.zeros_like(x) + sum(p)
    out = p[0]
    for coefficient in p[1:]:
        out = out * x + coefficient
    return out


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """The powers of a vector, one column each: from N - 1 down to 0, or increasing."""
    N = len(x) if N is None else N
    if x.ndim != 1 or N < 0:
        raise ValueError(f"vander: expected a vector and N >= 0, got shape {x.shape} and N={N}.")
    powers = np.arange(N, dtype=x.dtype)
    return x[:, None] ** (powers if increasing else powers[::-1])
