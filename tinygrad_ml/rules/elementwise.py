"""Derivatives of functions that work element by element."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..messages import refuse_objects
from ..table import CONSTANTS, defvjp, implements
from ..tensor import apply, arrays_of, constant

# ---- arithmetic; the engine sums over broadcast axes

defvjp(np.add, lambda g, out, x, y: g, lambda g, out, x, y: g)
defvjp(np.subtract, lambda g, out, x, y: g, lambda g, out, x, y: -g)
defvjp(np.multiply, lambda g, out, x, y: g * y, lambda g, out, x, y: g * x)
defvjp(np.divide, lambda g, out, x, y: g / y, lambda g, out, x, y: -g * out / y)
defvjp(np.negative, lambda g, out, x: -g)
defvjp(np.positive, lambda g, out, x: g)
defvjp(np.reciprocal, lambda g, out, x: -g * out * out)
defvjp(np.square, lambda g, out, x: g * 2 * x)

# x ** 0 has the derivative 0 even at 0, where y * x ** (y - 1) would be 0 * inf: so the exponent
# is lowered only where it is not 0. And 0 ** y does not change with y > 0. A number as base takes
# part in the dtype of `out`, as it did in the power.
defvjp(
    np.power,
    lambda g, out, x, y: g * (y * x ** (y - (y != 0))),
    lambda g, out, x, y: g * out * np.log(np.where(x == 0, np.ones_like(out), x)),
)

# ---- exponentials and roots

defvjp(np.exp, lambda g, out, x: g * out)
defvjp(np.exp2, lambda g, out, x: g * out * math.log(2))
defvjp(np.expm1, lambda g, out, x: g * (out + 1))
defvjp(np.log, lambda g, out, x: g / x)
defvjp(np.log2, lambda g, out, x: g / (x * math.log(2)))
defvjp(np.log10, lambda g, out, x: g / (x * math.log(10)))
defvjp(np.log1p, lambda g, out, x: g / (x + 1))
defvjp(np.sqrt, lambda g, out, x: g / (2 * out))
defvjp(np.cbrt, lambda g, out, x: g / (3 * out * out))


def _share_of_sum(out: Any, x: Any, base: float) -> Any:
    """base^x / base^out; 1 where they are equal, also when both are infinite."""
    equal = out == x
    return np.exp((np.where(equal, 0, x) - np.where(equal, 0, out)) * math.log(base))


defvjp(
    np.logaddexp,
    lambda g, out, x, y: g * _share_of_sum(out, x, math.e),
    lambda g, out, x, y: g * _share_of_sum(out, y, math.e),
)
defvjp(
    np.logaddexp2,
    lambda g, out, x, y: g * _share_of_sum(out, x, 2),
    lambda g, out, x, y: g * _share_of_sum(out, y, 2),
)

# ---- trigonometric and hyperbolic functions

defvjp(np.sin, lambda g, out, x: g * np.cos(x))
defvjp(np.cos, lambda g, out, x: -g * np.sin(x))
defvjp(np.tan, lambda g, out, x: g * (1 + out * out))
defvjp(np.arcsin, lambda g, out, x: g / np.sqrt(1 - x * x))
defvjp(np.arccos, lambda g, out, x: -g / np.sqrt(1 - x * x))
defvjp(np.arctan, lambda g, out, x: g / (1 + x * x))
defvjp(
    np.arctan2,
    lambda g, out, y, x: g * x / (x * x + y * y),
    lambda g, out, y, x: -g * y / (x * x + y * y),
)


def _share_of_length(out: Any, x: Any) -> Any:
    """x / out; 0 at the peak of the cone, where the slope of a norm is 0 too."""
    peak = out == 0
    return np.where(peak, 0, x) / np.where(peak, 1, out)


defvjp(
    np.hypot,
    lambda g, out, x, y: g * _share_of_length(out, x),
    lambda g, out, x, y: g * _share_of_length(out, y),
)
defvjp(np.sinh, lambda g, out, x: g * np.cosh(x))
defvjp(np.cosh, lambda g, out, x: g * np.sinh(x))
defvjp(np.tanh, lambda g, out, x: g * (1 - out * out))
defvjp(np.arcsinh, lambda g, out, x: g / np.sqrt(x * x + 1))
defvjp(np.arccosh, lambda g, out, x: g / np.sqrt(x * x - 1))
defvjp(np.arctanh, lambda g, out, x: g / (1 - x * x))


@implements(np.deg2rad, np.radians)
def deg2rad(x: Any) -> Any:
    """Degrees as radians."""
    return x * (math.pi / 180)


@implements(np.rad2deg, np.degrees)
def rad2deg(x: Any) -> Any:
    """Radians as degrees."""
    return x * (180 / math.pi)


@implements(np.sinc)
def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x). Near 0 its Taylor series, which has derivatives of every order there."""
    near = np.absolute(arrays_of(x)) < 0.25
    y = x * math.pi
    square = np.where(near, y, 0) ** 2
    series: Any = 1
    for n in range(18, 0, -2):
        series = 1 - square / (n * (n + 1)) * series
    far = np.where(near, 1, y)
    return np.where(near, series, np.sin(far) / far)


