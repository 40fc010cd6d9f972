"""What the algorithms with centres share: the nearest centre, first centres, and means."""

from __future__ import annotations

import functools
import math
import warnings
from typing import Any

import numpy as np

from tinygrad_ml import kernels
from tinygrad_ml.estimator import Clusterer, Estimator, Transformer
from tinygrad_ml.validation import check_outputs, check_samples, check_weights

_BLOCK = 512  # rows that are hashed at once
_LEAST, _MOST = 1e-140, 1e140  # sizes of numbers whose squares double precision can add up


class Samples:
    """Samples in the form in which their nearest centres are found, with their weights.

    Raises ValueError for numbers whose squares would overflow.
    """

    def __init__(
        self, X: np.ndarray, centres: np.ndarray | None, owner: str, weights: Any = None
    ) -> None:
        self.scale = unit_scale(owner, X, centres)
        self.X = X
        self.owner = owner
        self.weights = np.ones(len(X)) if weights is None else weights
        if self.weights.max() > _MOST:
            raise ValueError(
                f"{owner}: expected sample_weight of at most {_MOST:g}, got "
                f"{self.weights.max():g}. Only ratios of weights matter: use smaller ones."
            )
        self.shift = self.weights @ X / self.weights.sum()
        self.columns = kernels.columns_of(X, self.shift, self.scale)

    def nearest(self, centres: np.ndarray) -> np.ndarray:
        """The number of each sample's nearest centre, the first of equally near ones."""
        labels, measured = kernels.nearest_centres(
            self.columns, self.X, centres, shift=self.shift, scale=self.scale
        )
        if measured > len(labels) // 8 and self.columns.dtype == np.float32:
            # Single precision does not tell these centres apart: a far outlier, for example.
            self.columns = kernels.columns_of(self.X, self.shift, self.scale, np.float64)
        return labels

    def inertia(self, centres: np.ndarray, labels: np.ndarray) -> float:
        """sum w |x - its centre|^2"""
        with np.errstate(over="ignore"):
            total = float(self.weights @ kernels.squared_errors(self.X, centres, labels))
        if not math.isfinite(total):
            raise ValueError(
                f"{self.owner}: expected weights whose sum of weight times squared distance is a "
                f"double, got weights up to {self.weights.max():g}. Use smaller weights."
            )
        return total

    def mean_variance(self) -> float:
        """The mean over the features of their variances, in units of 1 / scale^2."""
        squares = sum(float(self.weights @ (column * column)) for column in self.columns)
        return squares / float(self.weights.sum()) / len(self.columns)

    def sums(self, labels: np.ndarray, k: int) -> np.ndarray:
        """The clusters' sums of w (x - shift) and, in the last column, of w: float64 (k, d + 1)."""
        return kernels.cluster_sums(self.X, self.weights, labels, shift=self.shift, n_clusters=k)

    def means(self, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
        """The weighted mean of each cluster, float64 (k, d); empty clusters are moved.

        They go, one after the other, to the sample that is farthest from the nearest of `centres`
        and of the places taken so far. Where no sample is left apart they stay.
        """
        sums = self.sums(labels, len(centres))
        filled = sums[:, -1] > 0
        means = centres.astype(np.float64)
        means[filled] = self.shift + sums[filled, :-1] / sums[filled, -1:]
        if filled.all():
            return means
        apart = kernels.squared_errors(self.X, centres, labels)
        nobody = np.zeros(len(self.X), np.int32)
        for j in np.flatnonzero(~filled):
            farthest = int(apart.argmax())
            if apart[farthest] == 0:
                break
            means[j] = self.X[farthest]
            apart = np.minimum(apart, kernels.squared_errors(self.X, means[j : j + 1], nobody))
        return means

    def spread_out(self, k: int, rng: np.random.Generator) -> np.ndarray:
        """The numbers of k samples far from each other: k-means++, each the best of a few draws."""
        order = self.order
        columns, weights = self.columns, self.weights
        chosen = np.empty(k, np.intp)
        chosen[0] = order[_draw(weights[order], rng, 1)[0]]
        nearest = kernels.squared_distances_to(columns, columns[:, chosen[:1]].T)[0]
        draws = 2 + int(math.log(k))
        for j in range(1, k):
            mass = weights * nearest
            if not mass.any():  # fewer different samples than centres
                mass = weights
            candidates = order[_draw(mass[order], rng, draws)]
            distances = kernels.squared_distances_to(columns, columns[:, candidates].T)
            np.minimum(distances, nearest, out=distances)
            best = int((distances @ weights).argmin())
            chosen[j], nearest = candidates[best], distances[best]
        return chosen

    @functools.cached_property
    def order(self) -> np.ndarray:
        """An order of the samples that follows from their values, whatever order they come in.

        Draws along it treat a sample of weight 2 and two equal ones alike.
        """
        return np.argsort(row_hashes(self.X), kind="stable")


def unit_scale(owner: str, X: np.ndarray, centres: np.ndarray | None) -> float:
    """The factor that brings all numbers below 1: a power of two, so that it rounds nothing."""
    reach = max(abs(float(X.min())), abs(float(X.max())))
    if centres is not None:
        reach = max(reach, float(np.abs(centres).max()))
    if reach > _MOST or 0 < reach < _LEAST:
        raise ValueError(
            f"{owner}: expected numbers whose squares fit into double precision, the largest "
            f"between {_LEAST:g} and {_MOST:g}, got {reach:g}. Measure X in another unit."
        )
    return math.ldexp(1.0, -math.frexp(reach)[1])


def _draw(mass: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """`count` numbers, each drawn with a probability in proportion to its mass."""
    total = np.cumsum(mass)
    found = np.searchsorted(total, rng.random(count) * total[-1], side="right")
    return np.minimum(found, np.flatnonzero(mass)[-1])


def row_hashes(X: np.ndarray) -> np.ndarray:
    """A number for each row that follows from its values alone."""
    kind = np.dtype(f"u{X.dtype.itemsize}")
    half = kind.type(4 * X.dtype.itemsize)
    factors = 2 * np.random.default_rng(0).integers(1, 2**31, X.shape[1]).astype(kind) + kind.type(
        1
    )
    keys = np.empty(len(X), kind)
    for start in range(0, len(X), _BLOCK):
        bits = (X[start : start + _BLOCK] + X.dtype.type(0)).view(kind)  # -0 becomes 0
        bits = (bits ^ bits >> half) * factors
        keys[start : start + _BLOCK] = ((bits ^ bits >> half) * factors).sum(axis=1)
    return keys


class Centres(Transformer, Clusterer, Estimator):
    """What follows from the centres, however they were found."""

    cluster_centers_: np.ndarray
    inertia_: float

    def predict(self, X: Any) -> np.ndarray:
        """The number of the nearest centre, int32 (n,); of equally near ones the first."""
        X = self._input(X)
        return Samples(X, self.cluster_centers_, type(self).__name__).nearest(self.cluster_centers_)

    def transform(self, X: Any) -> np.ndarray:
        """The distances |x - c|, shape (n, n_clusters), in the dtype of X."""
        X = self._input(X)
        centres = self.cluster_centers_.astype(np.float64)
        shift, scale = centres.mean(axis=0), unit_scale(type(self).__name__, X, centres)
        columns = kernels.columns_of(X, shift, scale, np.float64)
        distances = kernels.squared_distances_to(columns, (centres - shift) * scale)
        with np.errstate(over="ignore"):
            out = np.ascontiguousarray((np.sqrt(distances) / scale).T, X.dtype)
        return check_outputs(out, X, type(self).__name__)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Minus the inertia of X: - sum w |x - its centre|^2."""
        X = self._input(X)
        weights = check_weights(sample_weight, type(self).__name__, len(X))
        return -self._labels_and_inertia(X, weights)[1]

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """The names of the columns that `transform` makes, such as kmeans0."""
        self._check_fitted()
        name = type(self).__name__.lower()
        return np.array([f"{name}{j}" for j in range(len(self.cluster_centers_))], dtype=object)

    def _labels_and_inertia(
        self, X: np.ndarray, weights: np.ndarray | None
    ) -> tuple[np.ndarray, float]:
        centres = self.cluster_centers_
        samples = Samples(X, centres, type(self).__name__, weights)
        labels = samples.nearest(centres)
        return labels, samples.inertia(centres, labels)

    def _starts(self, samples: Samples, rng: np.random.Generator) -> np.ndarray:
        """The first centres, float64 (k, d)."""
        n_clusters, init = self.n_clusters, self.init  # type: ignore[attr-defined]
        if not isinstance(init, str):
            return np.array(init, np.float64)
        if init == "k-means++":
            return samples.X[samples.spread_out(n_clusters, rng)].astype(np.float64)
        share = samples.weights / samples.weights.sum()
        return samples.X[
            rng.choice(len(share), n_clusters, replace=False, p=share)  # without repetition
        ].astype(np.float64)

    def _check_start(self, X: np.ndarray, weights: np.ndarray | None) -> None:
        """Whether there are enough samples, and whether given centres fit them."""
        owner, n_clusters = type(self).__name__, self.n_clusters  # type: ignore[attr-defined]
        init = self.init  # type: ignore[attr-defined]
        counted = len(X) if weights is None else np.count_nonzero(weights)
        if n_clusters > counted:
            raise ValueError(
                f"{owner}: expected at least as many samples as clusters, got n_samples = "
                f"{counted} (of positive weight) for n_clusters={n_clusters}. Ask for fewer "
                "clusters."
            )
        if isinstance(init, str):
            return
        init = check_samples(init, f"{owner}, init in the place of X")
        if init.shape != (n_clusters, X.shape[1]):
            raise ValueError(
                f"{owner}: expected init of shape (n_clusters, n_features) = "
                f"{(n_clusters, X.shape[1])}, got {init.shape}. Each row is a centre."
            )

    def _warn_of_few(self, found: int) -> None:
        wanted = len(self.cluster_centers_)
        if found < wanted:
            warnings.warn(
                f"{type(self).__name__}: expected {wanted} clusters, found {found}: X has too few "
                "different rows, or max_iter is too small. Ask for fewer clusters.",
                UserWarning,
                stacklevel=3,
            )
