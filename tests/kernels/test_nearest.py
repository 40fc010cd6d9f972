import itertools

import numpy as np
import pytest

from tinygrad_ml import kernels
from tinygrad_ml.kernels.kd_tree import within
from tinygrad_ml.kernels.nearest import METRICS, screen

from .versions import hard_to_read, versions

P = 3.5


def every_distance(x, y, metric):
    """(m, n) distances, feature after feature."""
    found = np.zeros((len(x), len(y)))
    differences = [np.abs(x[:, None, j] - y[None, :, j]) for j in range(x.shape[1])]
    if metric == "minkowski":
        for each in differences:
            found += each**P
        return found ** (1 / P)
    for each in differences:
        if metric == "chebyshev":
            found = np.maximum(found, each)
        else:
            found += {"manhattan": each, "hamming": each > 0}.get(metric, each * each)
    return np.sqrt(found) if metric == "euclidean" else found


def by_looking(x, y, k, metric):
    """The first k by (distance, index) of all distances."""
    found = every_distance(x, y, metric)
    order = np.argsort(found, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(found, order, axis=1), order


def data(kind, d, n=130, m=30):
    rng = np.random.default_rng(d)
    if kind == "ties":
        return rng.integers(0, 3, (m, d)).astype(float), rng.integers(0, 3, (n, d)).astype(float)
    rows = rng.standard_normal((n, d))
    if kind == "duplicates":
        rows = rows[rng.integers(0, n // 10, n)]
    elif kind == "collinear":
        rows = rows[:, :1] * np.arange(d)
    elif kind == "two far groups":  # float32 cannot tell the rows of a group from each other
        rows = rows + 1e7 * rng.integers(0, 2, (n, 1))
    elif kind == "one far row":
        rows[3] = 1e12
    elif kind == "one place":
        rows = np.ones((n, d))
    return np.concatenate([rows[: m // 2], rng.standard_normal((m - m // 2, d))]), rows


KINDS = ["random", "ties", "duplicates", "collinear", "two far groups", "one far row", "one place"]


def agree(found, expected, metric):
    if metric == "minkowski":  # the powers of two libraries differ in the last digit
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-13)
    else:
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])
    assert found[0].dtype == float and found[1].dtype == np.intp


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", KINDS)
@versions
def test_brute_force_and_tree_find_the_first_by_distance_and_index(version, kind, metric):
    for d, k in itertools.product((1, 2, 3, 7, 20), (1, 4, 40, 130)):
        x, rows = data(kind, d)
        expected = by_looking(x, rows, k, metric)
        found = version(kernels.nearest_rows)(x, rows, k=k, metric=metric, p=P)
        agree(found, expected, metric)
        tree = version(kernels.build_tree)(rows, leaf_size=6)
        asked = version(kernels.query_tree)(x, rows[tree[0]].T, *tree, k=k, metric=metric, p=P)
        for one, other in zip(asked, found):  # to the last bit, whatever the metric
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("leaf_size", [2, 7, 200])
def test_both_versions_build_and_descend_alike(kind, leaf_size):
    for d, k in itertools.product((1, 3), (1, 9)):
        x, rows = data(kind, d)
        tree = kernels.build_tree.numpy(rows, leaf_size=leaf_size)
        for one, other in zip(tree, kernels.build_tree.compiled(rows, leaf_size=leaf_size)):
            np.testing.assert_array_equal(one, other)
        how = {"k": k, "metric": "manhattan", "approximate": True}
        one = kernels.query_tree.numpy(x, rows[tree[0]].T, *tree, **how)
        other = kernels.query_tree.compiled(x, rows[tree[0]].T, *tree, **how)
        np.testing.assert_array_equal(one, other)


@versions
def test_a_tree_is_what_it_says(version):
    rows = np.random.default_rng(0).integers(0, 5, (77, 3)).astype(float)
    order, starts, ends, lower, upper = version(kernels.build_tree)(rows, leaf_size=5)
    np.testing.assert_array_equal(np.sort(order), np.arange(77))
    inner = len(starts) // 2
    for node in range(len(starts)):
        members = rows[order[starts[node] : ends[node]]]
        np.testing.assert_array_equal(lower[node], members.min(axis=0))
        np.testing.assert_array_equal(upper[node], members.max(axis=0))
        if node < inner:
            left, right = 2 * node + 1, 2 * node + 2
            assert (starts[left], ends[left], ends[right]) == (
                starts[node], starts[right], ends[node],
            )  # fmt: skip
            side = (upper[node] - lower[node]).argmax()
            assert upper[left, side] <= lower[right, side]
        else:
            assert ends[node] - starts[node] <= 5


@versions
def test_more_rows_and_queries_than_one_block_holds(version):
    rng = np.random.default_rng(0)
    x, rows = rng.standard_normal((300, 6)), rng.standard_normal((2100, 6))
    for metric in ("euclidean", "chebyshev"):
        expected = by_looking(x, rows, 3, metric)
        for jobs in (None, 1):
            found = version(kernels.nearest_rows)(x, rows, k=3, metric=metric, jobs=jobs)
            agree(found, expected, metric)


@pytest.mark.parametrize("make_hard", hard_to_read)
@versions
def test_any_memory_layout(version, make_hard):
    x, rows = data("random", 6)
    expected = by_looking(x, rows, 5, "euclidean")
    x, rows = make_hard(x), make_hard(rows)
    agree(version(kernels.nearest_rows)(x, rows, k=5, metric="euclidean"), expected, "")
    tree = version(kernels.build_tree)(rows, leaf_size=6)
    asked = version(kernels.query_tree)(
        x, make_hard(rows[tree[0]].T), *tree, k=5, metric="euclidean"
    )
    agree(asked, expected, "")


@pytest.mark.parametrize("metric", METRICS)
def test_within_a_radius(metric):
    x, rows = data("ties", 3)
    tree = kernels.build_tree(rows, leaf_size=6)
    radii = np.linspace(0, 2, len(x))
    i, indices, distances = within(x, rows[tree[0]].T, *tree, radii=radii, metric=metric, p=P)
    every = every_distance(x, rows, metric)
    for query in range(len(x)):
        near = np.flatnonzero(every[query] <= radii[query])
        expected = near[np.argsort(every[query, near], kind="stable")]
        if metric == "minkowski":  # ties of powers are not exact
            expected = np.sort(expected)
            np.testing.assert_array_equal(np.sort(indices[i == query]), expected)
        else:
            np.testing.assert_array_equal(indices[i == query], expected)
            np.testing.assert_array_equal(distances[i == query], every[query, expected])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shift", [0.0, 1e9])
def test_the_product_bounds_the_squared_distances_from_below(kind, shift):
    for d in (5, 30, 400):
        x, rows = data(kind, d)
        x, rows = x + shift, rows + shift
        left, right, own, factor = screen(x, rows)
        bounds = (left @ right.T).astype(float) + own[:, None]
        assert (bounds <= every_distance(x, rows, "sqeuclidean") * factor).all()


def test_a_tree_built_by_several_threads():
    rows = np.random.default_rng(0).integers(0, 50, (50_000, 3)).astype(float)
    one = kernels.build_tree.numpy(rows, leaf_size=30)
    for each, other in zip(one, kernels.build_tree.compiled(rows, leaf_size=30)):
        np.testing.assert_array_equal(each, other)
