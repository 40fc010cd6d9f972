"""A model at work: which features drift, and how accurate it has been."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import COLOURS, new_figure


def plot_monitor(monitor: Any, title: str = "The model at work", most: int = 15) -> Any:
    """Drift of the features, the largest first, and the accuracy over the labels as they came.

    `monitor`: a `monitoring.Monitor` with logged rows. `most`: how many features are drawn.
    """
    if not hasattr(monitor, "drift"):
        raise TypeError(f"plot_monitor: expected a Monitor, got {monitor!r:.80}. Pass it as it is.")
    drift = monitor.drift()
    shown = np.argsort(-drift.ks)[:most][::-1]
    figure = new_figure(10.5, 1.8 + 0.26 * max(len(shown), 8), title)
    left, right = figure.subplots(1, 2)
    colours = [COLOURS[1] if drifted else COLOURS[0] for drifted in drift.drifted[shown]]
    left.barh([drift.names[j] for j in shown], drift.ks[shown], color=colours)
    left.axvline(drift.ks_threshold, color="grey", linestyle="--", label="threshold")
    left.set_xlabel("Kolmogorov-Smirnov distance to the reference")
    left.set_title(f"{int(drift.drifted.sum())} of {len(drift.names)} features drifted", size=10)
    left.legend(loc="lower right")
    hits = np.array(monitor.right, dtype=float)
    if len(hits):
        width = max(1, len(hits) // 5)
        smooth = np.convolve(hits, np.ones(width) / width, mode="valid")
        labels = np.arange(width, len(hits) + 1)
        right.plot(labels, smooth, color=COLOURS[0], label=f"mean of {width} labels")
        right.axhline(monitor.accuracy, color=COLOURS[0], linestyle=":", label="mean of all")
        if monitor.promised is not None:
            right.axhline(monitor.promised, color="grey", linestyle="--", label="promised")
        right.set_ylim(smooth.min() - 0.1, 1.02)
        right.legend(loc="lower left")
    right.set_xlabel("labels, as they came")
    right.set_ylabel("accuracy")
    right.grid(alpha=0.3)
    return figure
