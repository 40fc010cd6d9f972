"""Trees on histograms are the trees of a search through all rows, in both versions."""

import numpy as np
import pytest

from tinygrad_ml import kernels

from .test_tree import problem
from .versions import versions


@versions
def test_histograms_find_the_tree_of_all_rows(version):
    for seed in range(60):
        (weights, moments, labels, codes, sizes), rules = problem(seed, "squared_error")
        del rules["criterion"], rules["n_labels"]
        rules["max_depth"] = rules["max_depth"] or 8
        arrays = weights, moments, labels, codes, sizes
        one = kernels.grow_tree.numpy(*arrays, criterion="squared_error", n_labels=1, **rules)
        other = version(kernels.grow_on_histograms)(*arrays, **rules)
        for name, a, b in zip(one._fields, one, other):
            np.testing.assert_array_equal(a, b, err_msg=f"{name}, seed {seed}")
            assert a.dtype == b.dtype, name


@versions
@pytest.mark.parametrize("least", [1, 3000])
def test_columns_shared_among_threads_change_nothing(version, least):
    rng = np.random.default_rng(0)
    n, d = 60_000, 20
    codes = rng.integers(0, 40, (d, n)).astype(np.uint8)
    labels = rng.integers(-1000, 1000, n)
    arrays = np.ones(n), labels.astype(float), labels, codes, np.full(d, 40)
    rules = {"max_depth": 2, "min_samples_leaf": least, "min_gain": 1.0}
    one = kernels.grow_tree(*arrays, criterion="squared_error", n_labels=1, **rules)
    other = version(kernels.grow_on_histograms)(*arrays, **rules)
    for a, b in zip(one, other):
        np.testing.assert_array_equal(a, b)
