"""Growing trees: both versions the same tree, and that tree against a search in plain loops."""

import numpy as np
import pytest

from tinygrad_ml import kernels
from tinygrad_ml.kernels.tree import bits, entropy_scale

from .versions import versions

CRITERIA = ["gini", "entropy", "squared_error"]


def problem(seed, criterion):
    """Small whole numbers, so that there are ties, with missing values and left out rows."""
    rng = np.random.default_rng(seed)
    n, d, values = rng.integers(1, 100), rng.integers(1, 6), rng.integers(2, 20)
    sizes = rng.integers(1, values, d)
    codes = rng.integers(0, sizes[:, None], (d, n)).astype(np.uint8 if seed % 2 else np.int32)
    if seed % 3 == 0:
        codes[rng.random((d, n)) < 0.2] = 0
        missing = rng.random((d, n)) < 0.2
        codes[missing] = np.repeat(sizes, n).reshape(d, n)[missing]
    weights = rng.integers(0, 4, n).astype(float) if seed % 4 == 1 else np.ones(n)
    weights[0] += 1
    labels = rng.integers(0, 4, n).astype(np.int32)
    moments = np.rint((labels - 1.3) * 2**30) * weights
    rules = {
        "criterion": criterion,
        "n_labels": 4,
        "max_depth": [None, 2, 5][seed % 3],
        "min_samples_leaf": 1 + seed % 4,
        "min_weight_leaf": float(seed % 5),
        "max_features": [None, 1, (d + 1) // 2][seed % 3],
        "seed": seed,
    }
    return (weights, moments, labels, codes, sizes), rules


@pytest.mark.parametrize("criterion", CRITERIA)
def test_both_versions_grow_the_same_tree(criterion):
    for seed in range(40):
        arrays, rules = problem(seed, criterion)
        one = kernels.grow_tree.numpy(*arrays, **rules)
        other = kernels.grow_tree(*arrays, **rules)
        for name, a, b in zip(one._fields, one, other):
            np.testing.assert_array_equal(a, b, err_msg=f"{name}, seed {seed}")
            assert a.dtype == b.dtype, name


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("n_labels", [3, 40])
def test_levels_of_several_blocks_and_many_labels(criterion, n_labels):
    rng = np.random.default_rng(0)
    n, d = 4000, 9
    codes = np.argsort(rng.random((d, n)), axis=1).astype(np.int32)
    codes[2] = codes[5]  # a tie in another block
    labels = (codes[5] * n_labels // n).astype(np.int32)
    labels[rng.random(n) < 0.2] = 0
    arrays = np.ones(n), np.rint((labels - 1.3) * 2**30), labels, codes, np.full(d, n)
    for max_features in (None, 3):
        rules = {"criterion": criterion, "n_labels": n_labels, "max_features": max_features}
        one = kernels.grow_tree.numpy(*arrays, **rules)
        for a, b in zip(one, kernels.grow_tree(*arrays, **rules)):
            np.testing.assert_array_equal(a, b)
        assert max_features or one.feature[0] == 2


def impurity(criterion, weights, targets):
    """Of a node, times its weight."""
    if criterion == "squared_error":
        mean = np.average(targets, weights=weights)
        return (weights * (targets - mean) ** 2).sum()
    share = np.bincount(targets, weights) / weights.sum()
    share = share[share > 0]
    each = 1 - (share**2).sum() if criterion == "gini" else -(share * np.log2(share)).sum()
    return weights.sum() * each


def best_gain(criterion, weights, targets, codes, sizes, least, light):
    """The largest gain of all splits, one by one."""
    whole, best = impurity(criterion, weights, targets), -np.inf
    for code, size in zip(codes, sizes):
        for cut in range(size):
            for missing_left in (False, True):
                left = (code <= cut) | (missing_left & (code == size))
                sides = left, ~left
                if min(s.sum() for s in sides) < max(1, least):
                    continue
                if min(weights[s].sum() for s in sides) < light:
                    continue
                rest = sum(impurity(criterion, weights[s], targets[s]) for s in sides)
                best = max(best, whole - rest)
    return best


@pytest.mark.parametrize("criterion", CRITERIA)
@versions
def test_every_split_is_a_best_one(version, criterion):
    for seed in range(0, 30, 3):
        (weights, moments, labels, codes, sizes), rules = problem(seed, criterion)
        rules["max_features"] = None
        grown = version(kernels.grow_tree)(weights, moments, labels, codes, sizes, **rules)
        inside = {0: weights > 0}
        for node in range(len(grown.feature)):
            rows = inside[node]
            f = grown.feature[node]
            assert grown.samples[node] == rows.sum() and grown.weight[node] == weights[rows].sum()
            found = best_gain(criterion, weights[rows], labels[rows], codes[:, rows], sizes,
                              rules["min_samples_leaf"], rules["min_weight_leaf"])  # fmt: skip
            if f < 0:
                assert (grown.node[rows] == node).all()
                continue
            code = codes[f]
            missing = code == sizes[f]
            left = rows & np.where(missing, grown.missing_left[node], code <= grown.cut[node])
            right = rows & ~left
            inside[grown.left[node]], inside[grown.right[node]] = left, right
            sides = [impurity(criterion, weights[s], labels[s]) for s in (left, right)]
            gain = impurity(criterion, weights[rows], labels[rows]) - sum(sides)
            assert gain == pytest.approx(found, abs=1e-9)
            present_right = code[right & ~missing]
            expected = present_right.min() if present_right.size else sizes[f]
            assert grown.above[node] == expected


@versions
def test_the_order_of_rows_and_repeated_rows_change_nothing(version):
    rng = np.random.default_rng(0)
    grow = version(kernels.grow_tree)
    for criterion in CRITERIA:
        (_, _, labels, codes, sizes), rules = problem(7, criterion)
        weights = rng.integers(1, 4, len(labels)).astype(float)
        centred = np.rint((labels - 1.3) * 2**30)
        rules |= {"min_samples_leaf": 1, "max_features": 1}
        expected = grow(weights, centred * weights, labels, codes, sizes, **rules)
        order = rng.permutation(np.repeat(np.arange(len(labels)), weights.astype(int)))
        again = grow(np.ones(len(order)), centred[order], labels[order], codes[:, order].copy(),
                     sizes, **rules)  # fmt: skip
        for name in ("feature", "cut", "above", "left", "right", "weight", "moment"):
            np.testing.assert_array_equal(getattr(expected, name), getattr(again, name))
        np.testing.assert_array_equal(expected.node[order], again.node)


@versions
def test_deep_thin_trees_and_many_labels_end(version):
    n = 300
    labels = np.arange(n, dtype=np.int32)
    codes = np.arange(n, dtype=np.int32)[None]
    moments = np.rint(np.ldexp(1.0, np.arange(n) // 8))  # one value after the other is split off
    rules = {"criterion": "squared_error", "n_labels": 1}
    grown = version(kernels.grow_tree)(np.ones(n), moments, labels, codes, np.array([n]), **rules)
    assert len(grown.feature) == 2 * n - 1
    rules = {"criterion": "gini", "n_labels": 10_000}
    grown = version(kernels.grow_tree)(np.ones(n), moments, labels, codes, np.array([n]), **rules)
    assert len(grown.feature) == 2 * n - 1


def test_the_scale_of_entropy_leaves_room():
    for weight in (1.0, 2.0, 3.0, 1e4, 2.0**31):
        assert bits(weight, entropy_scale(weight)) <= 2**61


@versions
def test_leaves_are_found_as_by_hand(version):
    feature = np.array([0, 1, -1, -1, -1], np.int32)
    threshold = np.array([0.5, -1.0, np.nan, np.nan, np.nan])
    left, right = np.array([1, 2, -1, -1, -1], np.int32), np.array([4, 3, -1, -1, -1], np.int32)
    missing_left = np.array([True, False, False, False, False])
    X = np.array([[0.5, -1.0], [0.5, 0.0], [0.6, 0.0], [np.nan, np.nan], [np.nan, -2.0]])
    for dtype in (np.float32, np.float64):
        for given in (X.astype(dtype), np.asfortranarray(X.astype(dtype))):
            found = version(kernels.find_leaves)(
                given, feature, threshold, left, right, missing_left
            )
            assert found.tolist() == [2, 3, 4, 3, 2] and found.dtype == np.int32
