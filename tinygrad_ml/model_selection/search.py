"""Searching parameters: every candidate is cross-validated on the same folds, the best is refitted.

A search is an estimator itself: it can be cross-validated (that is how to judge it: its best score
was chosen among many and looks better than it is), be a step of a Pipeline, and be saved.
"""

from __future__ import annotations

import functools
import itertools
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from ..estimator import Estimator, clone, is_classifier
from ..generators import generator
from ..validation import BOOLEAN, SEED, Accepts, check_parameters, integer, is_integer, is_number
from .cross_validation import Trial, scorers_of


class ParameterGrid:
    """All combinations of parameter values: dicts, the last name (in order) changing fastest.

    Args:
        param_grid: a dict name -> list of values, or a list of such dicts, one after the other.

    >>> list(ParameterGrid({"k": [1, 2], "weights": ["uniform"]}))
    [{'k': 1, 'weights': 'uniform'}, {'k': 2, 'weights': 'uniform'}]
    >>> ParameterGrid([{"k": [1, 2, 3]}, {"p": [1, 2]}])[3]
    {'p': 1}
    """

    def __init__(self, param_grid: Any) -> None:
        self.param_grid = _dicts(param_grid, "param_grid", _listed)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for grid in self.param_grid:
            names = sorted(grid)
            for values in itertools.product(*(grid[name] for name in names)):
                yield dict(zip(names, values))

    def __len__(self) -> int:
        return self.size()

    def size(self) -> int:
        """The number of combinations, which may be too large for len()."""
        return sum(math.prod(len(values) for values in grid.values()) for grid in self.param_grid)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Combination number `index` without making the others."""
        rest = index
        for grid in self.param_grid:
            size = math.prod(len(values) for values in grid.values())
            if 0 <= rest < size:
                found = {}
                for name in sorted(grid, reverse=True):
                    rest, place = divmod(rest, len(grid[name]))
                    found[name] = grid[name][place]
                return {name: found[name] for name in sorted(found)}
            rest -= size
        raise IndexError(
            f"ParameterGrid: expected an index from 0 to {self.size() - 1}, got {index}"
        )


class ParameterSampler:
    """Combinations of parameter values drawn at random.

    If everything is listed, no combination comes twice (all of them come if there are no more
    than `n_iter`); otherwise draws are independent.

    Args:
        param_distributions: a dict name -> list of values, an object with `rvs` (the distributions
            of scipy.stats), or a function of a `np.random.Generator`; or a list of such dicts,
            each equally likely.
        n_iter: number of combinations.
        random_state: None, a seed, or a `np.random.Generator`.

    >>> draw = {"alpha": lambda rng: 10 ** rng.uniform(-3, 3), "fit_intercept": [True, False]}
    >>> [sorted(each) for each in ParameterSampler(draw, 2, random_state=0)]
    [['alpha', 'fit_intercept'], ['alpha', 'fit_intercept']]
    """

    def __init__(self, param_distributions: Any, n_iter: int, *, random_state: Any = None) -> None:
        self.param_distributions = _dicts(param_distributions, "param_distributions", _drawable)
        if not is_integer(n_iter) or n_iter < 1:
            raise ValueError(f"ParameterSampler: n_iter must be a positive integer, got {n_iter!r}")
        self.n_iter = n_iter
        self.random_state = random_state

    def __iter__(self) -> Iterator[dict[str, Any]]:
        rng = generator(self.random_state, "ParameterSampler", "random_state")
        grid = self._grid()
        if grid is not None:
            size = grid.size()
            if size < self.n_iter:
                warnings.warn(
                    f"ParameterSampler: n_iter={self.n_iter} draws of {size} combinations, so each "
                    "comes once. Use a grid search.",
                    UserWarning,
                    stacklevel=2,
                )
            drawn = _different(size, min(self.n_iter, size), rng)
            yield from (grid[index] for index in drawn)
            return
        for _ in range(self.n_iter):
            chosen = self.param_distributions[rng.integers(len(self.param_distributions))]
            yield {name: _drawn(chosen[name], rng) for name in sorted(chosen)}

    def __len__(self) -> int:
        grid = self._grid()
        return self.n_iter if grid is None else min(self.n_iter, grid.size())

    def _grid(self) -> ParameterGrid | None:
        """All combinations, if there are finitely many."""
        listed = all(
            isinstance(v, list) for each in self.param_distributions for v in each.values()
        )
        return ParameterGrid(self.param_distributions) if listed else None


def _different(size: int, n_drawn: int, rng: np.random.Generator) -> list[int]:
    """Different numbers below `size`, in random order."""
    if size < 2**62:
        return [int(index) for index in rng.choice(size, n_drawn, replace=False)]
    found: dict[int, None] = {}
    while len(found) < n_drawn:  # the first tries will do: there are more than 2^62
        found[int(rng.random() * size)] = None
    return list(found)


def _drawn(values: Any, rng: np.random.Generator) -> Any:
    if isinstance(values, list):
        return values[rng.integers(len(values))]
    return values.rvs(random_state=rng) if hasattr(values, "rvs") else values(rng)


def _dicts(given: Any, name: str, values_of: Callable[[Any], Any]) -> list[dict[str, Any]]:
    """One or several dicts of values as a list of dicts, each value as `values_of` wants it."""
    several = [given] if isinstance(given, Mapping) else given
    if not isinstance(several, (list, tuple)) or not several:
        raise TypeError(
            f"{name}: expected a dict name -> list of values, or a list of such dicts, got "
            f"{given!r:.80}. Write for example {{'n_neighbors': [1, 3, 5]}}."
        )
    found: list[dict[str, Any]] = []
    for each in several:
        if not isinstance(each, Mapping):
            raise TypeError(
                f"{name}: expected dicts in the list, got {each!r:.80}. Write one dict."
            )
        found.append({})
        for key, values in each.items():
            taken = values_of(values)
            if taken is None or not isinstance(key, str):
                hint = "" if values_of is _listed else ", a distribution with rvs or a function"
                raise TypeError(
                    f"{name}: expected a list of values{hint} for {key!r}, got {values!r:.80}. "
                    f"A single value goes into brackets: [{values!r:.40}]."
                )
            if isinstance(taken, list) and not taken:
                raise ValueError(
                    f"{name}: expected at least one value for {key!r}, got none. Leave the "
                    "parameter out if it should keep its value."
                )
            found[-1][key] = taken
    return found


def _listed(values: Any) -> list | None:
    if isinstance(values, np.ndarray):
        return list(values) if values.ndim == 1 else None
    if isinstance(values, (list, tuple, range)) or hasattr(values, "tolist"):
        return list(values)
    return None


def _drawable(values: Any) -> Any:
    listed = _listed(values)
    drawn = hasattr(values, "rvs") or (callable(values) and not isinstance(values, type))
    return listed if listed is not None else values if drawn else None


# ---------------------------------------------------------------------------------- searches


def _delegated(name: str) -> Any:
    """A method of the best estimator; there only if the estimator has it."""

    def get(self: Any) -> Any:
        getattr(self._source(), name)  # an AttributeError says that it lacks it
        return functools.partial(self._call, name)

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
    cv_results_: dict[str, Any]

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
        self.cv_results_ = _table(candidates, results, trial, len(folds))
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
            n_candidates = len(self.cv_results_["params"])
            if not is_integer(index) or not 0 <= index < n_candidates:
                raise ValueError(
                    f"{type(self).__name__}: expected an index from 0 to {n_candidates - 1} from "
                    f"the function refit, got {index!r:.80}. Return one of cv_results_'s rows."
                )
            self.best_index_ = int(index)
        else:
            self.best_index_ = int(self.cv_results_[f"rank_test_{best_by}"].argmin())
            best = float(self.cv_results_[f"mean_test_{best_by}"][self.best_index_])
            if math.isnan(best):
                raise ValueError(
                    f"{type(self).__name__}: the score of every candidate is NaN, so none is best. "
                    "Set error_score='raise' to see why, or look at the scoring."
                )
            self.best_score_ = best
        self.best_params_ = self.cv_results_["params"][self.best_index_]

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
    """`cv_results_`: a row per candidate."""
    table: dict[str, Any] = {}
    for key in ("fit_time", "score_time"):
        _add(table, key, np.array([each[key] for each in results]).reshape(-1, n_splits))
    for name in sorted({name for candidate in candidates for name in candidate}):
        table[f"param_{name}"] = _column([candidate.get(name, _ABSENT) for candidate in candidates])
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


def _column(values: list[Any]) -> np.ndarray:
    """The values of one parameter; those of candidates without it are masked."""
    column = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        column[i] = None if value is _ABSENT else value
    return np.ma.MaskedArray(column, mask=[value is _ABSENT for value in values])


def _ranks(means: np.ndarray) -> np.ndarray:
    """1 for the best; equals share a rank, and NaN comes last."""
    order = np.where(np.isnan(means), -math.inf, means)
    return np.array([1 + np.sum(order > mean) for mean in order], dtype=np.int32)