# ---- division with a remainder: the quotient is piecewise constant

defvjp(
    np.remainder,
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g * np.floor_divide(x, y),
)
defvjp(
    np.fmod,
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g * np.rint((x - out) / y),
)

# ---- kinks: abs has slope 0 at 0, ties of maximum and minimum share evenly, clip keeps its bounds


@constant
def _share(x: Any, y: Any) -> Any:
    """How much of maximum(x, y) is x: 1, 0, or 1/2 in a tie."""
    return (np.greater(x, y).astype(np.result_type(x, y)) + np.greater_equal(x, y)) / 2


defvjp(np.absolute, lambda g, out, x: g * np.sign(x))
defvjp(np.fabs, lambda g, out, x: g * np.sign(x))
defvjp(np.maximum, lambda g, out, x, y: g * _share(x, y), lambda g, out, x, y: g * _share(y, x))
defvjp(np.minimum, lambda g, out, x, y: g * _share(y, x), lambda g, out, x, y: g * _share(x, y))


@constant
def _first_won(x: Any, y: Any, out: Any) -> Any:
    """Whether fmax or fmin took x: a tie goes to x, and a NaN loses."""
    return np.equal(x, out) | np.isnan(y)


for choice in (np.fmax, np.fmin):
    defvjp(
        choice,
        lambda g, out, x, y: g * _first_won(x, y, out),
        lambda g, out, x, y: g * ~_first_won(x, y, out),
    )
defvjp(np.copysign, lambda g, out, x, y: g * (np.sign(out) * np.sign(x)), None)
defvjp(np.heaviside, None, lambda g, out, x, y: g * np.equal(x, 0))
defvjp(
    np.where,
    None,
    lambda g, out, c, x, y: np.where(c, g, 0),
    lambda g, out, c, x, y: np.where(c, 0, g),
)
defvjp(
    np.clip,
    lambda g, out, x, low, high: g * ((x >= low) & (x <= high)),
    lambda g, out, x, low, high: g * ((x < low) & (low <= high)),
    lambda g, out, x, low, high: g * ((x > high) | (low > high)),
)


@implements(np.clip)
def clip(x: Any, a_min: Any = None, a_max: Any = None, min: Any = None, max: Any = None) -> Any:
    """np.clip with numbers, arrays, Tensors or None as bounds."""
    low = a_min if min is None else min
    high = a_max if max is None else max
    return apply(np.clip, x, -math.inf if low is None else low, math.inf if high is None else high)


@implements(np.where)
def where(condition: Any, *choices: Any) -> Any:
    """np.where; of the condition alone it asks for the indices."""
    if not choices:
        return np.nonzero(condition)
    out = apply(np.where, condition, *choices)
    refuse_objects(np.where, out)
    return out


@implements(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """The choice of the first condition that holds, `default` where none does."""
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(
            f"select: expected a choice for every condition, got {len(condlist)} conditions and "
            f"{len(choicelist)} choices."
        )
    out = default
    for condition, choice in zip(condlist[::-1], choicelist[::-1]):
        kind = np.asarray(arrays_of(condition)).dtype
        if kind != np.bool_:
            raise TypeError(
                f"select: expected conditions of True and False, got {kind}. "
                "Write a comparison such as x > 0."
            )
        out = np.where(condition, choice, out)
    return out


@implements(np.nan_to_num)
def nan_to_num(x: Any, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Numbers in place of NaN and inf; no gradient flows where one was put."""
    numbers = np.nan_to_num(arrays_of(x), nan=nan, posinf=posinf, neginf=neginf)
    return np.where(np.isfinite(x), x, numbers)


@implements(np.full_like)
def full_like(x: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Any:
    """`fill_value`, which may be a Tensor, in the shape and dtype of x."""
    return (np.zeros_like(x, dtype=dtype, shape=shape) + fill_value).astype(dtype or x.dtype)


# ---- of real numbers these are the numbers themselves


@implements(np.real, np.real_if_close, np.copy, np.conjugate)
def itself(x: Any) -> Any:
    """A copy."""
    return np.positive(x)


# ---- the gradient of a change of dtype returns in the old one: the engine casts it

defvjp(np.ndarray.astype, lambda g, out, x, *, dtype: g)

# ---- piecewise constant functions, and questions: they answer with plain arrays

CONSTANTS |= {
    np.sign, np.floor, np.ceil, np.trunc, np.rint, np.round, np.around, np.floor_divide,
    np.fix, np.imag, np.angle, np.iscomplex, np.isreal, np.iscomplexobj, np.isrealobj,
    np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_not, np.logical_xor,
    np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.signbit, np.array_equiv,
    np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort,
    np.nonzero, np.argwhere, np.flatnonzero, np.count_nonzero, np.searchsorted, np.digitize,
    np.isin, np.all, np.any, np.shape, np.ndim, np.size, np.result_type,
    np.zeros_like, np.ones_like, np.empty_like,
    np.array_equal, np.allclose, np.isclose, np.shares_memory, np.may_share_memory,
}  # fmt: skip
