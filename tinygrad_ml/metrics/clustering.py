"""How good groups are: beside known ones, or by the distances within and between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..functional import pairwise_distances
from ..generators import generator
from ..validation import check_samples, column_scale, is_integer
from .checks import check_same_length, label_vector, number_classes

__all__ = [
    "adjusted_rand_score",
    "completeness_score",
    "homogeneity_completeness_v_measure",
    "homogeneity_score",
    "mutual_info_score",
    "normalized_mutual_info_score",
    "rand_score",
    "silhouette_samples",
    "silhouette_score",
    "v_measure_score",
]

_BLOCK = 1 << 18  # distances at a time: 2 MB


def rand_score(labels_true: Any, labels_pred: Any) -> float:
    """Share of the pairs of samples that both groupings put together, or both apart.

    Source: W. M. Rand, Objective criteria for the evaluation of clustering methods, 1971.
    """
    together, first, second, pairs = _pairs(labels_true, labels_pred, "rand_score")
    return (pairs - first - second + 2 * together) / pairs if pairs else 1.0


def adjusted_rand_score(labels_true: Any, labels_pred: Any) -> float:
    """The Rand index less what chance gives, divided so that 1 is the best; about 0 is chance.

    Source: L. Hubert and P. Arabie, Comparing partitions, 1985.

    >>> adjusted_rand_score([0, 0, 1, 2], [0, 0, 1, 1])
    0.571
    """
    together, first, second, pairs = _pairs(labels_true, labels_pred, "adjusted_rand_score")
    if first == second == together:  # the same groups, among them all samples apart
        return 1.0
    # Whole numbers of any size: a Python fraction is rounded once.
    chance = first * second
    return (together * pairs - chance) / ((first + second) * pairs / 2 - chance)


def mutual_info_score(labels_true: Any, labels_pred: Any) -> float:
    """sum p(i, k) log(p(i, k) / (p(i) p(k))), in nats: what one grouping tells of the other."""
    return _information(labels_true, labels_pred, "mutual_info_score")[0]


def normalized_mutual_info_score(
    labels_true: Any, labels_pred: Any, *, average_method: str = "arithmetic"
) -> float:
    """Mutual information divided by a mean of the two entropies: 0 to 1.

    `average_method`: "arithmetic", "geometric", "min" or "max". Two groupings of one group each
    agree: 1.

    Source: A. Strehl and J. Ghosh, Cluster ensembles, 2002.

    >>> normalized_mutual_info_score([0, 0, 1, 1], ["b", "b", "a", "a"])
    1.0
    """
    owner = "normalized_mutual_info_score"
    means: dict[str, Callable[[float, float], float]] = {
        "arithmetic": lambda a, b: (a + b) / 2,
        "geometric": lambda a, b: np.sqrt(a * b),
        "min": min,
        "max": max,
    }
    if average_method not in means:
        raise ValueError(
            f"{owner}: average_method must be {' or '.join(map(repr, means))}, got "
            f"{average_method!r}."
        )
    shared, first, second = _information(labels_true, labels_pred, owner)
    if first == second == 0:
        return 1.0
    return float(shared / means[average_method](first, second)) if shared > 0 else 0.0


def homogeneity_completeness_v_measure(
    labels_true: Any, labels_pred: Any, *, beta: float = 1.0
) -> tuple[float, float, float]:
    """(homogeneity, completeness, V): groups of one class each; classes in one group each.

    homogeneity = I / H(classes), completeness = I / H(groups), V is their harmonic mean, in which
    completeness has the weight `beta`.

    Source: A. Rosenberg and J. Hirschberg, V-measure, 2007.
    """
    owner = "homogeneity_completeness_v_measure"
    shared, first, second = _information(labels_true, labels_pred, owner)
    homogeneity = shared / first if first else 1.0
    completeness = shared / second if second else 1.0
    below = beta * homogeneity + completeness
    measure = (1 + beta) * homogeneity * completeness / below if below > 0 else 0.0
    return float(homogeneity), float(completeness), float(measure)


def homogeneity_score(labels_true: Any, labels_pred: Any) -> float:
    """How far every group holds samples of one class only: 0 to 1."""
    return homogeneity_completeness_v_measure(labels_true, labels_pred)[0]


def completeness_score(labels_true: Any, labels_pred: Any) -> float:
    """How far all samples of a class are in one group: 0 to 1."""
    return homogeneity_completeness_v_measure(labels_true, labels_pred)[1]


def v_measure_score(labels_true: Any, labels_pred: Any, *, beta: float = 1.0) -> float:
    """Harmonic mean of homogeneity and completeness."""
    return homogeneity_completeness_v_measure(labels_true, labels_pred, beta=beta)[2]


def silhouette_samples(X: Any, labels: Any, *, metric: str = "euclidean") -> np.ndarray:
    """(b - a) / max(a, b) of every sample: -1 wrong group, 0 between two, 1 well inside.

    a is the mean distance to the others of its group, b the least mean distance to another group.
    A sample alone in its group has 0.

    Args:
        X: samples (n, d), or distances (n, n) for metric="precomputed".
        labels: the group of every sample (n,), at least two and less than n groups.
        metric: "euclidean", "sqeuclidean" or "precomputed".

    The distances are made in blocks: memory does not grow with n^2.

    Source: P. J. Rousseeuw, Silhouettes, 1987.

    >>> silhouette_samples([[0.0], [1.0], [8.0], [10.0]], [0, 0, 1, 1])
    array([0.889, 0.875 , 0.733, 0.789])
    """
    owner = "silhouette_samples"
    X, numbers, n_groups = _groups(X, labels, metric, owner)
    order = np.argsort(numbers, kind="stable")  # groups become runs of rows and columns
    numbers, sizes = numbers[order], np.bincount(numbers)
    starts = np.cumsum(sizes) - sizes
    points = X[np.ix_(order, order)] if metric == "precomputed" else _centred(X[order])
    squares = np.einsum("ij,ij->i", points, points)
    inside, outside = np.empty(len(X)), np.empty(len(X))
    rows = max(1, _BLOCK // len(X))
    for start in range(0, len(X), rows):
        here = slice(start, start + rows)
        block = points[here] if metric == "precomputed" else _distances(points, squares, here)
        if metric == "euclidean":
            np.sqrt(block, out=block)
        totals = np.add.reduceat(block, starts, axis=1, dtype=np.float64)
        own = (np.arange(len(totals)), numbers[here])
        inside[here] = totals[own] / np.maximum(sizes[numbers[here]] - 1, 1)
        means = totals / sizes
        means[own] = np.inf
        outside[here] = means.min(axis=1)
    larger = np.maximum(inside, outside)
    silhouettes = np.where(larger > 0, (outside - inside) / np.where(larger > 0, larger, 1), 0.0)
    silhouettes[sizes[numbers] == 1] = 0.0
    out = np.empty(len(X))
    out[order] = silhouettes
    return out


def silhouette_score(
    X: Any, labels: Any, *, metric: str = "euclidean", sample_size: int | None = None,
    random_state: Any = None,
) -> float:  # fmt: skip
    """The mean of `silhouette_samples`, of all samples or of `sample_size` drawn at random."""
    owner = "silhouette_score"
    if sample_size is not None:
        X, numbers, _ = _groups(X, labels, metric, owner)
        if not is_integer(sample_size) or not 2 <= sample_size <= len(X):
            raise ValueError(
                f"{owner}: sample_size must be an integer from 2 to {len(X)}, the number of "
                f"samples, or None, got {sample_size!r}."
            )
        rng = generator(random_state, owner, "random_state")
        drawn = rng.permutation(len(X))[:sample_size]
        X, labels = X[drawn], numbers[drawn]
        X = X[:, drawn] if metric == "precomputed" else X
    return float(np.mean(silhouette_samples(X, labels, metric=metric)))


# ------------------------------------------------------------------------------------ parts


def _cells(
    labels_true: Any, labels_pred: Any, owner: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sizes of the groups of both, and of every cell that is not empty: first, second, count."""
    names = ("labels_true", "labels_pred")
    first, second = (
        number_classes(owner, label_vector(each, owner, name))[1][0]
        for each, name in zip((labels_true, labels_pred), names)
    )
    check_same_length(first, second, owner, "labels_true and labels_pred")
    width = int(second.max()) + 1
    codes, counts = np.unique(first * width + second, return_counts=True)
    return np.bincount(first), np.bincount(second), codes // width, codes % width, counts


