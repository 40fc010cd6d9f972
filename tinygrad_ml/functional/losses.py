"""Losses: how far predictions are from targets, as one number to make small.

All take `reduction="mean"` (over all elements or rows), "sum" or "none". Prediction and target
must have the same shape: (n, 1) against (n,) would broadcast to (n, n) and train on nonsense.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import constant, defvjp, primitive
from .activations import log_softmax, logsumexp, sigmoid, softmax
from .linear import one_hot

Array = Any  # an ndarray or a Tensor


def mse_loss(prediction: Array, target: Array, reduction: str = "mean") -> Array:
    """Squared error, (prediction - target)^2, of two arrays of one shape.

    >>> float(mse_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    _check_shapes("mse_loss", prediction, target)
    return _reduced(np.square(prediction - target), reduction)


def l1_loss(prediction: Array, target: Array, reduction: str = "mean") -> Array:
    """Absolute error, |prediction - target|, of two arrays of one shape."""
    _check_shapes("l1_loss", prediction, target)
    return _reduced(abs(prediction - target), reduction)


def binary_cross_entropy(probability: Array, target: Array, reduction: str = "mean") -> Array:
    """-t log p - (1 - t) log(1 - p) for probabilities p in [0, 1] and targets t in [0, 1].

    Logarithms are cut off at -100, so that a certain error costs 100 instead of infinity. From
    logits use `binary_cross_entropy_with_logits`, which loses no digits.
    """
    _check_shapes("binary_cross_entropy", probability, target)
    return _reduced(_binary(probability, target), reduction)


@primitive
def _binary(p: Array, t: Array) -> Array:
    p, t = np.asarray(p), np.asarray(t)
    if p.size and not (p.min() >= 0 and p.max() <= 1):
        raise ValueError(
            f"binary_cross_entropy: expected probabilities in [0, 1], got {p.min():.4g} to "
            f"{p.max():.4g}. End the network with a sigmoid, or use "
            "binary_cross_entropy_with_logits."
        )
    with np.errstate(divide="ignore"):
        log_p, log_q = np.maximum(np.log(p), -100), np.maximum(np.log1p(-p), -100)
    return -(t * log_p + (1 - t) * log_q)


defvjp(
    _binary,
    lambda g, out, p, t: g * (p - t) / np.maximum(p * (1 - p), 1e-12),
    lambda g, out, p, t: g * (np.maximum(np.log1p(-p), -100) - np.maximum(np.log(p), -100)),
)


def binary_cross_entropy_with_logits(
    logits: Array, target: Array, reduction: str = "mean"
) -> Array:
    """Binary cross-entropy of p = sigmoid(z), straight from z: max(z, 0) - z t + log(1 + e^-|z|).

    Its gradient is sigmoid(z) - t, at any size of z.

    >>> float(binary_cross_entropy_with_logits(np.array([0.0]), np.array([1.0])))
    0.6931471805599453
    """
    _check_shapes("binary_cross_entropy_with_logits", logits, target)
    return _reduced(_binary_logits(logits, target), reduction)


@primitive
def _binary_logits(z: Array, t: Array) -> Array:
    return np.logaddexp(z, 0) - z * t


defvjp(
    _binary_logits, lambda g, out, z, t: g * (sigmoid(z) - t), lambda g, out, z, t: -(g * z)
)


def cross_entropy(logits: Array, target: Array, reduction: str = "mean") -> Array:
    """-log softmax(logits)[class] for integer targets, -sum t log softmax(logits) for others.

    Shapes: logits (..., c); target (...) of integers 0..c-1, or (..., c) of probabilities. With
    "mean" the sum over rows is divided by their number. The gradient is softmax(logits) - target.

    >>> float(cross_entropy(np.array([[0.0, 0.0]]), np.array([1])))
    0.6931471805599453
    """
    shape, target_shape = np.shape(logits), np.shape(target)
    if len(shape) > 0 and target_shape == shape:
        return _reduced(_cross_entropy_soft(logits, target), reduction)
    if len(shape) == 0 or target_shape != shape[:-1]:
        raise ValueError(
            f"cross_entropy: expected targets of shape {shape[:-1]} (classes) or {shape} "
            f"(probabilities) for logits of shape {shape}, got {target_shape}."
        )
    return _reduced(_cross_entropy_hard(logits, target), reduction)


@primitive
def _cross_entropy_hard(z: Array, classes: Array) -> Array:
    """One loss per row, for integer targets."""
    z, classes = np.asarray(z), np.asarray(classes)
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
    own = np.take_along_axis(z, classes[..., None], axis=-1)[..., 0]
    return logsumexp(z, axis=-1) - own


@primitive
def _cross_entropy_soft(z: Array, t: Array) -> Array:
    """One loss per row, for probability targets (which need not sum to 1)."""
    return -(t * log_softmax(z, axis=-1)).sum(axis=-1)


@constant
def _classes_like(z: Any, classes: Any) -> np.ndarray:
    return one_hot(classes, z.shape[-1], z.dtype)


defvjp(
    _cross_entropy_hard,
    lambda g, out, z, classes: g[..., None] * (softmax(z) - _classes_like(z, classes)),
    None,
)
defvjp(
    _cross_entropy_soft,
    lambda g, out, z, t: g[..., None] * (softmax(z) * t.sum(axis=-1, keepdims=True) - t),
    lambda g, out, z, t: -g[..., None] * log_softmax(z),
)


def _check_shapes(name: str, prediction: Array, target: Array) -> None:
    if np.shape(prediction) != np.shape(target):
        raise ValueError(
            f"{name}: expected a target of the prediction's shape {np.shape(prediction)}, got "
            f"{np.shape(target)}. Reshape one of them; broadcasting would pair every row with "
            "every other."
        )


def _reduced(losses: Array, reduction: str) -> Array:
    if reduction == "mean":
        if losses.size == 0:
            raise ValueError("loss: expected at least one sample, got an empty batch.")
        return losses.mean()
    if reduction == "sum":
        return losses.sum()
    if reduction == "none":
        return losses
    raise ValueError(f"reduction: expected 'mean', 'sum' or 'none', got {reduction!r}.")
