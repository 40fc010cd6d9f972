"""The compiled twins of `boosting`: what is done for every row or code of a histogram."""

import numpy as np

from . import boosting as plain
from .boosting import COUNT, MOMENT, WEIGHT
from .compiler import contiguous, loop
from .threads import share, slices


def grow_on_histograms(weights, moments, labels, codes, sizes, **rules):
    arrays = [contiguous(each) for each in (weights, moments, labels, codes, sizes)]
    return plain.grow(LOOPS, *arrays, **rules)


def _add_up(moments, weights, codes, bins, rows, start, stop):
    d = len(codes)
    found = np.zeros((len(start), d, bins, 2 if weights is None else 3))

    def some(columns):
        if weights is None:
            _add(moments, codes, rows, start, stop, columns.start, columns.stop, found)
        else:
            _add_weighted(moments, weights, codes, rows, start, stop, columns.start, columns.stop,
                          found)  # fmt: skip

    parts = slices(d, d * int((stop - start).sum()))
    if len(parts) == 1:
        some(parts[0])
    else:
        share(some, parts)
    return found


@loop
def _add(moments, codes, rows, start, stop, first, last, found):
    own = np.empty((stop - start).max())
    for node in range(len(start)):
        a, n = start[node], stop[node] - start[node]
        for j in range(n):
            own[j] = moments[rows[a + j]]
        for f in range(first, last):
            for j in range(n):
                code = codes[f, rows[a + j]]
                found[node, f, code, MOMENT] += own[j]
                found[node, f, code, COUNT] += 1.0


@loop
def _add_weighted(moments, weights, codes, rows, start, stop, first, last, found):
    for node in range(len(start)):
        for f in range(first, last):
            for j in range(start[node], stop[node]):
                i = rows[j]
                code = codes[f, i]
                found[node, f, code, MOMENT] += moments[i]
                found[node, f, code, COUNT] += 1.0
                found[node, f, code, WEIGHT] += weights[i]


def _best_cuts(found, sizes, weight, moment, least, light):
    shape = found.shape[:2]
    sums = np.full((3, *shape), -np.inf)
    places = np.zeros((3, *shape), np.int64)
    _scan(found, sizes, weight, moment, int(least), float(light), sums, places)
    return plain.Cuts(sums[0], places[0], places[1], places[2] > 0, sums[1], sums[2])


@loop
def _scan(found, sizes, weight, moment, least, light, sums, places):
    k, d, _, parts = found.shape
    for node in range(k):
        w, m = weight[node], moment[node]
        base = m * m / w
        for f in range(d):
            size = sizes[f]
            n, missing = 0.0, found[node, f, size, COUNT]
            for code in range(size + 1):
                n += found[node, f, code, COUNT]
            best = -np.inf
            for turned in range(1 + (missing > 0)):  # missing values right, then left
                m_left, n_left, w_left = 0.0, 0.0, 0.0
                if turned:
                    m_left, n_left = found[node, f, size, MOMENT], missing
                    w_left = found[node, f, size, parts - 1]
                cut = -1
                for code in range(size):
                    count = found[node, f, code, COUNT]
                    if count == 0:
                        continue
                    if cut >= 0:
                        places[1, node, f] = code  # the first value above the best cut
                        cut = -1
                    m_left += found[node, f, code, MOMENT]
                    n_left += count
                    w_left += found[node, f, code, parts - 1]
                    right = n - n_left
                    if turned and right == 0:
                        break
                    if n_left < least or right < max(1, least):
                        continue
                    w_right, m_right = w - w_left, m - m_left
                    if w_left < light or w_right < light:
                        continue
                    one, two = m_left * m_left, m_right * m_right
                    gain = (one * w_right + two * w_left) / (w_left * w_right) - base
                    if gain > best:
                        best, cut = gain, code
                        sums[1, node, f], sums[2, node, f] = m_left, w_left
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
