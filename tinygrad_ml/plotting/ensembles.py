"""How forests and boosting do as they grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .base import COLOURS, MARKERS, new_figure


def plot_forest(
    sizes: Sequence[int], curves: Mapping[str, Any], importances: Any,
    feature_names: Sequence[str] | None = None, title: str = "Random forest", most: int = 12,
) -> Any:  # fmt: skip
    """Errors by number of trees, and the shares of the most important features.

    curves: label -> errors (len(sizes), runs) of several seeds, of which mean and range are drawn.
    importances: (d,), of which the `most` largest are shown.
    """
    figure = new_figure(9.6, 3.8, title)
    axes = figure.add_subplot(1, 2, 1)
    for (label, errors), colour, marker in zip(curves.items(), COLOURS, MARKERS):
        errors = np.reshape(np.asarray(errors, float), (len(sizes), -1))
        axes.plot(
            sizes, errors.mean(axis=1), color=colour, marker=marker, markersize=4, label=label
        )
        axes.fill_between(sizes, errors.min(axis=1), errors.max(axis=1), color=colour, alpha=0.15)
    axes.set_xlabel("trees")
    axes.set_ylabel("share of wrong predictions")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(title="mean and range of the runs" if errors.shape[1] > 1 else None)
    importances = np.asarray(importances, float)
    shown = np.argsort(-importances, kind="stable")[:most][::-1]
    names = [f"feature {f}" if feature_names is None else str(feature_names[f]) for f in shown]
    axes = figure.add_subplot(1, 2, 2)
    axes.barh(names, importances[shown], color=COLOURS[0])
    axes.set_xlabel("share of what the splits gain")
    axes.grid(alpha=0.3, axis="x")
    return figure


def plot_boosting(
    curves: Mapping[str, Any], stop: int | None = None, measure: str = "loss",
    title: str = "Gradient boosting",
) -> Any:  # fmt: skip
    """The loss after each stage on several sets of rows, and where early stopping ended.

    curves: label -> losses (n_stages,).
    """
    figure = new_figure(6.4, 4.0, title)
    axes = figure.add_subplot()
    for (label, losses), colour in zip(curves.items(), COLOURS):
        axes.plot(np.arange(1, len(losses) + 1), losses, color=colour, label=label)
    if stop is not None:
        axes.axvline(stop, color="grey", linestyle="--", label=f"early stopping: {stop} stages")
    axes.set_xlabel("stages")
    axes.set_ylabel(measure)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
