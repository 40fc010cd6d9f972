"""Losses of values: how far predictions are from targets, as one number to make small.

All take `reduction="mean"` (over all elements), "sum" or "none", and options by their names;
`functools.partial(huber_loss, delta=2.0)` is a loss with an option for a Trainer.
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
from ..tensor import arrays_of, primitive
from .activations import log_1_plus_exp, relu, sigmoid, softplus
from .checks import number

Array = Any  # an ndarray or a Tensor
NUMBERING = "np.unique(y, return_inverse=True) numbers other labels"
SIGNS = "Write (t + 1) / 2 for classes -1 and 1, and scale other values to [0, 1]."


def loss(function: Callable) -> Callable:
    """Make a function (prediction, target) -> losses an operation that also reduces them."""

    @primitive
    @functools.wraps(function)
    def reduced(prediction: Array, target: Array, *, reduction: str, **options: Any) -> Array:
        losses = function(prediction, target, **options)
        if reduction == "none":
            return losses
        return _reduced(np.add.reduce(losses, axis=None), losses.size, reduction)

    return reduced


def _reduced(total: np.floating, count: int, reduction: str) -> np.floating:
    """The sum of all losses, or their mean."""
    if reduction == "sum":
        return total
    _check_reduction(reduction, count)
    return total / count


def reduce(losses: Array, reduction: str) -> Array:
    """The losses themselves, their sum or their mean: for those made of other functions."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    _check_reduction(reduction, losses.size)
    return losses.mean()


def _check_reduction(reduction: str, count: int) -> None:
    if reduction != "mean":
        raise ValueError(f"reduction: expected 'mean', 'sum' or 'none', got {reduction!r}.")
    if count == 0:
        raise ValueError("loss: expected at least one sample, got an empty batch.")


def mean_weight(g: Array, reduction: str, count: int) -> Array:
    """The gradient that every single loss receives."""
    return g / count if reduction == "mean" else g


def mse_loss(prediction: Array, target: Array, reduction: str = "mean") -> Array:
    """Squared error, (prediction - target)^2, of two arrays of one shape.

    >>> float(mse_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0])))
    2.0
    """
    check_shapes("mse_loss", prediction, target)
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
    lambda g, out, y, t, *, reduction: _scaled_difference(
        2 * mean_weight(g, reduction, y.size), y, t
    ),
    lambda g, out, y, t, *, reduction: _scaled_difference(
        2 * mean_weight(g, reduction, y.size), t, y
    ),
)
defvjp(
    _scaled_difference,
    lambda g, out, scale, y, t: g * (y - t) if scale.ndim else (g * (y - t)).sum(),
    lambda g, out, scale, y, t: g * scale,
    lambda g, out, scale, y, t: -(g * scale),
)


def l1_loss(prediction: Array, target: Array, reduction: str = "mean") -> Array:
    """Absolute error, |prediction - target|, of two arrays of one shape."""
    check_shapes("l1_loss", prediction, target)
    return _absolute(prediction, target, reduction=reduction)


@loss
def _absolute(y: Array, t: Array) -> Array:
    return np.absolute(y - t)


defvjp(
    _absolute,
    lambda g, out, y, t, *, reduction: mean_weight(g, reduction, y.size) * np.sign(y - t),
    lambda g, out, y, t, *, reduction: mean_weight(g, reduction, y.size) * np.sign(t - y),
)


def huber_loss(
    prediction: Array, target: Array, reduction: str = "mean", delta: float = 1.0
) -> Array:
    """d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2), d = prediction - target.

    Squares for small errors, so that outliers weigh no more than their distance (Huber, 1964).

    >>> huber_loss(np.array([0.5, 4.0]), np.zeros(2), "none")
    array([0.125, 3.5  ])
    """
    check_shapes("huber_loss", prediction, target)
    delta = number("huber_loss", "delta", delta, positive=True)
    return _huber(prediction, target, reduction=reduction, delta=delta)


def smooth_l1_loss(
    prediction: Array, target: Array, reduction: str = "mean", beta: float = 1.0
) -> Array:
    """`huber_loss` divided by its delta, here beta: slope 1 far away (Girshick, 2015).

    beta=0 is the absolute error.
    """
    check_shapes("smooth_l1_loss", prediction, target)
    if beta == 0:
        return _absolute(prediction, target, reduction=reduction)
    beta = number("smooth_l1_loss", "beta", beta, positive=True)
    return _huber(prediction, target, reduction=reduction, delta=beta) / beta


@loss
def _huber(y: Array, t: Array, *, delta: float) -> Array:
    distance = np.absolute(y - t)
    near = np.minimum(distance, delta)  # d^2 / 2 = near (d - near / 2), as is the line
    return near * (distance - 0.5 * near)


