"""The losses of gradient boosting: where to start, what to follow, what a leaf should say.

A loss looks at targets y (n,), raw predictions (n, n_columns) and weights (n,) or None.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_ml.functional import expit, log_sigmoid, log_softmax, softmax


def quantiles(
    values: np.ndarray, weights: np.ndarray | None, share: float, group: np.ndarray, n_groups: int
) -> np.ndarray:
    """The value (n_groups,) below which this share of each group's weight lies, by group.

    Where the share is reached exactly, the middle between that value and the next; so the median
    of two numbers is their mean. A group without values has 0.
    """
    order = np.lexsort((values, group))
    values, group = values[order], group[order]
    ends = np.arange(1.0, len(values) + 1) if weights is None else np.cumsum(weights[order])
    starts = np.searchsorted(group, np.arange(n_groups + 1))
    before = np.append(0.0, ends)[starts]
    total = np.diff(before)
    goal, slack = before[:-1] + share * total, 1e-9 * total
    filled = np.flatnonzero(np.diff(starts))
    first, last = starts[filled], starts[filled + 1] - 1
    low = np.searchsorted(ends, (goal - slack)[filled])
    high = np.searchsorted(ends, (goal + slack)[filled], "right")
    result = np.zeros(n_groups)
    result[filled] = values[np.clip(low, first, last)] / 2 + values[np.clip(high, first, last)] / 2
    return result


def _quantile(values: np.ndarray, weights: np.ndarray | None, share: float) -> float:
    return float(quantiles(values, weights, share, np.zeros(len(values), np.int64), 1)[0])


def _mean(values: np.ndarray, weights: np.ndarray | None) -> float:
    return float(np.average(values, weights=weights))


def _sums(values: np.ndarray, weights: np.ndarray | None, leaf: np.ndarray, n: int) -> np.ndarray:
    return np.bincount(leaf, values if weights is None else values * weights, n)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """above / below, 0 where there is (almost) nothing below."""
    return np.divide(above, below, out=np.zeros_like(above), where=np.abs(below) > 1e-150)


# ------------------------------------------------------------------------------------ numbers


class SquaredError:
    """(y - f)^2; a leaf takes the mean of what is left."""

    n_columns = 1
    power = 2  # of the targets' unit, that the loss is measured in

    def start(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        return np.array([_mean(y, weights)])

    def gradients(self, y: np.ndarray, raw: np.ndarray, weights: Any) -> np.ndarray:
        """What is left, (n, 1): half the derivative by f, its sign turned."""
        return y[:, None] - raw

    def leaf_values(self, left: np.ndarray, gradient: np.ndarray, weights: np.ndarray | None,
                    leaf: np.ndarray, n: int) -> np.ndarray:  # fmt: skip
        """The step (n,) of each of n leaves: its rows have `left` to go, and these gradients."""
        total = np.bincount(leaf, weights, n)
        return _ratio(_sums(gradient, weights, leaf, n), total.astype(np.float64))

    def mean(self, y: np.ndarray, raw: np.ndarray, weights: np.ndarray | None) -> float:
        """The mean loss."""
        return _mean((y - raw[:, 0]) ** 2, weights)


class Quantile(SquaredError):
    """share * (y - f) above, (1 - share) * (f - y) below; a leaf takes that quantile."""

    power = 1

    def __init__(self, share: float) -> None:
        self.share = share

    def start(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        return np.array([_quantile(y, weights, self.share)])

    def gradients(self, y: np.ndarray, raw: np.ndarray, weights: Any) -> np.ndarray:
        return np.where(y[:, None] > raw, self.share, self.share - 1)

    def leaf_values(self, left: np.ndarray, gradient: np.ndarray, weights: np.ndarray | None,
                    leaf: np.ndarray, n: int) -> np.ndarray:  # fmt: skip
        return quantiles(left, weights, self.share, leaf, n)

    def mean(self, y: np.ndarray, raw: np.ndarray, weights: np.ndarray | None) -> float:
        left = y - raw[:, 0]
        return _mean(np.maximum(self.share * left, (self.share - 1) * left), weights)


class AbsoluteError(Quantile):
    """|y - f|; a leaf takes the median of what is left."""

    def __init__(self) -> None:
        super().__init__(0.5)

    def gradients(self, y: np.ndarray, raw: np.ndarray, weights: Any) -> np.ndarray:
        return np.sign(y[:, None] - raw)

    def mean(self, y: np.ndarray, raw: np.ndarray, weights: np.ndarray | None) -> float:
        return 2 * super().mean(y, raw, weights)


class Huber(AbsoluteError):
    """Half the square up to delta, linear beyond; delta is a quantile of |y - f| (Huber, 1964)."""

    power = 2

    def __init__(self, share: float) -> None:
        super().__init__()
        self.beyond = share
        self.delta = 0.0

    def gradients(self, y: np.ndarray, raw: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        left = y[:, None] - raw
        self.delta = _quantile(np.abs(left[:, 0]), weights, self.beyond)
        return np.clip(left, -self.delta, self.delta)

    def leaf_values(self, left: np.ndarray, gradient: np.ndarray, weights: np.ndarray | None,
                    leaf: np.ndarray, n: int) -> np.ndarray:  # fmt: skip
        median = super().leaf_values(left, gradient, weights, leaf, n)
        further = np.clip(left - median[leaf], -self.delta, self.delta)
        total = np.bincount(leaf, weights, n).astype(np.float64)
        return median + _ratio(_sums(further, weights, leaf, n), total)

    def mean(self, y: np.ndarray, raw: np.ndarray, weights: np.ndarray | None) -> float:
        left = np.abs(y - raw[:, 0])
        near = np.minimum(left, self.delta)
        return _mean(near * (left - near / 2), weights)


# ------------------------------------------------------------------------------------ classes


class TwoClasses(SquaredError):
    """-log p of the true class, p = 1 / (1 + exp(-f)) for class 1; a leaf takes a Newton step.

    `mean` is the deviance, twice the mean loss.
    """

    def start(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        share = np.clip(_mean(y, weights), 1e-7, 1 - 1e-7)
        return np.array([np.log(share / (1 - share))])

    def gradients(self, y: np.ndarray, raw: np.ndarray, weights: Any) -> np.ndarray:
        return y[:, None] - expit(raw)

    def leaf_values(self, left: np.ndarray, gradient: np.ndarray, weights: np.ndarray | None,
                    leaf: np.ndarray, n: int) -> np.ndarray:  # fmt: skip
        size = np.abs(gradient)  # p, or 1 - p
        curvature = _sums(size * (1 - size), weights, leaf, n)
        return _ratio(_sums(gradient, weights, leaf, n), curvature)

    def mean(self, y: np.ndarray, raw: np.ndarray, weights: np.ndarray | None) -> float:
        return -2 * _mean(log_sigmoid(np.where(y == 1, raw[:, 0], -raw[:, 0])), weights)

    def probabilities(self, raw: np.ndarray) -> np.ndarray:
        """(n, 2) of both classes."""
        return expit(np.concatenate([-raw, raw], axis=1))

    def start_from(self, probabilities: np.ndarray) -> np.ndarray:
        """Raw predictions (n, 1) that give these probabilities (n, 2)."""
        p = np.clip(probabilities, 1e-7, 1 - 1e-7)
        return np.log(p[:, 1:] / p[:, :1])


class ManyClasses(TwoClasses):
    """-log p of the true class, p = softmax(f) over one column for each class; Newton steps."""

    def __init__(self, n_classes: int) -> None:
        self.n_columns = n_classes

    def start(self, y: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        counts = np.bincount(y, weights, self.n_columns)
        known = counts > 0
        logs = np.log(counts / counts.sum(), out=np.full(len(counts), -np.inf), where=known)
        logs[~known] = logs[known].min() - 2  # a class that only the validation part has
        return logs - logs.mean()

    def gradients(self, y: np.ndarray, raw: np.ndarray, weights: Any) -> np.ndarray:
        gradients = np.array(-softmax(raw, axis=1), order="F")  # a column for each tree
        gradients[np.arange(len(y)), y] += 1
        return gradients

    def leaf_values(self, left: np.ndarray, gradient: np.ndarray, weights: np.ndarray | None,
                    leaf: np.ndarray, n: int) -> np.ndarray:  # fmt: skip
        step = super().leaf_values(left, gradient, weights, leaf, n)
        return step * ((self.n_columns - 1) / self.n_columns)

    def mean(self, y: np.ndarray, raw: np.ndarray, weights: np.ndarray | None) -> float:
        return -_mean(log_softmax(raw, axis=1)[np.arange(len(y)), y], weights)

    def probabilities(self, raw: np.ndarray) -> np.ndarray:
        return softmax(raw, axis=1)

    def start_from(self, probabilities: np.ndarray) -> np.ndarray:
        logs = np.log(np.clip(probabilities, 1e-7, 1))
        return logs - logs.mean(axis=1, keepdims=True)
