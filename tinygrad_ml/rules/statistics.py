"""Averages, quantiles and covariances, and the sums that leave NaN out: all made of others."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..table import implements
from ..tensor import arrays_of, as_array
from .reductions import Axis, reduced_axes, root, rows

# ---- averages


@implements(np.average)
def average(
    a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, keepdims: bool = False
) -> Any:
    """sum(weights a) / sum(weights); the weights have the shape of `a`, or of its `axis`."""
    a, weights = as_array(a), np.ones_like(a) if weights is None else as_array(weights)
    if np.shape(weights) != np.shape(a):
        weights = _along(weights, a, axis)
    if weights.dtype.kind in "biu" and a.dtype.kind == "f":
        weights = weights.astype(a.dtype)
    total = np.sum(weights * np.ones_like(a), axis=axis, keepdims=keepdims)
    if np.any(np.equal(total, 0)):
        raise ZeroDivisionError(
            "average: expected weights whose sum is not 0. Leave groups without weight out."
        )
    out = np.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (out, total) if returned else out


def _along(weights: Any, x: Any, axis: Axis) -> Any:
    """Weights of the averaged axes, in the order in which they are named, to the shape of x."""
    axes = () if axis is None else reduced_axes(x, axis)
    expected = tuple(np.shape(x)[a] for a in axes)
    if np.shape(weights) != expected or not axes:
        hint = "Name the axis that they belong to." if axis is None else ""
        raise ValueError(
            f"average: expected weights of shape {expected or np.shape(x)}, got "
            f"{np.shape(weights)}. {hint}".rstrip()
        )
    order = sorted(range(len(axes)), key=axes.__getitem__)
    shape = [n if a in axes else 1 for a, n in enumerate(np.shape(x))]
    return np.reshape(np.transpose(weights, order), shape)


@implements(np.ptp)
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """Largest value minus smallest."""
    return x.max(axis=axis, keepdims=keepdims) - x.min(axis=axis, keepdims=keepdims)


# ---- quantiles: which elements they are made of is piecewise constant


def _ordered(x: Any, axis: Axis, name: str) -> tuple[Any, np.ndarray]:
    """The reduced axes as one, and the order of its elements. A NaN stands in every place."""
    values = rows(x, axis)
    if values.shape[-1] == 0:
        raise ValueError(f"{name}: expected at least one value, got shape {x.shape}.")
    order = np.argsort(values, axis=-1, kind="stable")  # NaN come last
    last = np.take_along_axis(arrays_of(values), order[..., -1:], axis=-1)
    return values, np.where(np.isnan(last), order[..., -1:], order)


def _shaped(out: Any, x: Any, axis: Axis, keepdims: bool) -> Any:
    """Reduced values, their first axes in front, with the reduced axes kept as 1 if wanted."""
    if not keepdims:
        return out
    front = out.shape[: out.ndim - (x.ndim - len(reduced_axes(x, axis)))]
    reduced = reduced_axes(x, axis)
    return out.reshape((*front, *(1 if a in reduced else n for a, n in enumerate(x.shape))))


@implements(np.median)
def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The middle value, or the mean of the two middle ones."""
    values, order = _ordered(x, axis, "median")
    n = values.shape[-1]
    middle = np.take_along_axis(values, order[..., (n - 1) // 2 : n // 2 + 1], axis=-1)
    return _shaped(middle.mean(axis=-1), x, axis, keepdims)


@implements(np.quantile)
def quantile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The value below which the fraction q lies; between two values linear interpolation.

    Several q give a first axis (or axes) of their own.
    """
    return _quantile(x, q, 1, axis, method, keepdims, "quantile")


@implements(np.percentile)
def percentile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """The quantile of q / 100."""
    return _quantile(x, q, 100, axis, method, keepdims, "percentile")


def _quantile(
    x: Any, q: Any, whole: int, axis: Axis, method: str, keepdims: bool, name: str
) -> Any:
    q = as_array(q)
    if q.dtype.kind not in "fiu" or not np.all((q >= 0) & (q <= whole)):
        raise ValueError(f"{name}: expected numbers q from 0 to {whole}, got {arrays_of(q)}.")
    if method != "linear":
        raise TypeError(f"{name}: expected method 'linear' with Tensors, got {method!r}.")
    values, order = _ordered(x, axis, name)
    place = q.reshape(-1) / whole * (values.shape[-1] - 1)
    below, above = np.floor(place).astype(int), np.ceil(place).astype(int)
    low = np.take_along_axis(values, order[..., below], axis=-1)
    high = np.take_along_axis(values, order[..., above], axis=-1)
    weight = (place - below).astype(low.dtype if low.dtype.kind == "f" else np.float64)
    out = np.moveaxis(low + (high - low) * weight, -1, 0)
    return _shaped(out.reshape(q.shape + out.shape[1:]), x, axis, keepdims)


# ---- covariance


@implements(np.cov)
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None
) -> Any:
    """Covariances of the variables in the rows of m (and y), of the columns without `rowvar`."""
    parts = [np.atleast_2d(a if rowvar or np.ndim(a) < 2 else np.transpose(a))
             for a in (m, y) if a is not None]  # fmt: skip
    for part in parts:
        if part.ndim > 2:
            raise ValueError(f"cov: expected at most two axes, got shape {part.shape}.")
    x = np.concatenate(parts, axis=0)
    centered = x - x.mean(axis=1, keepdims=True)
    count = x.shape[1] - (ddof if ddof is not None else 0 if bias else 1)
    if count <= 0:
        raise ValueError(
            f"cov: expected more observations, got {x.shape[1]}. "
            "Variables are rows; rowvar=False takes the columns."
        )
    return np.squeeze(centered @ centered.T / count)


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    """Pearson's correlation: covariances divided by both standard deviations."""
    covariance = np.atleast_2d(cov(x, y, rowvar))
    deviation = np.sqrt(np.diagonal(covariance))
    return np.squeeze(covariance / deviation[:, None] / deviation)


# ---- without NaN: they count as nothing, and no gradient flows to them


def _numbers(x: Any, axis: Axis, keepdims: bool) -> Any:
    """How many values are not NaN."""
    return np.sum(~np.isnan(x), axis=axis, keepdims=keepdims, dtype=x.dtype)


@implements(np.nansum)
def nansum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum without NaN."""
    return np.sum(np.where(np.isnan(x), 0, x), axis=axis, keepdims=keepdims)


@implements(np.nanmean)
def nanmean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean without NaN; NaN where there is nothing else."""
    count = _numbers(x, axis, keepdims)
    return nansum(x, axis, keepdims) / np.where(count > 0, count, math.nan)


@implements(np.nanvar)
def nanvar(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The variance without NaN; NaN where there are not more than `ddof` values."""
    count = _numbers(x, axis, keepdims)
    centered = np.where(np.isnan(x), 0, x - nanmean(x, axis, keepdims=True))
    total = np.square(centered).sum(axis=axis, keepdims=keepdims)
    return total / np.where(count > ddof, count - ddof, math.nan)


@implements(np.nanstd)
def nanstd(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The square root of the variance without NaN."""
    return root(nanvar(x, axis, ddof, keepdims))


@implements(np.nanmax)
def nanmax(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest value that is not NaN; NaN where there is none."""
    largest = np.where(np.isnan(x), -math.inf, x).max(axis=axis, keepdims=keepdims)
    return np.where(_numbers(x, axis, keepdims) > 0, largest, math.nan)


@implements(np.nanmin)
def nanmin(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest value that is not NaN; NaN where there is none."""
    return -nanmax(-x, axis, keepdims)