defvjp(
    _huber,
    lambda g, out, y, t, *, reduction, delta: (
        mean_weight(g, reduction, y.size) * np.clip(y - t, -delta, delta)
    ),
    lambda g, out, y, t, *, reduction, delta: (
        mean_weight(g, reduction, y.size) * np.clip(t - y, -delta, delta)
    ),
)


def hinge_loss(prediction: Array, target: Array, reduction: str = "mean") -> Array:
    """max(0, 1 - t y) for scores y and classes t of -1 and 1: no loss beyond the margin.

    The loss of support vector machines (Cortes & Vapnik, 1995).
    """
    check_shapes("hinge_loss", prediction, target)
    check_signs("hinge_loss", target)
    return reduce(relu(1 - prediction * target.astype(prediction.dtype)), reduction)


def poisson_nll_loss(
    prediction: Array, target: Array, reduction: str = "mean", log_input: bool = True
) -> Array:
    """exp(z) - t z: negative log-likelihood of counts t, Poisson with mean exp(z).

    Without the constant log(t!). With log_input=False the prediction is the mean itself, m > 0:
    m - t log(m).
    """
    check_shapes("poisson_nll_loss", prediction, target)
    _check_between("poisson_nll_loss", target, np.inf, "They count something.")
    if log_input:
        return reduce(np.exp(prediction) - target * prediction, reduction)
    values = arrays_of(prediction)
    if values.size and not values.min() > 0:
        raise ValueError(
            f"poisson_nll_loss: expected positive means, got {values.min():.4g}. End the network "
            "with softplus, or let it predict their logarithms (log_input=True)."
        )
    return reduce(prediction - target * np.log(prediction), reduction)


def gaussian_nll_loss(
    prediction: Array, target: Array, variance: Array, reduction: str = "mean", eps: float = 1e-6
) -> Array:
    """(log v + (prediction - target)^2 / v) / 2: negative log-likelihood of a normal distribution.

    Without the constant log(2 pi) / 2. The variances v have the prediction's shape, or 1 in its
    last axis, and count as at least eps (Nix & Weigend, 1994).
    """
    check_shapes("gaussian_nll_loss", prediction, target)
    eps = number("gaussian_nll_loss", "eps", eps, positive=True)
    shape, values = prediction.shape, arrays_of(variance)
    if not hasattr(values, "dtype") or values.shape not in (shape, (*shape[:-1], 1)):
        raise ValueError(
            f"gaussian_nll_loss: expected variances of shape {shape} or {(*shape[:-1], 1)}, got "
            f"{getattr(values, 'shape', values)!r}. There is one for each prediction or row."
        )
    if values.size and not values.min() >= 0:
        raise ValueError(
            f"gaussian_nll_loss: expected variances of at least 0, got {values.min():.4g}. Let the "
            "network predict their logarithms, and pass np.exp of it."
        )
    variance = np.where(values < eps, eps, variance)
    difference = prediction - target
    return reduce(0.5 * (np.log(variance) + difference * difference / variance), reduction)


def binary_cross_entropy(
    probability: Array, target: Array, reduction: str = "mean", weight: Any = None
) -> Array:
    """-t log p - (1 - t) log(1 - p) for probabilities p in [0, 1] and targets t in [0, 1].

    `weight`: numbers that the single losses are multiplied by, of the shape of p or one that
    broadcasts to it; the mean still divides by the number of losses.

    Logarithms are cut off at -100, so that a certain error costs 100 instead of infinity. From
    logits use `binary_cross_entropy_with_logits`, which loses no digits.
    """
    check_shapes("binary_cross_entropy", probability, target)
    _check_between("binary_cross_entropy", target, 1, SIGNS)
    if weight is None:
        return _binary(probability, target, reduction=reduction)
    weight = weights("binary_cross_entropy", "weight", weight, probability)
    return reduce(_binary(probability, target, reduction="none") * weight, reduction)


@loss
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
    return mean_weight(g, reduction, p.size) * ((p - t) / np.maximum(p * (1 - p), 1e-12))


def _binary_target_rule(g: Array, out: Array, p: Array, t: Array, *, reduction: str) -> Array:
    inside = np.where((p == 0) | (p == 1), 0.5, p)
    difference = np.maximum(np.log1p(-inside), -100) - np.maximum(np.log(inside), -100)
    difference = np.where(p == 0, 100, np.where(p == 1, -100, difference))
    return mean_weight(g, reduction, p.size) * difference


defvjp(_binary, _binary_rule, _binary_target_rule)


