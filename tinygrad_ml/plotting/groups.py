"""Groups of samples: how many there are, and where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .base import COLOURS, new_figure


def plot_cluster_numbers(
    n_clusters: Sequence[int],
    inertias: Sequence[float],
    silhouettes: Sequence[float] | None = None,
    title: str = "How many clusters",
) -> Any:
    """Inertia, and beside it the mean silhouette, against the number of clusters.

    The inertia always falls; where its curve bends (the elbow), more clusters help little. The
    silhouette is largest where clusters are compact and apart.
    """
    curves = {"inertia": inertias}
    if silhouettes is not None:
        curves["mean silhouette"] = silhouettes
    for name, values in curves.items():
        if len(values) != len(n_clusters) or not len(values):
            raise ValueError(
                f"plot_cluster_numbers: expected one {name} per number of clusters, got "
                f"{len(values)} for {len(n_clusters)}."
            )
    figure = new_figure(4.2 * len(curves), 3.4, title)
    for i, (name, values) in enumerate(curves.items()):
        axes = figure.add_subplot(1, len(curves), i + 1)
        axes.plot(n_clusters, values, "o-", color=COLOURS[i])
        if name != "inertia":
            axes.axvline(n_clusters[int(np.argmax(values))], color="0.6", linestyle=":")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel("clusters")
        axes.set_ylabel(name)
        axes.grid(alpha=0.3)
    return figure


def plot_map(
    Z: Any, labels: Any, names: Sequence[str] = ("1", "2"), title: str = "Map of the samples"
) -> Any:
    """Samples as points in two coordinates, coloured by label, each label written at its median.

    `Z` (n, 2) or wider (the first two columns count), `labels` (n,), `names` of the two axes.
    """
    Z, labels = np.asarray(Z), np.asarray(labels)
    if Z.ndim != 2 or Z.shape[1] < 2 or labels.shape != (len(Z),) or not len(Z):
        raise ValueError(
            "plot_map: expected coordinates (n, 2) and one label per row, got shapes "
            f"{Z.shape} and {labels.shape}. PCA(2).fit_transform(X) gives such coordinates."
        )
    from matplotlib import colormaps

    figure = new_figure(6.4, 5.4, title)
    axes = figure.add_subplot()
    groups = np.unique(labels)
    for i, group in enumerate(groups):
        here = Z[labels == group]
        colour = colormaps["tab10" if len(groups) <= 10 else "hsv"](
            i if len(groups) <= 10 else i / len(groups)
        )
        axes.scatter(here[:, 0], here[:, 1], s=9, color=colour, alpha=0.55, linewidths=0)
        x, y = np.median(here[:, :2], axis=0)
        axes.text(
            x, y, str(group), ha="center", va="center", weight="bold",
            bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": colour},
        )  # fmt: skip
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1])
    axes.set_aspect("equal", adjustable="datalim")
    return figure
