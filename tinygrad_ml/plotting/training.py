"""How a training went: losses, metrics and learning rates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .base import COLOURS, new_figure

_NOT_DRAWN = ("epoch", "learning_rate", "seconds")


def plot_history(history: Any, title: str = "Training") -> Any:
    """Loss and metrics by epoch: one panel per quantity, training and validation together.

    `history`: what `Trainer.fit` returned. A quantity that stays positive and falls or grows by
    more than a factor of 20 gets a logarithmic axis. Events are dotted lines.
    """
    if len(history) == 0:
        raise ValueError("plot_history: expected at least one recorded epoch, got none. Call fit.")
    names = [name for name in history if name not in _NOT_DRAWN]
    panels = list(dict.fromkeys(name.removeprefix("validation_") for name in names))
    figure = new_figure(5.2 * len(panels), 3.8, title)
    epochs = history["epoch"]
    for i, panel in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), i + 1)
        drawn = []
        for label, colour in (("training", COLOURS[0]), ("validation", COLOURS[1])):
            name = panel if label == "training" else f"validation_{panel}"
            if name in history:
                drawn += history[name]
                marker = "o" if len(epochs) == 1 else None
                axes.plot(epochs, history[name], color=colour, label=label, marker=marker)
        for k, event in enumerate(history.events):
            once = "event" if k == 0 else None  # one entry in the legend for all of them
            axes.axvline(event["epoch"], color="grey", linestyle=":", label=once)
        finite = [value for value in drawn if math.isfinite(value)]
        if finite and min(finite) > 0 and max(finite) > 20 * min(finite):
            axes.set_yscale("log")
        axes.set_xlabel("epoch")
        axes.set_ylabel(f"{panel} (mean of an epoch)")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def plot_learning_rates(found: Any, title: str = "Learning rates") -> Any:
    """The loss of every step by its learning rate, smoothed, and the rate that was suggested.

    `found`: what `training.learning_rate_finder` returned.
    """
    if not hasattr(found, "smoothed"):
        raise TypeError(
            f"plot_learning_rates: expected what learning_rate_finder returned, got {found!r:.80}. "
            "Pass its result as it is."
        )
    figure = new_figure(5.8, 3.8, title)
    axes = figure.add_subplot()
    axes.plot(found.rates, found.losses, color=COLOURS[0], alpha=0.35, label="loss of a batch")
    axes.plot(found.rates, found.smoothed, color=COLOURS[0], label="smoothed")
    if found.suggestion is not None:
        label = f"suggestion: {found.suggestion:.2g}"
        axes.axvline(found.suggestion, color=COLOURS[1], linestyle="--", label=label)
    start, lowest = float(found.smoothed[0]), float(np.min(found.losses))
    room = max(start - lowest, 0.1 * abs(start), 1e-12)
    axes.set_ylim(lowest - 0.1 * room, max(start, float(found.losses[0])) + 0.6 * room)
    axes.set_xscale("log")
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss before the step")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
