"""What a classifier answers, and how often it is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..metrics import auc, confusion_matrix, roc_curve
from .base import COLOURS, MARKERS, diverging, new_figure


def plot_decision_regions(
    predict: Callable[[np.ndarray], Any],
    X: Any,
    y: Any,
    feature_names: Sequence[str] = ("x1", "x2"),
    title: str = "Decision regions",
) -> Any:
    """What a classifier answers at every point of the plane, and the samples on top.

    `predict`: function of points (m, 2) that returns classes (m,), drawn as areas, or, as numbers
    with a fraction, probabilities of the second class (m,), drawn as shades with the line at 0.5.
    `X` (n, 2), `y` (n,) classes of any dtype.
    """
    X, y = np.asarray(X, float), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != 2 or y.shape != X.shape[:1]:
        raise ValueError(
            f"plot_decision_regions: expected X of shape (n, 2) and y of shape (n,), got {X.shape} "
            f"and {y.shape}. Choose two columns of X."
        )
    classes = np.unique(y)
    margin = 0.25 * np.maximum(np.ptp(X, axis=0), 1e-9)
    horizontal, vertical = np.linspace(X.min(axis=0) - margin, X.max(axis=0) + margin, 200).T
    grid = np.stack(np.meshgrid(horizontal, vertical), axis=-1)
    answer = np.asarray(predict(grid.reshape(-1, 2)))
    if answer.shape != (grid.size // 2,):
        raise ValueError(
            f"plot_decision_regions: expected predict to return shape ({grid.size // 2},) for as "
            f"many points, got {answer.shape}."
        )
    answer = answer.reshape(grid.shape[:2])
    figure = new_figure(6.0, 4.8, title)
    axes = figure.add_subplot()
    if answer.dtype.kind == "f" and not np.isin(answer, classes).all():
        shades = axes.pcolormesh(
            horizontal,
            vertical,
            answer,
            cmap=diverging(),
            vmin=0,
            vmax=1,
            shading="nearest",
            alpha=0.5,
        )
        axes.contour(horizontal, vertical, answer, levels=[0.5], colors="black", linewidths=1.2)
        figure.colorbar(shades, label=f"probability of class {classes[-1]}")
    else:
        numbers = np.searchsorted(classes, answer)
        levels = np.arange(len(classes) + 1) - 0.5
        colours = [COLOURS[i % len(COLOURS)] for i in range(len(classes))]
        axes.contourf(horizontal, vertical, numbers, levels=levels, colors=colours, alpha=0.35)
    for i, label in enumerate(classes):
        points = X[y == label]
        axes.scatter(
            points[:, 0], points[:, 1], s=70 if len(X) < 50 else 16, label=f"class {label}",
            color=COLOURS[i % len(COLOURS)], marker=MARKERS[i % len(MARKERS)],
            edgecolor="black", linewidth=0.8 if len(X) < 50 else 0.3,
        )  # fmt: skip
    axes.set_xlim(horizontal[0], horizontal[-1])
    axes.set_ylim(vertical[0], vertical[-1])
    axes.set_xlabel(feature_names[0])
    axes.set_ylabel(feature_names[1])
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=min(len(classes), 5))
    return figure


def plot_confusion(
    y_true: Any, y_predicted: Any, class_names: Sequence[Any] | None = None, title: str = ""
) -> Any:
    """How many samples of each true class (row) were given each class (column).

    `y_true`, `y_predicted` (n,), classes of any dtype. The shade is the share of the row, so that
    rare classes are seen as well; empty cells are left blank.
    """
    y_true, y_predicted = np.asarray(y_true), np.asarray(y_predicted)
    if y_true.ndim != 1 or y_true.shape != y_predicted.shape or y_true.size == 0:
        raise ValueError(
            f"plot_confusion: expected two vectors of classes of one length, got shapes "
            f"{y_true.shape} and {y_predicted.shape}."
        )
    classes = np.unique(np.concatenate([y_true, y_predicted]))
    names = classes if class_names is None else class_names
    if len(names) != len(classes):
        raise ValueError(f"plot_confusion: expected {len(classes)} class names, got {len(names)}.")
    counts = confusion_matrix(y_true, y_predicted)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.2 + 0.42 * len(classes)
    right = np.trace(counts)
    figure = new_figure(side + 0.8, side, title or f"{right} of {len(y_true)} samples right")
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for i, k in np.argwhere(counts):
        colour = "white" if shares[i, k] > 0.5 else "black"
        axes.text(k, i, str(counts[i, k]), ha="center", va="center", color=colour, fontsize=9)
    axes.set_xticks(range(len(classes)), names)
    axes.set_yticks(range(len(classes)), names)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    figure.colorbar(image, label="share of the true class", shrink=0.8)
    return figure


def plot_roc(y_true: Any, scores: Any, pos_label: Any = None, title: str = "ROC curves") -> Any:
    """The share of positives found beside the share of negatives mistaken, for every threshold.

    `y_true` (n,), labels of two classes, or of more with `pos_label`, the positive one. `scores`:
    an array (n,), larger for the positive class, or a dict name -> array to compare several. The
    area under a curve stands beside its name; the diagonal is chance.
    """
    named = scores if isinstance(scores, dict) else {"scores": scores}
    if not named:
        raise ValueError("plot_roc: expected at least one array of scores, got none.")
    curves = {name: roc_curve(y_true, each, pos_label=pos_label) for name, each in named.items()}
    figure = new_figure(5.0, 5.0, title)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", linewidth=1, label="chance")
    for i, (name, (wrong, right, _)) in enumerate(curves.items()):
        axes.plot(
            wrong, right, color=COLOURS[i % len(COLOURS)], linewidth=1.8,
            label=f"{name} (area {auc(wrong, right):.3f})",
        )  # fmt: skip
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_aspect("equal")
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("true positive rate")
    axes.legend(loc="lower right")
    return figure
