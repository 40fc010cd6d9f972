"""Between two classes: the boundary, the margins beside it, and the points they rest on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .classes import plot_decision_regions


def plot_margins(
    decision: Callable[[np.ndarray], Any],
    X: Any,
    y: Any,
    support: Any = (),
    feature_names: Sequence[str] = ("x1", "x2"),
    title: str = "Margins",
) -> Any:
    """The regions of two classes, the line where the decision is 0, dashed ones at -1 and 1.

    `decision`: function of points (m, 2) that returns numbers (m,), positive for the second class,
    such as a machine's `decision_function`. `X` (n, 2), `y` (n,) two classes of any dtype.
    `support`: numbers of the samples that get a ring, a machine's `support_`.
    """
    X, y = np.asarray(X, float), np.asarray(y)
    classes = np.unique(y)
    if len(classes) != 2:
        raise ValueError(
            f"plot_margins: expected two classes in y, got {len(classes)}. Choose two of them, or "
            "use plot_decision_regions."
        )
    figure = plot_decision_regions(
        lambda points: classes[(np.asarray(decision(points)) > 0).astype(int)],
        X, y, feature_names, title,
    )  # fmt: skip
    axes = figure.axes[0]
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    horizontal, vertical = np.linspace(left, right, 200), np.linspace(bottom, top, 200)
    grid = np.stack(np.meshgrid(horizontal, vertical), axis=-1)
    values = np.asarray(decision(grid.reshape(-1, 2))).reshape(grid.shape[:2])
    for level, style in ((-1, "dashed"), (0, "solid"), (1, "dashed")):
        if values.min() < level < values.max():  # else there is no such line here
            axes.contour(
                horizontal, vertical, values, levels=[level], colors="black", linestyles=style,
                linewidths=1.2,
            )  # fmt: skip
    rings = X[np.asarray(support, int)]
    if len(rings):
        axes.scatter(
            rings[:, 0], rings[:, 1], s=150 if len(X) < 50 else 55, facecolors="none",
            edgecolors="black", linewidths=1.2 if len(X) < 50 else 0.7,
            label=f"{len(rings)} support vectors",
        )  # fmt: skip
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3)
    return figure
