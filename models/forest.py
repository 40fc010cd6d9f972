"""Random forests: many trees, each on rows and features drawn by chance (Breiman, 2001)."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np

from tinygrad_ml.estimator import Estimator, ProbabilityClassifier, Regressor
from tinygrad_ml.generators import generator
from tinygrad_ml.metrics import accuracy_score, r2_score
from tinygrad_ml.validation import (
    BOOLEAN,
    FUNCTION,
    NOTHING,
    Accepts,
    choice,
    integer,
    is_integer,
)

from .grove import Grove
from .tree import (
    FRACTION,
    TREE_PARAMETERS,
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    growing_rules,
    rows_of,
)
from .tree_growing import Columns, Tree, grow_on_classes, grow_on_values

JOBS = Accepts(
    "None for one, a number of threads or -1 for all cores",
    lambda v: v is None or (is_integer(v) and v != 0),
)
FOREST_PARAMETERS = {
    "n_estimators": integer(),
    **TREE_PARAMETERS,
    "bootstrap": BOOLEAN,
    "oob_score": BOOLEAN | FUNCTION,
    "n_jobs": JOBS,
    "verbose": BOOLEAN | integer(0),
    "max_samples": integer() | FRACTION | NOTHING,
}


def in_threads(function: Callable[[Any], Any], items: Iterable[Any], n_jobs: int | None
               ) -> Iterator[Any]:  # fmt: skip
    """The results in order, from `n_jobs` threads; compiled kernels release the lock."""
    jobs = 1 if n_jobs is None else int(n_jobs)
    jobs = max(1, (os.cpu_count() or 1) + 1 + jobs) if jobs < 0 else jobs
    if jobs == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(function, items)


class _Forest(Estimator):
    """What both kinds of forest share."""

    _allow_nan = True
    _sklearn_xfail_checks = {
        "check_sample_weight_equivalence_on_dense_data": "rows are drawn by chance, so a weight "
        "of 2 and a row that stands there twice draw different ones"
    }
    grove_: Grove
    max_features_: int

    n_estimators: int
    criterion: str
    max_depth: int | None
    bins: int | None
    bootstrap: bool
    oob_score: Any
    n_jobs: int | None
    random_state: Any
    verbose: Any
    max_samples: Any

    def _fit_trees(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray | None) -> None:
        from tinygrad_ml.training.progress import progress_bar

        owner, (n, d) = type(self).__name__, X.shape
        if self.oob_score is not False and not self.bootstrap:
            raise ValueError(
                f"{owner}: oob_score needs rows that a tree was not shown, got bootstrap=False. "
                "Set bootstrap=True."
            )
        rules = growing_rules(self, n, d)
        self.max_features_ = rules["max_features"]
        size = self._drawn_rows(n)
        ends = None if weights is None else np.cumsum(weights)
        rng = generator(self.random_state, owner, "random_state")
        seeds = rng.integers(2**63, size=(self.n_estimators, 2)).tolist()
        columns = Columns(X, self.bins)

        def grow(seed: list[int]) -> Tree:
            drawn = _draw(seed[0], n, size, ends) if self.bootstrap else weights
            return self._grow(columns, y, drawn, {**rules, "seed": seed[1]})

        trees = in_threads(grow, seeds, self.n_jobs)
        if self.verbose:
            trees = iter(_counted(trees, progress_bar(self.n_estimators, owner, "tree")))
        kept = list(trees)
        self.grove_ = Grove.of_trees(kept)
        self.feature_importances_ = _importances(kept)
        if self.oob_score is not False:
            self._judge_unseen(X, y, [_draw(seed[0], n, size, ends) for seed in seeds])

    def _grow(self, columns: Columns, y: np.ndarray, weights: np.ndarray | None,
              rules: dict[str, Any]) -> Tree:  # fmt: skip
        raise NotImplementedError

    def _judge_unseen(self, X: np.ndarray, y: np.ndarray, drawn: list[np.ndarray]) -> None:
        raise NotImplementedError

    def _drawn_rows(self, n: int) -> int:
        """How many rows a tree draws."""
        if self.max_samples is None:
            return n
        size = rows_of(self.max_samples, n)
        if size > n:
            raise ValueError(
                f"{type(self).__name__}: expected max_samples of at most {n}, the number of rows, "
                f"got {self.max_samples}. None draws as many as there are."
            )
        return size

    def _unseen(self, X: np.ndarray, drawn: list[np.ndarray], grove: Grove, n_columns: int
                ) -> np.ndarray:  # fmt: skip
        """The mean (n, n_columns) over the trees that were not shown a row; NaN without any."""
        total, trees = np.zeros((len(X), n_columns)), np.zeros(len(X))
        for t, counts in enumerate(drawn):
            rows = np.flatnonzero(counts == 0)
            grove.add(total, rows, grove.leaves_of(t, X[rows]))
            trees[rows] += 1
        if not trees.all():
            warnings.warn(
                f"{type(self).__name__}: {int((trees == 0).sum())} of {len(X)} rows were shown to "
                "every tree and have no out-of-bag prediction (NaN). Grow more trees: raise "
                "n_estimators.",
                UserWarning,
                stacklevel=5,
            )
        with np.errstate(invalid="ignore"):
            return total / trees[:, None]

    def apply(self, X: Any) -> np.ndarray:
        """The number of the leaf (n, n_estimators) that each row comes to in each tree."""
        X = self._input(X)
        return np.ascontiguousarray(self.grove_.leaves(X).T)


def _draw(seed: int, n: int, size: int, ends: np.ndarray | None) -> np.ndarray:
    """How often each of n rows is drawn (n,); `ends` are the running sums of their weights."""
    rng = np.random.default_rng(seed)
    if ends is None:
        rows = rng.integers(n, size=size)
    else:
        rows = np.minimum(np.searchsorted(ends, rng.random(size) * ends[-1], "right"), n - 1)
    return np.bincount(rows, minlength=n).astype(np.float64)


def _counted(items: Iterator[Any], bar: Any) -> Iterator[Any]:
    with bar:
        for item in items:
            bar.update()
            yield item


def _importances(trees: list[Tree]) -> np.ndarray:
    """The mean of the trees' shares (d,) of each feature in what their splits gain."""
    total = np.zeros(trees[0].n_features)
    for tree in trees:
        importances = tree.importances()
        if importances.any():
            total += importances / importances.sum()
    return total / total.sum() if total.any() else total


