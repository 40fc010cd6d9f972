"""Searching parameters: every candidate is cross-validated on the same folds, the best is refitted.

A search is an estimator itself: it can be cross-validated (that is how to judge it: its best score
was chosen among many and looks better than it is), be a step of a Pipeline, and be saved.
"""

from __future__ import annotations

import math
import time
from types import MethodType
from typing import Any, ClassVar

import numpy as np

from ..estimator import Estimator, clone, is_classifier
from ..validation import BOOLEAN, SEED, Accepts, check_parameters, integer, is_integer, is_number
from .candidates import ParameterGrid, ParameterSampler
from .cross_validation import Trial, scorers_of


def _delegated(name: str) -> Any:
    """A method of the best estimator; there only if the estimator has it."""

    def method(self: Any, *arguments: Any, **options: Any) -> Any:
        return self._call(name, *arguments, **options)

    method.__name__ = name  # scikit-learn's tools ask for it

    def get(self: Any) -> Any:
        getattr(self._source(), name)  # an AttributeError says that it lacks it
        return MethodType(method, self)

    return property(get, doc=f"`{name}` of `best_estimator_`.")


_DICTS = Accepts("a dict or a list of dicts", lambda v: isinstance(v, (dict, list, tuple)))


class _Search(Estimator):
    """What both searches share; subclasses say which candidates there are."""

    # An estimator's own parameters come under estimator__..., in set_params too.
    estimator: Any
    scoring: Any
    n_jobs: Any
    refit: Any
    cv: Any
    return_train_score: Any
    error_score: Any
    progress: Any

    best_estimator_: Any
    best_index_: int
    best_params_: dict[str, Any]
    best_score_: float
    _table_: dict[str, Any]  # cv_results_ without the columns of the parameters

    _parameters: ClassVar[dict[str, Accepts]] = {
        "estimator": Accepts("an estimator", lambda v: hasattr(v, "get_params")),
        "refit": BOOLEAN | Accepts(
            "the name of a scoring or a function of cv_results_",
            lambda v: isinstance(v, str) or callable(v),
        ),
        "return_train_score": BOOLEAN,
        "error_score": Accepts("'raise' or a number",
                               lambda v: v == "raise" or is_number(v) or v != v),
        "progress": BOOLEAN,
    }  # fmt: skip

    predict = _delegated("predict")
    predict_proba = _delegated("predict_proba")
    predict_log_proba = _delegated("predict_log_proba")
    decision_function = _delegated("decision_function")
    score_samples = _delegated("score_samples")
    transform = _delegated("transform")
    inverse_transform = _delegated("inverse_transform")

    def _candidates(self) -> list[dict[str, Any]]:
        raise NotImplementedError

    def fit(self, X: Any, y: Any = None, *, groups: Any = None, **params: Any) -> Any:
        """Cross-validate every candidate, then fit the best one on all rows (with `refit`).

        Args:
            X, y, groups: as for `cross_validate`.
            **params: further arguments of the estimator's fit, such as sample_weight.
        """
        owner = type(self).__name__
        check_parameters(self, self._parameters)
        for name in self._learned():
            delattr(self, name)
        trial = Trial.of(
            owner, self.estimator, X, y, scoring=self.scoring, params=params,
            error_score=self.error_score, train_scores=self.return_train_score,
        )  # fmt: skip
        best_by = self._best_by(trial)
        candidates = self._candidates()
        estimators = [self._candidate(candidate) for candidate in candidates]
        folds = trial.folds(self.cv, groups, is_classifier(self.estimator))
        jobs = [
            (clone(estimator), *fold, f"{_shown(candidate)}, fold {i + 1} of {len(folds)}")
            for candidate, estimator in zip(candidates, estimators)
            for i, fold in enumerate(folds)
        ]
        results = trial.run(jobs, self.n_jobs, self.progress)
        self.n_splits_ = len(folds)
        self.multimetric_ = trial.several
        self._table_ = _table(candidates, results, trial, len(folds))
        if best_by is not None:
            self._choose(best_by)
        if self.refit:
            self._refit(trial, estimators[self.best_index_])
        return self

    def _best_by(self, trial: Trial) -> Any:
        """What the best candidate is chosen by: the name of a scoring, a function, or None."""
        if callable(self.refit):
            return self.refit
        if not trial.several:
            if isinstance(self.refit, str) and self.refit != self.scoring:
                raise ValueError(
                    f"{type(self).__name__}: with the one scoring {self.scoring!r:.80} refit must "
                    f"be True or False, got {self.refit!r:.80}. Give the name as scoring."
                )
            return "score"
        if self.refit is False or (isinstance(self.refit, str) and self.refit in trial.scorers):
            return self.refit or None
        raise ValueError(
            f"{type(self).__name__}: with several scorings refit must be the name of the one to "
            f"choose by ({', '.join(trial.scorers)}), False or a function, got {self.refit!r}"
        )

    def _candidate(self, values: dict[str, Any]) -> Any:
        """The estimator with these values; what is wrong with their names is said before a fit."""
        try:
            return clone(self.estimator).set_params(
                **{name: clone(value, safe=False) for name, value in values.items()}
            )
        except ValueError as error:
            raise ValueError(f"{type(self).__name__}: {error}") from error

    def _choose(self, best_by: Any) -> None:
        if callable(best_by):
            index = best_by(self.cv_results_)
            n_candidates = len(self._table_["params"])
            if not is_integer(index) or not 0 <= index < n_candidates:
                raise ValueError(
                    f"{type(self).__name__}: expected an index from 0 to {n_candidates - 1} from "
                    f"the function refit, got {index!r:.80}. Return one of cv_results_'s rows."
                )
            self.best_index_ = int(index)
        else:
            self.best_index_ = int(self._table_[f"rank_test_{best_by}"].argmin())
            best = float(self._table_[f"mean_test_{best_by}"][self.best_index_])
            if math.isnan(best):
                raise ValueError(
                    f"{type(self).__name__}: the score of every candidate is NaN, so none is best. "
                    "Set error_score='raise' to see why, or look at the scoring."
                )
            self.best_score_ = best
        self.best_params_ = self._table_["params"][self.best_index_]

    def _refit(self, trial: Trial, estimator: Any) -> None:
        start = time.perf_counter()
        targets = () if trial.y is None else (trial.y,)
        self.best_estimator_ = estimator.fit(trial.X, *targets, **trial.params)
        self.refit_time_ = time.perf_counter() - start

    # ------------------------------------------------------------------- as an estimator

    def _chosen(self) -> Any:
        """The refitted best estimator, or None."""
        return vars(self).get("best_estimator_")

    def _source(self) -> Any:
        best = self._chosen()
        return self.estimator if best is None else best

    def _call(self, name: str, *args: Any, **options: Any) -> Any:
        self._check_fitted()
        if self._chosen() is None:
            raise AttributeError(
                f"{type(self).__name__}: {name} needs the best estimator, which refit=False did "
                "not make. Set refit=True and fit again."
            )
        return getattr(self.best_estimator_, name)(*args, **options)

    def score(self, X: Any, y: Any = None) -> float:
        """The best estimator's score by `scorer_`, for several the one it was chosen by."""
        self._check_fitted()
        if self._chosen() is None:
            self._call("score")
        if not self.multimetric_:
            return float(self.scorer_(self.best_estimator_, X, y))
        if callable(self.refit):
            return float(self.best_estimator_.score(X, y))
        return float(self.scorer_[self.refit](self.best_estimator_, X, y))

    @property
    def cv_results_(self) -> dict[str, Any]:
        """The table of the search, one entry per candidate in every column."""
        self._check_fitted()
        candidates = self._table_["params"]
        names = sorted({name for candidate in candidates for name in candidate})
        return {f"param_{name}": _column(candidates, name) for name in names} | self._table_

    @property
    def scorer_(self) -> Any:
        """The function (estimator, X, y) -> score; for several scorings a dict of them."""
        scorers, several = scorers_of(self.scoring, type(self).__name__)
        return scorers if several else scorers["score"]

    @property
    def classes_(self) -> np.ndarray:  # type: ignore[override]
        """The classes of the best estimator."""
        return getattr(self._source(), "classes_")  # noqa: B009

    @property
    def n_features_in_(self) -> int:  # type: ignore[override]
        """The number of features that the best estimator was fitted on."""
        return getattr(self._source(), "n_features_in_")  # noqa: B009

    def _is_classifier(self) -> bool:
        return is_classifier(self.estimator)

    def __sklearn_tags__(self) -> Any:
        return self.estimator.__sklearn_tags__()


