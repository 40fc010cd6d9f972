"""How much each of many named features says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .base import COLOURS, new_figure


def plot_weights(
    names: Sequence[Any],
    weights: Any,
    most: int = 15,
    label: str = "weight",
    title: str = "Weights",
) -> Any:
    """The features with the largest weights above 0, and with the least below 0, as bars.

    `names`, `weights` (features,): coefficients, log-odds of words, importances. At most `most`
    bars on each side; the largest weight is on top.
    """
    weights = np.asarray(weights, float)
    if weights.ndim != 1 or weights.size == 0 or len(names) != len(weights):
        raise ValueError(
            f"plot_weights: expected one name per weight, got {len(names)} names for weights of "
            f"shape {weights.shape}. Choose one class: weights[0]."
        )
    if not np.isfinite(weights).all():
        raise ValueError("plot_weights: expected finite weights, got NaN or inf. Leave those out.")
    order = np.argsort(weights, kind="stable")
    ends = np.concatenate([order[:most][weights[order[:most]] < 0],
                           order[-most:][weights[order[-most:]] >= 0]])  # fmt: skip
    figure = new_figure(6.4, 1.2 + 0.22 * max(len(ends), 4), title)
    axes = figure.add_subplot()
    colours = [COLOURS[0] if weights[i] < 0 else COLOURS[1] for i in ends]
    axes.barh(range(len(ends)), weights[ends], color=colours)
    axes.set_yticks(range(len(ends)), [str(names[i]) for i in ends])
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel(label)
    axes.margins(y=0.01)
    return figure
