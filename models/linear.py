"""Regression with a linear function of the features, by least squares.

The squared error has its minimum where X^T (y^ - y) = 0, the normal equations. They are solved here
by factorising the centred X, or approached step by step along the negative gradient, which is
written out by hand or left to autograd: three ways to the same line.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tinygrad_ml import value_and_grad
from tinygrad_ml.estimator import Estimator, Regressor, clone
from tinygrad_ml.functional import mse_loss
from tinygrad_ml.validation import (
    ARRAY,
    BOOLEAN,
    ConvergenceWarning,
    check_outputs,
    choice,
    integer,
    number,
)

CERTAIN = 1e-10  # a leverage this close to 1: no other sample says anything about this one
SAFE_CONDITION = 1e8  # above, squaring the singular values would cost half of the digits


class _Linear(Regressor, Estimator):
    """y^ = X w + b, and what the least-squares models share."""

    _several_outputs = True

    fit_intercept: bool
    coef_: np.ndarray
    intercept_: Any

    def predict(self, X: Any) -> np.ndarray:
        """X w + b: shape (n,), or (n, outputs) when it was fitted on several."""
        X = self._input(X)
        with np.errstate(over="ignore", invalid="ignore"):
            return check_outputs(X @ self.coef_.T + self.intercept_, X, type(self).__name__)

    def _centred(self, X: Any, y: Any, weights: Any) -> tuple[Any, ...]:
        """X and y without their means, rows times the roots of the weights, and both means.

        With an intercept the best line passes through the means, so only a slope is left to find.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            X, y = X.astype(np.float64), y.astype(np.float64)
            x_mean, y_mean = np.zeros(X.shape[1]), np.zeros(y.shape[1:])
            if self.fit_intercept:
                x_mean, y_mean = (np.average(a, axis=0, weights=weights) for a in (X, y))
                X, y = X - x_mean, y - y_mean
            if weights is not None:
                root = np.sqrt(weights)
                X, y = X * root[:, None], (y.T * root).T
        for name, array in (("X", X), ("y", y)):
            if not np.isfinite(array).all():
                raise ValueError(
                    f"{type(self).__name__}: expected values whose sums are finite, got {name} "
                    "with values near the largest number. Divide it by a constant."
                )
        return X, y, x_mean, y_mean

    def _learn(self, w: np.ndarray, x_mean: np.ndarray, y_mean: Any) -> None:
        """Keep w, (features,) or (features, outputs), and the b that passes through the means."""
        with np.errstate(over="ignore", invalid="ignore"):
            b = y_mean - x_mean @ w if self.fit_intercept else 0.0
        if not (np.isfinite(w).all() and np.isfinite(b).all()):
            raise ValueError(
                f"{type(self).__name__}: expected finite coefficients, got an overflow: y is too "
                "large beside X. Divide y, or multiply X, by a constant."
            )
        self.coef_ = np.ascontiguousarray(w.T)
        self.intercept_ = b if np.ndim(b) else float(b)

    def _hat(self, X: np.ndarray) -> list[np.ndarray]:
        """The matrices H with y^ = H y of the centred data, one for all outputs or one for each."""
        raise NotImplementedError

    def _leave_one_out(self, X: Any, y: Any) -> np.ndarray:
        """What each sample is predicted to be by a model of all others, without fitting n times.

        Leaving sample i out changes its residual from r to r / (1 - h), where h = H[i, i] of the
        hat matrix (Allen, 1974). Where h is 1 the model is fitted without the sample.
        """
        fitted = clone(self).fit(X, y)
        X, y, _ = clone(self)._start_fit(X, y)
        leverages = np.stack([np.diag(H) for H in fitted._hat(self._centred(X, y, None)[0])])
        if self.fit_intercept:
            leverages = leverages + 1 / len(X)
        rest = 1 - leverages.T  # (n, 1), or a column for each output
        alone = np.any(rest < CERTAIN, axis=1)
        predicted = fitted.predict(X)
        rest = np.where(alone[:, None], 1.0, rest)
        out = y - (y - predicted) / (rest if y.ndim == 2 else rest[:, 0])
        for i in np.flatnonzero(alone):
            others = np.arange(len(X)) != i
            out[i] = clone(self).fit(X[others], y[others]).predict(X[i : i + 1])[0]
        return out