class GridSearchCV(_Search):
    """Try every combination of the listed values.

    Parameters
    ----------
    estimator : estimator
        Ours or scikit-learn's; cloned for every fit. In a Pipeline everything that learns from
        data is fitted on the training rows of each fold alone.
    param_grid : dict or list of dicts
        Name -> values; `step__name` for a step of a Pipeline.
    scoring : str, function, list, dict or None
        As for `cross_validate`; with several, `refit` says which one decides.
    n_jobs : int or None
        How many fits at a time; -1 for one per core. It changes no result.
    refit : bool, str or function
        Fit the best candidate on all rows; the scoring that decides; or a function
        cv_results_ -> index of the best, for rules such as one standard error.
    cv : int, splitter, list or None
        As for `cross_validate`.
    return_train_score : bool
    error_score : "raise" or float
        The score of a fit that fails; the default stops, and names candidate and fold.
    progress : bool
        Show one bar over all fits if they take long.

    Attributes
    ----------
    best_estimator_, best_params_, best_score_, best_index_
        The candidate with the highest mean test score, the first of equals.
    cv_results_ : dict of arrays with one entry per candidate
        "params", "param_<name>", "split<i>_test_score", "mean_test_score", "std_test_score",
        "rank_test_score", "mean_fit_time", ...
    n_splits_, scorer_, multimetric_, refit_time_
    """

    _parameters: ClassVar[dict[str, Accepts]] = {
        **_Search._parameters,
        "param_grid": _DICTS,
    }

    def __init__(
        self, estimator: Any, param_grid: Any, *, scoring: Any = None, n_jobs: int | None = None,
        refit: Any = True, cv: Any = None, return_train_score: bool = False,
        error_score: Any = "raise", progress: bool = True,
    ) -> None:  # fmt: skip
        self.estimator = estimator
        self.param_grid = param_grid
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.refit = refit
        self.cv = cv
        self.return_train_score = return_train_score
        self.error_score = error_score
        self.progress = progress

    def _candidates(self) -> list[dict[str, Any]]:
        return list(ParameterGrid(self.param_grid))