def binary_cross_entropy_with_logits(
    logits: Array,
    target: Array,
    reduction: str = "mean",
    weight: Any = None,
    pos_weight: Any = None,
) -> Array:
    """Binary cross-entropy of p = sigmoid(z), straight from z: log(1 + e^z) - z t.

    Its gradient is sigmoid(z) - t, at any size of z. `weight` multiplies the single losses,
    `pos_weight` only their part t log p (a number, or one per column): with it above 1, missing a
    positive costs more. Both broadcast to the shape of z; the mean divides by the number of losses.

    >>> float(binary_cross_entropy_with_logits(np.array([0.0]), np.array([1.0])))
    0.6931471805599453
    """
    check_shapes("binary_cross_entropy_with_logits", logits, target)
    _check_between("binary_cross_entropy_with_logits", target, 1, SIGNS)
    if weight is None and pos_weight is None:
        return _binary_logits(logits, target, reduction=reduction)
    if pos_weight is None:
        losses = _binary_logits(logits, target, reduction="none")
    else:
        pos_weight = weights("binary_cross_entropy_with_logits", "pos_weight", pos_weight, logits)
        losses = (1 - target) * logits + (1 + (pos_weight - 1) * target) * softplus(-logits)
    if weight is not None:
        losses = losses * weights("binary_cross_entropy_with_logits", "weight", weight, logits)
    return reduce(losses, reduction)


@loss
def _binary_logits(z: Array, t: Array) -> Array:
    return log_1_plus_exp(z) - z * t


defvjp(
    _binary_logits,
    lambda g, out, z, t, *, reduction: mean_weight(g, reduction, z.size) * (sigmoid(z) - t),
    lambda g, out, z, t, *, reduction: -mean_weight(g, reduction, z.size) * z,
)


def shape_of(array: Any) -> tuple[int, ...]:
    """np.shape, without the way through NumPy's dispatch for what has a shape."""
    return array.shape if hasattr(array, "shape") else np.shape(array)


def check_numbers(name: str, prediction: Array, target: Array) -> None:
    """Integer predictions are refused: their differences and sums would wrap around."""
    if not hasattr(prediction, "dtype") or prediction.dtype.kind != "f":
        kind = getattr(prediction, "dtype", type(prediction).__name__)
        raise TypeError(
            f"{name}: expected floating-point predictions as an array or Tensor, got {kind}. "
            "Use np.asarray(x, np.float32)."
        )
    if not hasattr(target, "dtype") or target.dtype.kind not in "fiub":
        kind = getattr(target, "dtype", type(target).__name__)
        advice = "Use np.asarray(y)" if isinstance(target, (list, tuple)) else NUMBERING
        raise TypeError(
            f"{name}: expected a target of numbers as an array or Tensor, got {kind}. {advice}."
        )


def check_shapes(name: str, prediction: Array, target: Array) -> None:
    """Numbers in two arrays of one shape: (n, 1) against (n,) would broadcast to (n, n)."""
    check_numbers(name, prediction, target)
    if prediction.shape != target.shape:
        raise ValueError(
            f"{name}: expected a target of the prediction's shape {prediction.shape}, got "
            f"{target.shape}. "
            "Reshape one of them; broadcasting would pair every row with every other."
        )


def _check_between(name: str, target: Array, most: float, advice: str) -> None:
    """Targets from 0 to `most`: others make a loss without a bound, and no error."""
    values = arrays_of(target)
    if values.size == 0:
        return
    if values.size < 32:  # a reduction takes longer than Python needs for a few numbers
        few = values.ravel().tolist()
        low, high = min(few), max(few)
    else:
        low, high = values.min(), values.max()
    if not (low >= 0 and high <= most):
        raise ValueError(
            f"{name}: expected targets from 0 to {most}, got {low:.4g} to {high:.4g}. {advice}"
        )


def check_signs(name: str, target: Array) -> None:
    """Two classes as -1 and 1."""
    values = arrays_of(target)
    if not np.all((values == 1) | (values == -1)):
        raise ValueError(
            f"{name}: expected targets of -1 and 1, got {values.min():.4g} to {values.max():.4g}. "
            "Write 2 * t - 1 for classes 0 and 1."
        )


def weights(name: str, what: str, value: Any, like: Array) -> np.ndarray:
    """Constant weights that broadcast to the shape of `like`, in its dtype."""
    if getattr(value, "requires_grad", False):
        raise TypeError(
            f"{name}: {what} is constant, got a Tensor that requires gradients. Use t.data."
        )
    try:
        array = np.asarray(arrays_of(value))
    except ValueError:  # lists of unequal lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "fiub" or not np.all(np.isfinite(array)) or np.any(array < 0):
        raise ValueError(
            f"{name}: {what} must be numbers of at least 0, as an array, got {value!r}."
        )
    sizes = zip(array.shape[::-1], like.shape[::-1])
    if array.ndim > like.ndim or any(n not in (1, m) for n, m in sizes):
        raise ValueError(
            f"{name}: expected {what} of shape {like.shape}, or one that broadcasts to it, got "
            f"{array.shape}."
        )
    return array.astype(like.dtype)
