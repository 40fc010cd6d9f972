"""Losses of classes: how little probability, or how small a score, the right class was given.

There is one loss per row, that is per position of all axes but the last, whose entries belong to
the classes. `reduction="mean"` is over the rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..table import defvjp
from ..tensor import arrays_of, constant
from .activations import log_softmax, logsumexp, relu, softmax
from .checks import number
from .losses import (
    NUMBERING,
    check_numbers,
    check_shapes,
    loss,
    mean_weight,
    reduce,
    shape_of,
    weights,
)
from .special import xlogy

Array = Any  # an ndarray or a Tensor


def cross_entropy(
    logits: Array,
    target: Array,
    reduction: str = "mean",
    class_weight: Any = None,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
) -> Array:
    """-log softmax(logits)[class] for integer targets, -sum t log softmax(logits) for others.

    Shapes: logits (..., c); target (...) of integers 0..c-1, or (..., c) of probabilities. There is
    one loss per row. Its gradient is softmax(logits) - target.

    class_weight : (c,) weights of the classes; the mean of losses of integer targets then divides
        by the sum of the weights of their classes.
    label_smoothing : e in [0, 1]; the target becomes (1 - e) target + e / c (Szegedy et al., 2016).
    ignore_index : integer targets of this value do not count.

    >>> float(cross_entropy(np.array([[0.0, 0.0]]), np.array([1])))
    0.6931471805599453
    """
    check_numbers("cross_entropy", logits, target)
    shape, target_shape = shape_of(logits), shape_of(target)
    soft = len(shape) > 0 and target_shape == shape
    if not soft and (len(shape) == 0 or target_shape != shape[:-1]):
        raise ValueError(
            f"cross_entropy: expected targets of shape {shape[:-1]} (classes) or {shape} "
            f"(probabilities) for logits of shape {shape}, got {target_shape}. Classes are the "
            "last axis of the logits."
        )
    if class_weight is None and ignore_index is None and label_smoothing == 0:
        entropy = _cross_entropy_soft if soft else _cross_entropy_hard
        return entropy(logits, target, reduction=reduction)
    smoothing = number("cross_entropy", "label_smoothing", label_smoothing)
    if not 0 <= smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing must be in [0, 1], got {smoothing!r}.")
    if not soft:
        shares, total = _shares(
            "cross_entropy", logits, target, class_weight, smoothing, ignore_index
        )
        return _mean(_cross_entropy_soft, logits, shares, reduction, total)
    if ignore_index is not None:
        raise ValueError(
            "cross_entropy: ignore_index belongs to integer targets, got probabilities of shape "
            f"{shape}. Leave those rows out, or set them to 0."
        )
    shares = target * (1 - smoothing) + smoothing / shape[-1]
    if class_weight is not None:
        shares = shares * _class_weight("cross_entropy", class_weight, logits)
    return _cross_entropy_soft(logits, shares, reduction=reduction)


def nll_loss(
    log_probability: Array,
    target: Array,
    reduction: str = "mean",
    class_weight: Any = None,
    ignore_index: int | None = None,
) -> Array:
    """-log_probability[class]: the negative log-likelihood of integer targets.

    Shapes: log_probability (..., c), such as a log_softmax; target (...). `class_weight` and
    `ignore_index` as for `cross_entropy`, which takes the logits themselves.
    """
    check_numbers("nll_loss", log_probability, target)
    _check_rows("nll_loss", log_probability, target)
    shares, total = _shares("nll_loss", log_probability, target, class_weight, 0.0, ignore_index)

    def likelihood(logs: Array, shares: Array, *, reduction: str) -> Array:
        return reduce(-_expected(shares, logs), reduction)

    return _mean(likelihood, log_probability, shares, reduction, total)


def kl_div(
    log_probability: Array, target: Array, reduction: str = "mean", log_target: bool = False
) -> Array:
    """sum_k t_k (log t_k - log_probability_k): how far q = exp(log_probability) is from t.

    Shapes: both (..., c), rows of distributions. There is one divergence per row, and the mean is
    over the rows. With log_target=True the target holds log t (Kullback & Leibler, 1951).
    """
    check_shapes("kl_div", log_probability, target)
    if log_probability.ndim == 0:
        raise ValueError("kl_div: expected distributions in the last axis, got a single number.")
    if log_target:
        shares = np.exp(target)
        own = _expected(shares, target)
    else:
        values = arrays_of(target)
        if values.size and not values.min() >= 0:
            raise ValueError(
                f"kl_div: expected a target of probabilities, got {values.min():.4g}. "
                "Pass log_target=True for their logarithms."
            )
        shares, own = target, xlogy(target, target).sum(axis=-1)
    return reduce(own - _expected(shares, log_probability), reduction)


def multi_margin_loss(
    scores: Array, target: Array, reduction: str = "mean", margin: float = 1.0
) -> Array:
    """sum over k != class of max(0, margin - scores[class] + scores[k]) / c, for integer targets.

    The hinge loss of several classes (Weston & Watkins, 1999). Shapes: scores (..., c), target
    (...).
    """
    check_numbers("multi_margin_loss", scores, target)
    _check_rows("multi_margin_loss", scores, target)
    margin = number("multi_margin_loss", "margin", margin, positive=True)
    classes = np.asarray(arrays_of(target))
    _check_classes("multi_margin_loss", classes, scores.shape)
    own = np.take_along_axis(scores, classes[..., None], axis=-1)
    others = 1 - _one_hot_like(scores, classes)
    return reduce((relu(margin - own + scores) * others).sum(axis=-1) / scores.shape[-1], reduction)


def _expected(shares: Array, values: Array) -> Array:
    """sum_k shares_k values_k of each row; where a share is 0 its value may be infinite."""
    return (shares * np.where(np.equal(shares, 0), 0, values)).sum(axis=-1)


def _mean(losses: Any, logits: Array, shares: Array, reduction: str, total: float) -> Array:
    """The losses reduced, where the mean divides by the total weight of the targets."""
    if reduction != "mean":
        return losses(logits, shares, reduction=reduction)
    if total == 0:
        raise ValueError(
            "loss: expected at least one target that counts, got an empty batch or only ignored "
            "targets and weights of 0."
        )
    return losses(logits, shares, reduction="sum") / total


def _shares(
    name: str, logits: Array, target: Array, class_weight: Any, smoothing: float, ignored: Any
) -> tuple[np.ndarray, float]:
    """How much of each row's target each class is, times its weight, (..., c); and the weights'
    sum over the rows."""
    classes = np.asarray(arrays_of(target))
    kept = np.ones(classes.shape, bool)
    if ignored is not None:
        if not isinstance(ignored, (int, np.integer)) or isinstance(ignored, bool):
            raise ValueError(f"{name}: ignore_index must be an integer, got {ignored!r}.")
        kept = classes != ignored
    _check_classes(name, classes[kept], logits.shape)
    classes = np.where(kept, classes, 0)
    shares = _one_hot_like(logits, classes)
    if smoothing:
        shares = shares * (1 - smoothing) + smoothing / shares.shape[-1]
    counts = kept.astype(shares.dtype)
    if class_weight is not None:
        weight = _class_weight(name, class_weight, logits)
        shares, counts = shares * weight, counts * weight[classes]
    return shares * kept[..., None], float(counts.sum())


def _class_weight(name: str, value: Any, logits: Array) -> np.ndarray:
    shape = np.shape(value) if isinstance(value, (list, tuple)) else getattr(value, "shape", None)
    if shape != logits.shape[-1:]:
        raise ValueError(
            f"{name}: expected class_weight of shape {logits.shape[-1:]}, one number for each "
            f"class, got {value if shape is None else shape!r}."
        )
    return weights(name, "class_weight", value, logits)


def _check_rows(name: str, logits: Array, target: Array) -> None:
    if logits.ndim == 0 or target.shape != logits.shape[:-1]:
        raise ValueError(
            f"{name}: expected one class for each row, a target of shape {logits.shape[:-1]} for "
            f"predictions of shape {logits.shape}, got {target.shape}."
        )


def _check_classes(name: str, classes: np.ndarray, shape: tuple[int, ...]) -> None:
    if classes.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected integer classes, got {classes.dtype}. {NUMBERING}.")
    if classes.size and not 0 <= classes.min() <= classes.max() < shape[-1]:
        raise ValueError(
            f"{name}: expected classes from 0 to {shape[-1] - 1} for logits of shape "
            f"{shape}, got {classes.min()} to {classes.max()}. {NUMBERING}, from 0."
        )


@loss
def _cross_entropy_hard(z: Array, classes: Array) -> Array:
    """One loss per row, for integer targets."""
    classes = np.asarray(classes)
    _check_classes("cross_entropy", classes, z.shape)
    rows = z.reshape(-1, z.shape[-1])
    own = rows[np.arange(classes.size), classes.reshape(-1)].reshape(classes.shape)
    return logsumexp(z, axis=-1) - own


@loss
def _cross_entropy_soft(z: Array, t: Array) -> Array:
    """One loss per row, for probability targets (which need not sum to 1)."""
    logs = log_softmax(z, axis=-1)
    return -np.multiply(t, logs, where=t != 0, out=np.zeros_like(logs)).sum(axis=-1)


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
    return mean_weight(g, reduction, z.size // max(1, z.shape[-1]))


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
