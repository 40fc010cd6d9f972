"""Special functions, element by element, under SciPy's names and without needing it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels
from ..table import defvjp
from ..tensor import primitive
from .activations import sigmoid
from .checks import floats

Array = Any  # an ndarray or a Tensor


@primitive
def erf(x: Array) -> Array:
    """The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    Any shape. Exact to a few units in the last place in float64 (Cody, 1969), to 2e-7 in float32.

    >>> erf(np.array([-np.inf, 0.0, 1.0]))
    array([-1.        ,  0.        ,  0.84270079])
    """
    return kernels.erf(floats("erf", x))


@primitive
def erfc(x: Array) -> Array:
    """1 - erf(x), any shape, with all digits where erf(x) is almost 1.

    >>> float(erfc(np.array(10.0)))
    2.088487583762545e-45
    """
    return kernels.erfc(floats("erfc", x))


def _bell(x: Array) -> Array:
    """The derivative of erf; beyond 40 it is 0, and x^2 might overflow."""
    z = np.clip(x, -40, 40)
    return np.exp(-z * z) * (2 / math.sqrt(math.pi))


defvjp(erf, lambda g, out, x: g * _bell(x))
defvjp(erfc, lambda g, out, x: -g * _bell(x))


def expit(x: Array) -> Array:
    """The logistic function, 1 / (1 + exp(-x)), under SciPy's name: `sigmoid`."""
    return sigmoid(x)


@primitive
def logit(p: Array) -> Array:
    """log(p / (1 - p)) of probabilities, any shape: the inverse of `sigmoid`; ±inf at 0 and 1.

    >>> logit(np.array([0.0, 0.5, 0.75]))
    array([      -inf, 0.        , 1.09861229])
    """
    p = floats("logit", p)
    if p.size and (p.min() < 0 or p.max() > 1):
        raise ValueError(
            f"logit: expected probabilities in [0, 1], got {p.min():.4g} to {p.max():.4g}. "
            "Clip them, or use the logits they came from."
        )
    with np.errstate(divide="ignore"):
        return np.log(p) - np.log1p(-p)


defvjp(logit, lambda g, out, p: g / (p * (1 - p)))


def xlogy(x: Array, y: Array) -> Array:
    """x log(y), and 0 where x = 0 whatever y is, unless it is NaN. Shapes broadcast.

    >>> xlogy(np.array([0.0, 2.0]), np.array([0.0, 1.0]))
    array([0., 0.])
    """
    x, y = _numbers("xlogy", x, y)
    return x * np.log(np.where(_idle(x, y, 0), 1, y))


def xlog1py(x: Array, y: Array) -> Array:
    """x log(1 + y), exact for small y, and 0 where x = 0 unless y is NaN. Shapes broadcast."""
    x, y = _numbers("xlog1py", x, y)
    return x * np.log1p(np.where(_idle(x, y, -1), 0, y))


def _numbers(name: str, x: Array, y: Array) -> tuple[Array, Array]:
    """Both with a dtype; a Python number stays one, so that it does not widen float32."""
    single = all(isinstance(value, (int, float)) for value in (x, y))
    x, y = (
        value
        if hasattr(value, "dtype") or (isinstance(value, (int, float)) and not single)
        else np.asarray(value)
        for value in (x, y)
    )
    for value in (x, y):
        if hasattr(value, "dtype") and value.dtype.kind not in "fiub":
            raise TypeError(
                f"{name}: expected two arrays of numbers, got {value.dtype}. "
                "Encode text and missing values as numbers first."
            )
    shapes = np.shape(x), np.shape(y)
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(
            f"{name}: expected shapes that fit together, got {shapes[0]} and {shapes[1]}. "
            "Reshape one of them."
        ) from None
    return x, y


def _idle(x: Array, y: Array, low: float) -> np.ndarray:
    """Where 0 times a logarithm that is infinite or undefined shall be 0."""
    usual = np.greater(y, low) & np.less(y, math.inf)
    return np.equal(x, 0) & ~(usual | np.isnan(y))
