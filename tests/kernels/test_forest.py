"""Many trees at once: the leaves of single trees, and sums of what stands there."""

import numpy as np
import pytest

from tinygrad_ml import kernels
from tinygrad_ml.models import RandomForestClassifier

from .versions import versions


def grove(seed, n_classes):
    rng = np.random.default_rng(seed)
    X = np.round(rng.normal(size=(80, 4)), 1)
    X[rng.random(X.shape) < 0.1] = np.nan
    forest = RandomForestClassifier(5, random_state=seed).fit(X, rng.integers(n_classes, size=80))
    return forest.grove_


@versions
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_leaves_and_sums_are_those_of_the_trees(version, dtype):
    trees = grove(0, 5)
    rng = np.random.default_rng(1)
    X = rng.normal(size=(600, 4)).astype(dtype)
    X[rng.random(X.shape) < 0.1] = np.nan
    questions = trees._questions
    leaves = version(kernels.find_all_leaves)(X, *questions, trees.roots)
    assert leaves.shape == (5, 600) and leaves.dtype == np.int32
    expected = np.zeros((600, 5))
    for t in range(5):
        tree = trees.tree(t, 5)
        np.testing.assert_array_equal(leaves[t], tree.apply(X))
        expected += tree.predict_proba(X)
    lists = trees.start, trees.column, trees.value
    found = version(kernels.add_leaves)(X, *questions, trees.roots, *lists, columns=5)
    np.testing.assert_array_equal(found, expected)


@versions
def test_no_rows(version):
    trees = grove(1, 2)
    X = np.empty((0, 4))
    assert version(kernels.find_all_leaves)(X, *trees._questions, trees.roots).shape == (5, 0)
    lists = trees.start, trees.column, trees.value
    found = version(kernels.add_leaves)(X, *trees._questions, trees.roots, *lists, columns=2)
    assert found.shape == (0, 2)
