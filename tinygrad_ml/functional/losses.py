"""Losses: how far predictions are from targets, as one number to make small.

All take `reduction="mean"` (over all elements, or all rows of a cross-entropy), "sum" or "none".
Prediction and target must have the same shape: (n, 1) against (n,) would broadcast to (n, n) and
train on nonsense. Each is one operation whose gradient is the formula of the textbook, divided by
the number of losses when their mean is taken.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import kernels
from ..kernels.memory import empty
from ..table import defvjp
from ..tensor import constant, primitive
from .activations import log_softmax, logsumexp, sigmoid, softmax

Array = Any  # an ndarray or a Tensor


def _loss(function: Callable) -> Callable:
    """Make a function (prediction, target) -> losses an operation that also reduces them."""

    @primitive
    @functools.wraps(function)
    def reduced(prediction: Array, target: Array, *, reduction: str) -> Array:
        losses = function(prediction, target)
        if reduction == "none":
            return losses
        return _reduced(np.add.reduce(losses, axis=None), losses.size, reduction)

    return reduced


def _reduced(total: np.floating, count: int, reduction: str) -> np.floating:
    """The sum of all losses, or their mean."""
    if reduction == "sum":
        return total
    if reduction != "mean":
        raise ValueError(f"reduction: expected 'mean', 'sum' or 'none', got {reduction!r}.")
    if count == 0:
        raise ValueError("loss: expected at least one sample, got an empty batch.")
    return total / total.dtype.type(count)


def _weight(g: Array, reduction: str, count: int) -> Array:
    """The gradient that every single loss receives."""
    return g / count if reduction == "mean" else g


def mse_loss(prediction: Array, target: Array, reduction: str = "mean") -> Array:
    """Squared error, (prediction - target)^2, of two arrays of one shape.

    >>> float(mse_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    _check_shapes("mse_loss", prediction, target)
    return _squared(prediction, target, reduction=reduction)


@primitive
def _squared(y: Array, t: Array, *, reduction: str) -> Array:
    difference = np.subtract(y, t, out=empty(y.shape, np.result_type(y, t)))
    if reduction == "none":
        return np.square(difference, out=difference)
    vector = difference.reshape(-1)
    return _reduced(np.dot(vector, vector), vector.size, reduction)


_scaled_difference = primitive(kernels.scaled_difference)
defvjp(
    _squared,
    lambda g, out, y, t, *, reduction: _scaled_difference(2 * _weight(g, reduction, y.size), y, t),
    lambda g, out, y, t, *, reduction: _scaled_difference(2 * _weight(g, reduction, y.size), t, y),
)
defvjp(
    _scaled_difference,
    lambda g, out, scale, y, t: g * (y - t) if scale.ndim else (g * (y - t)).sum(),
    lambda g, out, scale, y, t: g * scale,
    lambda g, out, scale, y, t: -(g * scale),
)


def l1_loss(prediction: Array, target: Array, reduction: str = "mean") -> Array:
    """Absolute error, |prediction - target|, of two arrays of one shape."""
    _check_shapes("l1_loss", prediction, target)
    return _absolute(prediction, target, reduction=reduction)


@_loss
def _absolute(y: Array, t: Array) -> Array:
    return np.absolute(y - t)


defvjp(
    _absolute,
    lambda g, out, y, t, *, reduction: _weight(g, reduction, y.size) * np.sign(y - t),
    lambda g, out, y, t, *, reduction: _weight(g, reduction, y.size) * np.sign(t - y),
)


def binary_cross_entropy(probability: Array, target: Array, reduction: str = "mean") -> Array:
    """-t log p - (1 - t) log(1 - p) for probabilities p in [0, 1] and targets t in [0, 1].

    Logarithms are cut off at -100, so that a certain error costs 100 instead of infinity. From
    logits use `binary_cross_entropy_with_logits`, which loses no digits.
    """
    _check_shapes("binary_cross_entropy", probability, target)
    return _binary(probability, target, reduction=reduction)


@_loss
def _binary(p: Array, t: Array) -> Array:
    if p.size and not (p.min() >= 0 and p.max() <= 1):
        raise ValueError(
            f"binary_cross_entropy: expected probabilities in [0, 1], got {p.min():.4g} to "
            f"{p.max():.4g}. End the network with a sigmoid, or use "
            "binary_cross_entropy_with_logits."
        )
    with np.errstate(divide="ignore"):
        return -(t * np.maximum(np.log(p), -100) + (1 - t) * np.maximum(np.log1p(-p), -100))


def _binary_rule(g: Array, out: Array, p: Array, t: Array, *, reduction: str) -> Array:
    # PyTorch's floor under p (1 - p): a certain error has a large, not an infinite, gradient
    return _weight(g, reduction, p.size) * ((p - t) / np.maximum(p * (1 - p), 1e-12))


def _binary_target_rule(g: Array, out: Array, p: Array, t: Array, *, reduction: str) -> Array:
    inside = np.where((p == 0) | (p == 1), 0.5, p)
    difference = np.maximum(np.log1p(-inside), -100) - np.maximum(np.log(inside), -100)
    difference = np.where(p == 0, 100, np.where(p == 1, -100, difference))
    return _weight(g, reduction, p.size) * difference


defvjp(_binary, _binary_rule, _binary_target_rule)


def binary_cross_entropy_with_logits(
    logits: Array, target: Array, reduction: str = "mean"
) -> Array:
    """Binary cross-entropy of p = sigmoid(z), straight from z: log(1 + e^z) - z t.

    Its gradient is sigmoid(z) - t, at any size of z.

    >>> float(binary_cross_entropy_with_logits(np.array([0.0]), np.array([1.0])))
    0.6931471805599453
    """
    _check_shapes("binary_cross_entropy_with_logits", logits, target)
    return _binary_logits(logits, target, reduction=reduction)


@_loss
def _binary_logits(z: Array, t: Array) -> Array:
    return np.logaddexp(z, 0) - z * t


defvjp(
    _binary_logits,
    lambda g, out, z, t, *, reduction: _weight(g, reduction, z.size) * (sigmoid(z) - t),
    lambda g, out, z, t, *, reduction: -_weight(g, reduction, z.size) * z,
)


def cross_entropy(logits: Array, target: Array, reduction: str = "mean") -> Array:
    """-log softmax(logits)[class] for integer targets, -sum t log softmax(logits) for others.

    Shapes: logits (..., c); target (...) of integers 0..c-1, or (..., c) of probabilities. There is
    one loss per row. Its gradient is softmax(logits) - target.

    >>> float(cross_entropy(np.array([[0.0, 0.0]]), np.array([1])))
    0.6931471805599453
    """
    _check_numbers("cross_entropy", logits, target)
    shape, target_shape = _shape(logits), _shape(target)
    if len(shape) > 0 and target_shape == shape:
        return _cross_entropy_soft(logits, target, reduction=reduction)
    if len(shape) == 0 or target_shape != shape[:-1]:
        raise ValueError(
            f"cross_entropy: expected targets of shape {shape[:-1]} (classes) or {shape} "
            f"(probabilities) for logits of shape {shape}, got {target_shape}."
        )
    return _cross_entropy_hard(logits, target, reduction=reduction)


@_loss
def _cross_entropy_hard(z: Array, classes: Array) -> Array:
    """One loss per row, for integer targets."""
    classes = np.asarray(classes)
    if classes.dtype.kind not in "iu":
        raise TypeError(
            f"cross_entropy: expected integer classes, got {classes.dtype}. "
            "np.unique(y, return_inverse=True) numbers other labels."
        )
    if classes.size and not 0 <= classes.min() <= classes.max() < z.shape[-1]:
        raise ValueError(
            f"cross_entropy: expected classes from 0 to {z.shape[-1] - 1} for logits of shape "
            f"{z.shape}, got {classes.min()} to {classes.max()}."
        )
    rows = z.reshape(-1, z.shape[-1])
    own = rows[np.arange(classes.size), classes.reshape(-1)].reshape(classes.shape)
    return logsumexp(z, axis=-1) - own


@_loss
def _cross_entropy_soft(z: Array, t: Array) -> Array:
    """One loss per row, for probability targets (which need not sum to 1)."""
    return -(t * log_softmax(z, axis=-1)).sum(axis=-1)


@constant
def _one_hot_like(z: Any, classes: Any) -> np.ndarray:
    """`one_hot` for classes that were checked before."""
    out = np.zeros(z.shape, z.dtype)
    out.reshape(-1, z.shape[-1])[np.arange(classes.size), classes.reshape(-1)] = 1
    return out


def _row_weight(g: Array, reduction: str, z: Array) -> Array:
    """The gradient of each row's loss, ready to multiply (..., c)."""
    if reduction == "none":
        return g[..., None]
    return _weight(g, reduction, z.size // max(1, z.shape[-1]))


defvjp(
    _cross_entropy_hard,
    lambda g, out, z, classes, *, reduction: (
        _row_weight(g, reduction, z) * (softmax(z) - _one_hot_like(z, classes))
    ),
    None,
)
defvjp(
    _cross_entropy_soft,
    lambda g, out, z, t, *, reduction: (
        _row_weight(g, reduction, z) * (softmax(z) * t.sum(axis=-1, keepdims=True) - t)
    ),
    lambda g, out, z, t, *, reduction: -_row_weight(g, reduction, z) * log_softmax(z),
)


def _shape(array: Any) -> tuple[int, ...]:
    """np.shape, without the way through NumPy's dispatch for what has a shape."""
    return array.shape if hasattr(array, "shape") else np.shape(array)


def _check_numbers(name: str, prediction: Array, target: Array) -> None:
    """Integer predictions are refused: their differences and sums would wrap around."""
    if not hasattr(prediction, "dtype") or prediction.dtype.kind != "f":
        kind = getattr(prediction, "dtype", type(prediction).__name__)
        raise TypeError(
            f"{name}: expected floating-point predictions as an array or Tensor, got {kind}. "
            "Use np.asarray(x, np.float32)."
        )
    if not hasattr(target, "dtype") or target.dtype.kind not in "fiub":
        kind = getattr(target, "dtype", type(target).__name__)
        raise TypeError(
            f"{name}: expected a target of numbers as an array or Tensor, got {kind}. "
            "np.unique(y, return_inverse=True) numbers other labels."
        )


def _check_shapes(name: str, prediction: Array, target: Array) -> None:
    _check_numbers(name, prediction, target)
    if prediction.shape != target.shape:
        raise ValueError(
            f"{name}: expected a target of the prediction's shape {prediction.shape}, got "
            f"{target.shape}. "
            "Reshape one of them; broadcasting would pair every row with every other."
        )
