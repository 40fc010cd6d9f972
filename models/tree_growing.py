"""From samples to a grown tree: columns are coded once, then any number of trees grow on the codes.

    columns = Columns(X)                        # or Columns(X, bins=256); shared by all trees
    tree, leaf = grow_on_classes(columns, y, weights, n_classes, criterion="gini", max_depth=3)
    tree, leaf = grow_on_values(columns, y, weights, max_depth=3)
    tree.apply(X), tree.predict(X)              # leaves; shares of classes, or values

`weights` may be None; rows of weight 0 are left out, which is how a bootstrap sample is made. What
else `kernels.grow_tree` takes (max_depth, min_samples_leaf, max_features, seed, ...) is handed on.
`leaf` is the leaf of every row of X (-1 for rows left out).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_ml.kernels import find_leaves, grow_tree
from tinygrad_ml.kernels.tree import bits, entropy_scale
from tinygrad_ml.persistence import register

CLASS_BITS, VALUE_BITS = 31, 52  # of exact sums: their squares, and they themselves, are exact


class Columns:
    """The columns of X as codes, the numbers of their values (or bins) in ascending order.

    Attributes
    ----------
    codes : (d, n) int32, or uint8 with at most 255 values a column; `sizes[f]` means missing.
    sizes : (d,) number of different values, or bins, of each column.
    order : (d, n) the rows in each column's order.
    low, high : a list of arrays: the least and the greatest value behind each code.
    """

    def __init__(self, X: np.ndarray, bins: int | None = None) -> None:
        n, d = X.shape
        codes, order = np.empty((d, n), np.int32), np.empty((d, n), np.int32)
        self.low: list[np.ndarray] = []
        self.high: list[np.ndarray] = []
        for f in range(d):
            rows = order[f] = np.argsort(X[:, f])  # missing values last
            ordered = X[rows, f]
            present = n - int(np.isnan(ordered).sum())
            new = np.append(True, ordered[1:] != ordered[:-1])[:present]
            number = np.cumsum(new) - 1
            if bins is not None and present and number[-1] >= bins:
                number = _binned(number, present, bins)
                new = np.diff(number, prepend=-1) != 0
            starts = np.flatnonzero(new)
            codes[f, rows[:present]] = number
            codes[f, rows[present:]] = len(starts)
            self.low.append(ordered[starts].astype(np.float64))
            ends = np.append(starts[1:], present) - 1 if present else starts
            self.high.append(ordered[ends].astype(np.float64))
        self.sizes = np.array([len(low) for low in self.low], np.int64)
        self.codes = codes.astype(np.uint8) if self.sizes.max() < 256 else codes
        self.order = order

    def thresholds(self, feature: np.ndarray, cut: np.ndarray, above: np.ndarray) -> np.ndarray:
        """Midpoints between what goes left and right; at least the left value, below the right."""
        result = np.full(len(feature), np.nan)
        for f in np.unique(feature[feature >= 0]):
            nodes = np.flatnonzero(feature == f)
            low, high = self.high[f][cut[nodes]], np.append(self.low[f], np.inf)[above[nodes]]
            middle = low / 2 + high / 2  # their sum could overflow
            result[nodes] = np.where((low <= middle) & (middle < high), middle, low)
            result[nodes[above[nodes] == self.sizes[f]]] = np.inf  # all but the missing ones
        return result


def _binned(number: np.ndarray, present: int, bins: int) -> np.ndarray:
    """Bins of about equally many rows; equal values stay together."""
    first = np.searchsorted(number, number)  # place of the first equal value
    bin_ = first * bins // present
    return np.cumsum(np.diff(bin_, prepend=bin_[0]) != 0)


@register
class Tree:
    """A fitted tree as parallel arrays, node by node: root, left branch, right branch.

    Attributes
    ----------
    feature, threshold : x[feature] <= threshold goes left; -2 and NaN at a leaf.
    children_left, children_right : numbers of the children, -1 at a leaf.
    missing_go_to_left : where a missing value goes.
    n_node_samples, weighted_n_node_samples, impurity : of the training data at each node.
    value : (nodes,) mean target, or, of a classifier, (nodes, n_classes) shares of the classes.
    """

    spread_of: np.ndarray  # impurity in units of 4^exponent, which cannot overflow
    exponent: int

    def __init__(self, columns: Columns, grown: Any) -> None:
        self.feature = np.where(grown.feature < 0, -2, grown.feature).astype(np.int32)
        self.threshold = columns.thresholds(grown.feature, grown.cut, grown.above)
        self.children_left, self.children_right = grown.left, grown.right
        self.missing_go_to_left = grown.missing_left
        self.n_node_samples, self.weighted_n_node_samples = grown.samples, grown.weight
        self.n_features = len(columns.sizes)
        self.exponent = 0

    @property
    def impurity(self) -> np.ndarray:
        """(nodes,) gini, entropy in bits, or variance of the training data at each node."""
        with np.errstate(over="ignore", under="ignore"):
            return np.ldexp(self.spread_of, 2 * self.exponent)

    @property
    def node_count(self) -> int:
        return len(self.feature)

    @property
    def depths(self) -> np.ndarray:
        """(nodes,) distance from the root."""
        depth = np.zeros(self.node_count, np.int64)
        for level, nodes in enumerate(self.levels()):
            depth[nodes] = level
        return depth

    def levels(self) -> list[np.ndarray]:
        """The nodes of each depth."""
        nodes, found = np.zeros(1, np.int64), []
        while nodes.size:
            found.append(nodes)
            parents = nodes[self.feature[nodes] >= 0]
            nodes = np.concatenate([self.children_left[parents], self.children_right[parents]])
        return found

    def add_up(self, values: np.ndarray) -> np.ndarray:
        """Sums over subtrees of values (nodes, ...) that stand at the leaves; in place."""
        for nodes in reversed(self.levels()):
            parents = nodes[self.feature[nodes] >= 0]
            left, right = self.children_left[parents], self.children_right[parents]
            values[parents] = values[left] + values[right]
        return values

    def apply(self, X: np.ndarray) -> np.ndarray:
        """The leaf (n,) of each row of X (n, d), float32 or float64."""
        return find_leaves(
            X, self.feature, self.threshold, self.children_left, self.children_right,
            self.missing_go_to_left,
        )  # fmt: skip

    def importances(self) -> np.ndarray:
        """(d,) how much each feature lowers the impurity, by weight; not yet divided by the sum.

        Of `grow_on_values` in units of its own.
        """
        parents = np.flatnonzero(self.feature >= 0)
        left, right = self.children_left[parents], self.children_right[parents]
        weighted = self.weighted_n_node_samples * self.spread_of
        gains = weighted[parents] - weighted[left] - weighted[right]
        total = np.bincount(self.feature[parents], np.maximum(gains, 0), self.n_features)
        return total / self.weighted_n_node_samples[0]


@register
class ValueTree(Tree):
    """A tree of a regression; `value` (nodes,) is the mean target of each node's samples."""

    value: np.ndarray

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The value (n,) of each row's leaf."""
        return self.value[self.apply(X)]


