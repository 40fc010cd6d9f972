"""The compiled twin of `boosting`: a node at a time, where NumPy takes a level at a time."""

import numpy as np

from .boosting import moment_bits
from .compiler import contiguous, loop
from .threads import share, slices
from .tree import Grown
from .tree_loops import _MIX_1, _MIX_2, _draw, _mixed, _one_label, _partition, _put_back

# A histogram is (1 or 2, d, bins) of int64: a moment and, above its bits, a number of rows in one
# number, so that one addition does for both; and the weights, where they are not 1.


def grow_on_histograms(
    weights, moments, labels, codes, sizes, *, max_depth, min_samples_split=2, min_samples_leaf=1,
    min_weight_leaf=0.0, min_gain=0.0, max_features=None, seed=0,
):  # fmt: skip
    weights, moments, labels, codes, sizes = map(
        contiguous, (weights, moments, labels, codes, sizes)
    )
    d, n = codes.shape
    rows = np.flatnonzero(weights > 0).astype(np.int32)
    unit = len(rows) == n and weights.max() == 1
    total = np.array([len(rows) if unit else weights.sum(), moments[rows].sum()], np.float64)
    bits = moment_bits(n) + 1
    pool = np.zeros((max(1, max_depth), 1 if unit else 2, d, int(sizes.max()) + 1), np.int64)
    share(
        lambda four: _fill(pool[0], 4 * four.start, min(4 * four.stop, d), moments, weights, codes,
                           rows, 0, len(rows), bits),
        slices(-(-d // 4), d * len(rows), 1 << 21),
    )  # fmt: skip
    most = min(2 * len(rows) - 1, 2 ** (max_depth + 1) - 1)
    numbers, sums = np.empty((7, most), np.int32), np.empty((2, most))
    wanted = d if max_features is None else max_features
    limits = np.array([max_depth, min_samples_split, min_samples_leaf, wanted])
    node = np.full(n, -1, np.int32)
    count = _grow(pool, moments, weights, labels, codes, sizes, rows, total, limits, bits,
                  float(min_weight_leaf), float(min_gain), np.uint64(seed), numbers, sums,
                  node)  # fmt: skip
    feature, cut, above, missing_left, left, right, samples = numbers[:, :count].copy()
    weight, moment = sums[:, :count].copy()
    return Grown(feature, cut, above, missing_left.astype(bool), left, right, samples, weight,
                 moment, node)  # fmt: skip


@loop
def _fill(found, first, last, moments, weights, codes, rows, start, stop, bits):
    """Add up rows; four columns at a time, whose sums do not wait for each other."""
    n = stop - start
    own = np.empty(n, np.int64)
    for part in range(len(found)):
        found[part, first:last] = 0
        for j in range(n):
            i = rows[start + j]
            own[j] = np.int64(weights[i]) if part else np.int64(moments[i]) + (np.int64(1) << bits)
        f = first
        while f + 4 <= last:
            for j in range(n):
                i, value = rows[start + j], own[j]
                found[part, f, codes[f, i]] += value
                found[part, f + 1, codes[f + 1, i]] += value
                found[part, f + 2, codes[f + 2, i]] += value
                found[part, f + 3, codes[f + 3, i]] += value
            f += 4
        while f < last:
            for j in range(n):
                found[part, f, codes[f, rows[start + j]]] += own[j]
            f += 1


@loop
def _subtract(found, other):
    parts, d, bins = found.shape
    for part in range(parts):
        for f in range(d):
            for code in range(bins):
                found[part, f, code] -= other[part, f, code]


@loop
def _scan(found, f, size, n, weight, moment, bits, least, light, best, numbers, sums):
    """The best cut of a column whose gain is above `best`; what it is goes into numbers, sums."""
    half = np.int64(1) << (bits - 1)
    parts = len(found)
    missing = (found[0, f, size] + half) >> bits
    base = moment * moment / weight
    for turned in range(1 + (missing > 0)):  # missing values right, then left
        both, heavy = np.int64(0), np.int64(0)
        if turned:
            both, heavy = found[0, f, size], found[parts - 1, f, size]
        fresh = False
        for code in range(size):
            value = found[0, f, code]
            if (value + half) >> bits == 0:
                continue
            if fresh:
                numbers[1], fresh = code, False  # the first value above the best cut
            both += value
            heavy += found[parts - 1, f, code]
            n_left = (both + half) >> bits
            if n - n_left == 0 and turned:
                break
            if n_left < least or n - n_left < max(1, least):
                continue
            w_left = np.float64(heavy if parts > 1 else n_left)
            w_right = weight - w_left
            if w_left < light or w_right < light:
                continue
            m_left = np.float64(both - (n_left << bits))
            m_right = moment - m_left
            one, two = m_left * m_left, m_right * m_right
            gain = (one * w_right + two * w_left) / (w_left * w_right) - base
            if gain > best:
                best, fresh = gain, True
                numbers[0], numbers[2] = code, turned or (missing == 0 and 2 * n_left > n)
                sums[0], sums[1] = w_left, m_left
        if fresh:
            numbers[1] = size
    return best


@loop
def _grow(pool, moments, weights, labels, codes, sizes, rows, total, limits, bits, light, min_gain,
          seed, numbers, sums, node_of):  # fmt: skip
    """Depth first. A node's histogram is in its place of the pool; a right child takes over that of
    its parent, or the smaller child the one below, which no waiting node has."""
    d = len(codes)
    max_depth, min_split, least, wanted = limits
    columns, swaps = np.arange(d), np.zeros(d, np.int64)
    side, buffer = np.zeros(node_of.size, np.int8), np.empty(rows.size, np.int32)
    cut, best_cut = np.zeros(3, np.int64), np.zeros(3, np.int64)
    parted, best_parted = np.zeros(2), np.zeros(2)
    stack = np.zeros((max_depth + 2, 6), np.int64)
    totals, keys = np.zeros((max_depth + 2, 2)), np.zeros(max_depth + 2, np.uint64)
    enough = max(min_split, 2 * least)
    stack[0, 1], stack[0, 3] = rows.size, -1
    stack[0, 5] = rows.size >= enough and not _one_label(labels, rows, 0, rows.size)
    totals[0], keys[0] = total, _mixed(seed)
    top, count = 1, 0
    while top:
        top -= 1
        start, stop, depth, parent, place, open_ = stack[top]
        weight, moment, key = totals[top, 0], totals[top, 1], keys[top]
        node = count
        count += 1
        if parent >= 0:
            numbers[5 if numbers[4, parent] >= 0 else 4, parent] = node
        numbers[:6, node], numbers[6, node] = -1, stop - start
        numbers[3, node] = 0
        sums[0, node], sums[1, node] = weight, moment
        feature, best, drawn = -1, -np.inf, 0
        found = pool[place]
        while open_ and drawn < d and (drawn < wanted or feature < 0):
            f = drawn if wanted >= d else _draw(columns, swaps, key, drawn)
            drawn += 1
            ties = drawn <= wanted and f < feature  # the lower column wins them
            limit = np.nextafter(best, -np.inf) if ties else best
            gain = _scan(found, f, sizes[f], stop - start, weight, moment, bits, least,
                         light, limit, cut, parted)  # fmt: skip
            if gain > limit:
                best, feature = gain, f
                best_cut[:], best_parted[:] = cut, parted
        if wanted < d:
            _put_back(columns, swaps, drawn)
        if feature < 0 or (min_gain > 0 and best < min_gain):
            for j in range(start, stop):
                node_of[rows[j]] = node
            continue
        numbers[0, node], numbers[1, node], numbers[2, node] = feature, best_cut[0], best_cut[1]
        numbers[3, node] = best_cut[2]
        for j in range(start, stop):
            code = np.int64(codes[feature, rows[j]])
            side[rows[j]] = best_cut[2] if code == sizes[feature] else code <= best_cut[0]
        middle = _partition(rows, start, stop, side, buffer)
        deeper = depth + 1 < max_depth
        open_left = deeper and middle - start >= enough and not _one_label(
            labels, rows, start, middle)  # fmt: skip
        open_right = deeper and stop - middle >= enough and not _one_label(
            labels, rows, middle, stop)  # fmt: skip
        left_place, right_place = place, place
        if open_left or open_right:
            left_small = middle - start <= stop - middle
            first, last = (start, middle) if left_small else (middle, stop)
            _fill(pool[depth + 1], 0, d, moments, weights, codes, rows, first, last, bits)
            _subtract(found, pool[depth + 1])
            left_place = depth + 1 if left_small else place
            right_place = place if left_small else depth + 1
        stack[top] = middle, stop, depth + 1, node, right_place, np.int64(open_right)
        totals[top, 0], totals[top, 1] = weight - best_parted[0], moment - best_parted[1]
        keys[top] = _mixed(key ^ _MIX_2)
        stack[top + 1] = start, middle, depth + 1, node, left_place, np.int64(open_left)
        totals[top + 1] = best_parted
        keys[top + 1] = _mixed(key ^ _MIX_1)
        top += 2
    return count
