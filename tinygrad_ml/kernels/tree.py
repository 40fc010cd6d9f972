"""Decision trees grown on coded columns, and samples sent down a tree.

A column is coded when its values are numbered in order: code 0 is the smallest value (or the first
bin), `sizes[f]` stands for "missing". A cut is then a code, and values play no part: infinities,
neighbouring floats and huge ranges cannot disturb a search. Every sum is exact, because weights and
moments are whole numbers that are added without rounding. So a split has one score, in whatever
column and order it is met, ties are ties, and every way to search finds the same tree: a level or a
node at a time, in NumPy or compiled.

Ties: the first column, then the lowest cut, then missing values on the right. Features are drawn
anew for each node by a counter-based generator, whose key is the seed and the way to the node.
"""

from typing import NamedTuple

import numpy as np

from .dispatch import Kernel

ENTROPY_BITS = 61  # of the largest sum of w log2 w
_BLOCK = 1 << 14  # rows times columns that are looked at in one go; they should fit in a cache
_FEW = 16  # classes whose sums are run through one by one
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
    level, sweep, rows, slot = _root(
        weights, moments, labels, codes, sizes, order, criterion, n_labels, seed
    )
    sweep.least, sweep.light = max(1, min_samples_leaf), min_weight_leaf
    levels, node = [], np.full(len(rows), -1)
    alive, first = np.arange(len(rows)), 0  # rows in open nodes, and number of the level's first
    while True:
        levels.append(level)
        node[alive] = first + slot
        deep = max_depth is not None and len(levels) > max_depth
        enough = level.samples >= max(min_samples_split, 2 * min_samples_leaf)
        open_ = enough & ~sweep.pure(level, alive, slot) & (not deep)
        if open_.any():
            _find_splits(sweep, level, np.flatnonzero(open_), alive, slot, max_features, min_gain)
        split = level.feature >= 0
        if not split.any():
            break
        first += len(split)
        alive, slot, level = _descend(sweep, level, split, alive, slot)
    everywhere = np.full(len(weights), -1)
    everywhere[rows] = node
    return _numbered(levels, everywhere)


def sort_rows(codes):
    """The rows in the order of each column's codes, (d, n)."""
    return np.argsort(codes, axis=1).astype(np.int32)


# ------------------------------------------------------------------------------------ one level


class _Level:
    """All nodes of one depth, side by side."""

    def __init__(self, samples, weight, moment, key):
        m = len(samples)
        self.samples, self.weight, self.moment, self.key = samples, weight, moment, key
        self.feature = np.full(m, -1)
        self.cut, self.above = np.full(m, -1), np.full(m, -1)
        self.missing_left = np.zeros(m, bool)
        self.gain = np.full(m, -np.inf)
        self.left_weight = np.zeros(m, weight.dtype)
        self.moments = np.zeros((2, m), moment.dtype)  # of the children


def _root(weights, moments, labels, codes, sizes, order, criterion, n_labels, seed):
    """The first level, and the rows that have a weight, numbered anew."""
    rows = np.flatnonzero(weights > 0)
    order = sort_rows(codes) if order is None else order
    if len(rows) < len(weights):
        number = np.cumsum(weights > 0, dtype=np.int32) - 1
        order = number[order[weights[order] > 0]].reshape(len(codes), -1)
        codes, weights, labels = codes[:, rows], weights[rows], labels[rows]
        moments = moments[rows] if criterion == "squared_error" else moments
    sweep = _Sweep(weights, moments, labels, codes, sizes, order, criterion, n_labels)
    start = np.array([len(rows)]), weights.sum(keepdims=True).astype(np.int64), sweep.moment()
    key = mixed(np.array([seed], np.uint64))
    return _Level(*start, key), sweep, rows, np.zeros(len(rows), np.int64)


