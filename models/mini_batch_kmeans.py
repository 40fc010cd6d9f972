"""k-means from small random batches of samples."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_ml.generators import generator
from tinygrad_ml.training.progress import progress_bar
from tinygrad_ml.validation import (
    ARRAY,
    BOOLEAN,
    NOTHING,
    SEED,
    check_weights,
    choice,
    integer,
    number,
)

from .centres import Centres, Samples


class MiniBatchKMeans(Centres):
    """k-means from small random batches: each centre is the mean of the samples it has got so far.

    After a batch with the total weight m_j and the mean b_j at centre j,
        v_j <- v_j + m_j,  c_j <- c_j + (m_j / v_j) (b_j - c_j).
    For data of many rows: centres nearly as good as those of `KMeans` after a few batches. An epoch
    goes through the samples once, in an order drawn anew; up to `batch_size` samples are one batch.

    Parameters
    ----------
    n_clusters, init, random_state : as for `KMeans`.
    max_iter : most epochs.
    batch_size : samples in a batch.
    verbose : show a progress bar over the batches.
    compute_labels : whether `fit` labels all samples, which takes as long as an epoch.
    tol : stop when the squared moves of all centres add up to less than `tol` times the mean
        variance of the features; 0 for never.
    max_no_improvement : stop after so many batches in which the moving average of the batches'
        inertia set no record; None for never.
    init_size : samples, drawn at random, from which the first centres are drawn; None for 3
        batches, or 3 per cluster if that is more.
    n_init : number of first centres that are tried on those samples; "auto" is 3 for "random",
        else 1.
    reassignment_ratio : a centre that has less than this share of the weight of the largest one
        starves, and is now and then moved to a random sample of the batch.

    Attributes
    ----------
    As for `KMeans`; also n_steps_ : batches seen by `fit`, counts_ : the weights v (k,).

    Source: D. Sculley, Web-scale k-means clustering, 2010.
    """

    _parameters = {
        "n_clusters": integer(),
        "init": choice("k-means++", "random") | ARRAY,
        "max_iter": integer(),
        "batch_size": integer(),
        "verbose": integer(0) | BOOLEAN,
        "compute_labels": BOOLEAN,
        "random_state": SEED,
        "tol": number(least=0),
        "max_no_improvement": integer(0) | NOTHING,
        "init_size": integer() | NOTHING,
        "n_init": choice("auto") | integer(),
        "reassignment_ratio": number(least=0),
    }

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "k-means++",
        max_iter: int = 100,
        batch_size: int = 1024,
        verbose: int = 0,
        compute_labels: bool = True,
        random_state: Any = None,
        tol: float = 0.0,
        max_no_improvement: int | None = 10,
        init_size: int | None = None,
        n_init: int | str = "auto",
        reassignment_ratio: float = 0.01,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.verbose = verbose
        self.compute_labels = compute_labels
        self.random_state = random_state
        self.tol = tol
        self.max_no_improvement = max_no_improvement
        self.init_size = init_size
        self.n_init = n_init
        self.reassignment_ratio = reassignment_ratio

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> MiniBatchKMeans:
        """Find the centres of X (n, d), weighted by sample_weight (n,) of at least 0; y is ignored.

        Returns itself.
        """
        X = self._start_fit(X)
        weights = check_weights(sample_weight, type(self).__name__, len(X))
        self._check_start(X, weights)
        rng = generator(self.random_state, type(self).__name__, "random_state")
        everything, all_weights = X, weights
        if weights is not None and not weights.all():
            X, weights = X[weights > 0], weights[weights > 0]
        centres = self._first_centres(X, weights, rng)
        self._rng_, self._waiting_, self.counts_ = rng, 0, np.zeros(self.n_clusters)
        tolerance = 0.0
        if self.tol:
            samples = Samples(X, None, type(self).__name__, weights)
            tolerance = self.tol * samples.mean_variance() / samples.scale**2
        record = _Record(self.max_no_improvement, tolerance)
        batches = -(-len(X) // self.batch_size)
        steps = self.max_iter * batches
        bar = progress_bar(steps, type(self).__name__, "batch") if self.verbose else None
        for step, rows in enumerate(self._batches(len(X), batches, rng), 1):
            self.n_steps_ = step
            some = None if weights is None else weights[rows]
            samples = Samples(X[rows] if batches > 1 else X, centres, type(self).__name__, some)
            before = centres
            centres, inertia = self._step(samples, centres, rng)
            if bar is not None:
                bar.update()
            moved = float(np.sum((centres - before) ** 2))
            if record.ends(inertia / samples.weights.sum(), moved, len(rows) / len(X)):
                break
        if bar is not None:
            bar.close()
        self.n_iter_ = -(-self.n_steps_ // batches)
        self.cluster_centers_ = centres.astype(X.dtype)
        if self.compute_labels:
            self.labels_, self.inertia_ = self._labels_and_inertia(everything, all_weights)
            self._warn_of_few(len(np.unique(self.labels_)))
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> MiniBatchKMeans:
        """Take X as one more batch; the first one, which needs n_clusters rows, starts the centres.

        `labels_` and `inertia_` are those of this batch. Returns itself.
        """
        owner = type(self).__name__
        first = not hasattr(self, "cluster_centers_")
        if first:
            X = self._start_fit(X)
        else:
            X = self._input(X)
        weights = check_weights(sample_weight, owner, len(X))
        if weights is not None and not weights.all():
            raise ValueError(
                f"{owner}: partial_fit expected positive weights, got 0. Leave those rows out."
            )
        if first:
            self._check_start(X, weights)
            rng = generator(self.random_state, owner, "random_state")
            centres = self._first_centres(X, weights, rng)
            self._rng_, self._waiting_, self.n_steps_ = rng, 0, 0
            self.counts_ = np.zeros(self.n_clusters)
        else:
            centres = self.cluster_centers_.astype(np.float64)
        centres, _ = self._step(Samples(X, centres, owner, weights), centres, self._rng_)
        self.n_steps_ += 1
        self.cluster_centers_ = centres.astype(X.dtype)
        self.labels_, self.inertia_ = self._labels_and_inertia(X, weights)
        return self

    def fit_predict(self, X: Any, y: Any = None, **options: Any) -> np.ndarray:
        """Fit and return the label of every sample, shape (n,), 0 to k - 1; y is ignored."""
        self.fit(X, **options)
        return self.labels_ if self.compute_labels else self.predict(X)

    def _batches(self, n: int, batches: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """The samples of every batch, epoch after epoch."""
        for _ in range(self.max_iter):
            order = rng.permutation(n) if batches > 1 else np.arange(n)
            for i in range(batches):
                yield order[i * n // batches : (i + 1) * n // batches]

    def _first_centres(
        self, X: np.ndarray, weights: np.ndarray | None, rng: np.random.Generator
    ) -> np.ndarray:
        """The best of `n_init` first centres on a part of the samples, float64 (k, d)."""
        if not isinstance(self.init, str):
            return np.array(self.init, np.float64)
        size = self.init_size or 3 * max(self.batch_size, self.n_clusters)
        size = max(size, self.n_clusters)
        if size < len(X):
            rows = rng.choice(len(X), size, replace=False)
            X, weights = X[rows], None if weights is None else weights[rows]
        samples = Samples(X, None, type(self).__name__, weights)
        runs = (3 if self.init == "random" else 1) if self.n_init == "auto" else int(self.n_init)
        found, least = self._starts(samples, rng), math.inf
        for run in range(runs if runs > 1 else 0):
            centres = self._starts(samples, rng) if run else found
            inertia = samples.inertia(centres, samples.nearest(centres))
            if inertia < least:
                found, least = centres, inertia
        return found

    def _step(
        self, samples: Samples, centres: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, float]:
        """The centres after a batch, and the batch's inertia before it."""
        labels = samples.nearest(centres)
        inertia = samples.inertia(centres, labels)
        sums = samples.sums(labels, len(centres))
        self.counts_ = self.counts_ + sums[:, -1]
        got = sums[:, -1] > 0
        means = samples.shift + sums[got, :-1] / sums[got, -1:]
        centres = centres.copy()
        centres[got] += (sums[got, -1] / self.counts_[got])[:, None] * (means - centres[got])
        self._waiting_ += len(labels)
        if self._waiting_ >= 10 * len(centres) or not self.counts_.all():
            self._waiting_ = 0
            self._feed(samples.X, centres, rng)
        return centres, inertia

    def _feed(self, X: np.ndarray, centres: np.ndarray, rng: np.random.Generator) -> None:
        """Move the centres that starve, at most one for two samples, to random samples."""
        starving = np.flatnonzero(self.counts_ < self.reassignment_ratio * self.counts_.max())
        starving = starving[np.argsort(self.counts_[starving], kind="stable")][: len(X) // 2]
        if not len(starving):
            return
        centres[starving] = X[rng.choice(len(X), len(starving), replace=False)]
        others = np.delete(self.counts_, starving)
        self.counts_[starving] = others.min()  # so that they do not starve again at once


class _Record:
    """When to stop: no record of the moving average, or small moves."""

    def __init__(self, patience: int | None, tolerance: float) -> None:
        self.patience, self.tolerance = patience, tolerance
        self.average = self.least = math.inf
        self.since = -1  # the first batch tells about the first centres only

    def ends(self, inertia: float, moved: float, share: float) -> bool:
        """After a batch with this mean inertia, which is this share of the samples."""
        if self.since < 0:
            self.since = 0
            return False
        if self.tolerance > 0 and moved <= self.tolerance:
            return True
        new = min(1.0, 2 * share)
        self.average = inertia if self.average == math.inf else (
            (1 - new) * self.average + new * inertia
        )  # fmt: skip
        self.since = 0 if self.average < self.least else self.since + 1
        self.least = min(self.least, self.average)
        return self.patience is not None and self.since >= self.patience
