"""Decision trees grown on coded columns, and samples sent down a tree.

A column is coded when its values are numbered in order: code 0 is the smallest value (or the first
bin), `sizes[f]` stands for "missing". A cut is then a code, and values play no part: infinities,
neighbouring floats and huge ranges cannot disturb a search. Every sum is exact, because weights and
moments are whole numbers that float64 adds without rounding. So a split has one score, in whatever
column and order it is met, ties are ties, and every way to search finds the same tree: the columns
swept in their order or histograms, a level or a node at a time, in NumPy or compiled.

Ties: the first column, then the lowest cut, then missing values on the right. Features are drawn
anew for each node by a counter-based generator, whose key is the seed and the way to the node.
"""

from typing import NamedTuple

import numpy as np

from .dispatch import Kernel

ENTROPY_BITS = 61  # of the largest sum of w log2 w
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Grown(NamedTuple):
    """A tree as parallel arrays, in the order root, left branch, right branch."""

    feature: np.ndarray  # column of the cut, -1 at a leaf
    cut: np.ndarray  # largest code that goes left
    above: np.ndarray  # smallest code of the node above it; sizes[feature]: none, only missing
    missing_left: np.ndarray
    left: np.ndarray  # number of the child, -1 at a leaf
    right: np.ndarray
    samples: np.ndarray
    weight: np.ndarray  # sum of the weights
    moment: np.ndarray  # sum of the moments; for classes of w_c^2 or w_c log2 w_c, scaled
    node: np.ndarray  # the leaf of every row, -1 for rows of weight 0


@Kernel
def grow_tree(
    weights, moments, labels, codes, sizes, order=None, *, criterion, n_labels, max_depth=None,
    min_samples_split=2, min_samples_leaf=1, min_weight_leaf=0.0, min_gain=0.0, max_features=None,
    seed=0,
):  # fmt: skip
    """Grow a tree that makes the children's impurity small: gini, entropy or squared error.

    A node of one label is a leaf, so is one with fewer than `min_samples_split` rows; a split
    leaves at least `min_samples_leaf` rows, and the weight `min_weight_leaf`, on each side. The
    gain of a split into L and R is
        gini           q(L) / w(L) + q(R) / w(R) - q / w,    q = sum_c w_c^2
        entropy        b(w) - b(w(L)) - b(w(R)) - q + q(L) + q(R),    q = sum_c b(w_c),
                       b(w) = w log2(w) times `entropy_scale`, rounded
        squared_error  m(L)^2 / w(L) + m(R)^2 / w(R) - m^2 / w,    m = sum of moments
    and at least `min_gain`. `max_features` columns are drawn for each node, and more until a split
    is found.

    Shapes: weights (n,) whole numbers from 0 on, their sum at most 2^31 for classes and 2^52 else,
    rows of weight 0 are left out; moments (n,) whole numbers whose absolute sum is at most 2^52
    (not looked at for classes); labels (n,) from 0 to n_labels - 1; codes (d, n) of uint8 or int32;
    sizes (d,). `order` (d, n): the rows in the order of each column's codes, if it is known.
    Returns a `Grown`.
    """
    sweep = _Sweep(weights, moments, labels, codes, sizes, criterion, n_labels,
                   min_samples_leaf, min_weight_leaf)  # fmt: skip
    kept = weights > 0
    if sweep.binned:
        order = np.flatnonzero(kept)[None]
    else:
        order = sort_rows(codes) if order is None else order
        order = order[kept[order]].reshape(len(codes), -1)
    levels, node = [], np.where(kept, 0, -1)
    level = _Level.root(sweep, order[0], seed)
    first = 0  # number of the level's first node
    while True:
        levels.append(level)
        deep = max_depth is not None and len(levels) > max_depth
        enough = level.samples >= max(min_samples_split, 2 * min_samples_leaf)
        open_ = enough & ~sweep.pure(level, order[0]) & (not deep)
        if open_.any():
            order = order[:, np.repeat(open_, level.samples)]
            _find_splits(sweep, level, np.flatnonzero(open_), order, max_features, min_gain)
            split = level.feature[open_] >= 0
            order = order[:, np.repeat(split, level.samples[open_])]
        if not (level.feature >= 0).any():
            break
        first += len(level.samples)
        order, level = _descend(sweep, level, order)
        node[order[0]] = first + np.repeat(np.arange(len(level.samples)), level.samples)
    return _numbered(levels, node)


def sort_rows(codes):
    """The rows in the order of each column's codes, (d, n)."""
    return np.argsort(codes, axis=1).astype(np.int32)


