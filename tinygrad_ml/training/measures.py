"""Metrics: functions of (prediction array, target array) that return one number per batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

Metric = Callable[[np.ndarray, np.ndarray], float]


def accuracy(prediction: np.ndarray, target: np.ndarray) -> float:
    """The share of rows whose largest score stands at the target's class.

    Shapes: prediction (n, ..., c), scores or probabilities with c > 1; target (n, ...), integers
    0..c-1. A row is a position of all axes but the last, as for `cross_entropy`.

    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    prediction, target = np.asarray(prediction), np.asarray(target)
    shape = prediction.shape
    fits = prediction.ndim >= 2 and shape[-1] > 1 and target.shape == shape[:-1]
    if not fits or target.dtype.kind not in "iu":
        raise ValueError(
            f"accuracy: expected scores of shape (n, ..., c) with c > 1 and integer targets of "
            f"shape (n, ...), got {shape} and {target.shape} {target.dtype}. For other shapes "
            "pass a function: metrics={'accuracy': lambda p, t: np.mean((p > 0.5) == t)}."
        )
    return float(np.mean(prediction.argmax(axis=-1) == target))


KNOWN: dict[str, Metric] = {"accuracy": accuracy}
RESERVED = ("epoch", "loss", "learning_rate", "seconds")


def find_metrics(metrics: Mapping[str, Metric] | Iterable[str] | None) -> dict[str, Metric]:
    """A dict name -> function, from such a dict or from a list of known names."""
    if metrics is None:
        return {}
    if isinstance(metrics, Mapping):
        found = dict(metrics)
    elif isinstance(metrics, str) or not isinstance(metrics, Iterable):
        raise TypeError(
            f"metrics: expected a list of names or a dict, got {metrics!r}. "
            "Write metrics=['accuracy'] or metrics={'name': function}."
        )
    else:
        found = {name: _known(name) for name in metrics}
    for name, function in found.items():
        if not isinstance(name, str) or name in RESERVED or name.startswith("validation_"):
            raise ValueError(
                f"metrics: expected a name of its own, got {name!r}; {', '.join(RESERVED)} and "
                "validation_... are recorded anyway. Choose another name."
            )
        if not callable(function):
            raise TypeError(f"metrics: expected a function for {name!r}, got {function!r}.")
    return found


def _known(name: Any) -> Metric:
    if name not in KNOWN:
        raise ValueError(
            f"metrics: expected one of {', '.join(KNOWN)}, got {name!r}. "
            "For your own write metrics={'name': function of (prediction, target)}."
        )
    return KNOWN[name]
