"""Cross-validation: fit on the training rows of every fold, and judge on its test rows.

CV = (1/k) sum_i score_i over k folds. The estimator is cloned for every fold, so that nothing
it learned before, or from the rows of the test part, has a say. What prepares the data (scalers,
selections) belongs into a Pipeline with the estimator: then it too learns from training rows alone.
"""

from __future__ import annotations

import inspect
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..estimator import clone, is_classifier
from ..jobs import run_jobs
from ..metrics import scorer
from ..metrics.scorers import Scorer
from ..validation import is_number
from .folds import LeaveOneOut, check_cv
from .splitting import n_rows_of, take


def cross_val_score(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    groups: Any = None,
    scoring: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    params: dict[str, Any] | None = None,
    error_score: Any = "raise",
    progress: bool = True,
) -> np.ndarray:
    """The score of every fold, shape (k,); arguments and errors as for `cross_validate`.

    `scoring` is one name, one function or None.

    >>> from tinygrad_ml.estimator import Estimator, Regressor
    >>> class Mean(Regressor, Estimator):
    ...     def fit(self, X, y):
    ...         self.mean_ = np.mean(y)
    ...         return self
    ...     def predict(self, X):
    ...         return np.full(len(X), self.mean_)
    >>> X, y = np.zeros((6, 1)), np.array([1.0, 3, 1, 3, 1, 3])
    >>> cross_val_score(Mean(), X, y, cv=3, scoring="neg_mean_squared_error")
    array([-1., -1., -1.])
    """
    if not (scoring is None or isinstance(scoring, str) or callable(scoring)):
        raise ValueError(
            "cross_val_score: expected one scoring (a name, a function or None), got "
            f"{scoring!r:.80}. Use cross_validate for several."
        )
    found = cross_validate(
        estimator, X, y, groups=groups, scoring=scoring, cv=cv, n_jobs=n_jobs, params=params,
        error_score=error_score, progress=progress,
    )  # fmt: skip
    return found["test_score"]


def cross_validate(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    groups: Any = None,
    scoring: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    params: dict[str, Any] | None = None,
    return_train_score: bool = False,
    return_estimator: bool = False,
    return_indices: bool = False,
    error_score: Any = "raise",
    progress: bool = True,
) -> dict[str, Any]:
    """Fit and judge an estimator on every fold.

    Args:
        estimator: anything with get_params, set_params and fit, scikit-learn's too; it is cloned.
        X: samples, rows first: an array, a list (of texts, say), a data frame, a sparse matrix.
        y: one target per row, or None.
        groups: the group of every row, for splitters that keep groups together.
        scoring: None (the estimator's `score`), a name of `metrics.SCORERS`, a function
            (estimator, X, y) -> number, a list of names, or a dict name -> one of these. Larger
            is better.
        cv: None (5 folds), a number of folds, a splitter, or (train, test) pairs; see `check_cv`.
        n_jobs: how many folds at a time; -1 for one per core. It changes no score.
        params: further arguments of `fit`; those with one entry per row, such as sample_weight,
            are split like X.
        return_train_score, return_estimator, return_indices: what else to return.
        error_score: "raise", or the score that a fold gets whose fit or score fails (NaN, say).
        progress: show a bar if it takes long.

    Returns:
        A dict of arrays with one entry per fold: "test_score" (with several scorings one
        "test_<name>" each), "fit_time" and "score_time" in seconds; if asked for also
        "train_score", "estimator" (a list), "indices" ({"train": ..., "test": ...}).

    Raises:
        The error of the first fold that fails, with the fold before its text; ValueError for
        arguments that do not fit.

    Source: M. Stone, Cross-validatory choice and assessment of statistical predictions, 1974.
    """
    trial = Trial.of(
        "cross_validate", estimator, X, y, scoring=scoring, params=params, error_score=error_score,
        train_scores=return_train_score, keep=return_estimator,
    )  # fmt: skip
    folds = trial.folds(cv, groups, is_classifier(estimator))
    jobs = [(clone(estimator), *fold, f"fold {i + 1} of {len(folds)}")
            for i, fold in enumerate(folds)]  # fmt: skip
    results = trial.run(jobs, n_jobs, progress)
    found: dict[str, Any] = {
        key: np.array([each[key] for each in results]) for key in ("fit_time", "score_time")
    }
    if return_estimator:
        found["estimator"] = [each["estimator"] for each in results]
    if return_indices:
        found["indices"] = {
            part: [fold[i] for fold in folds] for i, part in enumerate(("train", "test"))
        }
    for name in trial.scorers:
        found[f"test_{name}"] = np.array([each["test"][name] for each in results])
        if return_train_score:
            found[f"train_{name}"] = np.array([each["train"][name] for each in results])
    return found