# ------------------------------------------------------------------------------------ one level


class _Level:
    """All nodes of one depth, side by side; each has its rows together in every column's order."""

    def __init__(self, samples, weight, moment, key):
        m = len(samples)
        self.samples, self.weight, self.moment, self.key = samples, weight, moment, key
        self.feature = np.full(m, -1)
        self.cut, self.above = np.full(m, -1), np.full(m, -1)
        self.missing_left = np.zeros(m, bool)
        self.gain = np.full(m, -np.inf)
        self.left_weight = np.zeros(m, weight.dtype)
        self.moments = np.zeros((2, m), moment.dtype)  # of the children

    @classmethod
    def root(cls, sweep, rows, seed):
        weight = sweep.weights[rows].sum()
        moment = sweep.moment_of(rows)
        key = mixed(np.array([seed], np.uint64))
        return cls(np.array([len(rows)]), np.array([weight]), np.array([moment]), key)


def _find_splits(sweep, level, nodes, order, max_features, min_gain):
    """Write the best split of each of `nodes` into the level; `order` has their rows alone."""
    d = len(sweep.codes)
    wanted = d if max_features is None else max_features
    slot = np.repeat(np.arange(len(nodes)), level.samples[nodes])
    drawn = np.tile(np.arange(d), (len(nodes), 1))
    for first, last in [(0, wanted), *((i, i + 1) for i in range(wanted, d))]:
        waiting = level.feature[nodes, None] < 0
        if not waiting.any():
            break
        if wanted < d:
            _draw(drawn, level.key[nodes], first, last)
        chosen = np.zeros((len(nodes), d), bool)
        np.put_along_axis(chosen, drawn[:, first:last], waiting, axis=1)
        for f in np.flatnonzero(chosen.any(axis=0)):
            some = chosen[:, f]
            rows = order[0 if sweep.binned else f]
            rows = rows if some.all() else rows[some[slot]]
            sweep.column(level, nodes[some], f, rows)
    low = nodes[level.gain[nodes] < min_gain] if min_gain > 0 else nodes[:0]
    level.feature[low] = -1


def _descend(sweep, level, order):
    """The rows of each column's order, left child beside right child, and the children."""
    parents = np.flatnonzero(level.feature >= 0)
    samples = level.samples[parents]
    slot = np.repeat(np.arange(len(parents)), samples)
    rows = order[0]
    feature = level.feature[parents][slot]
    code = sweep.codes[feature, rows]
    missing = code == sweep.sizes[feature]
    side = np.zeros(len(sweep.weights), bool)
    side[rows] = np.where(missing, level.missing_left[parents][slot],
                          code <= level.cut[parents][slot])  # fmt: skip
    goes_left = side[order]
    n_left = np.add.reduceat(goes_left[0], np.cumsum(samples) - samples, dtype=np.int64)
    start = np.cumsum(samples) - samples
    lefts = np.cumsum(goes_left, axis=1) - (np.cumsum(n_left) - n_left)[slot]
    place = np.where(
        goes_left, start[slot] + lefts - 1, n_left[slot] + np.arange(order.shape[1]) - lefts
    )
    ordered = np.empty_like(order)
    np.put_along_axis(ordered, place, order, axis=1)
    children = _Level(
        _paired(n_left, samples - n_left),
        _paired(level.left_weight[parents], (level.weight - level.left_weight)[parents]),
        _paired(*level.moments[:, parents]),
        _paired(*child_keys(level.key[parents])),
    )
    return ordered, children


def _paired(left, right):
    return np.stack([left, right], axis=1).reshape(-1)


def _numbered(levels, node):
    """The levels as one tree, whose nodes are numbered root, left branch, right branch."""
    sizes = [np.ones(len(level.samples), np.int64) for level in levels]
    for above, below, level in zip(sizes[-2::-1], sizes[:0:-1], levels[-2::-1]):
        above[level.feature >= 0] += below[0::2] + below[1::2]
    number = [np.zeros(1, np.int64)]
    left, right = [], []
    for level, below in zip(levels, [*sizes[1:], np.zeros(0, np.int64)]):
        parent = level.feature >= 0
        first = np.where(parent, number[-1] + 1, -1)
        second = first.copy()
        second[parent] += below[0::2]
        left.append(first)
        right.append(second)
        number.append(_paired(first[parent], second[parent]))
    order = np.argsort(np.concatenate(number))

    def joined(name, dtype):
        return np.concatenate([getattr(level, name) for level in levels])[order].astype(dtype)

    return Grown(
        joined("feature", np.int32), joined("cut", np.int32), joined("above", np.int32),
        joined("missing_left", bool), np.concatenate(left)[order].astype(np.int32),
        np.concatenate(right)[order].astype(np.int32), joined("samples", np.int32),
        joined("weight", np.float64), joined("moment", np.float64),
        np.where(node < 0, -1, np.concatenate(number)[node]).astype(np.int32),
    )  # fmt: skip


