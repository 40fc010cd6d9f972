"""Curves: scores against a parameter or against the number of rows, and what to choose by them.

A score has an error of its own. Where several values are as good within it, the simplest model is
the better bet: it is the one-standard-error rule.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..estimator import clone, is_classifier
from ..generators import generator
from ..validation import is_integer
from .cross_validation import Trial


@dataclass(frozen=True)
class ValidationCurve:
    """What `validation_curve` found; unpacks to (train_scores, test_scores).

    Attributes:
        param_name, param_range: which values of which parameter.
        train_scores, test_scores: shape (values, folds).
    """

    param_name: str
    param_range: list[Any]
    train_scores: np.ndarray
    test_scores: np.ndarray

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter((self.train_scores, self.test_scores))

    def __getitem__(self, index: int) -> np.ndarray:
        return (self.train_scores, self.test_scores)[index]

    def __len__(self) -> int:
        return 2

    @property
    def means(self) -> np.ndarray:
        """The mean test score of every value."""
        return self.test_scores.mean(axis=1)

    @property
    def standard_errors(self) -> np.ndarray:
        """Of these means: the scores' standard deviation (n - 1) over the square root of n folds.

        Folds share training rows, so it is a rule of thumb rather than an error bar.
        """
        return self.test_scores.std(axis=1, ddof=1) / math.sqrt(self.test_scores.shape[1])

    @property
    def best_index(self) -> int:
        """Where the mean test score is highest, the first of equals."""
        return int(np.nanargmax(self.means))

    @property
    def best(self) -> Any:
        """The value with the highest mean test score, the first of equals."""
        return self.param_range[self.best_index]

    def one_standard_error_index(self, simplest: str = "first") -> int:
        """Where in `param_range` the choice of `one_standard_error` stands."""
        if simplest not in ("first", "last"):
            raise ValueError(
                f"one_standard_error: simplest must be 'first' or 'last', got {simplest!r}. Say at "
                "which end of param_range the simplest model is."
            )
        least = self.means[self.best_index] - self.standard_errors[self.best_index]
        good = np.flatnonzero(self.means >= least)
        return int(good[0 if simplest == "first" else -1])

    def one_standard_error(self, simplest: str = "first") -> Any:
        """The simplest value whose mean score is within one standard error of the best one's.

        Args:
            simplest: "first" or "last": the end of `param_range` where models are simplest. For
                neighbours in ascending order it is the last, for the depth of a tree the first.

        Source: L. Breiman et al., Classification and Regression Trees, 1984, section 3.4.3.
        """
        return self.param_range[self.one_standard_error_index(simplest)]


def validation_curve(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    param_name: str,
    param_range: Any,
    groups: Any = None,
    cv: Any = None,
    scoring: Any = None,
    n_jobs: int | None = None,
    params: dict[str, Any] | None = None,
    error_score: Any = "raise",
    progress: bool = True,
) -> ValidationCurve:
    """Training and test scores for every value of one parameter, on the same folds.

    Args:
        param_name: the parameter, `step__name` for a step of a Pipeline.
        param_range: its values, in an order from simple to complex models or the other way round.
        Others: as for `cross_validate`, with one scoring.

    Returns:
        A ValidationCurve: `train_scores, test_scores = validation_curve(...)`, or `.best` and
        `.one_standard_error(...)`.
    """
    values = list(param_range) if np.ndim(param_range) else []
    if not values or isinstance(param_range, (str, bytes)):
        raise ValueError(
            f"validation_curve: expected the values of {param_name} as a list, got "
            f"{param_range!r:.80}. Write for example param_range=[1, 3, 5]."
        )
    trial = _trial("validation_curve", estimator, X, y, scoring, params, error_score)
    folds = trial.folds(cv, groups, is_classifier(estimator))
    jobs = [
        (clone(estimator).set_params(**{param_name: clone(value, safe=False)}), *fold,
         f"{param_name}={value!r:.60}, fold {i + 1} of {len(folds)}")
        for value in values for i, fold in enumerate(folds)
    ]  # fmt: skip
    train, test = _scores(trial.run(jobs, n_jobs, progress), len(folds))
    return ValidationCurve(param_name, values, train, test)


@dataclass(frozen=True)
class LearningCurve:
    """What `learning_curve` found; unpacks to (train_sizes, train_scores, test_scores).

    Attributes:
        train_sizes: numbers of training rows, ascending, shape (sizes,).
        train_scores, test_scores: shape (sizes, folds).
    """

    train_sizes: np.ndarray
    train_scores: np.ndarray
    test_scores: np.ndarray

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter((self.train_sizes, self.train_scores, self.test_scores))

    def __getitem__(self, index: int) -> np.ndarray:
        return (self.train_sizes, self.train_scores, self.test_scores)[index]

    def __len__(self) -> int:
        return 3


def learning_curve(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    groups: Any = None,
    train_sizes: Sequence | np.ndarray = (0.1, 0.325, 0.55, 0.775, 1.0),
    cv: Any = None,
    scoring: Any = None,
    n_jobs: int | None = None,
    shuffle: bool = True,
    random_state: Any = None,
    params: dict[str, Any] | None = None,
    error_score: Any = "raise",
    progress: bool = True,
) -> LearningCurve:
    """Scores of models that learn from more and more of the training rows; test rows stay.

    Args:
        train_sizes: shares of the training rows (above 0, up to 1), or numbers of rows; sizes that
            come out equal count once.
        shuffle: draw the rows at random, smaller sets inside larger ones; otherwise the first ones
            are taken. scikit-learn does not shuffle unless asked: rows sorted by class then make
            curves of models that have seen one class alone.
        random_state: None, a seed, or a `np.random.Generator` for the drawing.
        Others: as for `cross_validate`, with one scoring.

    Returns:
        A LearningCurve: `train_sizes, train_scores, test_scores = learning_curve(...)`.
    """
    if not isinstance(shuffle, (bool, np.bool)):
        raise ValueError(f"learning_curve: shuffle must be True or False, got {shuffle!r:.80}")
    trial = _trial("learning_curve", estimator, X, y, scoring, params, error_score)
    folds = trial.folds(cv, groups, is_classifier(estimator))
    sizes = _sizes(train_sizes, min(len(train) for train, _ in folds))
    if shuffle:
        rng = generator(random_state, "learning_curve", "random_state")
        folds = [(rng.permutation(train), test) for train, test in folds]
    jobs = [
        (clone(estimator), train[:size], test,
         f"{size} training rows, fold {i + 1} of {len(folds)}")
        for size in sizes for i, (train, test) in enumerate(folds)
    ]  # fmt: skip
    return LearningCurve(sizes, *_scores(trial.run(jobs, n_jobs, progress), len(folds)))


def _sizes(train_sizes: Any, largest: int) -> np.ndarray:
    """Numbers of training rows, ascending; the smallest fold has `largest`."""
    given = list(train_sizes) if np.ndim(train_sizes) == 1 else [train_sizes]
    shares = all(isinstance(size, (float, np.floating)) and 0 < size <= 1 for size in given)
    numbers = all(is_integer(size) and 1 <= size <= largest for size in given)
    if not given or not (shares or numbers):
        raise ValueError(
            f"learning_curve: expected train_sizes as shares above 0 and up to 1, or as numbers "
            f"from 1 to {largest} (training rows of the smallest fold), got {train_sizes!r:.80}. "
            "Write for example train_sizes=[0.25, 0.5, 1.0]."
        )
    sizes = [max(1, int(size * largest)) for size in given] if shares else given
    return np.unique(sizes)


def _trial(
    owner: str, estimator: Any, X: Any, y: Any, scoring: Any, params: Any, error_score: Any
) -> Trial:
    if isinstance(scoring, (list, tuple, set, dict)):
        raise ValueError(
            f"{owner}: expected one scoring (a name, a function or None), got {scoring!r:.80}. "
            "Draw one curve for each."
        )
    return Trial.of(
        owner, estimator, X, y, scoring=scoring, params=params, error_score=error_score,
        train_scores=True,
    )  # fmt: skip


def _scores(results: list[dict[str, Any]], n_splits: int) -> tuple[np.ndarray, np.ndarray]:
    """(train, test), each of shape (rows of the curve, folds)."""
    return tuple(  # type: ignore[return-value]
        np.array([each[part]["score"] for each in results]).reshape(-1, n_splits)
        for part in ("train", "test")
    )
