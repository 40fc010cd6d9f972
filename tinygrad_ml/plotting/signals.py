"""Sounds and other sampled signals, as they are and as codes reproduce them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .base import COLOURS, new_figure


def plot_signals(
    original: Any, versions: Mapping[str, Any], rate: float = 1.0, title: str = "Signals"
) -> Any:
    """The original (n,) in the first row, below it each version over the original, and its error.

    `versions`: name -> decoded signal (n,). `rate` is the number of samples a second.
    """
    original = np.asarray(original)
    seconds = np.arange(len(original)) / rate
    figure = new_figure(8.0, 1.5 * (len(versions) + 1) + 0.5, title)
    rows = {"original": original, **versions}
    for i, (name, signal) in enumerate(rows.items()):
        if np.shape(signal) != original.shape or original.ndim != 1:
            raise ValueError(
                f"plot_signals: expected {name!r} of the original's shape (n,), got "
                f"{np.shape(signal)} for {original.shape}."
            )
        axes = figure.add_subplot(len(rows), 1, i + 1)
        if i:
            axes.plot(seconds, np.asarray(signal) - original, color=COLOURS[1], linewidth=0.8,
                      label="error")  # fmt: skip
        axes.plot(seconds, signal, color=COLOURS[0], linewidth=0.9, label=name)
        axes.set_ylim(1.15 * original.min() - 1e-12, 1.15 * original.max() + 1e-12)
        axes.legend(loc="upper right", fontsize=8)
        axes.tick_params(labelbottom=i == len(rows) - 1)
    axes.set_xlabel("seconds" if rate != 1.0 else "sample")
    return figure