# ------------------------------------------------------------------------------------ one column


class _Sweep:
    """Scores of all cuts of a column, for many nodes at once."""

    def __init__(self, weights, moments, labels, codes, sizes, criterion, n_labels, least, light):
        self.criterion, self.n_labels, self.least, self.light = criterion, n_labels, least, light
        whole = criterion != "squared_error"
        self.weights = weights.astype(np.int64) if whole else weights
        self.moments, self.labels, self.codes, self.sizes = moments, labels, codes, sizes
        self.binned = not whole and codes.dtype == np.uint8  # then rows need no order
        self.scale = entropy_scale(float(weights.sum()))

    def parts(self, weight):
        """The share of a class of this weight in q."""
        return weight * weight if self.criterion == "gini" else bits(weight, self.scale)

    def moment_of(self, rows):
        if self.criterion == "squared_error":
            return self.moments[rows].sum()
        totals = np.zeros(self.n_labels, np.int64)
        np.add.at(totals, self.labels[rows], self.weights[rows])
        return self.parts(totals).sum()

    def pure(self, level, rows):
        """Which nodes have one label."""
        if self.criterion != "squared_error":
            return level.moment == self.parts(level.weight)
        start = np.cumsum(level.samples) - level.samples
        labels = self.labels[rows]
        return np.minimum.reduceat(labels, start) == np.maximum.reduceat(labels, start)

    def column(self, level, nodes, f, rows):
        """Look for better splits of `nodes` in column f, whose rows stand in its order."""
        slot = np.repeat(np.arange(len(nodes)), level.samples[nodes])
        code, missing = self.codes[f][rows], self.sizes[f]
        values = self.moments if self.criterion == "squared_error" else self.labels
        cells = [slot, code, np.ones(len(rows), np.int64), self.weights[rows], values[rows]]
        cells = _gathered(cells, int(missing) + 1) if self.binned else cells
        self._cuts(level, nodes, f, cells, False)
        slot, code = cells[:2]
        with_missing = code[np.cumsum(np.bincount(slot)) - 1] == missing
        if with_missing.any():
            some = with_missing[slot]
            cells = [each[some] for each in cells]
            cells[0] = (np.cumsum(with_missing) - 1)[cells[0]]
            turned = np.argsort(2 * cells[0] + (cells[1] != missing), kind="stable")
            cells = [each[turned] for each in cells]
            self._cuts(level, nodes[with_missing], f, cells, True)

    def _cuts(self, level, nodes, f, cells, missing_left):
        """Score every cut behind which the code changes, and keep each node's best."""
        slot, code, count, weights, values = cells
        length = np.bincount(slot)
        start, samples = np.cumsum(length) - length, level.samples[nodes]
        left = _running(count, start, slot)
        weight_left = _running(weights, start, slot)
        weight_right = level.weight[nodes][slot] - weight_left
        possible = np.append(code[1:] != code[:-1], False)
        possible &= np.minimum(left, samples[slot] - left) >= max(1, self.least)
        possible &= np.minimum(weight_left, weight_right) >= self.light
        if missing_left:
            possible &= code != self.sizes[f]
        if not possible.any():
            return
        q_left, q_right = self._moments(level.moment[nodes], weights, values, start, slot)
        at = np.flatnonzero(possible)
        node = nodes[slot[at]]
        gain = self.gain(
            weight_left[at], weight_right[at], q_left[at], q_right[at],
            level.weight[node], level.moment[node],
        )  # fmt: skip
        first = np.flatnonzero(np.diff(slot[at], prepend=-1))
        best = np.maximum.reduceat(gain, first)
        winner = np.flatnonzero(gain == np.repeat(best, np.diff(np.append(first, len(at)))))
        winner = winner[np.diff(slot[at][winner], prepend=-1) > 0]
        winner = winner[best > level.gain[node[winner]]]
        node, at = node[winner], at[winner]
        level.gain[node], level.feature[node] = gain[winner], f
        level.cut[node], level.above[node] = code[at], code[at + 1]
        level.left_weight[node] = weight_left[at]
        level.moments[:, node] = q_left[at], q_right[at]
        seen = code[start + length - 1] == self.sizes[f]
        more_left = 2 * left[at] > samples[slot[at]]
        level.missing_left[node] = missing_left | (~seen[slot[at]] & more_left)

    def _moments(self, moment, weights, values, start, slot):
        """The moments of what lies left and right of every cut."""
        if self.criterion == "squared_error":
            left = _running(values, start, slot)
            return left, moment[slot] - left
        group = slot * self.n_labels + values
        small = np.uint16 if len(start) * self.n_labels <= 1 << 16 else np.int64
        by_class = np.argsort(group.astype(small), kind="stable")
        sizes = np.diff(np.append(np.flatnonzero(np.diff(group[by_class], prepend=-1)), len(group)))
        first = np.cumsum(sizes) - sizes
        number = np.repeat(np.arange(len(sizes)), sizes)
        left, total = np.empty_like(weights), np.empty_like(weights)
        left[by_class] = _running(weights[by_class], first, number)
        total[by_class] = np.add.reduceat(weights[by_class], first)[number]
        gained = self.parts(left) - self.parts(left - weights)
        lost = self.parts(total - left + weights) - self.parts(total - left)
        return _running(gained, start, slot), moment[slot] - _running(lost, start, slot)

    def gain(self, w_left, w_right, q_left, q_right, weight, moment):
        if self.criterion == "entropy":
            now = q_left - self.parts(w_left) + q_right - self.parts(w_right)
            return (now - (moment - self.parts(weight))).astype(np.float64)
        w_left, w_right, weight, q_left, q_right, moment = (
            np.asarray(each, np.float64)
            for each in (w_left, w_right, weight, q_left, q_right, moment)
        )
        if self.criterion == "squared_error":
            q_left, q_right, moment = q_left * q_left, q_right * q_right, moment * moment
        return (q_left * w_right + q_right * w_left) / (w_left * w_right) - moment / weight


