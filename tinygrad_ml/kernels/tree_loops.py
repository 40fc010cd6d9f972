"""The compiled twins of `tree`: a node at a time, where NumPy takes a level at a time.

Whole numbers are int64 here, whose sums have no latency worth mentioning.
"""

import numpy as np

from . import tree as plain
from .compiler import contiguous, loop
from .threads import share, slices

_GINI, _ENTROPY, _SQUARES = range(3)
_KINDS = {"gini": _GINI, "entropy": _ENTROPY, "squared_error": _SQUARES}
_MIX_1, _MIX_2, _GOLDEN = plain._MIX_1, plain._MIX_2, plain._GOLDEN


def grow_tree(
    weights, moments, labels, codes, sizes, order=None, *, criterion, n_labels, max_depth=None,
    min_samples_split=2, min_samples_leaf=1, min_weight_leaf=0.0, min_gain=0.0, max_features=None,
    seed=0,
):  # fmt: skip
    d, n = codes.shape
    kept = weights > 0
    m = int(np.count_nonzero(kept))
    rows = np.flatnonzero(kept).astype(np.int32)
    kind = _KINDS[criterion]
    scale = plain.entropy_scale(float(weights.sum()))
    depth = n if max_depth is None else min(max_depth, n)
    most = 2 * (m // max(1, min_samples_leaf)) + 1
    most = min(most, 2 ** (depth + 1)) if depth < 31 else most
    numbers = np.empty((8, most), np.int32)
    sums = np.empty((2, most), np.int64)
    node = np.full(n, -1, np.int32)
    weights, moments = weights.astype(np.int64), moments.astype(np.int64)
    limits = np.array(
        [depth, min_samples_split, min_samples_leaf, d if max_features is None else max_features,
         n_labels, kind, int(np.ceil(min_weight_leaf))]
    )  # fmt: skip
    own = np.empty((d, m), np.int32)
    _keep(plain.sort_rows(codes) if order is None else order, kept, own)
    count = _grow(weights, moments, labels, codes, sizes, rows, own, limits,
                  float(min_gain), np.uint64(seed), scale, numbers, sums, node)  # fmt: skip
    numbers, sums = numbers[:, :count], sums[:, :count].astype(np.float64)
    feature, cut, above, missing_left, left, right, samples = (row.copy() for row in numbers[:7])
    return plain.Grown(
        feature, cut, above, missing_left.astype(bool), left, right, samples, sums[0], sums[1], node
    )


@loop
def _keep(order, kept, own):
    """The rows with a weight, in their order."""
    d, n = order.shape
    for f in range(d):
        k = 0
        for j in range(n):
            i = order[f, j]
            if kept[i]:
                own[f, k] = i
                k += 1


# ------------------------------------------------------------------------------------ chance


@loop
def _mixed(key):
    key = key + _GOLDEN
    key = (key ^ (key >> np.uint64(30))) * _MIX_1
    key = (key ^ (key >> np.uint64(27))) * _MIX_2
    return key ^ (key >> np.uint64(31))


@loop
def _draw(columns, swaps, key, i):
    """The step of the shuffle that brings a column to place i."""
    d = columns.size
    chance = _mixed(key + np.uint64(i)) >> np.uint64(32)
    j = i + np.int64((chance * np.uint64(d - i)) >> np.uint64(32))
    columns[i], columns[j] = columns[j], columns[i]
    swaps[i] = j
    return columns[i]


@loop
def _put_back(columns, swaps, drawn):
    for i in range(drawn - 1, -1, -1):
        j = swaps[i]
        columns[i], columns[j] = columns[j], columns[i]


# ------------------------------------------------------------------------------------ gains


@loop
def _pooled(q_left, w_left, q_right, w_right):
    return (q_left * w_right + q_right * w_left) / (w_left * w_right)


@loop
def _bits(weight, scale):
    number = np.float64(weight)
    if weight < 2:
        return np.int64(0)
    return np.int64(np.rint(number * np.log2(number) * scale))


@loop
def _scan_classes(rows, start, stop, first, code, missing, labels, weights, left, total,
                  weight, q, least, light, entropy, scale, found, best):  # fmt: skip
    """The best cut of a column whose gain is above `best`; its numbers go into `found`.

    Rows from `first` on are missing values and go left before the others if `first` is below
    `stop` and `missing` is set.
    """
    n = stop - start
    q_left, q_right, w_left, n_left = np.int64(0), q, np.int64(0), 0
    end = stop
    if missing:
        end = first
        n_left = stop - first
    base = np.float64(q) / np.float64(weight)
    base_bits = q - _bits(weight, scale) if entropy else np.int64(0)
    for t in range(start - n_left, end):
        j = t if t >= start else t - start + stop  # missing values first
        i = rows[j]
        w, label = weights[i], labels[i]
        before, all_ = left[label], total[label]
        after = before + w
        if entropy:
            q_left += _bits(after, scale) - _bits(before, scale)
            q_right -= _bits(all_ - before, scale) - _bits(all_ - after, scale)
        else:
            q_left += w * (before + after)
            q_right -= w * (2 * all_ - before - after)
        left[label] = after
        w_left += w
        if t < start or j + 1 >= end or code[i] == code[rows[j + 1]]:
            continue
        k = j - start + 1 + n_left
        if k < least or n - k < least:
            continue
        w_right = weight - w_left
        if w_left < light or w_right < light:
            continue
        if entropy:
            now = q_left - _bits(w_left, scale) + q_right - _bits(w_right, scale)
            gain = np.float64(now - base_bits)
        else:
            gain = _pooled(np.float64(q_left), np.float64(w_left),
                           np.float64(q_right), np.float64(w_right)) - base  # fmt: skip
        if gain > best:
            best = gain
            found[0], found[1], found[2], found[3] = code[i], code[rows[j + 1]], missing, k
            found[4], found[5], found[6] = w_left, q_left, q_right
    if left.size <= n:
        left[:] = 0
    else:
        for j in range(start, stop):
            left[labels[rows[j]]] = 0
    return best


@loop
def _scan_squares(rows, start, stop, first, code, missing, weights, moments, weight, moment,
                  least, light, found, best):  # fmt: skip
    n = stop - start
    m_left, w_left, n_left = np.int64(0), np.int64(0), 0
    end = stop
    if missing:
        end = first
        n_left = stop - first
        for j in range(first, stop):
            m_left += moments[rows[j]]
            w_left += weights[rows[j]]
    base = np.float64(moment) * np.float64(moment) / np.float64(weight)
    for j in range(start, min(end - 1, stop - least)):
        i = rows[j]
        m_left += moments[i]
        w_left += weights[i]
        following = code[rows[j + 1]]
        k = j - start + 1 + n_left
        if code[i] == following or k < least or n - k < least:
            continue
        if w_left < light or weight - w_left < light:
            continue
        one, two = np.float64(m_left), np.float64(moment - m_left)
        gain = _pooled(one * one, np.float64(w_left), two * two,
                       np.float64(weight - w_left)) - base  # fmt: skip
        if gain > best:
            best = gain
            found[0], found[1], found[2], found[3] = code[i], following, missing, k
            found[4], found[5], found[6] = w_left, m_left, moment - m_left
    return best


# ------------------------------------------------------------------------------------ nodes


@loop
def _one_label(labels, rows, start, stop):
    same, j = True, start + 1
    while same and j < stop:
        same = labels[rows[j]] == labels[rows[start]]
        j += 1
    return same


@loop
def _partition(rows, start, stop, side, buffer):
    """Rows that go left before the others, each in their order; where the others begin."""
    left, k = start, 0
    for j in range(start, stop):
        i = rows[j]
        goes_left = side[i]
        rows[left] = i
        buffer[k] = i
        left += goes_left
        k += 1 - goes_left
    for j in range(k):
        rows[left + j] = buffer[j]
    return left


@loop
def _first_missing(rows, start, stop, code, size):
    """Where the missing values of a column begin, which stand last."""
    low, high = start, stop
    while low < high:
        middle = (low + high) // 2
        if code[rows[middle]] == size:
            high = middle
        else:
            low = middle + 1
    return low


@loop
def _grow(weights, moments, labels, codes, sizes, rows, order, limits, min_gain, seed, scale,
          numbers, sums, node_of):  # fmt: skip
    """Depth first. Every column's rows of a node stay together, in the order of its codes."""
    d, n = len(codes), rows.size
    max_depth, min_split, least, wanted, n_labels, kind, light = limits
    left, total = np.zeros(n_labels, np.int64), np.zeros(n_labels, np.int64)
    columns, swaps = np.arange(d), np.zeros(d, np.int64)
    constant = np.full(d, n + 1)  # depth of the node above in which the column has one value
    side, buffer = np.zeros(node_of.size, np.int8), np.empty(n, np.int32)
    found, kept = np.zeros(7, np.int64), np.zeros(7, np.int64)
    space = 64
    stack, keys = np.zeros((space, 7), np.int64), np.zeros(space, np.uint64)
    weight, moment = np.int64(0), np.int64(0)
    for j in range(n):
        i = rows[j]
        weight += weights[i]
        if kind == _SQUARES:
            moment += moments[i]
        else:
            total[labels[i]] += weights[i]
    if kind != _SQUARES:
        for c in range(n_labels):
            moment += _bits(total[c], scale) if kind == _ENTROPY else total[c] * total[c]
            total[c] = 0
    stack[0, 1], stack[0, 3], stack[0, 4], stack[0, 5] = n, -1, weight, moment
    stack[0, 6] = n >= max(min_split, 2 * least) and max_depth > 0 and not _one_label(
        labels, rows, 0, n)  # fmt: skip
    keys[0] = _mixed(seed)
    top, count = 1, 0
    while top:
        top -= 1
        start, stop, depth, parent, weight, moment, open_ = stack[top]
        key = keys[top]
        node = count
        count += 1
        if parent >= 0:
            numbers[5 if numbers[4, parent] >= 0 else 4, parent] = node
        numbers[0, node] = numbers[1, node] = numbers[2, node] = -1
        numbers[3, node], numbers[4, node], numbers[5, node] = 0, -1, -1
        numbers[6, node] = stop - start
        sums[0, node], sums[1, node] = weight, moment
        feature, best = -1, -np.inf
        if open_:
            if kind != _SQUARES:
                for j in range(start, stop):
                    total[labels[rows[j]]] += weights[rows[j]]
            for f in range(d):
                if constant[f] >= depth:
                    constant[f] = n + 1
            drawn = 0
            while drawn < d and (drawn < wanted or feature < 0):
                f = drawn if wanted >= d else _draw(columns, swaps, key, drawn)
                drawn += 1
                if constant[f] <= n:
                    continue
                code, own, size = codes[f], order[f], sizes[f]
                ties = drawn <= wanted and f < feature  # the lower column wins them
                limit = np.nextafter(best, -np.inf) if ties else best
                if code[own[start]] == code[own[stop - 1]]:
                    constant[f] = depth
                    continue
                first = _first_missing(own, start, stop, code, size)
                for missing in range(1 + (first < stop)):
                    if kind == _SQUARES:
                        gain = _scan_squares(own, start, stop, first, code, missing, weights,
                                             moments, weight, moment, least, light, found,
                                             limit)  # fmt: skip
                    else:
                        gain = _scan_classes(own, start, stop, first, code, missing, labels,
                                             weights, left, total, weight, moment, least, light,
                                             kind == _ENTROPY, scale, found, limit)  # fmt: skip
                    if gain > limit:
                        best, limit, feature = gain, gain, f
                        kept[:] = found
                        if not missing and first == stop and 2 * kept[3] > stop - start:
                            kept[2] = 1
            if wanted < d:
                _put_back(columns, swaps, drawn)
            if kind != _SQUARES:
                for j in range(start, stop):
                    total[labels[rows[j]]] = 0
            if min_gain > 0 and best < min_gain:
                feature = -1
        if feature < 0:
            for j in range(start, stop):
                node_of[rows[j]] = node
            continue
        numbers[0, node], numbers[1, node], numbers[2, node] = feature, kept[0], kept[1]
        numbers[3, node] = kept[2]
        code, size = codes[feature], sizes[feature]
        for j in range(start, stop):
            i = rows[j]
            side[i] = kept[2] if code[i] == size else code[i] <= kept[0]
        middle = _partition(rows, start, stop, side, buffer)
        deep = depth + 1 < max_depth
        enough = max(min_split, 2 * least)
        open_left = deep and middle - start >= enough and not _one_label(
            labels, rows, start, middle)  # fmt: skip
        open_right = deep and stop - middle >= enough and not _one_label(
            labels, rows, middle, stop)  # fmt: skip
        if open_left or open_right:
            for f in range(d):
                if constant[f] > n:
                    _partition(order[f], start, stop, side, buffer)
        if top + 2 > space:
            stack, keys = _twice(stack), _twice(keys)
            space *= 2
        stack[top] = (middle, stop, depth + 1, node, weight - kept[4], kept[6],
                      np.int64(open_right))  # fmt: skip
        stack[top + 1] = (start, middle, depth + 1, node, kept[4], kept[5],
                          np.int64(open_left))  # fmt: skip
        keys[top], keys[top + 1] = _mixed(key ^ _MIX_2), _mixed(key ^ _MIX_1)
        top += 2
    return count


@loop
def _twice(array):
    return np.concatenate((array, array))


# ------------------------------------------------------------------------------------ prediction


def find_leaves(X, feature, threshold, left, right, missing_left):
    out = np.empty(len(X), np.int32)
    tree = [contiguous(each) for each in (feature, threshold, left, right, missing_left)]
    X = contiguous(X)

    def some(rows):
        _find_leaves(X[rows], *tree, out[rows])

    share(some, slices(len(X), 16 * len(X)))
    return out


@loop
def _find_leaves(X, feature, threshold, left, right, missing_left, out):
    for i in range(len(X)):
        node = 0
        while feature[node] >= 0:
            x = X[i, feature[node]]
            goes_left = missing_left[node] if x != x else x <= threshold[node]
            node = left[node] if goes_left else right[node]
        out[i] = node