def cross_val_predict(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    groups: Any = None,
    cv: Any = None,
    n_jobs: int | None = None,
    params: dict[str, Any] | None = None,
    method: str = "predict",
    progress: bool = True,
) -> np.ndarray:
    """For every row what is predicted for it by the model that did not learn from it.

    With `cv=LeaveOneOut()` an estimator that knows a shortcut (neighbours leave the row itself
    out, linear models divide by 1 - leverage) takes it: one fit instead of n, the same predictions.

    Args:
        method: "predict", "predict_proba", "predict_log_proba", "decision_function", ... The
            columns of probabilities are the sorted classes of all of y; a class that a training
            part lacks has probability 0.
        Others: as for `cross_validate`.

    Returns:
        Predictions in the order of the rows, shape (n,) or (n, columns).

    Raises:
        ValueError: folds that do not test every row exactly once, and what `cross_validate` raises.
    """
    trial = Trial.of("cross_val_predict", estimator, X, y, params=params, method=method)
    shortcut = getattr(estimator, "_leave_one_out", None)
    if shortcut is not None and isinstance(cv, LeaveOneOut) and method == "predict" and not params:
        return clone(estimator)._leave_one_out(trial.X, trial.y)
    folds = trial.folds(cv, groups, is_classifier(estimator))
    tested = np.concatenate([test for _, test in folds])
    order = np.argsort(tested, kind="stable")
    if not np.array_equal(tested[order], np.arange(trial.n_rows)):
        raise ValueError(
            "cross_val_predict: expected folds that test every row exactly once, got "
            f"{len(tested)} tests of {len(np.unique(tested))} out of {trial.n_rows} rows. Use "
            "KFold or its kin; cross_validate takes any splitter."
        )
    jobs = [(clone(estimator), *fold, f"fold {i + 1} of {len(folds)}")
            for i, fold in enumerate(folds)]  # fmt: skip
    parts = trial.run(jobs, n_jobs, progress)
    classes = np.unique(np.asarray(trial.y)) if is_classifier(estimator) else None
    predicted = [_aligned(part, classes, method) for part in parts]
    return np.concatenate(predicted)[order]


_BY_CLASS = {"predict_proba": 0.0, "predict_log_proba": -math.inf, "decision_function": None}


def _aligned(part: dict[str, Any], classes: np.ndarray | None, method: str) -> np.ndarray:
    """Columns for all classes, also for those that the training part lacks."""
    predicted, own = np.asarray(part["predicted"]), part["classes"]
    if method not in _BY_CLASS or classes is None or own is None or len(own) == len(classes):
        return predicted
    missing = _BY_CLASS[method]
    if missing is None:
        raise ValueError(
            f"cross_val_predict: expected all {len(classes)} classes in every training part for "
            f"{method}, got {len(own)} in one of them. Use StratifiedKFold or fewer folds."
        )
    whole = np.full((len(predicted), len(classes)), missing, dtype=predicted.dtype)
    whole[:, np.searchsorted(classes, own)] = predicted
    return whole


