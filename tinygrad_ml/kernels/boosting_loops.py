"""The compiled twins of `boosting`: what is done for every row or code of a histogram."""

import numpy as np

from . import boosting as plain
from .compiler import contiguous, loop
from .threads import share, slices


def grow_on_histograms(weights, moments, labels, codes, sizes, **rules):
    arrays = [contiguous(each) for each in (weights, moments, labels, codes, sizes)]
    return plain.grow(LOOPS, *arrays, **rules)


# A histogram is (nodes, 1 or 2, d, bins) of int64: a moment and, above its bits, a number of rows
# in one number, so that one addition does for both; and the weights, where they are not 1.


def _add_up(moments, weights, codes, bins, rows, start, stop):
    d = len(codes)
    found = np.zeros((len(start), 1 if weights is None else 2, d, bins), np.int64)
    one = np.int64(1) << plain.moment_bits(len(moments)) + 1

    def some(four):
        first, last = 4 * four.start, min(4 * four.stop, d)
        _add(moments, one, codes, rows, start, stop, first, last, found[:, 0])
        if weights is not None:
            _add(weights, 0, codes, rows, start, stop, first, last, found[:, 1])

    parts = slices(-(-d // 4), d * int((stop - start).sum()), 1 << 21)
    if len(parts) == 1:
        some(parts[0])
    else:
        share(some, parts)
    return found


@loop
def _add(values, one, codes, rows, start, stop, first, last, found):
    """Four columns at a time: their sums do not wait for each other."""
    own = np.empty((stop - start).max(), np.int64)
    for node in range(len(start)):
        a, n = start[node], stop[node] - start[node]
        for j in range(n):
            own[j] = np.int64(values[rows[a + j]]) + one
        f = first
        while f + 4 <= last:
            for j in range(n):
                i, value = rows[a + j], own[j]
                found[node, f, codes[f, i]] += value
                found[node, f + 1, codes[f + 1, i]] += value
                found[node, f + 2, codes[f + 2, i]] += value
                found[node, f + 3, codes[f + 3, i]] += value
            f += 4
        while f < last:
            for j in range(n):
                found[node, f, codes[f, rows[a + j]]] += own[j]
            f += 1


def _best_cuts(found, n, sizes, weight, moment, least, light):
    shape = found.shape[0], found.shape[2]
    sums = np.full((3, *shape), -np.inf)
    places = np.zeros((3, *shape), np.int64)
    bits = plain.moment_bits(n) + 1
    _scan(found, bits, sizes, weight, moment, int(least), float(light), sums, places)
    return plain.Cuts(sums[0], places[0], places[1], places[2] > 0, sums[1], sums[2])


@loop
def _scan(found, bits, sizes, weight, moment, least, light, sums, places):
    k, parts, d, _ = found.shape
    half, whole = np.int64(1) << (bits - 1), np.int64(1) << bits
    for node in range(k):
        w, m = weight[node], moment[node]
        base = m * m / w
        for f in range(d):
            size, n = sizes[f], np.int64(0)
            for code in range(size + 1):
                n += found[node, 0, f, code]
            n = (n + half) >> bits
            missing = (found[node, 0, f, size] + half) >> bits
            best = -np.inf
            for turned in range(1 + (missing > 0)):  # missing values right, then left
                both, w_left = np.int64(0), np.int64(0)
                if turned:
                    both, w_left = found[node, 0, f, size], found[node, parts - 1, f, size]
                cut = -1
                for code in range(size):
                    value = found[node, 0, f, code]
                    if (value + half) >> bits == 0:
                        continue
                    if cut >= 0:
                        places[1, node, f] = code  # the first value above the best cut
                        cut = -1
                    both += value
                    n_left = (both + half) >> bits
                    w_left += found[node, parts - 1, f, code]
                    right = n - n_left
                    if turned and right == 0:
                        break
                    if n_left < least or right < max(1, least):
                        continue
                    m_left = np.float64(both - n_left * whole)
                    w_here = np.float64(w_left if parts > 1 else n_left)
                    w_right, m_right = w - w_here, m - m_left
                    if w_here < light or w_right < light:
                        continue
                    one, two = m_left * m_left, m_right * m_right
                    gain = (one * w_right + two * w_here) / (w_here * w_right) - base
                    if gain > best:
                        best, cut = gain, code
                        sums[1, node, f], sums[2, node, f] = m_left, w_here
                        places[0, node, f] = code
                        places[2, node, f] = turned or (missing == 0 and 2 * n_left > n)
                if cut >= 0:
                    places[1, node, f] = size
            sums[0, node, f] = best


def _part(codes, sizes, rows, start, stop, feature, cut, missing_left):
    parted = np.empty((stop - start).sum(), np.int32)
    n_left = np.empty(len(start), np.int64)
    _part_rows(codes, sizes, rows, start, stop, feature, cut, missing_left, parted, n_left)
    return parted, n_left


@loop
def _part_rows(codes, sizes, rows, start, stop, feature, cut, missing_left, parted, n_left):
    others = np.empty((stop - start).max(), np.int32)
    first = 0
    for node in range(len(start)):
        f, left, k = feature[node], first, 0
        missing, highest, to_left = sizes[f], cut[node], missing_left[node]
        for j in range(start[node], stop[node]):
            i = rows[j]
            code = np.int64(codes[f, i])
            goes_left = to_left if code == missing else code <= highest
            parted[left] = i
            others[k] = i
            left += goes_left
            k += not goes_left
        n_left[node] = left - first
        for j in range(k):
            parted[left + j] = others[j]
        first = left + k


def _one_label(labels, rows, start, stop):
    same = np.empty(len(start), bool)
    _same_labels(labels, rows, start, stop, same)
    return same


@loop
def _same_labels(labels, rows, start, stop, same):
    for node in range(len(start)):
        j = start[node] + 1
        while j < stop[node] and labels[rows[j]] == labels[rows[j - 1]]:
            j += 1
        same[node] = j == stop[node]


LOOPS = plain.Loops(_add_up, _best_cuts, _part, _one_label)