def _find_splits(sweep, level, nodes, rows, slot, max_features, min_gain):
    """Write the best split of each of `nodes` into the level."""
    d = len(sweep.sizes)
    wanted = d if max_features is None else max_features
    drawn = np.tile(np.arange(d), (len(nodes), 1))
    for first, last in [(0, wanted), *((i, i + 1) for i in range(wanted, d))]:
        waiting = level.feature[nodes] < 0
        if not waiting.any():
            break
        if wanted < d:
            _draw(drawn, level.key[nodes], first, last)
        some = nodes[waiting]
        if len(some) < len(level.samples):
            number = np.full(len(level.samples), -1)
            number[some] = np.arange(len(some))
            place = number[slot]
            inside = np.flatnonzero(place >= 0)
            place, own = place[inside], rows[inside]
        else:
            place, own = slot, rows
        columns = np.sort(drawn[waiting, first:last], axis=1)
        width = 1 if sweep.with_missing else max(1, _BLOCK // len(own))
        for j in range(0, last - first, width):
            sweep.columns(level, some, columns[:, j : j + width], own, place)
    low = nodes[level.gain[nodes] < min_gain] if min_gain > 0 else nodes[:0]
    level.feature[low] = -1


def _descend(sweep, level, split, rows, slot):
    """The rows of the nodes that are split, the children they go to, and the level of these."""
    if not split.all():
        inside = np.flatnonzero(split[slot])
        rows, slot = rows[inside], slot[inside]
    feature = level.feature[slot]
    code = sweep.codes.take(feature * sweep.n + rows)
    left = code <= level.cut[slot]
    if sweep.with_missing:
        left = np.where(code == sweep.sizes[feature], level.missing_left[slot], left)
    child = 2 * (np.cumsum(split) - 1)[slot] + ~left
    weight = level.left_weight[split]
    children = _Level(
        np.bincount(child, minlength=2 * np.count_nonzero(split)),
        _paired(weight, level.weight[split] - weight),
        _paired(*level.moments[:, split]),
        _paired(*child_keys(level.key[split])),
    )
    return rows, child, children


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
    """Scores of all cuts of some columns, for many nodes at once.

    Each node has its rows together in a column's order once a sort of (node, column, place in the
    column's order) has brought them there; only the columns that are looked at are sorted.
    """

    least: int
    light: float

    def __init__(self, weights, moments, labels, codes, sizes, order, criterion, n_labels):
        self.criterion, self.n_labels, self.sizes = criterion, n_labels, sizes
        d, self.n = order.shape
        self.weights, self.labels = weights.astype(np.int64), labels
        self.moments = moments.astype(np.int64)
        self.codes, self.order = np.ascontiguousarray(codes), order
        self.ordered = np.take_along_axis(codes, order, axis=1)
        self.rank = np.empty((d, self.n), np.int32)
        np.put_along_axis(self.rank, order, np.arange(self.n, dtype=np.int32)[None], axis=1)
        self.bits = self.n.bit_length()
        self.with_missing = bool((self.ordered[:, -1] == sizes).any())
        self.scale = entropy_scale(float(weights.sum()))

    def parts(self, weight):
        """The share of a class of this weight in q."""
        return weight * weight if self.criterion == "gini" else bits(weight, self.scale)

    def moment(self):
        """That of all rows, (1,)."""
        if self.criterion == "squared_error":
            return self.moments.sum(keepdims=True)
        totals = np.zeros(self.n_labels, np.int64)
        np.add.at(totals, self.labels, self.weights)
        return self.parts(totals).sum(keepdims=True)

    def pure(self, level, rows, slot):
        """Which nodes have one label."""
        if self.criterion != "squared_error":
            return level.moment == self.parts(level.weight)
        labels = self.labels[rows]
        one = np.empty(len(level.samples), labels.dtype)
        one[slot] = labels  # of any row
        return np.bincount(slot, labels != one[slot]) == 0

    def columns(self, level, nodes, columns, rows, slot):
        """Look for better splits of `nodes`, each in columns of its own (nodes, k), ascending."""
        k = columns.shape[1]
        from_ = columns * self.n
        key = self.rank.take(from_[slot] + rows[:, None]).astype(np.int64)
        key |= (slot[:, None] * k + np.arange(k)) << self.bits
        key = key.reshape(-1)
        key.sort()
        length = np.repeat(level.samples[nodes], k)
        pair = np.repeat(np.arange(len(length)), length)
        key &= (1 << self.bits) - 1
        key += from_.reshape(-1)[pair]
        code, rows = self.ordered.take(key), self.order.take(key)
        self._cuts(level, nodes, columns, pair, length, code, rows, False)
        if not self.with_missing:
            return
        missing = code == self.sizes[columns[:, 0]][pair]
        turned = missing[np.cumsum(length) - 1]  # the nodes with missing values
        if turned.any():
            some = np.flatnonzero(turned[pair])
            some = some[np.argsort(2 * pair[some] + ~missing[some], kind="stable")]
            pair = (np.cumsum(turned) - 1)[pair[some]]
            self._cuts(level, nodes[turned], columns[turned], pair, length[turned], code[some],
                       rows[some], True)  # fmt: skip

    def _cuts(self, level, nodes, columns, pair, length, code, rows, missing_left):
        """Score every cut behind which the code changes, and keep each node's best."""
        k = columns.shape[1]
        end = np.cumsum(length)
        start = end - length
        weights = self.weights[rows]
        possible = np.append(code[1:] != code[:-1], False)
        possible[end - 1] = False
        if missing_left:
            possible &= code != self.sizes[columns[:, 0]][pair]
        at = np.flatnonzero(possible)
        heavy = np.cumsum(weights)
        before = heavy[start] - weights[start]
        node = pair[at] // k
        node = nodes[node] if len(nodes) < len(level.samples) else node
        w_left = heavy[at] - before[pair[at]]
        w_right = level.weight[node] - w_left
        if self.least > 1 or self.light > 0:
            left = at + 1 - start[pair[at]]
            good = np.minimum(left, length[pair[at]] - left) >= self.least
            good &= np.minimum(w_left, w_right) >= self.light
            at, node, w_left, w_right = at[good], node[good], w_left[good], w_right[good]
        if not at.size:
            return
        of_node = level.weight[node], level.moment[node]
        q_left, q_right = self._moments(of_node[1], weights, rows, start, pair, at)
        gain = self.gain(w_left, w_right, q_left, q_right, *of_node)
        first = np.flatnonzero(np.diff(node, prepend=-1))
        best = np.maximum.reduceat(gain, first)
        winner = np.flatnonzero(gain == np.repeat(best, np.diff(np.append(first, len(at)))))
        winner = winner[np.diff(node[winner], prepend=-1) > 0]
        winner = winner[best > level.gain[node[winner]]]
        node, at = node[winner], at[winner]
        own = pair[at]
        feature = columns.reshape(-1)[own]
        level.gain[node], level.feature[node] = gain[winner], feature
        level.cut[node], level.above[node] = code[at], code[at + 1]
        level.left_weight[node] = w_left[winner]
        level.moments[:, node] = q_left[winner], q_right[winner]
        seen = code[end[own] - 1] == self.sizes[feature]
        more_left = 2 * (at + 1 - start[own]) > length[own]
        level.missing_left[node] = missing_left | (~seen & more_left)

    def _moments(self, moment, weights, rows, start, pair, at):
        """The moments of what lies left and right of the cuts behind `at`."""
        if self.criterion == "squared_error":
            left = _running(self.moments[rows], start, pair, at)
            return left, moment - left
        labels = self.labels[rows]
        if self.n_labels <= _FEW:
            end = np.append(start[1:], len(rows)) - 1
            q_left, q_right = np.zeros((2, len(at)), np.int64)
            for label in range(self.n_labels):
                total = np.cumsum(np.where(labels == label, weights, 0))
                left = total[at]
                own = pair[at]
                base = np.append(0, total)[start]
                left -= base[own]
                q_left += self.parts(left)
                q_right += self.parts((total[end] - base)[own] - left)
            return q_left, q_right
        group = pair * self.n_labels + labels
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
        return _running(gained, start, pair, at), moment - _running(lost, start, pair, at)

    def gain(self, w_left, w_right, q_left, q_right, weight, moment):
        if self.criterion == "entropy":
            now = q_left - self.parts(w_left) + q_right - self.parts(w_right)
            return (now - (moment - self.parts(weight))).astype(np.float64)
        w_left, w_right, weight, q_left, q_right, moment = (
            each.astype(np.float64) for each in (w_left, w_right, weight, q_left, q_right, moment)
        )
        if self.criterion == "squared_error":
            q_left, q_right, moment = q_left * q_left, q_right * q_right, moment * moment
        return (q_left * w_right + q_right * w_left) / (w_left * w_right) - moment / weight


def _running(values, start, slot, at=slice(None)):
    """Sums from the start of each segment on, the value itself included."""
    total = np.cumsum(values)
    return total[at] - (total[start] - values[start])[slot[at]]


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