# ------------------------------------------------------------------------------ one fold


@dataclass
class Trial:
    """The data and what is to be done with each fold: `run` does it."""

    owner: str
    X: Any
    y: Any
    params: dict[str, Any]
    scorers: dict[str, Callable[..., Any]] = field(default_factory=dict)
    several: bool = False  # scorings, each under its own name
    method: str | None = None  # predict with it instead of scoring
    train_scores: bool = False
    keep: bool = False  # the fitted estimators
    error_score: Any = "raise"

    @classmethod
    def of(
        cls, owner: str, estimator: Any, X: Any, y: Any, *, params: Any = None,
        scoring: Any = None, method: str | None = None, error_score: Any = "raise",
        **options: Any,
    ) -> Trial:  # fmt: skip
        """Check everything that can be checked before the first fit."""
        if not hasattr(estimator, "fit") or isinstance(estimator, type):
            raise TypeError(
                f"{owner}: expected an estimator, got {estimator!r:.80}. Pass an instance of a "
                "class with get_params, set_params and fit."
            )
        if method is not None and not hasattr(estimator, str(method)):
            raise ValueError(
                f"{owner}: expected the name of a method of {type(estimator).__name__}, got "
                f"{method!r}. Write for example method='predict'."
            )
        if not (error_score == "raise" or is_number(error_score) or error_score != error_score):
            raise ValueError(
                f"{owner}: error_score must be 'raise' or a number, got {error_score!r:.80}"
            )
        if y is None and _needs_targets(estimator):
            raise ValueError(
                f"{owner}: {type(estimator).__name__} requires y to be passed, but the target y is "
                "None. Pass the targets after X."
            )
        X = X.tocsr() if hasattr(X, "tocsr") else X
        n_rows = n_rows_of(X, owner)
        if y is not None and n_rows_of(y, owner) != n_rows:
            raise ValueError(
                f"{owner}: expected one target per row of X, got {n_rows} rows and "
                f"{n_rows_of(y, owner)} targets. Row i of X must belong to target i."
            )
        scorers, several = ({}, False) if method else scorers_of(scoring, owner)
        return cls(
            owner, X, y, dict(params or {}), scorers, several, method, error_score=error_score,
            **options,
        )  # fmt: skip

    @property
    def n_rows(self) -> int:
        return n_rows_of(self.X, self.owner)

    def folds(self, cv: Any, groups: Any, classifier: bool) -> list[tuple[Any, Any]]:
        """The folds, drawn once: every candidate and every process gets the same ones."""
        folds = list(check_cv(cv, self.y, classifier=classifier).split(self.X, self.y, groups))
        if not folds:
            raise ValueError(f"{self.owner}: expected folds from cv, got none. Look at {cv!r:.80}.")
        return folds

    def run(self, jobs: list[tuple], n_jobs: int | None, progress: bool) -> list[dict[str, Any]]:
        """The result of every (estimator, train, test, place): fit, then score or predict."""
        results = run_jobs(self.fold, jobs, n_jobs, owner=self.owner, progress=progress)
        failed = [each["error"] for each in results if "error" in each]
        if failed:
            warnings.warn(
                f"{self.owner}: {len(failed)} of {len(results)} fits failed, their score is "
                f"{self.error_score}. The first: {failed[0]}",
                UserWarning,
                stacklevel=3,
            )
        return results

    def fold(self, estimator: Any, train: Any, test: Any, place: str) -> dict[str, Any]:
        """Fit on the rows `train`, score on or predict the rows `test`; times in seconds."""
        start = time.perf_counter()
        fitted = math.nan
        try:
            self._fit(estimator, train)
            fitted = time.perf_counter()
            if self.method is not None:
                predicted = getattr(estimator, self.method)(take(self.X, test))
                return {"predicted": predicted, "classes": getattr(estimator, "classes_", None)}
            result: dict[str, Any] = {"test": self._scores(estimator, test)}
            scored = time.perf_counter()
            if self.train_scores:
                result["train"] = self._scores(estimator, train)
        except Exception as error:
            _locate(error, f"{self.owner}, {place}")
            if self.error_score == "raise" or self.method is not None:
                raise
            fitted = scored = time.perf_counter()
            worst = dict.fromkeys(self.scorers, float(self.error_score))
            result = {"test": worst, "train": worst, "error": str(error)}
        result |= {"fit_time": fitted - start, "score_time": scored - fitted}
        return result | ({"estimator": estimator} if self.keep else {})

    def _fit(self, estimator: Any, train: Any) -> None:
        params = {name: self._part(value, train) for name, value in self.params.items()}
        if self.y is None:
            estimator.fit(take(self.X, train), **params)
        else:
            estimator.fit(take(self.X, train), take(self.y, train), **params)

    def _part(self, value: Any, rows: Any) -> Any:
        """The rows of an argument that has one entry per row; any other one as it is."""
        by_row = len(getattr(value, "shape", ())) > 0 or isinstance(value, (list, tuple))
        return take(value, rows) if by_row and n_rows_of(value, "") == self.n_rows else value

    def _scores(self, estimator: Any, rows: Any) -> dict[str, float]:
        X = take(self.X, rows)
        y = None if self.y is None else take(self.y, rows)
        asked = _remembering(estimator) if self.several else estimator
        return {
            name: _score(score, asked if isinstance(score, Scorer) else estimator, X, y)
            for name, score in self.scorers.items()
        }


