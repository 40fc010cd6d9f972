"""The compiled twins of `forest`: a block of rows at a time, which stays in the cache."""

import numpy as np

from .compiler import contiguous, loop
from .threads import share, slices

_BLOCK = 256  # rows


def find_all_leaves(X, feature, threshold, left, right, missing_left, roots):
    out = np.empty((len(roots) - 1, len(X)), np.int32)
    X, *tree = map(contiguous, (X, feature, threshold, left, right, missing_left, roots))

    def some(rows):
        _find(X, *tree, rows.start, rows.stop, out)

    share(some, _parts(X, roots))
    return out


def add_leaves(
    X, feature, threshold, left, right, missing_left, roots, start, column, value, *, columns
):
    out = np.zeros((len(X), columns))
    X, *tree = map(contiguous, (X, feature, threshold, left, right, missing_left, roots))
    lists = [contiguous(each) for each in (start, column, value)]

    def some(rows):
        _add(X, *tree, *lists, rows.start, rows.stop, out)

    share(some, _parts(X, roots))
    return out


def _parts(X, roots):
    return slices(len(X), 16 * len(X) * (len(roots) - 1))


@loop
def _walk(X, i, root, feature, threshold, left, right, missing_left):
    node = root
    f = feature[node]
    while f >= 0:
        x = X[i, f]
        goes_left = missing_left[node] if x != x else x <= threshold[node]
        node = root + (left[node] if goes_left else right[node])
        f = feature[node]
    return node


@loop
def _find(X, feature, threshold, left, right, missing_left, roots, first, last, out):
    for begin in range(first, last, _BLOCK):
        for t in range(len(roots) - 1):
            root = roots[t]
            for i in range(begin, min(begin + _BLOCK, last)):
                node = _walk(X, i, root, feature, threshold, left, right, missing_left)
                out[t, i] = node - root


@loop
def _add(X, feature, threshold, left, right, missing_left, roots, start, column, value, first,
         last, out):  # fmt: skip
    for begin in range(first, last, _BLOCK):
        for t in range(len(roots) - 1):
            root = roots[t]
            for i in range(begin, min(begin + _BLOCK, last)):
                node = _walk(X, i, root, feature, threshold, left, right, missing_left)
                for k in range(start[node], start[node + 1]):
                    out[i, column[k]] += value[k]
