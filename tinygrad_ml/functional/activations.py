"""Activations, element by element, and the softmax family along an axis.

The stable forms stand here once: no exponential of a large positive number is ever used.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..kernels.memory import empty
from ..table import defvjp
from ..tensor import primitive

Array = Any  # an ndarray or a Tensor


def tanh(x: Array) -> Array:
    """Hyperbolic tangent, np.tanh(x): values in (-1, 1), any shape."""
    return np.tanh(_numbers(x, "tanh"))


@primitive
def sigmoid(x: Array) -> Array:
    """Logistic function, 1 / (1 + exp(-x)): values in (0, 1), any shape.

    Exact at both ends: exp(-x) may overflow to inf, whose reciprocal is the right 0.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    x = _floating(x, "sigmoid")
    out = np.negative(x, out=empty(x.shape, x.dtype))
    with np.errstate(over="ignore"):
        np.exp(out, out=out)
    out += 1
    return np.reciprocal(out, out=out)


defvjp(sigmoid, lambda g, out, _x: g * (out * (1 - out)))


@primitive
def relu(x: Array) -> Array:
    """Rectifier, max(x, 0), any shape; its slope at 0 is 0 (Nair & Hinton, 2010)."""
    return kernels.relu(_numbers(x, "relu"))


_relu_backward = primitive(kernels.relu_backward)
defvjp(relu, lambda g, out, _x: _relu_backward(g, out))
defvjp(_relu_backward, lambda G, _out, _g, y: _relu_backward(G, y), None)


def leaky_relu(x: Array, slope: float = 0.01) -> Array:
    """x where x > 0, else slope x, any shape (Maas et al., 2013)."""
    x = _numbers(x, "leaky_relu")
    return np.where(x > 0, x, float(slope) * x)  # a NumPy number would turn float32 to float64


@primitive
def softplus(x: Array) -> Array:
    """log(1 + exp(x)), a smooth rectifier, any shape (Dugas et al., 2001).

    >>> softplus(np.array([-1000.0, 1000.0]))
    array([   0., 1000.])
    """
    return np.logaddexp(_floating(x, "softplus"), 0)


defvjp(softplus, lambda g, _out, x: g * sigmoid(x))


@primitive
def logsumexp(x: Array, *, axis: Any = -1, keepdims: bool = False) -> Array:
    """log(sum(exp(x))) over `axis`, without overflow: the largest value is taken out first.

    >>> float(logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599
    """
    top = _largest(_floating(x, "logsumexp"), axis)
    total = np.exp(x - top).sum(axis=axis, keepdims=True)
    with np.errstate(divide="ignore"):  # log(0) = -inf where every x is -inf
        out = np.log(total) + top
    return out if keepdims else out.squeeze(axis)


@primitive
def softmax(x: Array, *, axis: Any = -1) -> Array:
    """exp(x) / sum(exp(x)) over `axis`: positive values that sum to 1 (Bridle, 1990).

    >>> softmax(np.array([0.0, 0.0, 1000.0]))
    array([0., 0., 1.])
    """
    out = np.exp(x - _largest(_floating(x, "softmax"), axis))
    return out / out.sum(axis=axis, keepdims=True)


@primitive
def log_softmax(x: Array, *, axis: Any = -1) -> Array:
    """x - log(sum(exp(x))) over `axis`: the logarithm of softmax, exact where that is 0.

    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    return x - logsumexp(_floating(x, "log_softmax"), axis=axis, keepdims=True)


def _logsumexp_rule(g: Any, out: Any, x: Any, *, axis: Any = -1, keepdims: bool = False) -> Any:
    spread = g if keepdims or axis is None else np.expand_dims(g, axis)
    return spread * softmax(x, axis=axis)


defvjp(logsumexp, _logsumexp_rule)
defvjp(
    softmax,
    lambda g, out, x, *, axis=-1: out * (g - (g * out).sum(axis=axis, keepdims=True)),
)
defvjp(
    log_softmax,
    lambda g, out, x, *, axis=-1: g - np.exp(out) * g.sum(axis=axis, keepdims=True),
)


def _largest(x: np.ndarray, axis: Any) -> np.ndarray:
    """The maximum along `axis`, kept finite: inf - inf would be NaN."""
    limit = np.finfo(x.dtype).max
    top = np.maximum.reduce(x, axis=axis, keepdims=True, initial=-limit)
    return np.minimum(top, limit)


def _numbers(x: Array, name: str) -> Array:
    """An array or Tensor of numbers; NumPy's complaint about text would name a ufunc."""
    x = x if hasattr(x, "dtype") else np.asarray(x)
    if x.dtype.kind not in "fiubc":
        raise TypeError(f"{name}: expected an array of numbers, got {x.dtype}.")
    return x


def _floating(x: Any, name: str) -> np.ndarray:
    """An array of floating-point numbers; integers would come out in a dtype nobody chose."""
    x = np.asarray(x)
    if x.dtype.kind != "f":
        raise TypeError(
            f"{name}: expected floating-point values, got {x.dtype}. Use x.astype(np.float32)."
        )
    return x
