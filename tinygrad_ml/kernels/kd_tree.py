"""A k-d tree in flat arrays: rows halved again and again along the widest side (Bentley, 1975).

Node 0 is the root, the children of node i are 2 i + 1 and 2 i + 2. All leaves are on the last
level; the nodes of a level have w or w - 1 rows. Node i holds the rows order[starts[i]:ends[i]]
and knows the smallest box around them, lower[i] to upper[i]. The distance to a box is measured like
that to a row, so its rounding cannot make it larger than the distance to any row in it, and a node
as far away as the k-th neighbour is still looked into: ties are found, too.
"""

import numpy as np

from .dispatch import Kernel
from .nearest import first_of_each, measure

_BLOCK = 1 << 19  # pairs of a query and a row or node that are looked at together
SLACK = 1 - 1e-12  # powers with a broken exponent may be off by more than the last digit


@Kernel
def build_tree(X, *, leaf_size):
    """(order, starts, ends, lower, upper) of the rows X (n, d), at most `leaf_size` >= 2 in a leaf.

    A node is halved along the side of its box that is longest (the first of equal ones), in the
    order of (value, index); the rows of a leaf are in the order of their indices.
    """
    n = len(X)
    padded = np.vstack([X, np.full(X.shape[1], np.inf)])  # row n stands for no row
    members = np.arange(n)[None]
    starts, ends, lower, upper = [], [], [], []
    while True:
        real = members < n
        behind = np.cumsum(real.sum(axis=1))
        starts.append(np.concatenate([[0], behind[:-1]]))
        ends.append(behind)
        values = padded[members]
        lower.append(values.min(axis=1))
        upper.append(values.max(axis=1, where=real[..., None], initial=-np.inf))
        nodes, width = members.shape
        if width <= leaf_size:
            boxes = np.concatenate(lower), np.concatenate(upper)
            return members[real], np.concatenate(starts), np.concatenate(ends), *boxes
        side = (upper[-1] - lower[-1]).argmax(axis=1)
        order = np.argsort(padded[members, side[:, None]], axis=1, kind="stable")
        members = np.take_along_axis(members, order, axis=1)
        half = width // 2
        halves = np.full((nodes, 2, width - half), n)
        halves[:, 0, :half] = members[:, :half]
        halves[:, 1] = members[:, half:]
        members = np.sort(halves.reshape(2 * nodes, -1), axis=1)


@Kernel
def query_tree(queries, columns, order, starts, ends, lower, upper, *, k, metric, p=2.0,
               approximate=False, jobs=None):  # fmt: skip
    """(distances, indices) of the k nearest rows, as `nearest_rows` finds them.

    `columns` (d, n) are the rows in the order of the tree, X[order].T.

    First each query goes down to the box nearest to it that holds k rows, whose k-th distance
    bounds the search; `approximate` stops there. Then every box within the bound is looked into.
    """
    tree = columns, starts, ends, lower, upper
    distances, indices = np.empty((len(queries), k)), np.empty((len(queries), k), np.intp)
    step = max(1, _BLOCK // max(k, len(starts)))
    for start in range(0, len(queries), step):
        some = slice(start, start + step)
        x = queries[some]
        each = np.arange(len(x))
        node = _home(x, tree, level_of(starts, ends, k), metric, p)
        i, place, found = _measured(x, tree, each, node, np.full(len(x), np.inf), metric, p)
        distances[some], indices[some] = first_of_each(i, order[place], found, k)
        if not approximate:
            bound = distances[some, -1]
            i, leaf = _leaves(x, tree, bound, metric, p)
            i, place, found = _measured(x, tree, i, leaf, bound, metric, p)
            distances[some], indices[some] = first_of_each(i, order[place], found, k)
    return distances, indices


def within(queries, columns, order, starts, ends, lower, upper, *, radii, metric, p=2.0):
    """(i, indices, distances) of the rows within radii[i] of query i, ordered by (i, distance,
    index)."""
    tree = columns, starts, ends, lower, upper
    parts = [(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))]
    step = max(1, _BLOCK // len(starts))
    for start in range(0, len(queries), step):
        x, bound = queries[start : start + step], radii[start : start + step]
        i, leaf = _leaves(x, tree, bound, metric, p)
        i, place, found = _measured(x, tree, i, leaf, bound, metric, p)
        sequence = np.lexsort((order[place], found, i))
        parts.append((i[sequence] + start, order[place[sequence]], found[sequence]))
    return tuple(np.concatenate(part) for part in zip(*parts))


def level_of(starts, ends, k):
    """The last level on which every node has k rows; the root's for a larger k."""
    sizes, level = ends - starts, 0
    while len(sizes) >= 2 ** (level + 2) - 1:
        if sizes[2 ** (level + 1) - 1 : 2 ** (level + 2) - 1].min() < k:
            break
        level += 1
    return level


def _home(x, tree, level, metric, p):
    """The nearer child (the first of equal ones) again and again, down to a level."""
    node = np.zeros(len(x), np.intp)
    for _ in range(level):
        left = 2 * node + 1
        node = left + (_box(x, tree, left + 1, metric, p) < _box(x, tree, left, metric, p))
    return node


def _leaves(x, tree, bound, metric, p):
    """(i, leaf) of the leaves whose box is within bound[i] of x[i]."""
    i, node = np.arange(len(x)), np.zeros(len(x), np.intp)
    while node.size and 2 * node[0] + 1 < len(tree[1]):
        i, node = np.repeat(i, 2), np.stack([2 * node + 1, 2 * node + 2], axis=1).ravel()
        near = _box(x[i], tree, node, metric, p) <= bound[i]
        i, node = i[near], node[near]
    return i, node


def _box(x, tree, node, metric, p):
    _, _, _, lower, upper = tree

    def beyond(j):
        value = x[:, j]
        return np.maximum(np.maximum(lower[node, j] - value, value - upper[node, j]), 0)

    found = measure(beyond, x.shape[1], metric, p)
    return found * SLACK if metric == "minkowski" else found


def _measured(x, tree, i, node, bound, metric, p):
    """(i, place, distance) of the rows of these nodes that are within bound[i] of x[i]."""
    columns, starts, ends, _, _ = tree
    parts = [(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))]
    width = int((ends[node] - starts[node]).max(initial=1))
    step = max(1, _BLOCK // width)
    for start in range(0, len(i), step):
        some = slice(start, start + step)
        place = starts[node[some], None] + np.arange(width)
        one, column = np.nonzero(place < ends[node[some], None])
        one, place = i[some][one], place[one, column]
        found = measure(lambda j: np.abs(x[one, j] - columns[j, place]), x.shape[1], metric, p)  # noqa: B023
        near = found <= bound[one]
        parts.append((one[near], place[near], found[near]))
    return tuple(np.concatenate(part) for part in zip(*parts))
