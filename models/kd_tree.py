"""The k-d tree: neighbours without looking at every sample (J. L. Bentley, 1975)."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_ml import kernels
from tinygrad_ml.kernels.kd_tree import within
from tinygrad_ml.validation import (
    check_finite,
    check_parameters,
    check_samples,
    integer,
    is_integer,
)

from .measures import METRIC, POWER, balance, balanced_unit, check_distances, kind_of

OWNER = "KDTree"


class KDTree:
    """Samples sorted into a tree of boxes that is asked for the neighbours of points.

    The answers are those of brute force, ordered by (distance, index), ties and duplicates
    included: every box that may hold a neighbour is looked into. `approximate=True` looks only
    into the box that a point falls into; `recall` measures what that misses.

    Parameters
    ----------
    X : samples (n, d).
    leaf_size : the most samples in a box that is not divided further; at least 2 are taken.
    metric : "minkowski", "euclidean", "sqeuclidean", "manhattan", "chebyshev" or "hamming" (the
        number of features that differ).
    p : the power of "minkowski"; 1 is manhattan, 2 euclidean, inf chebyshev.

    >>> tree = KDTree([[0.0, 0.0], [3.0, 4.0], [1.0, 0.0]])
    >>> distances, indices = tree.query([[0.0, 0.0]], k=2)
    >>> distances, indices
    (array([[0., 1.]]), array([[0, 2]]))
    """

    def __init__(
        self, X: Any, leaf_size: int = 40, metric: str = "minkowski", p: float = 2.0
    ) -> None:
        self.leaf_size, self.metric, self.p = leaf_size, metric, p
        check_parameters(self, {"leaf_size": integer(), "metric": METRIC, "p": POWER})
        X = np.array(check_samples(X, OWNER), float, order="C")
        self.kind = kind_of(metric, p)
        self.n_samples, self.n_features = X.shape
        self.largest = float(np.abs(X).max())
        tree = kernels.build_tree(X, leaf_size=max(2, leaf_size))
        self.order, self.starts, self.ends, self.lower, self.upper = tree
        self.columns = np.ascontiguousarray(X[self.order].T)

    def __repr__(self) -> str:
        return f"KDTree({self.n_samples} samples, {self.n_features} features, {self.kind})"

    def query(
        self,
        X: Any,
        k: int = 1,
        return_distance: bool = True,
        approximate: bool = False,
        n_jobs: int | None = None,
    ) -> Any:
        """(distances, indices), both (m, k), of the k samples nearest to each of the points X.

        Without `return_distance` only the indices. Raises ValueError for k above the number of
        samples.
        """
        if not is_integer(k) or not 1 <= k <= self.n_samples:
            raise ValueError(
                f"{OWNER}: k must be an integer from 1 to the {self.n_samples} samples of the "
                f"tree, got {k!r}. Ask for fewer neighbours."
            )
        X, arrays, scale = self._balanced(X)
        distances, indices = kernels.query_tree(
            X, *arrays, k=int(k), metric=self.kind, p=float(self.p), approximate=bool(approximate),
            jobs=n_jobs,
        )  # fmt: skip
        distances = check_distances(distances, scale, self.kind, OWNER)
        return (distances, indices) if return_distance else indices

    def query_radius(self, X: Any, r: Any, return_distance: bool = False) -> Any:
        """For each point the samples at most r away: an object array of index arrays, nearest
        first.

        `r` is a number or one per point (m,). With `return_distance` (indices, distances).
        """
        X, arrays, scale = self._balanced(X)
        radii = np.asarray(r)
        if radii.dtype.kind not in "fiu" or radii.shape not in ((), X.shape[:1]):
            raise ValueError(
                f"{OWNER}: r must be a number or one for each of the {len(X)} points, got "
                f"{r!r:.80}. It has the unit of the features."
            )
        check_finite(radii, OWNER, "r")
        if radii.min() < 0:
            raise ValueError(
                f"{OWNER}: r must be from 0 on, got {radii.min()}. A radius is a distance."
            )
        with np.errstate(over="ignore"):
            radii = np.broadcast_to(radii * balanced_unit(scale, self.kind), len(X)).astype(float)
        i, indices, distances = within(X, *arrays, radii=radii, metric=self.kind, p=float(self.p))
        cuts = np.cumsum(np.bincount(i, minlength=len(X)))[:-1]
        found = _pieces(indices, cuts)
        if not return_distance:
            return found
        return found, _pieces(check_distances(distances, scale, self.kind, OWNER), cuts)

    def recall(self, X: Any, k: int = 1) -> float:
        """The share of the k nearest samples of the points X that `approximate=True` finds."""
        exact = self.query(X, k, return_distance=False)
        found = self.query(X, k, return_distance=False, approximate=True)
        return float(np.mean([np.isin(e, f).mean() for e, f in zip(exact, found)]))

    def _balanced(self, X: Any) -> Any:
        """Points, and the arrays of the tree, in a unit in which squares neither overflow nor
        vanish."""
        X = np.asarray(check_samples(X, OWNER), float)
        if X.shape[1] != self.n_features:
            raise ValueError(
                f"{OWNER}: X has {X.shape[1]} features, but the samples of the tree have "
                f"{self.n_features}. Give it the same columns."
            )
        scale = balance(max(self.largest, float(np.abs(X).max())), self.kind)
        columns, lower, upper = self.columns, self.lower, self.upper
        if scale != 1:
            X, columns, lower, upper = (each * scale for each in (X, columns, lower, upper))
        return X, (columns, self.order, self.starts, self.ends, lower, upper), scale


def _pieces(values: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """An object array of the pieces of `values` between the cuts."""
    pieces = np.empty(len(cuts) + 1, object)
    pieces[:] = np.split(values, cuts)
    return pieces
