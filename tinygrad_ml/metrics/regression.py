"""How near predicted numbers are to the true ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..validation import check_weights, column_scale, is_number
from .checks import check_same_length, undefined, value_array

__all__ = [
    "explained_variance_score",
    "max_error",
    "mean_absolute_error",
    "mean_pinball_loss",
    "mean_squared_error",
    "median_absolute_error",
    "r2_score",
    "root_mean_squared_error",
]

# All metrics take y_true and y_pred of shape (n,) or (n, outputs). `multioutput` says how the
# outputs become one number: "uniform_average" is their mean, an array has weights for them, and
# "raw_values" returns an array of one number for each.


def mean_squared_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """mean (y - y^)^2, in squared units of y; 0 is best.

    >>> mean_squared_error([3, -0.5, 2, 7], [2.5, 0.0, 2, 8])
    0.375
    """
    owner = "mean_squared_error"
    true, predicted, weights = _pair(y_true, y_pred, owner, sample_weight)
    with np.errstate(over="ignore"):  # a square beyond the largest number is inf
        return _combine(np.average((true - predicted) ** 2, 0, weights), multioutput, owner)


def root_mean_squared_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """sqrt(mean (y - y^)^2), in units of y; of several outputs each has its root."""
    owner = "root_mean_squared_error"
    true, predicted, weights = _pair(y_true, y_pred, owner, sample_weight)
    with np.errstate(over="ignore"):
        error = true - predicted
        scale = column_scale(error)
        mean = np.average((error / scale) ** 2, 0, weights)
        return _combine(np.sqrt(mean) * scale, multioutput, owner)


def mean_absolute_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """mean |y - y^|, in units of y.

    >>> mean_absolute_error([3, -0.5, 2, 7], [2.5, 0.0, 2, 8])
    0.5
    """
    owner = "mean_absolute_error"
    true, predicted, weights = _pair(y_true, y_pred, owner, sample_weight)
    with np.errstate(over="ignore"):
        return _combine(np.average(np.abs(true - predicted), 0, weights), multioutput, owner)


def median_absolute_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """median |y - y^|: half of the samples are nearer than this; outliers do not matter.

    With weights it is the middle of the weighted errors (the mean of two where the weights of the
    smaller errors are exactly one half).
    """
    owner = "median_absolute_error"
    true, predicted, weights = _pair(y_true, y_pred, owner, sample_weight)
    with np.errstate(over="ignore"):
        errors = np.abs(true - predicted)
        if weights is None:
            return _combine(np.median(errors, axis=0), multioutput, owner)
        medians = [_weighted_median(column, weights) for column in errors.T]
    return _combine(np.array(medians), multioutput, owner)


def max_error(y_true: Any, y_pred: Any) -> float:
    """max |y - y^|, the largest miss; for one output."""
    true, predicted, _ = _pair(y_true, y_pred, "max_error", None)
    if true.shape[1] > 1:
        raise ValueError(
            f"max_error: expected one output, got {true.shape[1]}. Measure column by column."
        )
    with np.errstate(over="ignore"):
        return float(np.max(np.abs(true - predicted)))


def mean_pinball_loss(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, alpha: float = 0.5,
    multioutput: Any = "uniform_average",
) -> Any:  # fmt: skip
    """mean max(alpha (y - y^), (alpha - 1) (y - y^)): least for the alpha quantile of y.

    Source: R. Koenker and G. Bassett, Regression quantiles, 1978.
    """
    owner = "mean_pinball_loss"
    if not is_number(alpha) or not 0 <= alpha <= 1:
        raise ValueError(f"{owner}: alpha must be a number from 0 to 1, got {alpha!r}.")
    true, predicted, weights = _pair(y_true, y_pred, owner, sample_weight)
    with np.errstate(over="ignore"):
        error = true - predicted
        losses = np.maximum(alpha * error, (alpha - 1) * error)
        return _combine(np.average(losses, 0, weights), multioutput, owner)


def r2_score(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """R^2 = 1 - sum (y - y^)^2 / sum (y - mean y)^2: 1 is perfect, 0 is as good as the mean.

    Where y is constant it is 1 if every prediction is exact and else 0. `multioutput` may also be
    "variance_weighted": outputs weighted by their variances. Fewer than two samples have no R^2:
    NaN, with an `UndefinedMetricWarning`.

    >>> r2_score([3, -0.5, 2, 7], [2.5, 0.0, 2, 8])
    0.949
    """
    owner = "r2_score"
    true, predicted, weights = _pair(y_true, y_pred, owner, sample_weight)
    if len(true) < 2:
        undefined(f"{owner}: R^2 is not defined for one sample. Give it two or more.")
        return float("nan")
    scale = np.maximum(
        column_scale(true), column_scale(predicted)
    )  # no square overflows or vanishes
    true, predicted = true / scale, predicted / scale
    rest = np.average((true - predicted) ** 2, 0, weights)
    return _explained(rest, _variance(true, weights), scale, multioutput, owner)


def explained_variance_score(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """1 - var(y - y^) / var(y): as R^2, but a constant shift of the predictions is forgiven."""
    owner = "explained_variance_score"
    true, predicted, weights = _pair(y_true, y_pred, owner, sample_weight)
    scale = np.maximum(column_scale(true), column_scale(predicted))
    true, predicted = true / scale, predicted / scale
    rest = _variance(true - predicted, weights)
    return _explained(rest, _variance(true, weights), scale, multioutput, owner)


# ------------------------------------------------------------------------------------ parts


def _pair(
    y_true: Any, y_pred: Any, owner: str, sample_weight: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Both as (n, outputs), and the weights."""
    true, predicted = value_array(y_true, owner, "y_true"), value_array(y_pred, owner, "y_pred")
    check_same_length(true, predicted, owner)
    true, predicted = true.reshape(len(true), -1), predicted.reshape(len(predicted), -1)
    if true.shape != predicted.shape:
        raise ValueError(
            f"{owner}: expected y_true and y_pred with as many outputs, got {true.shape[1]} and "
            f"{predicted.shape[1]}. Column k of both must belong to output k."
        )
    return true, predicted, check_weights(sample_weight, owner, len(true))