def _needs_targets(estimator: Any) -> bool:
    y = inspect.signature(estimator.fit).parameters.get("y")
    return y is not None and y.default is y.empty


def scorers_of(scoring: Any, owner: str) -> tuple[dict[str, Callable[..., Any]], bool]:
    """(name -> scorer, whether there are several names); a single one is called "score"."""
    if isinstance(scoring, (list, tuple, set, frozenset)):
        names = sorted(scoring, key=str) if isinstance(scoring, (set, frozenset)) else scoring
        if not names or not all(isinstance(n, str) for n in names) or len(set(names)) < len(names):
            raise ValueError(
                f"{owner}: expected different names in a list of scorings, got {scoring!r:.80}. "
                "Functions are given as a dict name -> function."
            )
        return {name: scorer(name) for name in names}, True
    if isinstance(scoring, dict):
        if not scoring or not all(isinstance(name, str) for name in scoring):
            raise ValueError(
                f"{owner}: expected a name for every scoring, got {scoring!r:.80}. Write for "
                "example scoring={'accuracy': 'accuracy'}."
            )
        return {name: scorer(value) for name, value in scoring.items()}, True
    return {"score": scorer(scoring)}, False


class _Remembering:
    """An estimator that is asked about the same rows again and again, and answers once."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator
        self.answers: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.estimator, name)
        if name not in ("predict", "predict_proba", "decision_function"):
            return value

        def answer(X: Any) -> Any:
            if name not in self.answers:
                self.answers[name] = value(X)
            return self.answers[name]

        return answer


def _remembering(estimator: Any) -> Any:
    """One of the estimator's own name, which errors tell."""
    return type(type(estimator).__name__, (_Remembering,), {})(estimator)


def _score(score: Callable[..., Any], estimator: Any, X: Any, y: Any) -> float:
    value = score(estimator, X, y)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if not isinstance(value, (bool, int, float, np.number, np.bool)):
        raise ValueError(
            f"scoring: expected a number from the scorer, got {value!r:.80}. Return one number "
            "from (estimator, X, y); for several give a dict of functions."
        )
    return float(value)


def _locate(error: Exception, place: str) -> None:
    """Put the place before an error's text; where it has a text of its own, into a note."""
    located = f"{place}: {error}"
    if isinstance(error, (ValueError, TypeError)):
        error.args = (located,)
    if str(error) != located:
        error.add_note(located)