class RandomizedSearchCV(_Search):
    """Try combinations drawn at random: better than a grid where few parameters matter.

    Parameters
    ----------
    estimator : estimator
    param_distributions : dict or list of dicts
        Name -> list of values, a distribution with `rvs`, or a function of a Generator; see
        `ParameterSampler`.
    n_iter : int
        Number of combinations.
    random_state : None, seed or Generator
        For the draws; folds draw from their own.
    Others
        Parameters and attributes as of `GridSearchCV`.

    Source: J. Bergstra and Y. Bengio, Random search for hyper-parameter optimization, 2012.
    """

    _parameters: ClassVar[dict[str, Accepts]] = {
        **_Search._parameters,
        "param_distributions": _DICTS,
        "n_iter": integer(),
        "random_state": SEED,
    }

    def __init__(
        self, estimator: Any, param_distributions: Any, *, n_iter: int = 10, scoring: Any = None,
        n_jobs: int | None = None, refit: Any = True, cv: Any = None, random_state: Any = None,
        return_train_score: bool = False, error_score: Any = "raise", progress: bool = True,
    ) -> None:  # fmt: skip
        self.estimator = estimator
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.refit = refit
        self.cv = cv
        self.random_state = random_state
        self.return_train_score = return_train_score
        self.error_score = error_score
        self.progress = progress

    def _candidates(self) -> list[dict[str, Any]]:
        return list(
            ParameterSampler(
                self.param_distributions, self.n_iter, random_state=self.random_state
            )
        )  # fmt: skip


def _shown(candidate: dict[str, Any]) -> str:
    return (
        ", ".join(f"{name}={value!r:.60}" for name, value in candidate.items()) or "no parameters"
    )


def _table(
    candidates: list[dict[str, Any]], results: list[dict[str, Any]], trial: Trial, n_splits: int
) -> dict[str, Any]:
    """`cv_results_` without the columns of the parameters: a row per candidate."""
    table: dict[str, Any] = {}
    for key in ("fit_time", "score_time"):
        _add(table, key, np.array([each[key] for each in results]).reshape(-1, n_splits))
    table["params"] = candidates
    for part in ("test", "train") if trial.train_scores else ("test",):
        for name in trial.scorers:
            scores = np.array([each[part][name] for each in results]).reshape(-1, n_splits)
            for i, column in enumerate(scores.T):
                table[f"split{i}_{part}_{name}"] = column.copy()
            _add(table, f"{part}_{name}", scores)
            if part == "test":
                table[f"rank_test_{name}"] = _ranks(scores.mean(axis=1))
    return table


def _add(table: dict[str, Any], key: str, values: np.ndarray) -> None:
    table[f"mean_{key}"] = values.mean(axis=1)
    table[f"std_{key}"] = values.std(axis=1)


_ABSENT = object()


def _column(candidates: list[dict[str, Any]], name: str) -> np.ndarray:
    """The values of one parameter; those of candidates without it are masked."""
    values = [candidate.get(name, _ABSENT) for candidate in candidates]
    column = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        column[i] = None if value is _ABSENT else value
    return np.ma.MaskedArray(column, mask=[value is _ABSENT for value in values])


def _ranks(means: np.ndarray) -> np.ndarray:
    """1 for the best; equals share a rank, and NaN comes last."""
    order = np.where(np.isnan(means), -math.inf, means)
    return np.array([1 + np.sum(order > mean) for mean in order], dtype=np.int32)