class LinearRegression(_Linear):
    """Ordinary least squares: the w and b for which mean (X w + b - y)^2 is least.

    Parameters
    ----------
    fit_intercept : whether there is a b; without it the line passes through 0.
    solver : "lstsq", in closed form by singular values, the shortest w where several are best;
        "gradient", w <- w - learning_rate X^T (y^ - y) / n and b <- b - learning_rate mean(y^ - y)
        from 0 on, formulas written by hand; "autograd", the same with gradients of the Tensor.
    learning_rate : of the two that go step by step.
    max_iter : how many steps they take at most.
    tol : they stop when no element of the gradient is larger than this part of the first
        gradient's largest.

    Fitted: `coef_` (features,) or (outputs, features), `intercept_` a number or (outputs,),
    `n_iter_`; with "lstsq" also `rank_` and `singular_` of the centred X, with the others
    `loss_history_`, mean (y^ - y)^2 / 2 before every step, summed over the outputs.

    `fit` raises ValueError when the steps diverge, and says which learning rate does not. It warns
    with ConvergenceWarning when `max_iter` steps were too few.

    Source: A. M. Legendre, Nouvelles methodes pour la determination des orbites des cometes, 1805.

    >>> model = LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> print(model.coef_.round(6), round(model.intercept_, 6))
    [2.] 1.0
    """

    _parameters = {
        "fit_intercept": BOOLEAN,
        "solver": choice("lstsq", "gradient", "autograd"),
        "learning_rate": number(above=0),
        "max_iter": integer(),
        "tol": number(0),
    }

    n_iter_: int
    rank_: int
    singular_: np.ndarray
    loss_history_: np.ndarray

    def __init__(
        self,
        fit_intercept: bool = True,
        solver: str = "lstsq",
        learning_rate: float = 0.01,
        max_iter: int = 1000,
        tol: float = 1e-6,
    ) -> None:
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearRegression:
        """Learn from X (n, features) and y (n,) or (n, outputs); weights (n,) count rows."""
        X, y, weights = self._start_fit(X, y, sample_weight)
        if self.solver == "lstsq":
            X, y, x_mean, y_mean = self._centred(X, y, weights)
            w, _, rank, singular = np.linalg.lstsq(X, y)
            self._learn(w, x_mean, y_mean)
            self.rank_, self.singular_, self.n_iter_ = int(rank), singular, 1
        else:
            self._descend(X.astype(np.float64), y.astype(np.float64), weights)
        return self

    def _descend(self, X: np.ndarray, y: np.ndarray, weights: Any) -> None:
        """Step by step along the negative gradient, from w = 0 and b = 0."""
        share = np.full(len(X), 1 / len(X)) if weights is None else weights / weights.sum()
        losses = by_hand if self.solver == "gradient" else by_autograd
        w, b = np.zeros((X.shape[1], *y.shape[1:])), np.zeros(y.shape[1:])
        history: list[float] = []
        first = 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            for step in range(self.max_iter + 1):
                loss, dw, db = losses(X, y, share, w, b)
                largest = float(np.abs(dw).max())
                if self.fit_intercept:
                    largest = max(largest, float(np.abs(db).max()))
                if not np.isfinite(largest) or (history and loss > history[-1] * (1 + 1e-9)):
                    self._check_divergence(X, share, [*history, loss])
                first = first or largest
                if largest <= self.tol * first or step == self.max_iter:
                    break
                history.append(loss)
                w = w - self.learning_rate * dw
                if self.fit_intercept:
                    b = b - self.learning_rate * db
        self._learn(w, np.zeros(X.shape[1]), b)
        self.n_iter_ = max(1, len(history))
        self.loss_history_ = np.array(history or [loss])
        if largest > self.tol * first:
            warnings.warn(
                f"LinearRegression: {self.max_iter} steps left a gradient of {largest / first:.1e} "
                f"of the first one, expected {self.tol:g}. Use features of mean 0 and variance 1, "
                f"more steps, or a learning rate below {self._limit(X, share):.3g}.",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _check_divergence(self, X: np.ndarray, share: np.ndarray, losses: list[float]) -> None:
        """The loss has risen: by rounding, or since every step goes too far."""
        limit = self._limit(X, share)
        if self.learning_rate < limit and np.isfinite(losses[-1]):
            return
        safe = (
            f"Below 2 / (largest eigenvalue) = {limit:.3g} it converges; features" if limit else ""
        )
        raise ValueError(
            f"LinearRegression: expected a loss that falls, got {losses[0]:.3g} at first and "
            f"{losses[-1]:.3g} after {len(losses) - 1} steps with learning_rate="
            f"{self.learning_rate:g}: it diverges. {safe or 'Features'} of mean 0 and variance 1 "
            "allow a larger one."
        )

    def _limit(self, X: np.ndarray, share: np.ndarray) -> float:
        """2 / the largest eigenvalue of the loss's second derivative, X^T X / n."""
        columns = [X, np.ones((len(X), 1))] if self.fit_intercept else [X]
        scaled = np.sqrt(share)[:, None] * np.hstack(columns)
        if not np.isfinite(scaled).all():
            return 0.0
        largest = max(float(np.linalg.norm(scaled, 2)), 1e-150)
        return 2 / largest / largest

    def _hat(self, X: np.ndarray) -> list[np.ndarray]:
        if self.solver != "lstsq":  # steps that end early obey no closed form
            return [np.eye(len(X))]
        u, s, _ = np.linalg.svd(X, full_matrices=False)
        u = u[:, s > s.max(initial=0) * max(X.shape) * np.finfo(float).eps]
        return [u @ u.T]


def by_hand(X: Any, y: Any, share: Any, w: Any, b: Any) -> tuple[float, Any, Any]:
    """Half the mean squared error and its gradients, X^T (y^ - y) / n and mean(y^ - y)."""
    residual = X @ w + b - y
    weighted = (residual.T * share).T
    return float((weighted * residual).sum() / 2), X.T @ weighted, weighted.sum(axis=0)


def by_autograd(X: Any, y: Any, share: Any, w: Any, b: Any) -> tuple[float, Any, Any]:
    """The same, where only the loss is written down."""
    root = np.sqrt(share * len(share)).reshape(-1, *[1] * (y.ndim - 1))
    outputs = y.shape[1] if y.ndim == 2 else 1

    def loss(w: Any, b: Any) -> Any:
        return mse_loss((X @ w + b) * root, y * root) * (outputs / 2)

    value, (dw, db) = value_and_grad(loss, (0, 1))(w, b)
    return value, dw, db


class Ridge(_Linear):
    """Least squares with a penalty: sum (X w + b - y)^2 + alpha |w|^2 is least; b is free.

    w = (X^T X + alpha I)^-1 X^T y of the centred X, through the smaller of X^T X and X X^T where
    alpha makes that safe, else through the singular values of X.

    Parameters
    ----------
    alpha : the penalty, from 0 (least squares) on; an array has one for each output.
    fit_intercept : whether there is a b.

    Fitted: `coef_` (features,) or (outputs, features), `intercept_` a number or (outputs,).

    Source: A. E. Hoerl and R. W. Kennard, Ridge regression, 1970.

    >>> Ridge(alpha=2.0).fit([[-1.0], [1.0]], [-1.0, 1.0]).coef_
    array([0.5])
    """

    _parameters = {"alpha": number(0) | ARRAY, "fit_intercept": BOOLEAN}

    def __init__(self, alpha: Any = 1.0, fit_intercept: bool = True) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Ridge:
        """Learn from X (n, features) and y (n,) or (n, outputs); weights (n,) count rows."""
        X, y, weights = self._start_fit(X, y, sample_weight)
        alpha = self._alphas(y)
        X, y, x_mean, y_mean = self._centred(X, y, weights)
        w = _ridge_by_gram(X, y, float(alpha)) if alpha.ndim == 0 else None
        if w is None:
            u, s, v = np.linalg.svd(X, full_matrices=False)
            shrunk = _shrinkage(s, np.atleast_1d(alpha)).T  # (singular values, 1 or outputs)
            with np.errstate(over="ignore", invalid="ignore"):
                w = v.T @ (shrunk * (u.T @ y.reshape(len(y), -1)))
            w = w.reshape(-1, *y.shape[1:])
        self._learn(w, x_mean, y_mean)
        return self

    def _alphas(self, y: np.ndarray) -> np.ndarray:
        """alpha as an array () or (outputs,)."""
        try:
            alpha = np.asarray(self.alpha, np.float64)
        except (TypeError, ValueError):
            alpha = np.array([np.nan])
        outputs = y.shape[1] if y.ndim == 2 else 1
        if (
            alpha.shape not in ((), (1,), (outputs,))
            or not (np.isfinite(alpha) & (alpha >= 0)).all()
        ):
            raise ValueError(
                f"Ridge: alpha must be a number from 0 on, or one for each of the {outputs} "
                f"outputs, got {self.alpha!r:.80}. Search for a single one with cross-validation."
            )
        return alpha.reshape(()) if alpha.size == 1 else alpha

    def _hat(self, X: np.ndarray) -> list[np.ndarray]:
        u, s, _ = np.linalg.svd(X, full_matrices=False)
        alphas = np.atleast_1d(np.asarray(self.alpha, np.float64))
        return [(u * (s * shrunk)) @ u.T for shrunk in _shrinkage(s, alphas)]


def _ridge_by_gram(X: np.ndarray, y: np.ndarray, alpha: float) -> np.ndarray | None:
    """w through the smaller Gram matrix; None where too many digits would be lost."""
    wide = X.shape[1] > X.shape[0]
    with np.errstate(over="ignore", invalid="ignore"):
        gram = X @ X.T if wide else X.T @ X
        size = np.trace(gram)  # at least the largest eigenvalue
    if not (alpha > 0 and np.isfinite(size) and size <= SAFE_CONDITION * alpha):
        return None
    gram.flat[:: len(gram) + 1] += alpha
    if wide:
        return X.T @ np.linalg.solve(gram, y)
    return np.linalg.solve(gram, X.T @ y)


def _shrinkage(s: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """s / (s^2 + alpha) for every alpha, (alphas, values); 0 for values that are rounding alone."""
    tiny = s <= s.max(initial=0) * len(s) * np.finfo(float).eps
    s = np.where(tiny, 1, s)
    return np.where(tiny, 0, 1 / (s + alphas[:, None] / s))
