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
from .checks import floats, number, numbers

Array = Any  # an ndarray or a Tensor
_FEW = kernels.sigmoid.least  # below, choosing a kernel would take a twentieth of the small call


def tanh(x: Array) -> Array:
    """Hyperbolic tangent, np.tanh(x): values in (-1, 1), any shape."""
    return np.tanh(numbers("tanh", x))


@primitive
def sigmoid(x: Array) -> Array:
    """Logistic function, 1 / (1 + exp(-x)): values in (0, 1), any shape.

    Exact at both ends, and without a warning.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    x = floats("sigmoid", x)
    return _sigmoid_of_few(x) if x.size < _FEW else kernels.sigmoid(x)


_sigmoid_of_few = kernels.sigmoid.numpy
_sigmoid_backward = primitive(kernels.sigmoid_backward)
defvjp(
    sigmoid,
    lambda g, out, _x: g * (out * (1 - out)) if out.size < _FEW else _sigmoid_backward(g, out),
)
defvjp(
    _sigmoid_backward,
    lambda G, _out, g, y: _sigmoid_backward(G, y),
    lambda G, _out, g, y: G * g * (1 - 2 * y),
)


@primitive
def relu(x: Array) -> Array:
    """Rectifier, max(x, 0), any shape; its slope at 0 is 0 (Nair & Hinton, 2010)."""
    return kernels.relu(numbers("relu", x))


_relu_backward = primitive(kernels.relu_backward)
defvjp(relu, lambda g, out, _x: _relu_backward(g, out))
defvjp(_relu_backward, lambda G, _out, _g, y: _relu_backward(G, y), None)


def leaky_relu(x: Array, slope: float = 0.01) -> Array:
    """x where x > 0, else slope x, any shape (Maas et al., 2013)."""
    x = numbers("leaky_relu", x)
    return np.where(x > 0, x, number("leaky_relu", "slope", slope) * x)


@primitive
def softplus(x: Array) -> Array:
    """log(1 + exp(x)), a smooth rectifier, any shape (Dugas et al., 2001).

    >>> softplus(np.array([-1000.0, 1000.0]))
    array([   0., 1000.])
    """
    with np.errstate(invalid="ignore"):  # NumPy warns of a NaN that was there before
        return log_1_plus_exp(floats("softplus", x))


_ZEROS = {kind: np.zeros((), kind) for kind in np.typecodes["Float"]}  # faster than the number 0


def log_1_plus_exp(x: np.ndarray) -> np.ndarray:
    """softplus of an array; np.logaddexp, one call, is the faster way for few elements only."""
    if x.size < 1024:
        return np.logaddexp(x, _ZEROS[x.dtype.char])
    out = np.absolute(x, out=empty(x.shape, x.dtype))
    np.exp(np.negative(out, out=out), out=out)  # in [0, 1]
    one_more = np.add(out, 1, out=empty(x.shape, x.dtype))
    out -= one_more - 1
    out /= one_more  # what rounding took from 1 + exp(-|x|), to first order
    out += np.log(one_more, out=one_more)
    out += np.maximum(x, 0, out=one_more)
    return out


defvjp(softplus, lambda g, _out, x: g * sigmoid(x))


def log_sigmoid(x: Array) -> Array:
    """log(1 / (1 + exp(-x))), any shape, exact where the sigmoid itself is 0.

    >>> log_sigmoid(np.array([-1000.0, 1000.0]))
    array([-1000.,    -0.])
    """
    return -softplus(-floats("log_sigmoid", x))


@primitive
def softsign(x: Array) -> Array:
    """x / (1 + |x|), any shape: values in (-1, 1) (Glorot & Bengio, 2010)."""
    x = floats("softsign", x)
    limit = np.finfo(x.dtype).max  # inf / inf would be NaN
    x = np.clip(x, -limit, limit)
    return x / (1 + np.absolute(x))


defvjp(softsign, lambda g, out, x: g / (1 + np.absolute(x)) / (1 + np.absolute(x)))


@primitive
def logsumexp(x: Array, *, axis: Any = -1, keepdims: bool = False) -> Array:
    """log(sum(exp(x))) over `axis`, without overflow: the largest value is taken out first.

    >>> float(logsumexp(np.array([1000.0, 1000.0])))
    1000.6931471805599
    """
    top = _largest(floats("logsumexp", x), axis, "logsumexp")
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
    out = np.exp(x - _largest(floats("softmax", x), axis, "softmax"))
    return out / out.sum(axis=axis, keepdims=True)


def softmin(x: Array, axis: Any = -1) -> Array:
    """exp(-x) / sum(exp(-x)) over `axis`: the softmax of -x."""
    return softmax(-floats("softmin", x), axis=axis)


@primitive
def log_softmax(x: Array, *, axis: Any = -1) -> Array:
    """x - log(sum(exp(x))) over `axis`: the logarithm of softmax, exact where that is 0.

    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    return x - logsumexp(floats("log_softmax", x), axis=axis, keepdims=True)


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


def _largest(x: np.ndarray, axis: Any, name: str) -> np.ndarray:
    """The maximum along `axis`, kept finite: inf - inf would be NaN."""
    limit = np.finfo(x.dtype).max
    try:
        top = np.maximum.reduce(x, axis=axis, keepdims=True, initial=-limit)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name}: expected an axis of an input of shape {x.shape}, got {axis!r}. The last one "
            "is -1."
        ) from None
    return np.minimum(top, limit)