def _pairs(labels_true: Any, labels_pred: Any, owner: str) -> tuple[int, int, int, int]:
    """Numbers of pairs: together in both, in the first, in the second, and all; exact."""
    first, second, _, _, counts = _cells(labels_true, labels_pred, owner)

    def within(sizes: np.ndarray) -> int:
        return int(np.sum(sizes * (sizes - 1) // 2))

    n = int(first.sum())
    return within(counts), within(first), within(second), n * (n - 1) // 2


def _information(labels_true: Any, labels_pred: Any, owner: str) -> tuple[float, float, float]:
    """Mutual information and the two entropies, in nats."""
    sizes_first, sizes_second, first, second, counts = _cells(labels_true, labels_pred, owner)
    n = sizes_first.sum()
    entropies = [
        float(-np.sum(sizes / n * np.log(sizes / n))) if len(sizes) > 1 else 0.0
        for sizes in (sizes_first, sizes_second)
    ]
    if min(entropies) == 0:
        return 0.0, entropies[0], entropies[1]
    share = counts / n
    logarithm = np.log(share) - np.log(sizes_first[first] / n) - np.log(sizes_second[second] / n)
    shared = float(np.clip(share @ logarithm, 0, min(entropies)))
    return shared if shared > 1e-15 else 0.0, entropies[0], entropies[1]


def _groups(X: Any, labels: Any, metric: str, owner: str) -> tuple[np.ndarray, np.ndarray, int]:
    if metric not in ("euclidean", "sqeuclidean", "precomputed"):
        raise ValueError(
            f"{owner}: metric must be 'euclidean', 'sqeuclidean' or 'precomputed', got {metric!r}."
        )
    X = check_samples(X, owner)
    if metric == "precomputed" and (X.shape[0] != X.shape[1] or np.diagonal(X).any()):
        raise ValueError(
            f"{owner}: expected distances (n, n) with zeros on the diagonal for "
            f"metric='precomputed', got shape {X.shape}. Give the samples, or true distances."
        )
    labels = label_vector(labels, owner, "labels")
    check_same_length(X, labels, owner, "X and labels")
    classes, (numbers,) = number_classes(owner, labels)
    if not 2 <= len(classes) < len(X):
        raise ValueError(
            f"{owner}: expected from 2 to {len(X) - 1} groups of {len(X)} samples, got "
            f"{len(classes)}. Valid groups have neighbours both inside and outside."
        )
    return X, numbers, len(classes)


def _centred(X: np.ndarray) -> np.ndarray:
    """X about its middle, in a unit in which squares neither overflow nor vanish."""
    points = X / column_scale(X.reshape(-1, 1).astype(np.float64))
    return points - points.mean(axis=0)


def _distances(points: np.ndarray, squares: np.ndarray, here: slice) -> np.ndarray:
    """Squared distances of some points to all: |x|^2 + |y|^2 - 2 x y, a matrix product.

    Where few digits are left of that sum, the difference itself is squared.
    """
    block = points[here] @ points.T
    block *= -2
    block += squares
    block += squares[here, None]
    near = block < 1e-6 * (squares[here, None] + squares.max())
    if np.count_nonzero(near) > block.size // 20:
        return pairwise_distances(points[here], points, "sqeuclidean")
    rows, columns = np.nonzero(near)
    difference = points[here][rows] - points[columns]
    block[rows, columns] = np.einsum("ij,ij->i", difference, difference)
    return block
