"""How good predictions are."""

from __future__ import annotations

from typing import Any

import numpy as np


def accuracy_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Share of the samples whose class was predicted."""
    return float(np.average(np.asarray(y_true) == np.asarray(y_pred), weights=sample_weight))


def r2_score(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """Coefficient of determination."""
    y_true, y_pred = np.asarray(y_true, float), np.asarray(y_pred, float)
    mean = np.average(y_true, weights=sample_weight, axis=0)
    rest = np.average((y_true - y_pred) ** 2, weights=sample_weight, axis=0)
    return float(
        np.mean(1 - rest / np.average((y_true - mean) ** 2, weights=sample_weight, axis=0))
    )
