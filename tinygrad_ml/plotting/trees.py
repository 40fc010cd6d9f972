"""A decision tree as a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .base import COLOURS, new_figure


def plot_tree(
    decision_tree: Any,
    max_depth: int | None = None,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[Any] | None = None,
    title: str = "",
) -> Any:
    """The questions and answers of a fitted tree, down to `max_depth`; the left branch means yes.

    A box tells the question, the number of training samples, and the class with the largest share,
    or the mean target. Colour: the class, the paler the less sure; or the target, from low to high.
    Readable down to a depth of 4 or so.
    """
    decision_tree._check_fitted()
    tree = decision_tree.tree_
    if feature_names is None:
        feature_names = getattr(decision_tree, "feature_names_in_", None)
    if feature_names is None:
        feature_names = [f"feature {f}" for f in range(tree.n_features)]
    if len(feature_names) != tree.n_features:
        raise ValueError(
            f"plot_tree: expected {tree.n_features} feature names, got {len(feature_names)}. "
            "Give one for each column of X."
        )
    classes = getattr(decision_tree, "classes_", None) if class_names is None else class_names
    places = _places(tree, max_depth)
    width = max(x for x, _ in places.values()) + 1
    depth = max(y for _, y in places.values()) + 1
    figure = new_figure(max(4.0, 1.75 * width), max(2.0, 1.25 * depth), title)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(depth - 0.5, -0.5)
    values = tree.value
    for node, (x, y) in places.items():
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        for child, answer in ((left, "yes"), (right, "no")):
            if child in places:
                below = places[child]
                axes.plot([x, below[0]], [y, below[1]], color="0.6", linewidth=1.2, zorder=1)
                middle = (x + below[0]) / 2, (y + below[1]) / 2
                axes.text(*middle, answer, ha="center", va="center", fontsize=7, color="0.35",
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8})  # fmt: skip
        text = [f"{tree.n_node_samples[node]} samples", _answer(values[node], classes)]
        if left >= 0:
            name = feature_names[tree.feature[node]]
            text.insert(0, f"{name}\n≤ {tree.threshold[node]:.4g}")
        box = {"boxstyle": "round", "edgecolor": "0.4", "facecolor": _colour(values, node),
               "linestyle": "--" if left >= 0 and left not in places else "-"}  # fmt: skip
        axes.text(x, y, "\n".join(text), ha="center", va="center", fontsize=8, bbox=box, zorder=2)
    return figure


def _places(tree: Any, max_depth: int | None) -> dict[int, tuple[float, int]]:
    """(across, down) of every node that is drawn: leaves side by side, parents in their middle."""
    places: dict[int, tuple[float, int]] = {}
    depths, across = tree.depths, 0
    for node in range(tree.node_count):
        deep = max_depth is not None and depths[node] >= max_depth
        if (tree.feature[node] < 0 or deep) and (max_depth is None or depths[node] <= max_depth):
            places[node] = (float(across), int(depths[node]))
            across += 1
    for node in reversed(range(tree.node_count)):
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        if node not in places and left in places:
            places[node] = ((places[left][0] + places[right][0]) / 2, int(depths[node]))
    return places


def _answer(value: Any, classes: Any) -> str:
    if classes is None:
        return f"{value:.4g}"
    best = int(np.argmax(value))
    return f"{classes[best]} {100 * value[best]:.0f} %"


def _colour(values: np.ndarray, node: int) -> Any:
    from matplotlib.colors import to_rgb

    if values.ndim == 1:
        low, high = values.min(), values.max()
        colour = COLOURS[1]
        strength = (values[node] - low) / (high - low) if high > low else 0.0
    else:
        best, chance = int(np.argmax(values[node])), 1 / values.shape[1]
        colour = COLOURS[best % len(COLOURS)]
        strength = (values[node, best] - chance) / (1 - chance) if chance < 1 else 1.0
    strength *= 0.55  # the text stays readable
    return tuple(1 - strength * (1 - part) for part in to_rgb(colour))
