"""The k nearest neighbours: keep the samples, and answer with those that are most alike.

Nothing is computed in `fit`; all work is done when a question comes (a lazy learner).
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tinygrad_ml import kernels
from tinygrad_ml.estimator import Classifier, Estimator, Regressor, clone
from tinygrad_ml.validation import (
    FUNCTION,
    NOTHING,
    Accepts,
    choice,
    integer,
    is_integer,
)

from .kd_tree import KDTree
from .measures import METRIC, POWER, balance, check_distances, kind_of

_TREE_FEATURES, _TREE_SAMPLES = 7, 500  # up to and from which the tree is the faster one


class _Neighbors(Estimator):
    """What classification and regression share: the samples, and the search among them."""

    _parameters: ClassVar[dict[str, Accepts]] = {
        "n_neighbors": integer(),
        "weights": choice("uniform", "distance") | FUNCTION,
        "algorithm": choice("auto", "brute", "kd_tree"),
        "leaf_size": integer(),
        "p": POWER,
        "metric": METRIC | FUNCTION,
        "n_jobs": NOTHING | integer() | Accepts("-1", lambda v: is_integer(v) and v == -1),
    }

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        weights: Any = "uniform",
        algorithm: str = "auto",
        leaf_size: int = 30,
        p: float = 2,
        metric: Any = "minkowski",
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights
        self.algorithm = algorithm
        self.leaf_size = leaf_size
        self.p = p
        self.metric = metric
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any) -> Any:
        """Keep the samples X (n, d) and their targets y; build the tree where one is used."""
        X, y, _ = self._start_fit(X, y)
        self._check_k(self.n_neighbors, len(X))
        self.categories_ = _categories(X) if X.dtype == object else None
        X = np.array(self._numbers(X), float, order="C")
        called = callable(self.metric)
        kind = "function" if called else kind_of(self.metric, self.p)
        if self.algorithm == "kd_tree" and called:
            raise ValueError(
                f"{type(self).__name__}: algorithm='kd_tree' needs a metric with a name, got a "
                "function, which tells nothing about boxes. Use algorithm='brute'."
            )
        few = X.shape[1] <= _TREE_FEATURES and len(X) >= _TREE_SAMPLES
        fits = few and kind not in ("function", "hamming") and self.n_neighbors < len(X) / 2
        self.tree_ = None
        if self.algorithm == "kd_tree" or (self.algorithm == "auto" and fits):
            self.tree_ = KDTree(X, self.leaf_size, kind, self.p)
        self.effective_metric_ = kind
        self.n_samples_fit_ = len(X)
        self.samples_, self.targets_ = X, y
        return self

    def kneighbors(
        self, X: Any = None, n_neighbors: int | None = None, return_distance: bool = True
    ) -> Any:
        """(distances, indices), both (m, k), of the k nearest samples, by (distance, index).

        Without X every sample of `fit` is asked for its neighbours, itself left out. Without
        `return_distance` only the indices.
        """
        k = self.n_neighbors if n_neighbors is None else n_neighbors
        points = self._input(X) if X is not None else None
        self._check_fitted()
        self._check_k(k, self.n_samples_fit_, X is None)
        if points is not None:
            distances, indices = self._nearest(self._numbers(points), int(k))
        else:
            distances, indices = _without_self(*self._nearest(self.samples_, int(k) + 1))
        return (distances, indices) if return_distance else indices

    def _check_k(self, k: Any, n: int, without_self: bool = False) -> None:
        owner = type(self).__name__
        if not is_integer(k) or k < 1:
            raise ValueError(f"{owner}: n_neighbors must be a positive integer, got {k!r:.80}")
        if k > n - without_self:
            others = " (each is left out of its own neighbours)" if without_self else ""
            raise ValueError(
                f"{owner}: expected n_neighbors of at most {n - without_self}, got n_neighbors = "
                f"{k}, n_samples = {n}{others}. Ask for fewer neighbours or give more samples."
            )

    def _nearest(self, X: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        owner = type(self).__name__
        if self.tree_ is not None:
            return self.tree_.query(X, k, n_jobs=self.n_jobs)
        if callable(self.metric):
            return _by_function(self.metric, X, self.samples_, k, owner)
        kind, rows = self.effective_metric_, self.samples_
        X = np.asarray(X, float)
        scale = balance(float(max(np.abs(X).max(), np.abs(rows).max())), kind)
        if scale != 1:
            X, rows = X * scale, rows * scale
        distances, indices = kernels.nearest_rows(
            X, rows, k=k, metric=kind, p=float(self.p), jobs=self.n_jobs
        )
        return check_distances(distances, scale, kind, owner), indices

    def _shares(self, distances: np.ndarray) -> np.ndarray:
        """What each neighbour counts, (m, k)."""
        if self.weights == "uniform":
            return np.ones_like(distances)
        if self.weights == "distance":
            # 1 / distance, times the least one, which cancels and keeps tiny distances finite.
            nearest = distances.min(axis=1, keepdims=True)
            unit = np.where(distances > 0, distances, 1)
            return np.where(nearest > 0, nearest / unit, distances == 0)
        shares = np.asarray(self.weights(distances.copy()))
        wrong = ""
        if shares.shape != distances.shape or shares.dtype.kind not in "fiub":
            wrong = f"{shares.dtype} of shape {shares.shape}"
        elif not np.isfinite(shares).all() or shares.min() < 0:
            wrong = "NaN, inf or a number below 0"
        elif not shares.any(axis=1).all():
            wrong = "only zeros for one point"
        if wrong:
            raise ValueError(
                f"{type(self).__name__}: expected weights(distances) to be numbers from 0 on of "
                f"shape {distances.shape}, not all 0, got {wrong}. "
                "It turns distances into weights one by one."
            )
        shares = shares.astype(float)
        largest = shares.max(axis=1, keepdims=True)
        return np.where(largest > 1e300, shares / largest, shares)  # a sum below infinity

    def _leave_one_out(self, X: Any, y: Any) -> np.ndarray:
        """What is predicted for each sample from all others: the sample itself is left out."""
        fitted = clone(self).fit(X, y)
        return fitted._answer(*fitted.kneighbors())

    def _answer(self, distances: np.ndarray, indices: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def predict(self, X: Any) -> np.ndarray:
        """The answer of the neighbours of every row of X (m, d): shape (m,)."""
        return self._answer(*self._asked(X))

    def _asked(self, X: Any) -> Any:
        if X is None:
            raise ValueError(f"{type(self).__name__}: expected samples X (m, d), got None.")
        return self.kneighbors(X)

    # ------------------------------------------------------------------------------ categories

    def _samples(self, X: Any) -> Any:
        """Texts are welcome where only equal and different counts."""
        if isinstance(self.metric, str) and self.metric == "hamming":
            table = _table(X)
            if table is not None:
                return _check_table(table, type(self).__name__)
        return super()._samples(X)

    def _numbers(self, X: np.ndarray) -> np.ndarray:
        """The samples as numbers; a category that `fit` has not seen is -1, unlike all others."""
        texts = X.dtype == object
        if texts != (self.categories_ is not None):
            kinds = ("numbers", "texts") if texts else ("texts", "numbers")
            raise ValueError(
                f"{type(self).__name__}: expected {kinds[0]} in X as in fit, got {kinds[1]}. "
                "Use the same kind of columns."
            )
        if self.categories_ is None:
            return X
        numbers = np.empty(X.shape)
        for j, values in enumerate(self.categories_):
            known = {value: number for number, value in enumerate(values)}
            numbers[:, j] = [known.get(value, -1) for value in X[:, j].tolist()]
        return numbers


class KNeighborsClassifier(Classifier, _Neighbors):
    """The class that most of the k nearest samples have.

    P(c) = sum of the weights of the neighbours of class c / sum of all k weights; of classes with
    equal shares the first of `classes_` is predicted. Neighbours are taken by (distance, index),
    whatever the algorithm. Use scaled features: a distance adds up their units.

    Parameters
    ----------
    n_neighbors : k, how many samples vote.
    weights : "uniform", "distance" (1 / distance; samples at distance 0 outvote all others), or a
        function of distances (m, k) that returns weights of that shape.
    algorithm : "brute" measures all samples, "kd_tree" those in near boxes, with the same answers;
        "auto" takes the tree for 500 samples or more of up to 7 features.
    leaf_size : the most samples in a box of the tree.
    p : the power of "minkowski"; 1 is manhattan, 2 euclidean, inf chebyshev.
    metric : "minkowski", "euclidean", "sqeuclidean", "manhattan", "chebyshev", "hamming" (the
        number of features that differ, which may be texts), or a function of two rows.
    n_jobs : the most threads; None or -1 for all cores.

    After `fit`: `classes_`, `samples_` (n, d), `targets_` (n,) class numbers, `tree_` (or None),
    `effective_metric_`, `n_samples_fit_`.

    Source: E. Fix and J. L. Hodges, Discriminatory analysis, 1951; T. Cover and P. Hart, Nearest
    neighbor pattern classification, 1967.

    >>> X, y = [[0], [1], [2], [9]], ["red", "green", "green", "red"]
    >>> model = KNeighborsClassifier(n_neighbors=3).fit(X, y)
    >>> model.predict([[1]]).item(), model.predict_proba([[1]])
    ('green', array([[0.667, 0.333]]))
    """

    def predict_proba(self, X: Any) -> np.ndarray:
        """The share of every class among the neighbours: (m, classes), in the order of
        `classes_`."""
        return self._votes(*self._asked(X))

    def _votes(self, distances: np.ndarray, indices: np.ndarray) -> np.ndarray:
        shares, classes = self._shares(distances), len(self.classes_)
        cells = self.targets_[indices] + classes * np.arange(len(indices))[:, None]
        votes = np.bincount(cells.ravel(), shares.ravel(), len(indices) * classes)
        votes = votes.reshape(-1, classes)
        return votes / votes.sum(axis=1, keepdims=True)

    def _answer(self, distances: np.ndarray, indices: np.ndarray) -> np.ndarray:
        return self.classes_[self._votes(distances, indices).argmax(axis=1)]


class KNeighborsRegressor(Regressor, _Neighbors):
    """The mean of the targets of the k nearest samples.

    y^ = sum w_i y_i / sum w_i over the neighbours i; y (n,) or (n, outputs), integers are numbers
    like any other. The parameters are those of `KNeighborsClassifier`.

    Parameters
    ----------
    n_neighbors : k, how many samples are averaged.
    weights : "uniform", "distance" (1 / distance; only samples at distance 0 count where there are
        some), or a function of distances (m, k) that returns weights of that shape.
    algorithm, leaf_size, p, metric, n_jobs : as for the classifier.

    Source: E. A. Nadaraya and G. S. Watson (weighted means), 1964; N. S. Altman, 1992.

    >>> model = KNeighborsRegressor(n_neighbors=2).fit([[0], [1], [5]], [0, 1, 9])
    >>> model.predict([[0.4]])
    array([0.5])
    """

    _several_outputs = True

    def _answer(self, distances: np.ndarray, indices: np.ndarray) -> np.ndarray:
        shares, values = self._shares(distances), self.targets_[indices]
        sums = shares.sum(axis=1, keepdims=True)
        means = (np.einsum("mk,mk...->m...", shares, values).T / sums.T[0]).T
        if not np.isfinite(means).all():  # the sum was too large, which the mean is not
            means = np.einsum("mk,mk...->m...", shares / sums, values)
        return means


def _without_self(distances: np.ndarray, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """k of k + 1 neighbours of every sample: without itself, or, where as many as that lie at
    distance 0 before it, without the last."""
    own = indices == np.arange(len(indices))[:, None]
    own[~own.any(axis=1), -1] = True
    shape = len(indices), indices.shape[1] - 1
    return distances[~own].reshape(shape), indices[~own].reshape(shape)


def _by_function(
    metric: Any, X: np.ndarray, rows: np.ndarray, k: int, owner: str
) -> tuple[np.ndarray, np.ndarray]:
    distances, indices = np.empty((len(X), k)), np.empty((len(X), k), np.intp)
    for i, x in enumerate(X):
        measured = np.array([metric(x, row) for row in rows])
        if measured.shape != (len(rows),) or measured.dtype.kind not in "fiub":
            raise ValueError(
                f"{owner}: expected metric(x, y) to return one number, got "
                f"{metric(x, rows[0])!r:.80}. It gets two rows of X."
            )
        if not np.isfinite(measured).all() or measured.min() < 0:
            wrong = measured[~(measured >= 0) | np.isinf(measured)][0]
            raise ValueError(
                f"{owner}: expected metric(x, y) to return distances from 0 on, got {wrong}. "
                "Nearer rows need smaller numbers."
            )
        indices[i] = np.argsort(measured, kind="stable")[:k]
        distances[i] = measured[indices[i]]
    return distances, indices


def _table(X: Any) -> np.ndarray | None:
    """X as a table of objects if it holds texts, else None."""
    if hasattr(X, "toarray"):
        return None
    try:
        array = np.asarray(X)
        if array.dtype.kind in "US" and not hasattr(X, "dtype"):
            array = np.asarray(X, object)  # [["red", 1]] keeps its 1
    except ValueError:  # rows of different lengths
        return None
    array = array.astype(object) if array.dtype.kind in "UT" else array
    texts = array.dtype == object and any(isinstance(value, str) for value in array.flat)
    return array if texts and array.ndim == 2 else None


def _check_table(table: np.ndarray, owner: str) -> np.ndarray:
    """Refuse missing values in a table of categories."""
    for place in np.ndindex(table.shape):
        value = table[place]
        if not isinstance(value, (str, bytes, int, float, np.number)):
            what = "NaN or None" if value is None else "no text and no number"
            raise ValueError(
                f"{owner}: expected texts and numbers as categories in X, got {value!r:.40} "
                f"({what}) at X[{place[0]}, {place[1]}]. Write categories as texts."
            )
        if value != value:
            raise ValueError(
                f"{owner}: expected a category in every place of X, got NaN at X["
                f"{place[0]}, {place[1]}]. Give missing values a name of their own."
            )
    return table


def _categories(table: np.ndarray) -> list[list[Any]]:
    return [list(dict.fromkeys(column)) for column in table.T.tolist()]