def _variance(values: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    mean = np.average(values, 0, weights)
    return np.average((values - mean) ** 2, 0, weights)


def _explained(
    rest: np.ndarray, variance: np.ndarray, scale: np.ndarray, multioutput: Any, owner: str
) -> Any:
    """1 - rest / variance; of an output without variance 1 if nothing rests and else 0."""
    varies = variance > 0
    scores = np.where(varies, 1 - rest / np.where(varies, variance, 1), rest == 0)
    if isinstance(multioutput, str) and multioutput == "variance_weighted":
        with np.errstate(over="ignore", under="ignore"):
            shares = variance * (scale / scale.max()) ** 2
        return float(np.average(scores, weights=shares) if shares.any() else np.mean(scores))
    return _combine(scores, multioutput, owner, ", 'variance_weighted'")


def _combine(scores: np.ndarray, multioutput: Any, owner: str, also: str = "") -> Any:
    """The scores of the outputs as `multioutput` asks for them."""
    if isinstance(multioutput, str) and multioutput == "raw_values":
        return scores
    if isinstance(multioutput, str) and multioutput == "uniform_average":
        return float(np.mean(scores))
    if isinstance(multioutput, str) or np.shape(multioutput) != scores.shape:
        raise ValueError(
            f"{owner}: multioutput must be 'uniform_average', 'raw_values'{also} or one weight for "
            f"each of the {len(scores)} outputs, got {multioutput!r:.80}."
        )
    return float(np.average(scores, weights=check_weights(multioutput, owner, len(scores))))


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    order = order[weights[order] > 0]
    total = np.cumsum(weights[order])
    place = int(np.searchsorted(total, total[-1] / 2))
    exact = total[place] == total[-1] / 2
    return float(np.mean(values[order[place : place + 1 + exact]]))
