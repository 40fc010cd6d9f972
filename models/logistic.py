"""Logistic regression: log-odds of the classes that are linear functions of the features.

The loss is convex, with the gradient (p - y) X^T: what the sigmoid, or the softmax, leaves of the
chain rule. Both solvers look for its zero in features of mean 0 and variance 1, so that units do
not matter, and the answer is carried back at the end.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_ml.estimator import Classifier, Estimator
from tinygrad_ml.functional import (
    log_sigmoid,
    log_softmax,
    logsumexp,
    one_hot,
    sigmoid,
    softmax,
    softplus,
)
from tinygrad_ml.optim import LBFGS
from tinygrad_ml.tensor import Parameter
from tinygrad_ml.validation import (
    BOOLEAN,
    CLASS_WEIGHT,
    NOTHING,
    Accepts,
    ConvergenceWarning,
    check_outputs,
    choice,
    integer,
    number,
)

ROUNDING = 1e-15  # a change of the loss, about 1 at the start, in its last digit
PAIRS = 10  # differences of gradients that L-BFGS remembers


class LogisticRegression(Classifier, Estimator):
    """Logistic regression, for many classes softmax regression, with an L2 penalty.

    P(class k) = softmax(w_k x + b_k), with two classes P(second) = sigmoid(w x + b), where
    C * (sum over the samples of -log P(own class)) + |w|^2 / 2 is least.

    Parameters
    ----------
    C : how much the samples count beside the penalty; np.inf is no penalty.
    penalty : "l2", or None for none.
    fit_intercept : whether there are b, which are not penalised.
    solver : "lbfgs", quasi-Newton steps of the optimizer `LBFGS`; "newton", Newton's method whose
        steps come from conjugate gradients, which reaches the last digit (tol=1e-10); "auto",
        what is fastest: "newton" for two classes, "lbfgs" for more.
    tol : stop when no element of the gradient of the mean loss is larger, with respect to
        coefficients of features of variance 1.
    max_iter : how many steps are taken at most.
    class_weight : None, "balanced" (every class counts as much as any other) or {class: weight}.

    X may be sparse; it is then scaled but not centred.
    Fitted: `classes_`, `coef_` (1, features) for two classes and (classes, features) for more,
    `intercept_` (1,) or (classes,), `n_iter_` (1,).

    It warns with ConvergenceWarning when `max_iter` steps were too few, and when without a penalty
    the classes can be separated: larger coefficients are then always better.

    Source: D. R. Cox, The regression analysis of binary sequences, 1958.

    >>> model = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> model.predict([[0.5], [2.5]]).tolist(), model.predict_proba([[1.5]]).round(6).tolist()
    (['no', 'yes'], [[0.5, 0.5]])
    """

    _sparse = True
    _parameters = {
        "C": number(above=0) | Accepts("np.inf", lambda v: isinstance(v, float) and v == np.inf),
        "penalty": choice("l2") | NOTHING,
        "fit_intercept": BOOLEAN,
        "solver": choice("auto", "lbfgs", "newton"),
        "tol": number(above=0),
        "max_iter": integer(),
        "class_weight": CLASS_WEIGHT,
    }

    coef_: np.ndarray
    intercept_: np.ndarray
    n_iter_: np.ndarray

    def __init__(
        self,
        C: float = 1.0,
        penalty: str | None = "l2",
        fit_intercept: bool = True,
        solver: str = "auto",
        tol: float = 1e-4,
        max_iter: int = 100,
        class_weight: Any = None,
    ) -> None:
        self.C = C
        self.penalty = penalty
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LogisticRegression:
        """Learn from X (n, features) and classes y (n,); weights (n,) count rows."""
        X, y, weights = self._start_fit(X, y, sample_weight)
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise ValueError(
                "LogisticRegression: expected at least two classes in y, got 1 class, "
                f"{self.classes_.tolist()[0]!r}. Look whether a filter left only that one."
            )
        weights = self._weights_by_class(y, weights)
        weights = np.ones(len(y)) if weights is None else weights
        total = weights.sum()
        strength = 0.0 if self.penalty is None else 1 / (self.C * total)
        targets = y[None] if n_classes == 2 else one_hot(y, n_classes, np.float64).T
        loss = MeanLoss(X, targets, weights / total, strength, self.fit_intercept)
        newton = self.solver == "newton" or (self.solver == "auto" and n_classes == 2)
        solve = _newton if newton else _lbfgs
        V, steps, gradient = solve(loss, self.tol, self.max_iter)
        w, b = loss.coefficients(V)
        self._check_result(loss, V, w, b, steps, float(np.abs(gradient).max()))
        self.coef_, self.intercept_, self.n_iter_ = w, b, np.array([max(1, steps)])
        return self

    def _check_result(
        self, loss: MeanLoss, V: np.ndarray, w: np.ndarray, b: np.ndarray, steps: int, left: float
    ) -> None:
        if not (np.isfinite(w).all() and np.isfinite(b).all()):
            raise ValueError(
                "LogisticRegression: expected finite coefficients, got an overflow: X has very "
                "small or very large values. Use features of variance 1 (StandardScaler)."
            )
        if left > self.tol:
            other = "" if self.solver == "newton" else ", or solver='newton'"
            warnings.warn(
                f"LogisticRegression: expected a gradient of at most tol={self.tol:g}, got "
                f"{left:.1e} after {steps} steps. Use a larger max_iter{other}.",
                ConvergenceWarning,
                stacklevel=3,
            )
        elif loss.strength == 0 and loss.separated(V):
            warnings.warn(
                "LogisticRegression: every training sample is on its side of the border, so that "
                "without a penalty larger coefficients are always better and these are where the "
                "steps ended. Use penalty='l2'.",
                ConvergenceWarning,
                stacklevel=3,
            )

    def decision_function(self, X: Any) -> np.ndarray:
        """w x + b: (n,) for two classes, positive for the second; (n, classes) for more."""
        X = self._input(X)
        with np.errstate(over="ignore", invalid="ignore"):
            scores = check_outputs(X @ self.coef_.T + self.intercept_, X, type(self).__name__)
        return scores[:, 0] if len(self.coef_) == 1 else scores

    def predict(self, X: Any) -> np.ndarray:
        """The most probable class of each sample; the first in `classes_` of equals."""
        scores = self.decision_function(X)
        return self.classes_[
            (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        ]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities (n, classes) in the order of `classes_`; rows sum to 1."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.column_stack([sigmoid(-scores), sigmoid(scores)])
        return softmax(scores)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Their logarithms, exact where a probability is too small for a number."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return np.column_stack([log_sigmoid(-scores), log_sigmoid(scores)])
        return log_softmax(scores)


class MeanLoss:
    """The mean loss with its penalty, and its derivatives, as functions of coefficients V.

    V is (1 or classes, features + 1) in the coordinates that suit the solvers: the features are
    centred and divided by `units`, w = V / units, and a column of ones carries b.
    `targets` (1 or classes, n) are 0 and 1, `share` (n,) sums to 1, `strength` is the
    factor of |w|^2 / 2.
    """

    def __init__(self, X: Any, targets: Any, share: Any, strength: float, intercept: bool) -> None:
        self.targets, self.share, self.strength = targets, share, strength
        self.intercept = intercept
        self.sign = 1.0 - 2 * targets  # for two classes: -1 for the second
        self.mean = np.zeros(X.shape[1])
        sparse = hasattr(X, "toarray")
        X = X.astype(np.float64)
        if not sparse and intercept:
            with np.errstate(over="ignore", invalid="ignore"):
                self.mean = share @ X
                X = X - self.mean
        X, self.units = self._scaled(X, sparse)
        if intercept:
            from_ones = np.ones((X.shape[0], 1))
            X = _hstack(X, from_ones) if sparse else np.hstack([X, from_ones])
        self.X = X
        self.size = (len(targets), X.shape[1])

    def _scaled(self, X: Any, sparse: bool) -> tuple[Any, np.ndarray]:
        """X of mean square 1 in every column, in units in which the penalty is at most 1."""
        largest = np.abs(X).max(axis=0)
        largest = largest.toarray().ravel() if sparse else largest
        if not np.isfinite(largest).all():
            raise ValueError(
                "LogisticRegression: expected values whose sums are finite, got values near the "
                "largest number. Divide X by a constant."
            )
        constant = largest <= 1e-14 * np.abs(self.mean)  # or 0
        if not sparse:
            X[:, constant] = 0  # else its rounding would be taken for data
        X = X / np.where(constant, 1, largest)
        largest[constant] = 0
        spread = largest * np.sqrt(self.share @ (X * X))
        units = np.maximum(spread, self.strength**0.5)
        units[units == 0] = 1
        return X * (largest / units), units

    def penalty_slope(self, V: np.ndarray) -> np.ndarray:
        """strength * w, carried back to V; the column of b is free."""
        out = np.zeros_like(V)
        width = len(self.units)
        out[:, :width] = self.strength / self.units / self.units * V[:, :width]
        return out

    def value(self, V: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """The loss, the gradient, and the probabilities (1 or classes, n)."""
        z = V @ self.X.T
        if len(V) == 1:
            losses = softplus(self.sign * z)[0]
            p = sigmoid(z)
            wrong = self.sign * sigmoid(self.sign * z)  # p - y without cancellation
        else:
            total = logsumexp(z, axis=0, keepdims=True)
            losses = total[0] - (self.targets * z).sum(axis=0)
            p = np.exp(z - total)
            wrong = p - self.targets
        pull = self.penalty_slope(V)
        value = float(self.share @ losses) + 0.5 * float(np.vdot(V, pull))
        return value, (wrong * self.share) @ self.X + pull, p

    def curvature(self, p: np.ndarray, D: np.ndarray) -> np.ndarray:
        """The second derivative times a direction D: the change of the gradient along D."""
        change = D @ self.X.T
        if len(D) > 1:
            change -= (p * change).sum(axis=0)
            change *= p * self.share
        else:
            change *= p * (1 - p) * self.share
        return change @ self.X + self.penalty_slope(D)

    def separated(self, V: np.ndarray) -> bool:
        """Whether every sample's own class has the largest score, and no other one."""
        z = V @ self.X.T
        if len(V) == 1:
            return bool((self.sign * z < 0).all())
        own = (self.targets * z).sum(axis=0)
        return bool((own > np.where(self.targets > 0, -np.inf, z).max(axis=0)).all())

    def coefficients(self, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """w and b for the features as they came."""
        with np.errstate(over="ignore", invalid="ignore"):
            w = V[:, : len(self.units)] / self.units
            b = V[:, -1] - w @ self.mean if self.intercept else np.zeros(len(V))
        return w, b


def _hstack(*columns: Any) -> Any:
    from scipy.sparse import csr_array, hstack

    return csr_array(hstack(columns))


Solution = tuple[np.ndarray, int, np.ndarray]  # V, steps, gradient there


def _lbfgs(loss: MeanLoss, tol: float, max_iter: int) -> Solution:
    V = Parameter(np.zeros(loss.size))
    optimizer = LBFGS(
        [V], max_iter=max_iter, max_evaluations=20 * max_iter + 100, tolerance_grad=tol,
        tolerance_change=ROUNDING, history_size=PAIRS,
    )  # fmt: skip

    def closure() -> float:
        value, V.grad, _ = loss.value(V.data)
        return value

    optimizer.step(closure)
    steps, gradient = optimizer.step_count, loss.value(V.data)[1]
    if np.abs(gradient).max() <= tol or steps >= max_iter:
        return V.data, steps, gradient
    # Losses are equal in all digits before the gradient is 0; its derivative sees further.
    V_end, more, gradient = _newton(loss, tol, max_iter - steps, V.data)
    return V_end, steps + more, gradient


def _newton(loss: MeanLoss, tol: float, max_iter: int, start: Any = None) -> Solution:
    """Steps to where the second-order model of the loss is least, halved until the loss falls."""
    V = np.zeros(loss.size) if start is None else np.array(start)
    value, gradient, p = loss.value(V)
    for step in range(max_iter):
        norm = float(np.linalg.norm(gradient))
        if np.abs(gradient).max() <= tol:
            return V, step, gradient
        exactness = min(0.5, norm**0.5)  # makes the steps converge faster than linearly
        bend = functools.partial(loss.curvature, p)
        direction = _conjugate_gradients(bend, gradient, exactness)
        slope = float(np.vdot(gradient, direction))
        t = 1.0
        while True:
            new_value, new_gradient, p = loss.value(V + t * direction)
            rounding = 1e-14 * abs(value)
            if new_value <= value + 1e-4 * t * slope + rounding:
                break
            t /= 2
            if t < 1e-12:  # no lower point: this is as far as the digits go
                return V, step, gradient
        V, value, gradient = V + t * direction, new_value, new_gradient
    return V, max_iter, gradient


def _conjugate_gradients(
    curvature: Callable[[np.ndarray], np.ndarray], gradient: np.ndarray, exactness: float
) -> np.ndarray:
    """D with curvature(D) = -gradient, up to a rest of `exactness` (Hestenes & Stiefel, 1952)."""
    D = np.zeros_like(gradient)
    rest = -gradient
    along, square = rest, float(np.vdot(rest, rest))
    enough = exactness**2 * square
    for _ in range(2 * gradient.size):
        bent = curvature(along)
        steepness = float(np.vdot(along, bent))
        if not steepness > 0:  # flat as far as the digits go
            return D if D.any() else along
        length = square / steepness
        D = D + length * along
        rest = rest - length * bent
        square, before = float(np.vdot(rest, rest)), square
        if square <= enough:
            break
        along = rest + square / before * along
    return D