@register
class ClassTree(Tree):
    """A tree of a classifier; each leaf keeps the classes that it has seen, and their shares.

    They stand one leaf behind the other in `classes` and `shares`, those of node i from `start[i]`
    on, so that memory does not grow with the number of classes times that of nodes.
    """

    start: np.ndarray
    classes: np.ndarray
    shares: np.ndarray
    n_classes: int

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """The shares of the classes (n, n_classes) in each row's leaf."""
        return self.spread(self.apply(X))

    def spread(self, nodes: np.ndarray) -> np.ndarray:
        """The shares of the classes (n, n_classes) at these leaves (n,)."""
        count = self.start[nodes + 1] - self.start[nodes]
        out = np.zeros((len(nodes), self.n_classes))
        first = np.cumsum(count) - count
        at = np.arange(count.sum()) + np.repeat(self.start[nodes] - first, count)
        out[np.repeat(np.arange(len(nodes)), count), self.classes[at]] = self.shares[at]
        return out

    @property
    def value(self) -> np.ndarray:
        """The shares of the classes (nodes, n_classes) at every node, made when asked for."""
        weight = self.weighted_n_node_samples[:, None]
        leaves = self.spread(np.arange(self.node_count)) * weight
        return self.add_up(leaves) / weight


def tame_weights(weights: np.ndarray | None) -> np.ndarray | None:
    """Weights whose sums do not overflow."""
    if weights is None or weights.max() < 1e150:
        return weights
    return weights / weights.max()


def whole_weights(weights: np.ndarray | None, n: int, bits: int) -> np.ndarray:
    """Weights as whole numbers whose sum fits into `bits`; those that are such stay as they are.

    Others are multiplied by a power of two, which leaves halves, quarters, ... exact.
    """
    if weights is None:
        return np.ones(n)
    total = float(weights.sum())
    if total < 2.0**bits and (weights == np.rint(weights)).all():
        return weights
    scaled = np.ldexp(weights, bits - 1 - int(np.frexp(total)[1]))
    return np.where(weights > 0, np.maximum(1.0, np.rint(scaled)), 0.0)


def whole_moments(values: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, float]:
    """weights * values as whole numbers with exact sums, and the scale that made them so."""
    size = np.abs(values) if weights is None else np.abs(values) * weights
    total = float(size.sum())
    exponent = VALUE_BITS - 1 - int(np.ceil(np.log2(total))) if total > 0 else 0
    whole = np.rint(np.ldexp(values, exponent))
    return (whole if weights is None else np.rint(whole * weights)), 2.0**exponent