class RandomForestClassifier(ProbabilityClassifier, _Forest):
    """Trees that vote: each is grown on rows drawn with replacement, each split among few features.

    The trees err in different ways, so that their mean errs less than any of them: "soft" voting
    takes the mean of the shares of the classes in the trees' leaves, "hard" voting the class that
    most trees predict. Rows that a tree was not shown are out of its bag: what the trees say of
    such rows is a fair judgement without a test set (`oob_score`). With `sample_weight` rows are
    drawn with probabilities in proportion to it. The same seed gives the same forest, whatever
    `n_jobs` is.

    Parameters
    ----------
    n_estimators : number of trees.
    criterion, max_depth, min_samples_split, min_samples_leaf, min_weight_fraction_leaf,
    min_impurity_decrease, bins : of each tree, as in `DecisionTreeClassifier`.
    max_features : features drawn anew for each split; "sqrt" of their number, or as in the tree.
    bootstrap : whether each tree draws rows; otherwise all see all of them.
    max_samples : rows that a tree draws, a number or a fraction; None for as many as there are.
    oob_score : whether to judge the forest on rows out of the bags; a function of (y_true, y_pred)
        takes the place of accuracy.
    class_weight : as in the tree; "balanced_subsample" balances the classes that each tree drew.
    voting : "soft" or "hard".
    n_jobs : threads that grow trees; None for one, -1 for all cores.
    verbose : whether to show a progress bar.
    random_state : None, a seed or a Generator.

    Attributes
    ----------
    classes_, n_classes_, n_features_in_, max_features_, feature_importances_ : as in scikit-learn.
    oob_score_, oob_decision_function_ : accuracy, and shares of the classes (n, n_classes), of the
        rows of training by trees that had not seen them.
    grove_ : the trees (`grove.Grove`); `estimators_` makes tree estimators of them.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"]
    >>> RandomForestClassifier(10, random_state=0).fit(X, y).predict([[0.2], [2.8]])
    array(['no', 'yes'], dtype='<U3')
    """

    _parameters = {
        "criterion": choice("gini", "entropy", "log_loss"), **FOREST_PARAMETERS,
        "class_weight": Accepts(
            "None, 'balanced', 'balanced_subsample' or a dict of classes and their weights",
            lambda v: v is None or isinstance(v, dict)
            or (isinstance(v, str) and v in ("balanced", "balanced_subsample")),
        ),
        "voting": choice("soft", "hard"),
    }  # fmt: skip

    class_weight: Any
    voting: str

    def __init__(
        self, n_estimators: int = 100, *, criterion: str = "gini", max_depth: int | None = None,
        min_samples_split: int | float = 2, min_samples_leaf: int | float = 1,
        min_weight_fraction_leaf: float = 0.0, max_features: int | float | str | None = "sqrt",
        min_impurity_decrease: float = 0.0, bootstrap: bool = True, oob_score: Any = False,
        n_jobs: int | None = None, random_state: Any = None, verbose: bool | int = False,
        class_weight: Any = None, max_samples: int | float | None = None, voting: str = "soft",
        bins: int | None = None,
    ) -> None:  # fmt: skip
        self._store(locals())

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Grow the forest for samples X (n, d) and classes y (n,) of any dtype."""
        X, y, weights = self._start_fit(X, y, sample_weight)
        self.n_classes_ = len(self.classes_)
        if self.class_weight != "balanced_subsample":
            weights = self._weights_by_class(y, weights)
        self._fit_trees(X, y, weights)
        return self

    def _grow(self, columns: Columns, y: np.ndarray, weights: np.ndarray | None,
              rules: dict[str, Any]) -> Tree:  # fmt: skip
        if self.class_weight == "balanced_subsample":
            counts = np.bincount(y, weights, self.n_classes_)
            each = counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1e-300))
            weights = each[y] if weights is None else each[y] * weights
        criterion = "gini" if self.criterion == "gini" else "entropy"
        return grow_on_classes(columns, y, weights, self.n_classes_, criterion=criterion,
                               **rules)[0]  # fmt: skip

    def _judge_unseen(self, X: np.ndarray, y: np.ndarray, drawn: list[np.ndarray]) -> None:
        shares = self._unseen(X, drawn, self._voters(), self.n_classes_)
        self.oob_decision_function_ = shares
        judged = ~np.isnan(shares[:, 0])
        score = self.oob_score if callable(self.oob_score) else accuracy_score
        predicted = self.classes_[shares[judged].argmax(axis=1)]
        self.oob_score_ = score(self.classes_[y[judged]], predicted) if judged.any() else np.nan

    def _voters(self) -> Grove:
        return self.grove_.votes() if self.voting == "hard" else self.grove_

    @property
    def estimators_(self) -> list[DecisionTreeClassifier]:
        """The trees, each as an estimator of its own."""
        self._check_fitted()
        trees = []
        for t in range(len(self.grove_)):
            tree = DecisionTreeClassifier(criterion=self.criterion, max_depth=self.max_depth)
            tree.classes_, tree.n_classes_ = self.classes_, self.n_classes_
            trees.append(_as_estimator(self, tree, self.grove_.tree(t, self.n_classes_)))
        return trees

    def predict_proba(self, X: Any) -> np.ndarray:
        """The mean share (n, n_classes) of each class in the leaves, or its share of the votes."""
        X = self._input(X)
        return self._voters().sums(X, self.n_classes_) / len(self.grove_)


class RandomForestRegressor(Regressor, _Forest):
    """The mean of trees that are each grown on rows drawn with replacement.

    Everything is as in `RandomForestClassifier`, but the leaves hold mean targets.

    Parameters
    ----------
    n_estimators, bootstrap, max_samples, n_jobs, verbose, random_state : as in
        `RandomForestClassifier`.
    criterion, max_depth, min_samples_split, min_samples_leaf, min_weight_fraction_leaf,
    min_impurity_decrease, bins : of each tree, as in `DecisionTreeRegressor`.
    max_features : features drawn anew for each split; all of them at 1.0, a third is common too.
    oob_score : whether to judge the forest on rows out of the bags; a function of (y_true, y_pred)
        takes the place of R^2.

    Attributes
    ----------
    n_features_in_, max_features_, feature_importances_ : as in scikit-learn.
    oob_score_, oob_prediction_ : R^2, and the predictions (n,), of the rows of training by trees
        that had not seen them.
    grove_ : the trees (`grove.Grove`); `estimators_` makes tree estimators of them.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 5.0, 5.0]
    >>> RandomForestRegressor(10, bootstrap=False).fit(X, y).predict([[1.2], [1.6]])
    array([0., 5.])
    """

    _parameters = {"criterion": choice("squared_error"), **FOREST_PARAMETERS}

    def __init__(
        self, n_estimators: int = 100, *, criterion: str = "squared_error",
        max_depth: int | None = None, min_samples_split: int | float = 2,
        min_samples_leaf: int | float = 1, min_weight_fraction_leaf: float = 0.0,
        max_features: int | float | str | None = 1.0, min_impurity_decrease: float = 0.0,
        bootstrap: bool = True, oob_score: Any = False, n_jobs: int | None = None,
        random_state: Any = None, verbose: bool | int = False,
        max_samples: int | float | None = None, bins: int | None = None,
    ) -> None:  # fmt: skip
        self._store(locals())

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Grow the forest for samples X (n, d) and numbers y (n,)."""
        X, y, weights = self._start_fit(X, y, sample_weight)
        self._fit_trees(X, y, weights)
        return self

    def _grow(self, columns: Columns, y: np.ndarray, weights: np.ndarray | None,
              rules: dict[str, Any]) -> Tree:  # fmt: skip
        if weights is not None:  # rows that are not drawn have no say in the unit of the sums
            y = np.where(weights > 0, y, y[weights.argmax()])
        return grow_on_values(columns, y, weights, **rules)[0]

    def _judge_unseen(self, X: np.ndarray, y: np.ndarray, drawn: list[np.ndarray]) -> None:
        self.oob_prediction_ = self._unseen(X, drawn, self.grove_, 1)[:, 0]
        judged = ~np.isnan(self.oob_prediction_)
        score = self.oob_score if callable(self.oob_score) else r2_score
        predicted = self.oob_prediction_[judged]
        self.oob_score_ = score(y[judged], predicted) if judged.any() else np.nan

    @property
    def estimators_(self) -> list[DecisionTreeRegressor]:
        """The trees, each as an estimator of its own."""
        self._check_fitted()
        tree = DecisionTreeRegressor
        return [_as_estimator(self, tree(max_depth=self.max_depth), self.grove_.tree(t))
                for t in range(len(self.grove_))]  # fmt: skip

    def predict(self, X: Any) -> np.ndarray:
        """The mean (n,) of what the trees predict for each row of X (n, d)."""
        X = self._input(X)
        return self.grove_.means(X)


def _as_estimator(forest: _Forest, estimator: Any, tree: Tree) -> Any:
    estimator.tree_, estimator.n_features_in_ = tree, forest.n_features_in_
    estimator.max_features_ = forest.max_features_
    return estimator
