"""Gradient boosting: small trees, each on what those before it got wrong (Friedman, 2001)."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from tinygrad_ml.estimator import Classifier, Estimator, ProbabilityClassifier, Regressor, clone
from tinygrad_ml.generators import generator
from tinygrad_ml.model_selection import train_test_split
from tinygrad_ml.validation import BOOLEAN, NOTHING, Accepts, choice, integer, number

from .boosting_losses import (
    AbsoluteError,
    Huber,
    ManyClasses,
    Quantile,
    SquaredError,
    TwoClasses,
)
from .boosting_steps import Grower, Part, boost
from .grove import Grove
from .tree import TREE_PARAMETERS, growing_rules

BOOSTING_PARAMETERS = {
    **TREE_PARAMETERS,
    "learning_rate": number(above=0),
    "n_estimators": integer(),
    "subsample": number(above=0, most=1),
    "init": choice("zero") | NOTHING | Accepts(
        "an estimator",
        lambda v: hasattr(v, "fit") and hasattr(v, "predict") and not isinstance(v, type),
    ),
    "verbose": BOOLEAN | integer(0),
    "validation_fraction": number(above=0, below=1),
    "n_iter_no_change": integer() | NOTHING,
    "tol": number(0),
}  # fmt: skip


class _Boosting(Estimator):
    """What both kinds of boosting share."""

    _allow_nan = True
    grove_: Grove
    init_: Any
    unit_: int
    max_features_: int

    learning_rate: float
    init: Any
    random_state: Any
    validation_fraction: float
    n_iter_no_change: int | None
    bins: int | None

    def _boost(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray | None, unit: int) -> None:
        """Fit to targets y, in units of 2^unit."""
        rng = generator(self.random_state, type(self).__name__, "random_state")
        loss = self._loss()
        self.unit_ = unit
        if weights is not None and not 1e-100 < weights.max() < 1e100:
            weights = weights / weights.max()
            X, y, weights = X[weights > 0], y[weights > 0], weights[weights > 0]
        train, held_out = self._parts(X, y, weights, rng)
        self._begin(loss, train, unit)
        for part in (train, held_out):
            if part is not None:
                part.raw = self._raw_start(part.X, loss)
        rules = growing_rules(self, *train.X.shape)
        self.max_features_ = rules["max_features"]
        grower = Grower(train, self.bins, rules)
        self.grove_, found = boost(self, loss, train, held_out, grower, rng, unit)
        for name, value in found.items():
            setattr(self, name, value)

    def _loss(self) -> Any:
        raise NotImplementedError

    def _parts(self, X: np.ndarray, y: np.ndarray, weights: np.ndarray | None,
               rng: np.random.Generator) -> tuple[Part, Part | None]:  # fmt: skip
        """What to learn from, and what to judge on; None if nothing is held out."""
        if self.n_iter_no_change is None:
            return Part(X, y, weights), None
        n = len(y)
        n_held_out = math.ceil(self.validation_fraction * n)
        if n_held_out >= n:
            raise ValueError(
                f"{type(self).__name__}: expected more rows than the validation part of "
                f"{n_held_out}, got n_samples = {n}. Lower validation_fraction, or do without "
                "early stopping: n_iter_no_change=None."
            )
        groups = y if isinstance(self, Classifier) else None
        if groups is not None:
            counts = np.bincount(groups)
            if counts.min() < 2 or min(n_held_out, n - n_held_out) < len(counts):
                groups = None
        train, rest = train_test_split(
            np.arange(n), test_size=n_held_out, stratify=groups,
            random_state=int(rng.integers(2**31)),
        )  # fmt: skip
        return Part(X, y, weights).rows(train), Part(X, y, weights).rows(rest)

    def _begin(self, loss: Any, train: Part, unit: int) -> None:
        if self.init is None:
            self.init_ = np.ldexp(loss.start(train.y, train.weights), unit)
        elif isinstance(self.init, str):
            self.init_ = np.zeros(loss.n_columns)
        else:
            self._check_init(train.weights is not None)
            y = np.ldexp(train.y, unit) if isinstance(self, Regressor) else train.y
            more = {} if train.weights is None else {"sample_weight": train.weights}
            self.init_ = clone(self.init).fit(train.X, y, **more)

    def _check_init(self, weighted: bool) -> None:
        known = inspect.signature(self.init.fit).parameters
        if weighted and "sample_weight" not in known:
            raise ValueError(
                f"{type(self).__name__}: expected an init whose fit takes sample_weight, got "
                f"{type(self.init).__name__}. Use init=None, or leave the weights out."
            )
        if isinstance(self, Classifier) and not hasattr(self.init, "predict_proba"):
            raise ValueError(
                f"{type(self).__name__}: expected an init with predict_proba, got "
                f"{type(self.init).__name__}. Use a classifier that has it, or init=None."
            )

    def _raw_start(self, X: np.ndarray, loss: Any) -> np.ndarray:
        """Raw predictions (n, n_columns) before the first tree, a column together.

        All raw predictions are in units of 2^unit_, where no sum overflows.
        """
        if isinstance(self.init_, np.ndarray):
            start = np.broadcast_to(self.init_, (len(X), len(self.init_)))
        elif isinstance(self, Regressor):
            start = np.reshape(self.init_.predict(X), (-1, 1))
        else:
            start = self.init_.predict_proba(X)
            if start.shape[1] != max(2, loss.n_columns):
                raise ValueError(
                    f"{type(self).__name__}: expected init to know all {max(2, loss.n_columns)} "
                    f"classes, its predict_proba has {start.shape[1]} columns. Fit with init=None."
                )
            start = loss.start_from(start)
        return np.array(np.ldexp(start, -self.unit_), np.float64, order="F")

    def _raw(self, X: np.ndarray) -> np.ndarray:
        """Raw predictions (n, n_columns) of all trees."""
        loss = self._loss()
        return self._raw_start(X, loss) + self.learning_rate * self.grove_.sums(X, loss.n_columns)

    def _staged(self, X: np.ndarray, loss: Any) -> Iterator[np.ndarray]:
        """Raw predictions after each stage; the same array each time."""
        raw = self._raw_start(X, loss)
        for t in range(len(self.grove_)):
            k = t % loss.n_columns
            raw[:, k] += self.learning_rate * self.grove_.value[self.grove_.leaves_of(t, X)]
            if k == loss.n_columns - 1:
                yield raw


class GradientBoostingRegressor(Regressor, _Boosting):
    """A sum of small trees: each takes a step down the gradient of the loss.

        F_0 = the loss's best constant;  F_m(x) = F_(m-1)(x) + learning_rate * tree_m(x)

    Tree m is grown by squared error on the negative gradients of the loss at F_(m-1); then each
    leaf takes the step that the loss itself asks for: a mean, a median or a quantile of what is
    left there. Small steps and many trees generalise better than large steps and few.

    By default each column is sorted into at most 255 bins of about as many rows, and thresholds lie
    between bins: many times faster than a look at all values, and no worse on average. Columns of
    up to 255 different values lose nothing. `bins=None` looks at all values.

    Parameters
    ----------
    loss : "squared_error", "absolute_error", "huber" or "quantile".
    learning_rate : share of each step that is taken.
    n_estimators : number of stages, each with a tree.
    subsample : share of the rows, drawn anew, that a stage is shown; below 1 the rest judges it.
    max_depth, min_samples_split, min_samples_leaf, min_weight_fraction_leaf, max_features,
    min_impurity_decrease : of each tree, as in `DecisionTreeRegressor`.
    init : None, "zero" or an estimator to start from.
    alpha : the quantile of the quantile loss; with "huber", the share of rows that count squared.
    validation_fraction, n_iter_no_change, tol : with a number for `n_iter_no_change`, that share of
        the rows is held out, and training stops once the loss there has not fallen by `tol` below
        one of that many stages before.
    bins : the most bins of a column; None for all values.
    verbose : whether to show a progress bar.
    random_state : None, a seed or a Generator.

    Attributes
    ----------
    n_features_in_, max_features_, feature_importances_, n_estimators_ : as in scikit-learn.
    init_ : where it starts: the constant (1,), or the fitted `init`.
    train_score_ : loss of the rows of each stage. With subsample < 1: oob_scores_ and
        oob_improvement_ of the other rows, and oob_score_, the last of the former. With early
        stopping: validation_score_.
    grove_ : the trees (`grove.Grove`); their leaves count in units of 2^unit_.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 0.0, 5.0, 5.0]
    >>> model = GradientBoostingRegressor(n_estimators=2, learning_rate=0.5).fit(X, y)
    >>> model.predict([[1.2], [1.6]])
    array([0.625, 4.375])
    """

    _parameters = {
        **BOOSTING_PARAMETERS,
        "loss": choice("squared_error", "absolute_error", "huber", "quantile"),
        "alpha": number(above=0, below=1),
    }

    loss: str
    alpha: float

    def __init__(
        self, *, loss: str = "squared_error", learning_rate: float = 0.1, n_estimators: int = 100,
        subsample: float = 1.0, min_samples_split: int | float = 2,
        min_samples_leaf: int | float = 1, min_weight_fraction_leaf: float = 0.0,
        max_depth: int | None = 3, min_impurity_decrease: float = 0.0, init: Any = None,
        random_state: Any = None, max_features: int | float | str | None = None,
        alpha: float = 0.9, verbose: bool | int = False, validation_fraction: float = 0.1,
        n_iter_no_change: int | None = None, tol: float = 1e-4, bins: int | None = 255,
    ) -> None:  # fmt: skip
        self._store(locals())

    def _loss(self) -> Any:
        if self.loss == "huber":
            return Huber(self.alpha)
        if self.loss == "quantile":
            return Quantile(self.alpha)
        return SquaredError() if self.loss == "squared_error" else AbsoluteError()

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to samples X (n, d) and numbers y (n,)."""
        X, y, weights = self._start_fit(X, y, sample_weight)
        unit = int(np.frexp(np.abs(y).max())[1])
        self._boost(X, np.ldexp(y.astype(np.float64), -unit), weights, unit)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The prediction (n,) for each row of X (n, d)."""
        X = self._input(X)
        return np.ldexp(self._raw(X)[:, 0], self.unit_)

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """The predictions (n,) after each stage, one after the other."""
        X = self._input(X)
        return (np.ldexp(raw[:, 0], self.unit_) for raw in self._staged(X, self._loss()))

    def apply(self, X: Any) -> np.ndarray:
        """The number of the leaf (n, n_estimators_) that each row comes to in each tree."""
        X = self._input(X)
        return np.ascontiguousarray(self.grove_.leaves(X).T)


class GradientBoostingClassifier(ProbabilityClassifier, _Boosting):
    """A sum of small trees whose raw scores give probabilities of classes.

    With two classes p = 1 / (1 + exp(-F(x))) for the second one, and one tree a stage; with more,
    p = softmax(F(x)), and a tree a stage for each class. Trees are grown on the negative gradients
    of the log loss, indicator - p; a leaf takes a Newton step, sum(g) / sum(p (1 - p)), times
    (k - 1) / k for k > 2 classes. Everything else is as in `GradientBoostingRegressor`.

    Parameters
    ----------
    loss : "log_loss".
    learning_rate, n_estimators, subsample, max_depth, min_samples_split, min_samples_leaf,
    min_weight_fraction_leaf, max_features, min_impurity_decrease, init, validation_fraction,
    n_iter_no_change, tol, bins, verbose, random_state : as in `GradientBoostingRegressor`. An
        `init` must have `predict_proba`; a class keeps its share in the validation part.

    Attributes
    ----------
    classes_, n_classes_ : the classes, and their number.
    init_ : where it starts: raw scores (n_columns,), the logarithms of the classes' shares.
    train_score_ : the log loss of each stage (of two classes the deviance, twice that).
    Others : as in `GradientBoostingRegressor`.

    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"]
    >>> GradientBoostingClassifier().fit(X, y).predict([[1.2], [1.6]])
    array(['no', 'yes'], dtype='<U3')
    """

    _parameters = {**BOOSTING_PARAMETERS, "loss": choice("log_loss")}

    def __init__(
        self, *, loss: str = "log_loss", learning_rate: float = 0.1, n_estimators: int = 100,
        subsample: float = 1.0, min_samples_split: int | float = 2,
        min_samples_leaf: int | float = 1, min_weight_fraction_leaf: float = 0.0,
        max_depth: int | None = 3, min_impurity_decrease: float = 0.0, init: Any = None,
        random_state: Any = None, max_features: int | float | str | None = None,
        verbose: bool | int = False, validation_fraction: float = 0.1,
        n_iter_no_change: int | None = None, tol: float = 1e-4, bins: int | None = 255,
    ) -> None:  # fmt: skip
        self._store(locals())

    def _loss(self) -> Any:
        return TwoClasses() if self.n_classes_ == 2 else ManyClasses(self.n_classes_)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to samples X (n, d) and classes y (n,) of any dtype."""
        X, y, weights = self._start_fit(X, y, sample_weight)
        self.n_classes_ = len(self.classes_)
        self._boost(X, y, weights, 0)
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Raw scores (n, n_classes); of two classes (n,), positive for the second one."""
        X = self._input(X)
        raw = self._raw(X)
        return raw[:, 0] if self.n_classes_ <= 2 else raw

    def predict_proba(self, X: Any) -> np.ndarray:
        """The probabilities (n, n_classes)."""
        X = self._input(X)
        return self._loss().probabilities(self._raw(X))

    def staged_decision_function(self, X: Any) -> Iterator[np.ndarray]:
        """`decision_function` after each stage, one after the other."""
        X = self._input(X)
        few = self.n_classes_ <= 2
        return ((raw[:, 0] if few else raw).copy() for raw in self._staged(X, self._loss()))

    def staged_predict_proba(self, X: Any) -> Iterator[np.ndarray]:
        """`predict_proba` after each stage, one after the other."""
        X = self._input(X)
        loss = self._loss()
        return (loss.probabilities(raw) for raw in self._staged(X, loss))

    def staged_predict(self, X: Any) -> Iterator[np.ndarray]:
        """`predict` after each stage, one after the other."""
        stages = self.staged_predict_proba(X)
        return (self.classes_[probabilities.argmax(axis=1)] for probabilities in stages)

    def apply(self, X: Any) -> np.ndarray:
        """The leaf (n, n_estimators_, n_columns) of each row in each tree, one column for two."""
        X = self._input(X)
        leaves = self.grove_.leaves(X).T
        return np.ascontiguousarray(leaves.reshape(len(X), self.n_estimators_, -1))  # type: ignore[attr-defined]