def grow_on_classes(
    columns: Columns, y: np.ndarray, weights: np.ndarray | None, n_classes: int, *,
    criterion: str = "gini", min_impurity_decrease: float = 0.0,
    min_weight_fraction_leaf: float = 0.0, **rules: Any,
) -> tuple[ClassTree, np.ndarray]:  # fmt: skip
    """A tree for class numbers y (n,); its leaves know the shares of the classes."""
    whole = whole_weights(weights, len(y), CLASS_BITS)
    total = float(whole.sum())
    scale = 1.0 if criterion == "gini" else entropy_scale(total)
    grown = grow_tree(
        whole, np.zeros(0), y.astype(np.int32), columns.codes, columns.sizes, columns.order,
        criterion=criterion, n_labels=n_classes, min_gain=min_impurity_decrease * total * scale,
        min_weight_leaf=min_weight_fraction_leaf * total,
        **rules,
    )  # fmt: skip
    tree = ClassTree(columns, grown)
    tree.n_classes = n_classes
    if criterion == "gini":
        impurity = 1 - grown.moment / grown.weight**2
    else:
        impurity = (bits(grown.weight, scale) - grown.moment) / (scale * grown.weight)
    tree.spread_of = np.maximum(impurity, 0.0)
    kept = grown.node >= 0
    key = grown.node[kept].astype(np.int64) * n_classes + y[kept]
    pairs, pair = np.unique(key, return_inverse=True)
    share = np.bincount(pair, None if weights is None else weights[kept])
    leaf = pairs // n_classes
    tree.classes = (pairs % n_classes).astype(np.int32)
    tree.start = np.searchsorted(leaf, np.arange(tree.node_count + 1))
    leaf_weight = np.bincount(leaf, share, tree.node_count)
    tree.shares = share / leaf_weight[leaf]
    tree.weighted_n_node_samples = tree.add_up(leaf_weight)
    return tree, grown.node


def grow_on_values(
    columns: Columns, y: np.ndarray, weights: np.ndarray | None, *,
    min_impurity_decrease: float = 0.0,
    min_weight_fraction_leaf: float = 0.0, **rules: Any,
) -> tuple[ValueTree, np.ndarray]:  # fmt: skip
    """A tree for numbers y (n,); its nodes know the mean of their samples."""
    if weights is not None and (weights != np.rint(weights)).any():
        weights = weights / weights.max()
    whole = whole_weights(weights, len(y), VALUE_BITS)
    counted = whole if weights is None else weights
    exponent = int(np.frexp(np.abs(y).max())[1])  # scaled, nothing can overflow
    unit = np.ldexp(y.astype(np.float64), -exponent)
    centre = float(np.average(unit, weights=weights))
    unit -= centre
    moments, scale = whole_moments(unit, weights)
    labels = np.unique(y, return_inverse=True)[1].astype(np.int32)
    least = 0.0
    if min_impurity_decrease > 0:
        with np.errstate(over="ignore"):
            least = float(np.ldexp(min_impurity_decrease, -2 * exponent))
        least *= float(counted.sum()) ** 2 / float(whole.sum()) * scale**2
    grown = grow_tree(
        whole, moments, labels, columns.codes, columns.sizes, columns.order,
        criterion="squared_error", n_labels=1, min_gain=least,
        min_weight_leaf=min_weight_fraction_leaf * float(whole.sum()), **rules,
    )  # fmt: skip
    tree = ValueTree(columns, grown)
    kept = grown.node >= 0
    leaf, unit, counted = grown.node[kept], unit[kept], counted[kept]
    count = tree.node_count
    weight = np.bincount(leaf, counted, count)
    total = np.bincount(leaf, counted * unit, count)
    tree.weighted_n_node_samples = tree.add_up(weight.copy())
    mean = tree.add_up(total) / tree.weighted_n_node_samples
    square = np.bincount(leaf, counted * (unit - mean[leaf]) ** 2, count)
    tree.spread_of, tree.exponent = _spread_upwards(tree, mean, square), exponent
    tree.value = np.ldexp(mean + centre, exponent)
    least_y, most_y = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(least_y, leaf, y[kept])
    np.maximum.at(most_y, leaf, y[kept])
    leaves = np.flatnonzero(tree.feature < 0)  # rounding leads no mean out of what it is made of
    tree.value[leaves] = np.clip(tree.value[leaves], least_y[leaves], most_y[leaves])
    return tree, grown.node


def _spread_upwards(tree: Tree, mean: np.ndarray, square: np.ndarray) -> np.ndarray:
    """The variance at every node from the leaves' sums of squared distances from their means."""
    weight = tree.weighted_n_node_samples
    for nodes in reversed(tree.levels()):
        parents = nodes[tree.feature[nodes] >= 0]
        left, right = tree.children_left[parents], tree.children_right[parents]
        between = (mean[left] - mean[right]) ** 2 * weight[left] * weight[right] / weight[parents]
        square[parents] = square[left] + square[right] + between
    return square / weight
