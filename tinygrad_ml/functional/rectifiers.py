"""Activations that let positive values pass, sharply, smoothly or through a gate.

All take any shape and stay finite, also at the second order, for every finite x.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels
from ..kernels.memory import empty
from ..kernels.special import SATURATED, largest_exponent
from ..table import defvjp
from ..tensor import primitive
from .activations import sigmoid, softplus, tanh
from .checks import floats, number

Array = Any  # an ndarray or a Tensor
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772  # fixed point: mean 0, variance 1

# ---- exponential below 0


def elu(x: Array, alpha: float = 1.0) -> Array:
    """x where x > 0, else alpha (exp(x) - 1) (Clevert et al., 2016).

    >>> elu(np.array([-1000.0, 2.0]))
    array([-1.,  2.])
    """
    alpha = number("elu", "alpha", alpha)
    return _exponential(floats("elu", x), above=1.0, below=alpha, rate=1.0)


def celu(x: Array, alpha: float = 1.0) -> Array:
    """x where x > 0, else alpha (exp(x / alpha) - 1): slope 1 at 0 (Barron, 2017)."""
    alpha = number("celu", "alpha", alpha, positive=True)
    return _exponential(floats("celu", x), above=1.0, below=alpha, rate=1 / alpha)


def selu(x: Array) -> Array:
    """1.0507 x where x > 0, else 1.0507 * 1.6733 (exp(x) - 1) (Klambauer et al., 2017).

    The constants keep mean 0 and variance 1 from layer to layer.
    """
    below = SELU_SCALE * SELU_ALPHA
    return _exponential(floats("selu", x), above=SELU_SCALE, below=below, rate=1.0)


@primitive
def _exponential(x: Array, *, above: float, below: float, rate: float) -> Array:
    out = np.minimum(x, 0, out=empty(x.shape, x.dtype))
    out *= rate
    np.expm1(out, out=out)  # 0 where x > 0
    out *= below
    line = np.maximum(x, 0, out=empty(x.shape, x.dtype))
    line *= above
    out += line
    return out


@primitive
def _exponential_backward(
    g: Array, out: Array, *, above: float, below: float, rate: float
) -> Array:
    """`g` times the slope, from the result: rate (out + below) where that is not positive."""
    slope = np.minimum(out, 0, out=empty(out.shape, out.dtype))
    slope += below
    slope *= rate
    if above != rate * below:  # a choice by a mask would take ten times as long
        step = np.greater(out, 0, out=empty(out.shape, out.dtype), casting="unsafe")
        step *= above - rate * below
        slope += step
    return np.multiply(slope, g, out=slope)


defvjp(_exponential, lambda g, out, x, **how: _exponential_backward(g, out, **how))
defvjp(
    _exponential_backward,
    lambda G, out, g, y, **how: _exponential_backward(G, y, **how),
    lambda G, out, g, y, *, above, below, rate: G * g * np.where(y > 0, np.zeros_like(y), rate),
)

# ---- gates: x times the share of something below x


def gelu(x: Array, approximate: str = "none") -> Array:
    """x Phi(x), with Phi the cumulative normal distribution (Hendrycks & Gimpel, 2016).

    approximate="tanh": 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), as the first
    transformers had it.

    >>> gelu(np.array([-1.0, 0.0, 1.0]))
    array([-0.15865525,  0.        ,  0.84134475])
    """
    x = floats("gelu", x)
    if approximate == "tanh":  # (1 + tanh(u)) / 2 is the sigmoid of 2 u
        slope = math.sqrt(8 / math.pi)
        return _gated(x, slope=slope, cubic=0.044715 * slope)
    if approximate != "none":
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}.")
    return _gelu(x)


def silu(x: Array) -> Array:
    """x sigmoid(x), also called Swish (Elfwing et al., 2018).

    >>> silu(np.array([-1000.0, 0.0, 1000.0])).round(3)
    array([  -0.,    0., 1000.])
    """
    return _gated(floats("silu", x), slope=1.0, cubic=0.0)


def mish(x: Array) -> Array:
    """x tanh(softplus(x)) (Misra, 2019)."""
    x = floats("mish", x)
    gated = np.clip(x, -1000, 1000) * tanh(softplus(x))  # inf times 0 would be NaN
    return np.where(x > 1000, x, gated)


def glu(x: Array, axis: int = -1) -> Array:
    """a sigmoid(b), where a and b are the two halves of x along `axis` (Dauphin et al., 2017)."""
    x = floats("glu", x)
    if not isinstance(axis, (int, np.integer)) or not -x.ndim <= axis < x.ndim:
        raise ValueError(f"glu: expected an axis of an input of shape {x.shape}, got {axis!r}.")
    if x.shape[axis] % 2:
        raise ValueError(
            f"glu: expected an even number of values along axis {axis}, got {x.shape[axis]} "
            f"(input shape {x.shape}). Make the layer before it twice as wide as the result."
        )
    values, gate = np.split(x, 2, axis=axis)
    return values * sigmoid(gate)


_gelu = primitive(kernels.gelu)
_gelu_backward = primitive(kernels.gelu_backward)
_gated = primitive(kernels.gated)
_gated_backward = primitive(kernels.gated_backward)


def _gelu_curvature(x: Array) -> Array:
    """The second derivative, (2 - x^2) phi(x)."""
    z = np.clip(x, -SATURATED, SATURATED)
    return (2 - z * z) * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def _gated_curvature(x: Array, slope: float, cubic: float) -> Array:
    """The second derivative, with s = sigmoid(u), u = slope x + cubic x^3:
    s (1 - s) (2 u' + x (1 - 2 s) u'^2 + x u'')."""
    limit = largest_exponent(x.dtype)
    z = np.clip(x, -limit, limit)
    gate, steepness = sigmoid(z * (slope + cubic * z * z)), slope + 3 * cubic * z * z
    bend = 2 * steepness + z * (1 - 2 * gate) * steepness * steepness + 6 * cubic * z * z
    return gate * (1 - gate) * bend


defvjp(_gelu, lambda g, out, x: _gelu_backward(g, x))
defvjp(
    _gelu_backward,
    lambda G, out, g, x: _gelu_backward(G, x),
    lambda G, out, g, x: G * g * _gelu_curvature(x),
)
defvjp(_gated, lambda g, out, x, *, slope, cubic: _gated_backward(g, x, slope=slope, cubic=cubic))
defvjp(
    _gated_backward,
    lambda G, out, g, x, *, slope, cubic: _gated_backward(G, x, slope=slope, cubic=cubic),
    lambda G, out, g, x, *, slope, cubic: G * g * _gated_curvature(x, slope, cubic),
)

# ---- straight lines; like relu they have slope 0 at their corners


def hardtanh(x: Array, low: float = -1.0, high: float = 1.0) -> Array:
    """x limited to [low, high], a tanh of three straight lines (Collobert, 2004)."""
    low, high = number("hardtanh", "low", low), number("hardtanh", "high", high)
    if not low < high:
        raise ValueError(f"hardtanh: expected low < high, got {low!r} and {high!r}.")
    return _between(floats("hardtanh", x), low=low, high=high)


def relu6(x: Array) -> Array:
    """min(max(x, 0), 6) (Krizhevsky, 2010)."""
    return _between(floats("relu6", x), low=0.0, high=6.0)


def hardsigmoid(x: Array) -> Array:
    """min(max(x + 3, 0), 6) / 6, a sigmoid of three straight lines (Howard et al., 2019)."""
    return _between(floats("hardsigmoid", x) + 3, low=0.0, high=6.0) / 6


def hardswish(x: Array) -> Array:
    """x hardsigmoid(x) (Howard et al., 2019)."""
    x = floats("hardswish", x)
    return np.where(x > 3, x, np.clip(x, -3, 3) * hardsigmoid(x))  # inf times 0 would be NaN


def prelu(x: Array, slope: Array) -> Array:
    """x where x > 0, else slope x, with learned slopes (He et al., 2015).

    Shapes: x (..., c), slope (c,), or (1,) for all channels together.
    """
    x = floats("prelu", x)
    if not hasattr(slope, "dtype") or slope.shape not in ((), (1,), x.shape[-1:]):
        raise ValueError(
            f"prelu: expected slopes of shape (1,) or {x.shape[-1:]} for an input of shape "
            f"{x.shape}, got {getattr(slope, 'shape', slope)!r}. Channels stand in the last axis."
        )
    return np.where(x > 0, x, slope * x)


@primitive
def _between(x: Array, *, low: float, high: float) -> Array:
    return np.clip(x, low, high, out=empty(x.shape, x.dtype))


defvjp(_between, lambda g, out, x, *, low, high: g * ((x > low) & (x < high)))