def _gathered(cells, size):
    """One cell for each code of a node: a histogram without its empty bins."""
    slot, code, _, weights, values = cells
    key = slot * size + code
    number = np.bincount(key)
    cell = np.flatnonzero(number)
    sums = [np.bincount(key, each)[cell] for each in (weights, values)]
    return [cell // size, cell % size, number[cell], *sums]


def _running(values, start, slot):
    """Sums from the start of each segment on, the value itself included."""
    total = np.cumsum(values)
    return total - (total[start] - values[start])[slot]


def entropy_scale(weight):
    """The power of two that makes `weight` log2(weight) fill, but not exceed, ENTROPY_BITS."""
    return 2.0 ** (ENTROPY_BITS - np.ceil(np.log2(max(2.0, weight * np.log2(max(2.0, weight))))))


def bits(weight, scale):
    """weight log2(weight), rounded to multiples of 1 / scale."""
    weight = np.asarray(weight, np.float64)
    return np.rint(weight * np.log2(np.maximum(weight, 1.0)) * scale).astype(np.int64)


# ------------------------------------------------------------------------------------ chance


def mixed(key):
    """A 64-bit number that looks random, from any other (Steele, Lea and Flood, 2014)."""
    key = (key + _GOLDEN).astype(np.uint64)
    key = (key ^ (key >> np.uint64(30))) * _MIX_1
    key = (key ^ (key >> np.uint64(27))) * _MIX_2
    return key ^ (key >> np.uint64(31))


def child_keys(key):
    return mixed(key ^ _MIX_1), mixed(key ^ _MIX_2)


def _draw(columns, key, first, last):
    """Steps `first` to `last` of a shuffle of each row, as its key says (Fisher & Yates)."""
    d = columns.shape[1]
    row = np.arange(len(columns))
    for i in range(first, last):
        draw = mixed(key + np.uint64(i)) >> np.uint64(32)
        j = i + ((draw * np.uint64(d - i)) >> np.uint64(32)).astype(np.int64)
        taken = columns[row, j]
        columns[row, j] = columns[:, i]
        columns[:, i] = taken


# ------------------------------------------------------------------------------------ prediction


@Kernel
def find_leaves(X, feature, threshold, left, right, missing_left):
    """The leaf (n,) that each row of X (n, d) comes to: left if x <= threshold."""
    node = np.zeros(len(X), np.int32)
    rows = np.flatnonzero(feature[node] >= 0)
    while rows.size:
        at = node[rows]
        x = X[rows, feature[at]]
        goes_left = (x <= threshold[at]) | (np.isnan(x) & missing_left[at])
        node[rows] = np.where(goes_left, left[at], right[at])
        rows = rows[feature[node[rows]] >= 0]
    return node
