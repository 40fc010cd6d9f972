"""k-means: k centres, each the mean of the samples that are nearer to it than to any other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_ml.generators import generator
from tinygrad_ml.training.progress import progress_bar
from tinygrad_ml.validation import (
    ARRAY,
    BOOLEAN,
    SEED,
    check_weights,
    choice,
    integer,
    number,
)

from .centres import Centres, Samples


class KMeans(Centres):
    """Centres c that make the inertia sum w |x - c(x)|^2 small, c(x) being the nearest to x.

    Each iteration labels every sample with its nearest centre (the first of equally near ones)
    and moves each centre to the mean of its samples (Lloyd). A centre without samples moves to the
    sample that is farthest from all centres. Once no label changes, or the centres move by less
    than `tol`, the samples are labelled once more: `labels_` is what `predict(X)` says. A sample of
    weight 2 counts as two equal ones, also when the first centres are drawn.

    Parameters
    ----------
    n_clusters : number of centres, k.
    init : "k-means++" draws first centres far from each other, each the best of 2 + log k draws
        with probability w D^2, D being the distance to those already drawn; "random" draws k
        samples; an array (k, d) is taken as it is.
    n_init : number of runs, of which the one of least inertia stays; "auto" is 10 for "random",
        else 1. An array is run once.
    max_iter : most iterations of a run.
    tol : a run ends when the squared moves of all centres add up to less than `tol` times the mean
        variance of the features.
    verbose : show a progress bar over the runs.
    random_state : None, a seed or a Generator.

    Attributes
    ----------
    cluster_centers_ : (k, d), in the dtype of X. labels_ : int32 (n,). inertia_ : a float.
    n_iter_ : iterations of the best run.

    Raises ValueError where there are fewer samples than clusters; warns where there are fewer
    different ones. Cost: n k d multiplications an iteration; memory for a float32 copy of X.

    Sources: S. Lloyd, Least squares quantization in PCM, 1957 (1982); D. Arthur and
    S. Vassilvitskii, k-means++, 2007.

    >>> X = [[1.0, 2.0], [1.0, 4.0], [1.0, 0.0], [10.0, 2.0], [10.0, 4.0], [10.0, 0.0]]
    >>> kmeans = KMeans(n_clusters=2, random_state=0).fit(X)
    >>> kmeans.predict([[0.0, 0.0], [12.0, 3.0]]) == kmeans.labels_[[0, 3]]
    array([ True,  True])
    """

    _parameters = {
        "n_clusters": integer(),
        "init": choice("k-means++", "random") | ARRAY,
        "n_init": choice("auto") | integer(),
        "max_iter": integer(),
        "tol": number(least=0),
        "verbose": integer(0) | BOOLEAN,
        "random_state": SEED,
    }

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: Any = "k-means++",
        n_init: int | str = "auto",
        max_iter: int = 300,
        tol: float = 1e-4,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> KMeans:
        """Find the centres of X (n, d), weighted by sample_weight (n,) of at least 0; y is ignored.

        Returns itself.
        """
        X = self._start_fit(X)
        owner = type(self).__name__
        weights = check_weights(sample_weight, owner, len(X))
        self._check_start(X, weights)
        rng = generator(self.random_state, owner, "random_state")
        start = None if isinstance(self.init, str) else np.array(self.init, np.float64)
        if weights is None or weights.all():
            samples = Samples(X, start, owner, weights)
        else:
            samples = Samples(X[weights > 0], start, owner, weights[weights > 0])
        runs = range(self._runs())
        self.inertia_ = math.inf
        for _ in progress_bar(runs, owner, "run") if self.verbose else runs:
            centres, n_iter = self._lloyd(samples, self._starts(samples, rng))
            centres = centres.astype(X.dtype)
            labels = samples.nearest(centres)
            inertia = samples.inertia(centres, labels)
            if inertia < self.inertia_:
                self.cluster_centers_, self.labels_ = centres, labels
                self.inertia_, self.n_iter_ = inertia, n_iter
        if len(self.labels_) < len(X):
            self.labels_ = self.predict(X)
        self._warn_of_few(len(np.unique(self.labels_)))
        return self

    def _runs(self) -> int:
        if not isinstance(self.init, str):
            return 1
        if isinstance(self.n_init, str):
            return 10 if self.init == "random" else 1
        return int(self.n_init)

    def _lloyd(self, samples: Samples, centres: np.ndarray) -> tuple[np.ndarray, int]:
        """Iterate from `centres`; the last centres and the number of iterations."""
        tolerance = self.tol * samples.mean_variance()
        labels, n_iter = None, 0
        while n_iter < self.max_iter:
            n_iter += 1
            before, labels = labels, samples.nearest(centres)
            if before is not None and np.array_equal(before, labels):
                break
            moved = samples.means(labels, centres)
            moves = (moved - centres) * samples.scale
            centres = moved
            if np.vdot(moves, moves) <= tolerance:
                break
        return centres, n_iter
