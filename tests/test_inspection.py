"""Permutation importance: by hand on a model whose use of every feature is known."""

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import permutation_importance as theirs

from stand_ins import NearestMeans
from tinygrad_ml.data import load_iris
from tinygrad_ml.inspection import permutation_importance

X, y = load_iris()
MODEL = NearestMeans().fit(X, y)


class Sum:
    """2 times the first column plus the last; the middle one is not used."""

    def predict(self, X):
        X = np.asarray(X)
        return 2 * X[:, 0] + X[:, 2]


def test_expected_losses():
    """Shuffling a column used with weight w raises the squared error by 2 w^2 var on average."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 3))
    y = 2 * X[:, 0] + X[:, 2]
    found = permutation_importance(
        Sum(), X, y, scoring="neg_mean_squared_error", n_repeats=8, random_state=0
    )
    np.testing.assert_allclose(found.importances_mean, [8, 0, 2], atol=0.25)
    assert found.importances.shape == (3, 8)
    np.testing.assert_array_equal(found.importances[1], 0)
    np.testing.assert_allclose(found.importances_std, found.importances.std(axis=1))


def test_close_to_scikit_learn():
    ours = permutation_importance(MODEL, X, y, n_repeats=40, random_state=0)
    reference = theirs(MODEL, X, y, n_repeats=40, random_state=0)
    np.testing.assert_allclose(ours.importances_mean, reference.importances_mean, atol=0.02)


def test_seeds_processes_and_frames():
    before = X.copy()
    one = permutation_importance(MODEL, X, y, random_state=3).importances
    np.testing.assert_array_equal(X, before)
    two = permutation_importance(MODEL, X, y, random_state=3, n_jobs=2).importances
    assert one.tobytes() == two.tobytes()
    frame = pd.DataFrame(X, columns=list("abcd"), index=range(7, 157))
    model = NearestMeans().fit(frame, y)
    found = permutation_importance(model, frame, y, random_state=3).importances
    np.testing.assert_array_equal(found, one)
    np.testing.assert_array_equal(frame, before)


def test_mistakes():
    with pytest.raises(ValueError, match="n_repeats must be a positive integer, got 0"):
        permutation_importance(MODEL, X, y, n_repeats=0)
    with pytest.raises(ValueError, match="got 150 rows and 149 targets"):
        permutation_importance(MODEL, X, y[:-1])
    with pytest.raises(ValueError, match=r"got shape \(150,\)"):
        permutation_importance(MODEL, X[:, 0], y)
    with pytest.raises(ValueError, match="not fitted yet"):
        permutation_importance(NearestMeans(), X, y)
