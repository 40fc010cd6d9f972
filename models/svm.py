"""Support vector machines: the widest margin between classes, the flattest tube of a regression."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np

from tinygrad_ml.estimator import Classifier, Estimator, Regressor
from tinygrad_ml.functional import sigmoid
from tinygrad_ml.functional.kernel_functions import KERNELS, KernelFunction
from tinygrad_ml.kernels.threads import share, slices
from tinygrad_ml.validation import (
    BOOLEAN,
    CLASS_WEIGHT,
    FUNCTION,
    SEED,
    Accepts,
    ConvergenceWarning,
    check_outputs,
    choice,
    integer,
    number,
)

from .platt import couple, fit_platt
from .smo import MOST_STEPS, Solution, solve

_STEPS = integer() | Accepts("-1", lambda v: v == -1 and not isinstance(v, bool))
_BLOCK = 1 << 17  # kernel values at once in a prediction


class _SupportVectorMachine(Estimator):
    """What classifier and regression share: the kernel, its width, and the report of the solver."""

    _parameters = {
        "C": number(above=0),
        "kernel": choice(*KERNELS) | FUNCTION,
        "degree": integer(0),
        "gamma": choice("scale", "auto") | number(above=0),
        "coef0": number(),
        "tol": number(above=0),
        "cache_size": number(above=0),
        "max_iter": _STEPS,
    }
    C: float
    kernel: Any
    gamma: Any
    degree: int
    coef0: float
    tol: float
    cache_size: float
    max_iter: int
    support_vectors_: np.ndarray
    support_: np.ndarray
    dual_coef_: np.ndarray
    intercept_: np.ndarray

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "dual_objective_")  # what `fit` learns last

    def _width(self, X: np.ndarray) -> float:
        """gamma: 1 / (features x variance) for "scale", 1 / features for "auto"."""
        if self.gamma == "auto":
            return 1 / X.shape[1]
        if self.gamma != "scale":
            return float(self.gamma)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            spread = X.shape[1] * X.var()
        small = spread < np.finfo(float).tiny * 1e3 and np.ptp(X) > 0
        if not np.isfinite(spread) or small:
            raise ValueError(
                f"{type(self).__name__}: expected features whose variance can be computed, got "
                f"numbers up to {np.abs(X).max():.3g}. Scale them first, for example with "
                "StandardScaler."
            )
        return 1 / spread if spread > 0 else 1.0

    def _kernel_function(self, points: np.ndarray) -> KernelFunction:
        return KernelFunction(points, self.kernel, self._gamma_, self.degree, self.coef0)

    def _checked_kernel(self, X: np.ndarray) -> tuple[KernelFunction, np.ndarray]:
        """The kernel at the samples, and its diagonal, both finite."""
        self._gamma_ = self._width(X)
        with np.errstate(over="ignore", invalid="ignore"):
            kernel = self._kernel_function(X)
            diagonal = kernel.diagonal().astype(float)
        # The squares decide: where they are finite, so is every product of two rows.
        if not (np.isfinite(diagonal).all() and np.isfinite(kernel.squares).all()):
            raise ValueError(
                f"{type(self).__name__}: expected features whose kernel values are finite numbers, "
                f"got numbers up to {np.abs(X).max():.3g}. Scale them first, for example with "
                "StandardScaler."
            )
        return kernel, diagonal

    def _solve(self, rows: Any, diagonal: np.ndarray, targets: np.ndarray, lower: np.ndarray,
               upper: np.ndarray, e: float = 0.0, places: Any = None) -> Solution:  # fmt: skip
        steps = MOST_STEPS if self.max_iter == -1 else int(self.max_iter)
        cache = self.cache_size * 1e6
        with np.errstate(over="ignore", invalid="ignore"):
            solution = solve(
                rows, diagonal, targets, lower, upper, e, self.tol, cache, steps, places
            )
        if not np.isfinite([solution.objective, solution.gap, solution.intercept]).all():
            raise ValueError(
                f"{type(self).__name__}: expected a problem that numbers can hold, got "
                f"C={self.C:g} and targets up to {np.abs(targets).max():.3g}. Scale y, or lower C."
            )
        return solution

    def _report(self, solutions: list[Solution]) -> None:
        """Say how good the solutions are, and warn if one is not as good as asked."""
        self.fit_status_ = int(not all(each.converged for each in solutions))
        self.kkt_violation_ = max((each.violation for each in solutions), default=0.0)
        self.duality_gap_ = sum(each.gap for each in solutions)
        self.dual_objective_ = sum(each.objective for each in solutions)
        if self.fit_status_:
            steps = max(each.n_steps for each in solutions)
            warnings.warn(
                f"{type(self).__name__}: stopped after {steps} steps with a KKT violation of "
                f"{self.kkt_violation_:.3g}, above tol={self.tol:g}. Scale the features, lower C, "
                "or raise max_iter or tol.",
                ConvergenceWarning,
                stacklevel=3,
            )

    @property
    def coef_(self) -> np.ndarray:
        """The weights of the features, (pairs of classes, features), for kernel="linear"."""
        self._check_fitted()
        if self.kernel != "linear":
            raise AttributeError(
                f"{type(self).__name__}: coef_ exists for kernel='linear' only, got "
                f"kernel={self.kernel!r}. Other kernels have no weights of the features."
            )
        return self._pair_weights().T @ self.support_vectors_

    def _pair_weights(self) -> np.ndarray:
        """The coefficient of every support vector in every decision, (support vectors, pairs)."""
        return self.dual_coef_.T

    def _decisions(self, X: np.ndarray) -> np.ndarray:
        """sum_i b_i k(x_i, x) + intercept for every pair of classes, shape (n, pairs)."""
        weights = self._pair_weights()
        out = np.empty((len(X), weights.shape[1]))
        out[:] = self.intercept_
        n = len(self.support_vectors_)
        if not n:
            return out
        kernel = self._kernel_function(self.support_vectors_)
        rows = max(1, _BLOCK // n)

        def fill(part: slice) -> None:
            for start in range(part.start, part.stop, rows):
                block = slice(start, min(start + rows, part.stop))
                out[block] += kernel(X[block]) @ weights

        whole = [slice(0, len(X))]  # other people's functions are called from one thread
        with np.errstate(over="ignore", invalid="ignore"):
            share(fill, whole if callable(self.kernel) else slices(len(X), len(X) * n))
        return check_outputs(out, X, type(self).__name__)


class SVC(Classifier, _SupportVectorMachine):
    """Support vector classifier: between two classes, the boundary with the widest margin.

        minimise 1/2 |w|^2 + C sum_i max(0, 1 - y_i (w' phi(x_i) + b)),  y_i = -1 or 1

    solved in its dual form by `models.smo`; many classes one against one, each pair on its own
    samples. A sample gets the class for which most pairs speak, among equals the first.

    Parameters
    ----------
    C : price of a sample within the margin, per unit; more fits the samples more closely.
    kernel : "linear", "poly", "rbf", "sigmoid", or a function of two matrices (n, d), (m, d) that
        returns (n, m) numbers; see `functional.kernel_matrix`.
    degree, gamma, coef0 : of the kernel. gamma "scale" is 1 / (features x variance of X), "auto"
        1 / features.
    probability : also learn probabilities (`predict_proba`), from decisions on held-out fifths of
        the samples (J. Platt, 1999); five times the work.
    tol : largest violation of the Karush-Kuhn-Tucker conditions that is left.
    cache_size : memory for rows of the kernel matrix, in MB.
    class_weight : factors of C for the classes: a dict, "balanced" (inverse to their share), or
        None.
    max_iter : most steps of a pair of classes; -1 for ten million.
    decision_function_shape : "ovr", one number per class, or "ovo", one per pair.
    break_ties : among classes for which as many pairs speak, take the one with the largest
        `decision_function` in place of the first.
    random_state : for the folds of the probabilities.

    Attributes: `support_` (numbers of the support vectors, sorted by class), `support_vectors_`,
    `n_support_`, `dual_coef_` (classes - 1, support vectors), `intercept_` (pairs), `coef_`,
    `n_iter_` (pairs); `kkt_violation_` (the worst pair's), `duality_gap_`, `dual_objective_` (sums
    over pairs), `fit_status_` (0 if all converged); `probA_`, `probB_` (pairs).

    Source: C. Cortes and V. Vapnik, Support-vector networks, 1995.

    >>> model = SVC(kernel="linear", C=10).fit([[0.0], [1.0], [3.0], [4.0]], [0, 0, 1, 1])
    >>> model.support_vectors_.ravel(), model.predict([[1.9], [2.1]])
    (array([1., 3.]), array([0, 1]))
    """

    _parameters = {
        **_SupportVectorMachine._parameters,
        "probability": BOOLEAN,
        "class_weight": CLASS_WEIGHT,
        "decision_function_shape": choice("ovr", "ovo"),
        "break_ties": BOOLEAN,
        "random_state": SEED,
    }
    _sklearn_xfail_checks = {
        "check_sample_weight_equivalence_on_dense_data": "solved to tol, by another path"
    }

    def __init__(
        self,
        *,
        C: float = 1.0,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        probability: bool = False,
        tol: float = 1e-3,
        cache_size: float = 200,
        class_weight: Any = None,
        max_iter: int = -1,
        decision_function_shape: str = "ovr",
        break_ties: bool = False,
        random_state: Any = None,
    ) -> None:
        self.C = C
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.probability = probability
        self.tol = tol
        self.cache_size = cache_size
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.decision_function_shape = decision_function_shape
        self.break_ties = break_ties
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> SVC:
        """Learn from samples (n, d) and classes (n,); a weight is a factor of C for its sample."""
        X, y, weights = self._start_fit(X, y, sample_weight)
        if len(self.classes_) < 2:
            raise ValueError(
                f"SVC: expected at least two classes, got one class ({self.classes_.tolist()[0]!r})"
                ". There is no boundary to learn."
            )
        by_class = self._weights_by_class(y, weights)
        C = np.full(len(X), float(self.C)) if by_class is None else self.C * by_class
        order = np.argsort(y, kind="stable")  # the samples of a class are neighbours from here on
        solutions = _solve_pairs(self, X[order], y[order], C[order])
        self._keep(X, y, order, solutions)
        self.n_iter_ = np.array([each.n_steps for each in solutions], np.int32)
        if self.probability:
            self.probA_, self.probB_ = fit_platt(self, X, y, weights)
        self._report(solutions)
        return self

    def _keep(self, X: Any, y: Any, order: np.ndarray, solutions: list[Solution]) -> None:
        """Support vectors sorted by class, with their coefficients as libsvm lays them out."""
        n_classes = len(self.classes_)
        parts = _parts(y[order], n_classes)
        coefficients = np.zeros((n_classes - 1, len(X)))
        for (a, b), solution in zip(_pairs(n_classes), solutions):
            split = parts[a].stop - parts[a].start
            coefficients[b - 1, parts[a]] = solution.coefficients[:split]
            coefficients[a, parts[b]] = solution.coefficients[split:]
        chosen = coefficients.any(axis=0)
        self.support_ = order[chosen].astype(np.int32)
        self.support_vectors_ = X[self.support_]
        self.n_support_ = np.bincount(y[self.support_], minlength=n_classes).astype(np.int32)
        sign = -1 if n_classes == 2 else 1  # two classes: positive for the second
        self.dual_coef_ = sign * coefficients[:, chosen]
        self.intercept_ = sign * np.array([each.intercept for each in solutions])

    def _pair_weights(self) -> np.ndarray:
        if len(self.classes_) == 2:
            return self.dual_coef_.T
        parts = _parts(
            np.repeat(np.arange(len(self.classes_)), self.n_support_), len(self.classes_)
        )
        pairs = _pairs(len(parts))
        weights = np.zeros((len(self.support_vectors_), len(pairs)))
        for column, (a, b) in enumerate(pairs):
            weights[parts[a], column] = self.dual_coef_[b - 1, parts[a]]
            weights[parts[b], column] = self.dual_coef_[a, parts[b]]
        return weights

    def decision_function(self, X: Any) -> np.ndarray:
        """(n,) for two classes, positive for the second; else (n, classes), or (n, pairs) as "ovo".

        "ovr": the number of pairs that speak for a class, and at most a third for how firmly.
        "ovo": positive for the first class of the pairs (0, 1), (0, 2), ..., (1, 2), ...
        """
        decisions = self._decisions(self._input(X))
        if len(self.classes_) == 2:
            return decisions[:, 0]
        return decisions if self.decision_function_shape == "ovo" else self._votes(decisions)

    def _votes(self, decisions: np.ndarray, ranked: bool = True) -> np.ndarray:
        """How many pairs speak for each class; `ranked` adds less than 1/3 by how firmly."""
        votes, firmness = np.zeros((2, len(decisions), len(self.classes_)))
        for column, (a, b) in enumerate(_pairs(len(self.classes_))):
            d = decisions[:, column]
            votes[:, a] += d >= 0
            votes[:, b] += d < 0
            firmness[:, a] += d
            firmness[:, b] -= d
        return votes + firmness / (3 * (np.abs(firmness) + 1)) if ranked else votes

    def predict(self, X: Any) -> np.ndarray:
        """The class of every sample, shape (n,); a decision of 0 goes to the first class."""
        decisions = self._decisions(self._input(X))
        if len(self.classes_) == 2:
            return self.classes_[(decisions[:, 0] > 0).astype(int)]
        return self.classes_[self._votes(decisions, self.break_ties).argmax(axis=1)]

    @property
    def predict_proba(self) -> Any:
        """Probabilities of the classes, as a function of samples; with `probability=True` only."""
        if not self.probability:
            raise AttributeError(
                "SVC: predict_proba exists with probability=True only. Write "
                "SVC(probability=True) and fit again."
            )
        return self._probabilities

    def _probabilities(self, X: Any) -> np.ndarray:
        """Probabilities of the classes, shape (n, classes); they may disagree with `predict`."""
        X = self._input(X)
        if not hasattr(self, "probA_"):
            raise AttributeError(
                "SVC: expected a machine that was fitted with probability=True, got one that was "
                "fitted without. Call fit again."
            )
        decisions = self._decisions(X)
        first = decisions if len(self.classes_) > 2 else -decisions
        return couple(sigmoid(-(first * self.probA_ + self.probB_)), len(self.classes_))

    _probabilities.__name__ = "predict_proba"  # the name that scikit-learn's tools ask for


class SVR(Regressor, _SupportVectorMachine):
    """Support vector regression: the flattest function that stays within epsilon of the targets.

        minimise 1/2 |w|^2 + C sum_i max(0, |y_i - w' phi(x_i) - b| - epsilon)

    Parameters
    ----------
    kernel, degree, gamma, coef0, tol, C, cache_size, max_iter : as for `SVC`.
    epsilon : half the width of the tube in which errors cost nothing, in units of y.

    Attributes: as for `SVC`; `dual_coef_` (1, support vectors), `intercept_` (1,), `n_iter_`.

    Source: H. Drucker, C. Burges, L. Kaufman, A. Smola and V. Vapnik, Support vector regression
    machines, 1997.

    >>> SVR(kernel="linear", C=100).fit([[0.0], [1.0], [2.0]], [0, 2, 4]).predict([[3.0]])
    array([5.8])
    """

    _parameters = {**_SupportVectorMachine._parameters, "epsilon": number(least=0)}
    _sklearn_xfail_checks = {
        "check_sample_weight_equivalence_on_dense_data": "solved to tol, by another path"
    }

    def __init__(
        self,
        *,
        kernel: Any = "rbf",
        degree: int = 3,
        gamma: Any = "scale",
        coef0: float = 0.0,
        tol: float = 1e-3,
        C: float = 1.0,
        epsilon: float = 0.1,
        cache_size: float = 200,
        max_iter: int = -1,
    ) -> None:
        self.kernel = kernel
        self.degree = degree
        self.gamma = gamma
        self.coef0 = coef0
        self.tol = tol
        self.C = C
        self.epsilon = epsilon
        self.cache_size = cache_size
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> SVR:
        """Learn from samples (n, d) and targets (n,); a weight is a factor of C for its sample."""
        X, y, weights = self._start_fit(X, y, sample_weight)
        bound = self.C * (np.ones(len(X)) if weights is None else weights)
        kernel, diagonal = self._checked_kernel(X)
        solution = self._solve(kernel.rows, diagonal, y.astype(float), -bound, bound, self.epsilon)
        self.support_ = np.flatnonzero(solution.coefficients).astype(np.int32)
        self.support_vectors_ = X[self.support_]
        self.n_support_ = np.array([len(self.support_)], np.int32)
        self.dual_coef_ = solution.coefficients[None, self.support_]
        self.intercept_ = np.array([solution.intercept])
        self.n_iter_ = solution.n_steps
        self._report([solution])
        return self

    def predict(self, X: Any) -> np.ndarray:
        """The value at every sample, shape (n,)."""
        return self._decisions(self._input(X))[:, 0]


def _pairs(n_classes: int) -> list[tuple[int, int]]:
    return list(itertools.combinations(range(n_classes), 2))


def _parts(y: np.ndarray, n_classes: int) -> list[slice]:
    """Where each class stands among sorted class numbers."""
    ends = np.searchsorted(y, np.arange(n_classes + 1)).tolist()
    return [slice(start, end) for start, end in itertools.pairwise(ends)]


def _solve_pairs(model: SVC, X: np.ndarray, y: np.ndarray, C: np.ndarray) -> list[Solution]:
    """One solution per pair of classes, the first of which is the positive one; y is sorted."""
    kernel, diagonal = model._checked_kernel(X)
    parts = _parts(y, len(model.classes_))
    whole = None
    if len(parts) > 2 and 8 * len(X) ** 2 <= model.cache_size * 1e6:
        whole = kernel.square()  # which serves all pairs
    solutions = []
    for a, b in _pairs(len(parts)):
        both = np.r_[parts[a], parts[b]]
        targets = np.where(both < parts[a].stop, 1.0, -1.0)
        lower, upper = np.minimum(targets, 0) * C[both], np.maximum(targets, 0) * C[both]
        pair = (diagonal[both], targets, lower, upper)
        if whole is None:
            solutions.append(model._solve(model._kernel_function(X[both]).rows, *pair))
        else:
            solutions.append(model._solve(whole, *pair, places=both))
    return solutions
