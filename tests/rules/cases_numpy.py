"""Cases of NumPy's functions beyond the everyday ones: of one and two elements, and reductions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rules.registry import (
    NO_KEEPDIMS,
    ONE_ARGUMENT,
    ONE_AXIS,
    add,
    binary,
    distinct,
    exclude,
    exclude_axes,
    shaping_cases,
    unary,
)

# ---------------------------------------------------------------- functions of one element

for function in (np.deg2rad, np.radians, np.rad2deg, np.degrees):
    unary(function, -90, 90, analytic=False)
for function in (np.real, np.real_if_close, np.conjugate, np.copy):
    unary(function, -2, 2, analytic=False)
unary(np.sinc, -2, 2)
unary(np.nan_to_num, -2, 2)
add(np.sinc, "plain", np.sinc, np.array([0.0, 0.2, -0.2, 0.2499, 0.2501, 3.0]))
add(np.nan_to_num, "plain", lambda x: np.nan_to_num(x, nan=2.0),
    np.array([1.0, np.nan, -2.0]), analytic=False)  # fmt: skip

# ---------------------------------------------------------------- functions of two elements

binary(np.logaddexp, -2, 2, -3, 3, analytic=False)
binary(np.logaddexp2, -2, 2, -3, 3, analytic=False)
binary(np.remainder, 5.2, 5.4, 1.9, 2, analytic=False, ratio=0.4)
add(np.remainder, "plain", np.remainder, distinct(3, low=-5.4, high=-5.2),
    distinct(3, low=1.9, high=2), analytic=False)  # fmt: skip
binary(np.fmod, -5.4, -5.2, 1.9, 2, analytic=False, ratio=0.4)
binary(np.fmax, -2, 2, -3, 3, analytic=False)
binary(np.fmin, -2, 2, -3, 3, analytic=False)
binary(np.copysign, -2, -0.5, 0.5, 2, analytic=False)
binary(np.heaviside, -2, -0.5, 0.5, 2, analytic=False)
add(np.heaviside, "plain", lambda h: np.heaviside(np.array([-1, 0, 1], h.dtype), h), distinct(3),
    analytic=False)  # fmt: skip
add(np.remainder, "plain", lambda x: x % 0.7, distinct(4, low=1.5, high=2), analytic=False)

add(np.full_like, "plain", np.full_like, distinct(2, 3), distinct())
add(np.full_like, "0-d", np.full_like, distinct(), distinct())
add(np.full_like, "empty", np.full_like, distinct(0, 3), distinct())
add(np.full_like, "broadcast", np.full_like, distinct(2, 3), distinct(2, 1))
exclude_axes(np.full_like)

ONE, TWO = np.array([[True, False, True], [False, False, True]]), np.array([False, True, True])
add(np.select, "plain", lambda x, y: np.select([ONE, TWO], [x, y]), distinct(2, 3), distinct(2, 3))
add(np.select, "plain", lambda x, y: np.select([ONE], [x], default=y), distinct(2, 3), distinct())
add(np.select, "0-d", lambda x, y: np.select([True, False], [x, y]), distinct(), distinct())
add(np.select, "empty", lambda x: np.select([ONE[:0]], [x]), distinct(0, 3))
add(np.select, "broadcast", lambda x, y: np.select([ONE, TWO], [x, y]), distinct(), distinct(2, 1))
exclude_axes(np.select)

# ---------------------------------------------------------------- running products

shaping_cases(
    np.cumprod,
    plain=[(np.cumprod, (2, 3)), (lambda x: np.cumprod(x, axis=0), (3, 2)),
           (lambda x: np.cumprod(x, axis=1), (2, 7)), (lambda x: x.cumprod(1), (1, 8))],
    zero_d=[(np.cumprod, ())],
    empty=[(lambda x: np.cumprod(x, axis=1), (2, 0)), (lambda x: np.cumprod(x, axis=0), (2, 0)),
           (np.cumprod, (0,))],
    negative_axis=[(lambda x: np.cumprod(x, axis=-2), (3, 2))],
)  # fmt: skip
for values in ([0.0, 2.0, 3.0, -1.0], [2.0, 0.0, 3.0, 0.0, 5.0], [1.0, 2.0, 0.0], [0.0]):
    add(np.cumprod, "plain", np.cumprod, np.array(values))

# ---------------------------------------------------------------- statistics


def statistic(function: Callable, analytic: bool = True, **kwargs: Any) -> None:
    def reduce(situation: str, shape: tuple, **how: Any) -> None:
        call = lambda x: function(x, **how, **kwargs)
        add(function, situation, call, distinct(*shape), analytic=analytic)

    reduce("plain", (2, 3))
    reduce("plain", (4, 2), axis=0)
    reduce("plain", (2, 4, 2), axis=1)
    reduce("0-d", ())
    reduce("empty", (0, 3), axis=1)
    reduce("negative axis", (2, 3), axis=-1)
    reduce("negative axis", (2, 3, 2), axis=-2)
    reduce("tuple axis", (2, 3, 2), axis=(0, 2))
    reduce("tuple axis", (2, 3, 2), axis=(-1, 0))
    reduce("keepdims", (2, 3), keepdims=True)
    reduce("keepdims", (2, 3), axis=0, keepdims=True)
    reduce("keepdims", (2, 3, 2), axis=(-1, 1), keepdims=True)
    exclude(function, broadcast=ONE_ARGUMENT)


for function in (np.nansum, np.nanmean, np.median, np.ptp):
    statistic(function)
for function in (np.nanmax, np.nanmin, np.nanvar, np.nanstd):
    statistic(function, analytic=False)
statistic(np.quantile, analytic=False, q=0.3)
statistic(np.percentile, analytic=False, q=[10, 50, 90])
HOLES = np.array([[1.0, np.nan, 2.0], [np.nan, -1.0, 0.5], [4.0, 3.0, 2.5]])
for function in (np.nansum, np.nanmean, np.nanmax, np.nanmin, np.nanvar, np.nanstd):
    add(function, "plain", lambda x, f=function: f(x, axis=1), HOLES, analytic=False)
    add(function, "keepdims", lambda x, f=function: f(x, keepdims=True), HOLES, analytic=False)
for function in (np.nanvar, np.nanstd):
    add(function, "plain", lambda x, f=function: f(x, axis=0, ddof=1), HOLES, analytic=False)
add(np.median, "plain", lambda x: np.median(x, axis=1), distinct(2, 6))
for q in (0, 1, 0.5, [0.25, 0.75], [[0.1, 0.2], [1.0, 0.0]]):
    for how in ({}, {"axis": 1, "keepdims": True}):
        add(np.quantile, "plain", lambda x, q=q, how=how: np.quantile(x, q, **how), distinct(2, 5),
            analytic=False)  # fmt: skip
add(np.average, "plain", np.average, distinct(2, 3))
add(np.average, "plain", lambda x, w: np.average(x, weights=w), distinct(2, 3),
    distinct(2, 3, low=0.1))  # fmt: skip
add(np.average, "plain", lambda x, w: np.average(x, axis=0, weights=w, returned=True),
    distinct(2, 3), distinct(2, low=0.5))  # fmt: skip
add(np.average, "plain", lambda x: np.average(x, axis=1, weights=[1, 2, 3]), distinct(2, 3))
add(np.average, "0-d", np.average, distinct())
add(np.average, "empty", lambda x, w: np.average(x, axis=1, weights=w), distinct(0, 3),
    distinct(3, low=0.5))  # fmt: skip
add(np.average, "negative axis", lambda x, w: np.average(x, axis=-1, weights=w), distinct(2, 3),
    distinct(3, low=0.5))  # fmt: skip
add(np.average, "tuple axis", lambda x, w: np.average(x, axis=(2, 0), weights=w),
    distinct(2, 3, 4), distinct(4, 2, low=0.5))  # fmt: skip
add(np.average, "keepdims", lambda x, w: np.average(x, axis=1, weights=w, keepdims=True),
    distinct(2, 3), distinct(2, 3, low=0.5))  # fmt: skip
exclude(np.average, broadcast="weights have the shape of the values or of their axis")

for function in (np.cov, np.corrcoef):
    add(function, "plain", function, distinct(2, 5), analytic=False)
    add(function, "plain", lambda x, y, f=function: f(x, y), distinct(5), distinct(5),
        analytic=False)  # fmt: skip
    add(function, "plain", lambda x, f=function: f(x, rowvar=False), distinct(4, 3), analytic=False)
    exclude(function, zero_d="takes variables with observations",
            empty="of no observation there is no covariance", broadcast=ONE_ARGUMENT,
            tuple_axis=ONE_AXIS, negative_axis="names its axis by rowvar",
            keepdims=NO_KEEPDIMS)  # fmt: skip
add(np.cov, "plain", lambda x: np.cov(x, ddof=0), distinct(5), analytic=False)
add(np.cov, "plain", lambda x: np.cov(x, bias=True), distinct(2, 5), analytic=False)
