"""The loops of clustering against their definitions, in both versions."""

import numpy as np
import pytest

from tinygrad_ml import kernels

from .versions import dtypes, hard_to_read, versions


def example(n=700, d=5, k=9, seed=0, dtype=np.float64, offset=0.0):
    rng = np.random.default_rng(seed)
    X = (rng.normal(size=(n, d)) + offset).astype(dtype)
    return X, X[rng.choice(n, k, replace=False)].astype(np.float64)


def directly(X, centres):
    """The definition: the first of the least sums of squared differences."""
    X = X.astype(np.float64)
    return np.stack([((X - c) ** 2).sum(axis=1) for c in centres], axis=1).argmin(axis=1)


def nearest(version, X, centres, shift=None, scale=0.125, columns_dtype=np.float32):
    shift = X.mean(axis=0, dtype=np.float64) if shift is None else shift
    columns = kernels.columns_of(X, shift, scale, columns_dtype)
    return version(kernels.nearest_centres)(columns, X, centres, shift=shift, scale=scale)


@pytest.mark.parametrize("columns_dtype", dtypes)
@pytest.mark.parametrize("dtype", dtypes)
@pytest.mark.parametrize("n, d, k", [(1, 1, 1), (700, 5, 9), (1030, 1, 3), (513, 40, 200)])
@versions
def test_nearest_centres(version, n, d, k, dtype, columns_dtype):
    X, centres = example(n, d, min(n, k), dtype=dtype)
    labels, measured = nearest(version, X, centres, columns_dtype=columns_dtype)
    np.testing.assert_array_equal(labels, directly(X, centres))
    assert labels.dtype == np.int32 and labels.shape == (n,)
    assert 0 <= measured <= n


@versions
def test_ties_go_to_the_first_centre(version):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, (900, 3)).astype(float)
    centres = np.repeat(rng.integers(0, 4, (6, 3)).astype(float), 2, axis=0)[::-1] + 0.5
    labels, measured = nearest(version, X, centres)
    np.testing.assert_array_equal(labels, directly(X, centres))
    assert measured == 900 and set(labels) <= {0, 2, 4, 6, 8, 10}


@pytest.mark.parametrize("offset", [1e3, 1e7])
@versions
def test_what_single_precision_confuses_is_measured(version, offset):
    X, centres = example(offset=offset)
    labels, measured = nearest(version, X, centres, shift=np.zeros(5), scale=2.0**-24)
    np.testing.assert_array_equal(labels, directly(X, centres))
    assert measured > 0


@versions
def test_a_far_outlier_changes_no_other_label(version):
    X, centres = example(400, 4, 6)
    alone, _ = nearest(version, X, centres)
    together, _ = nearest(version, np.concatenate([X, [[1e12] * 4]]), centres, scale=2.0**-40)
    np.testing.assert_array_equal(together[:-1], alone)


@pytest.mark.parametrize("damage", hard_to_read)
@versions
def test_any_memory_layout(version, damage):
    X, centres = example()
    labels, _ = nearest(version, damage(X), damage(centres))
    np.testing.assert_array_equal(labels, directly(X, centres))


@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_cluster_sums(version, dtype):
    X, _ = example(5000, 3, dtype=dtype)
    rng = np.random.default_rng(1)
    labels, weights = rng.integers(0, 4, 5000).astype(np.int32), rng.random(5000)
    shift = np.array([1.0, -2.0, 0.5])
    sums = version(kernels.cluster_sums)(X, weights, labels, shift=shift, n_clusters=6)
    expected = [
        [*((weights[labels == j, None] * (X[labels == j] - shift)).sum(axis=0)),
         weights[labels == j].sum()]
        for j in range(6)
    ]  # fmt: skip
    np.testing.assert_allclose(sums, expected, rtol=1e-12, atol=1e-9)
    assert sums.dtype == np.float64 and not sums[4:].any()


@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_squared_distances_to(version, dtype):
    columns = np.random.default_rng(0).normal(size=(6, 1100)).astype(dtype)
    points = columns[:, [3, 700]].T
    found = version(kernels.squared_distances_to)(columns, points)
    expected = ((columns[None] - points[:, :, None]) ** 2).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-5 if dtype == np.float32 else 1e-13)
    assert found.dtype == dtype and found[0, 3] == found[1, 700] == 0


@pytest.mark.parametrize("dtype", dtypes)
@versions
def test_squared_errors(version, dtype):
    X, centres = example(1200, 7, dtype=dtype)
    labels = np.random.default_rng(1).integers(0, 9, 1200).astype(np.int32)
    found = version(kernels.squared_errors)(X, centres, labels)
    expected = ((X.astype(np.float64) - centres[labels]) ** 2).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    assert found.dtype == np.float64


@pytest.mark.parametrize("columns_dtype", dtypes)
@pytest.mark.parametrize("dtype", dtypes)
@pytest.mark.parametrize("n, d", [(1, 1), (15, 3), (1030, 40), (70_000, 2)])
@versions
def test_columns(version, n, d, dtype, columns_dtype):
    X, _ = example(n, d, 1, dtype=dtype, offset=3.0)
    shift = X.mean(axis=0, dtype=np.float64)
    for rows in (X, np.asfortranarray(X), X[::-1]):
        columns = version(kernels.columns_of)(rows, shift, 0.125, columns_dtype)
        expected = ((rows.astype(np.float64) - shift) * 0.125).T.astype(columns_dtype)
        np.testing.assert_array_equal(columns, expected)  # to the last bit
        assert columns.dtype == columns_dtype and columns.flags.c_contiguous
