"""Curves to choose by: error against a parameter, and score against the number of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import COLOURS, new_figure


def plot_validation_curve(
    curve: Any,
    title: str = "Choosing a parameter",
    *,
    simplest: str = "first",
    reciprocal: bool = False,
    log: bool = False,
) -> Any:
    """Training and cross-validation error (1 - score) against the parameter's values.

    The best value and the one-standard-error choice are marked. For scores that are losses with a
    minus sign (`neg_...`) the error is the loss.

    `curve`: what `validation_curve` returned. `simplest`: at which end of the values the simplest
    models are. `reciprocal` adds a panel against 1/value: for neighbours that is complexity, from
    smooth to wiggly. `log`: a logarithmic axis of values.
    """
    if not hasattr(curve, "one_standard_error_index"):
        raise TypeError(
            f"plot_validation_curve: expected what validation_curve returned, got {curve!r:.80}. "
            "Pass its result as it is."
        )
    values = np.asarray(curve.param_range)
    named = values.ndim != 1 or values.dtype.kind not in "fiu"
    if named:
        values = np.arange(len(curve.param_range))
    if (reciprocal or log) and (named or values.min() <= 0):
        raise ValueError(
            "plot_validation_curve: expected positive numbers for reciprocal or log, got "
            f"{curve.param_range!r:.80}. Leave both out."
        )
    figure = new_figure(9.6 if reciprocal else 5.8, 4.0, title)
    losses = bool(np.nanmax(curve.test_scores) <= 0)
    train, test = (-scores.mean(axis=1) if losses else 1 - scores.mean(axis=1) for scores in curve)
    errors = curve.standard_errors
    best, simple = curve.best_index, curve.one_standard_error_index(simplest)
    for panel in range(1 + reciprocal):
        axes = figure.add_subplot(1, 1 + reciprocal, panel + 1)
        x = 1 / values if panel else values
        axes.plot(x, train, color=COLOURS[0], label="training rows")
        axes.plot(x, test, color=COLOURS[1], label="cross-validation")
        order = np.argsort(x)
        low, high = (test - errors)[order], (test + errors)[order]
        axes.fill_between(x[order], low, high, color=COLOURS[1], alpha=0.2, label="± 1 std. error")
        shown = (_shown(curve.param_range[best]), _shown(curve.param_range[simple]))
        axes.plot(x[best], test[best], "o", color=COLOURS[2], label=f"best: {shown[0]}")
        axes.plot(
            x[simple], test[simple], "s", color=COLOURS[3], fillstyle="none", markersize=9,
            label=f"one standard error: {shown[1]}",
        )  # fmt: skip
        axes.axhline(test[best] + errors[best], color="grey", linestyle=":")
        axes.set_xlabel(f"1 / {curve.param_name}" if panel else curve.param_name)
        axes.set_ylabel("error" if losses else "error (1 - score)")
        if log or panel:
            axes.set_xscale("log")
        if (
            curve.param_range is not values
            and np.asarray(curve.param_range).dtype.kind not in "fiu"
        ):
            axes.set_xticks(values, [str(each) for each in curve.param_range])
        axes.grid(alpha=0.3)
        if panel == 0:
            axes.legend()
    return figure


def plot_learning_curve(curve: Any, title: str = "Learning curve") -> Any:
    """Training and test score, mean and standard deviation over the folds, against training rows.

    `curve`: what `learning_curve` returned.
    """
    if not hasattr(curve, "train_sizes"):
        raise TypeError(
            f"plot_learning_curve: expected what learning_curve returned, got {curve!r:.80}. "
            "Pass its result as it is."
        )
    figure = new_figure(5.8, 4.0, title)
    axes = figure.add_subplot()
    for scores, label, colour in (
        (curve.train_scores, "training rows", COLOURS[0]),
        (curve.test_scores, "test rows", COLOURS[1]),
    ):
        mean, spread = scores.mean(axis=1), scores.std(axis=1)
        axes.plot(curve.train_sizes, mean, color=colour, marker="o", label=label)
        axes.fill_between(curve.train_sizes, mean - spread, mean + spread, color=colour, alpha=0.2)
    axes.set_xlabel("training rows")
    axes.set_ylabel("score (mean ± standard deviation of the folds)")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)
