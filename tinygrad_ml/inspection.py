"""What a fitted model goes by: how much it loses when a feature is made useless."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .generators import generator
from .jobs import run_jobs
from .metrics import scorer
from .model_selection.splitting import n_rows_of
from .preprocessing.tables import check_table
from .validation import is_integer


@dataclass(frozen=True)
class PermutationImportance:
    """Loss of score by shuffling a feature: `importances` (features, repeats), mean and spread."""

    importances: np.ndarray

    @property
    def importances_mean(self) -> np.ndarray:
        """Mean over the repeats, one number per feature."""
        return self.importances.mean(axis=1)

    @property
    def importances_std(self) -> np.ndarray:
        """Standard deviation over the repeats, one number per feature."""
        return self.importances.std(axis=1)


def permutation_importance(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    scoring: Any = None,
    n_repeats: int = 5,
    n_jobs: int | None = None,
    random_state: Any = None,
    progress: bool = True,
) -> PermutationImportance:
    """Importance of feature j = score - score with the values of column j shuffled.

    Take rows that the model did not learn from: on training rows a feature that was only
    memorised looks important. Of two features that say the same each looks unimportant.

    Args:
        estimator: a fitted estimator.
        X: samples, shape (n, features): an array, lists or a data frame; it is not changed.
        y: targets; None for estimators that need none, clusterers say.
        scoring: None (the estimator's `score`), a name or a function.
        n_repeats: how often each column is shuffled.
        n_jobs: how many features at a time; it changes no result.
        random_state: None, a seed, or a `np.random.Generator`.

    Source: L. Breiman, Random Forests, 2001; for any model A. Fisher et al., 2019.
    """
    if not is_integer(n_repeats) or n_repeats < 1:
        raise ValueError(
            f"permutation_importance: n_repeats must be a positive integer, got {n_repeats!r}"
        )
    if hasattr(X, "toarray"):
        raise TypeError(
            "permutation_importance: expected a dense matrix, got a sparse one. Use X.toarray()."
        )
    X = X if hasattr(X, "iloc") else check_table(X, "permutation_importance")
    n_rows, n_features = X.shape
    if y is not None and n_rows_of(y, "permutation_importance") != n_rows:
        raise ValueError(
            f"permutation_importance: expected one target per row of X, got {n_rows} rows and "
            f"{n_rows_of(y, 'permutation_importance')} targets. Row i of X must belong to target i."
        )
    score = scorer(scoring)
    whole = float(score(estimator, X, y))
    rng = generator(random_state, "permutation_importance", "random_state")
    jobs = [
        (score, estimator, X, y, j, [rng.permutation(n_rows) for _ in range(n_repeats)])
        for j in range(n_features)
    ]
    shuffled = run_jobs(
        _shuffled_scores, jobs, n_jobs, owner="permutation_importance", progress=progress,
        unit="feature",
    )  # fmt: skip
    return PermutationImportance(whole - np.array(shuffled))


def _shuffled_scores(
    score: Any, estimator: Any, X: Any, y: Any, j: int, orders: list[np.ndarray]
) -> list[float]:
    X = X.copy()
    frame = hasattr(X, "iloc")
    column = X.iloc[:, j].copy() if frame else X[:, j].copy()
    scores = []
    for order in orders:
        if frame:
            X.isetitem(j, column.iloc[order].set_axis(X.index))
        else:
            X[:, j] = column[order]
        scores.append(float(score(estimator, X, y)))
    return scores
