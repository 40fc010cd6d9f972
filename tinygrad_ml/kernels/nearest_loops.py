"""The compiled twins of `nearest` and `kd_tree`.

The neighbours found so far are a list in the order of (distance, index), as short as k; a long one
is left to NumPy, which sorts once.
"""

import numpy as np

from . import kd_tree, nearest
from .compiler import contiguous, inlined, loop
from .kd_tree import SLACK, level_of
from .threads import share, slices

_QUERIES = 256  # of one product
_ROWS = 2048  # of one product: 2 MB with the queries, which stay in the second-level cache
_CHUNK = 64  # products that are compared before one is looked at; rows that are measured together
_SQUARES, _EUCLIDEAN, _MANHATTAN, _CHEBYSHEV, _HAMMING, _MINKOWSKI = range(6)
_MOST = 64  # neighbours in a list
_SERIAL = 3  # levels of a tree that one thread builds
_BRANCH = 256  # what a step down a tree costs, in elements of simple work


def nearest_rows(queries, rows, *, k, metric, p=2.0, jobs=None):
    if k > _MOST:
        return nearest.nearest_rows.numpy(queries, rows, k=k, metric=metric, p=p)
    queries, rows = contiguous(queries), contiguous(rows)
    distances, indices = _no_neighbours(len(queries), len(rows), k)
    code = nearest.METRICS.index(metric)
    if metric in nearest.SQUARES and rows.shape[1] > nearest.FEW and len(queries) > 8:
        search = _preselecting(queries, rows, code, distances, indices)
    else:

        def search(part):
            _scan(queries[part], rows, code, p, distances[part], indices[part])

    _shared(search, len(queries), queries.size * len(rows), jobs)
    return distances, indices


def _preselecting(queries, rows, code, distances, indices):
    left, right, own, factor = nearest.screen(queries, rows)

    def search(part):
        products = np.empty((_QUERIES, _ROWS), np.float32)
        for start in range(part.start, part.stop, _QUERIES):
            some = slice(start, min(start + _QUERIES, part.stop))
            for first in range(0, len(rows), _ROWS):
                factors = right[first : first + _ROWS]
                block = products[: some.stop - start, : len(factors)]
                np.matmul(left[some], factors.T, out=block)
                _sift(block, own[some], factor, queries[some], rows, first, code,
                      distances[some], indices[some])  # fmt: skip

    return search


def query_tree(queries, columns, order, starts, ends, lower, upper, *, k, metric, p=2.0,
               approximate=False, jobs=None):  # fmt: skip
    if k > _MOST:
        return kd_tree.query_tree.numpy(queries, columns, order, starts, ends, lower, upper, k=k,
                                        metric=metric, p=p, approximate=approximate)  # fmt: skip
    queries = contiguous(queries)
    distances, indices = _no_neighbours(len(queries), len(order), k)
    code = nearest.METRICS.index(metric)
    tree = [contiguous(a) for a in (columns, order, starts, ends, lower, upper)]
    level = level_of(starts, ends, k)

    def search(part):
        _search(queries[part], *tree, code, p, approximate, level, distances[part], indices[part])

    _shared(search, len(queries), len(queries) * _BRANCH * len(starts).bit_length(), jobs)
    return distances, indices


def _no_neighbours(m, n, k):
    return np.full((m, k), np.inf), np.full((m, k), n, np.intp)


def _shared(search, length, work, jobs):
    least = 1 << 20 if jobs in (None, -1) else max(1 << 20, work // jobs)
    share(search, slices(length, work, least))


# ------------------------------------------------------------------------------------- lists


@inlined
def _insert(distance, index, distances, indices, i):
    """Put a neighbour into the list of query i, if it comes before the last one."""
    place = distances.shape[1] - 1
    if distance < distances[i, place] or (
        distance == distances[i, place] and index < indices[i, place]
    ):
        while place > 0 and (
            distance < distances[i, place - 1]
            or (distance == distances[i, place - 1] and index < indices[i, place - 1])
        ):
            distances[i, place] = distances[i, place - 1]
            indices[i, place] = indices[i, place - 1]
            place -= 1
        distances[i, place] = distance
        indices[i, place] = index


# --------------------------------------------------------------------------------- distances


@inlined
def _finished(total, metric):
    return np.sqrt(total) if metric == _EUCLIDEAN else total


@inlined
def _limit(distance, metric):
    """What no sum as small as that of `distance` exceeds."""
    return distance * distance * (1 + 1e-15) if metric == _EUCLIDEAN else distance


@loop
def _measure(x, i, columns, start, size, metric, p, totals):
    """The distances of x[i] from `size` columns, but the squares of the Euclidean ones."""
    start, size = np.uint64(start), np.uint64(size)
    for j in range(size):
        totals[j] = 0.0
    for f in range(x.shape[1]):
        value = x[i, f]
        if metric <= _EUCLIDEAN:
            for j in range(size):
                apart = value - columns[f, start + j]
                totals[j] += apart * apart
        elif metric == _MANHATTAN:
            for j in range(size):
                totals[j] += abs(value - columns[f, start + j])
        elif metric == _HAMMING:
            for j in range(size):
                totals[j] += 1.0 if value != columns[f, start + j] else 0.0
        else:
            for j in range(size):
                apart = abs(value - columns[f, start + j])
                totals[j] = apart if apart > totals[j] else totals[j]
    if metric == _MINKOWSKI:
        for j in range(size):
            largest, total = totals[j], 0.0
            if largest > 0:
                for f in range(x.shape[1]):
                    total += (abs(x[i, f] - columns[f, start + j]) / largest) ** p
                totals[j] = largest * total ** (1 / p)


@inlined
def _box(x, i, lower, upper, node, metric, p):
    """The like for the distance of x[i] from the box of a node."""
    if metric > _EUCLIDEAN:
        return _other_box(x, i, lower, upper, node, metric, p)
    total = 0.0
    for f in range(np.uint64(x.shape[1])):
        apart = _beyond(x[i, f], lower[node, f], upper[node, f])
        total += apart * apart
    return total


@loop
def _other_box(x, i, lower, upper, node, metric, p):
    total = 0.0
    for f in range(x.shape[1]):
        apart = _beyond(x[i, f], lower[node, f], upper[node, f])
        if metric == _MANHATTAN:
            total += apart
        elif metric == _HAMMING:
            total += apart > 0
        else:
            total = max(total, apart)
    if metric == _MINKOWSKI and total > 0:
        largest, total = total, 0.0
        for f in range(x.shape[1]):
            total += (_beyond(x[i, f], lower[node, f], upper[node, f]) / largest) ** p
        total = largest * total ** (1 / p) * SLACK
    return total


@inlined
def _beyond(value, low, high):
    below, above = low - value, value - high
    apart = below if below > above else above
    return apart if apart > 0.0 else 0.0


# --------------------------------------------------------------------------------- all rows


@loop
def _sift(products, own, factor, queries, rows, first, metric, distances, indices):
    """Measure the rows whose lower bound is within the distance of the k-th neighbour so far."""
    m, n = products.shape
    last = distances.shape[1] - 1
    for i in range(m):
        bound = _bound(distances[i, last], metric, factor, own[i])
        for start in range(0, n, _CHUNK):
            stop = min(n, start + _CHUNK)
            hits = np.int32(0)
            for j in range(start, stop):
                hits += np.int32(products[i, j] <= bound)
            if hits == 0:
                continue
            for j in range(start, stop):
                if products[i, j] <= bound:
                    total = 0.0
                    for f in range(queries.shape[1]):
                        apart = queries[i, f] - rows[first + j, f]
                        total += apart * apart
                    _insert(_finished(total, metric), first + j, distances, indices, i)
                    bound = _bound(distances[i, last], metric, factor, own[i])


@loop
def _bound(distance, metric, factor, own):
    """The limit for a product, rounded up to float32."""
    square = (distance * distance if metric == _EUCLIDEAN else distance) * (1 + 1e-15)
    value = square * factor - own
    return np.float32(value + abs(value) * 1.2e-7)


@loop
def _scan(queries, rows, metric, p, distances, indices):
    """Measure all rows, a few side by side, which lie feature by feature for it."""
    m, d = queries.shape
    n = rows.shape[0]
    last = distances.shape[1] - 1
    columns, totals = np.empty((d, _CHUNK)), np.empty(_CHUNK)
    for start in range(0, n, _CHUNK):
        size = min(n - start, _CHUNK)
        for j in range(size):
            for f in range(d):
                columns[f, j] = rows[start + j, f]
        for i in range(m):
            _measure(queries, i, columns, 0, size, metric, p, totals)
            limit = _limit(distances[i, last], metric)
            for j in range(size):
                if totals[j] <= limit:
                    _insert(_finished(totals[j], metric), start + j, distances, indices, i)
                    limit = _limit(distances[i, last], metric)


# ------------------------------------------------------------------------------------- trees


def build_tree(X, *, leaf_size):
    X = contiguous(X)
    n, d = X.shape
    widths = [n]
    while widths[-1] > leaf_size:
        widths.append(widths[-1] - widths[-1] // 2)
    nodes = 2 ** len(widths) - 1
    order = np.arange(n)
    starts, ends = np.zeros(nodes, np.intp), np.full(nodes, n)
    lower, upper = np.empty((nodes, d)), np.empty((nodes, d))
    sizes, keys = np.array(widths), np.empty(n)

    def build(root, first, last):
        _build(X, sizes, order, keys, starts, ends, lower, upper, root, first, last)

    few = min(len(widths) - 1, _SERIAL)  # levels, below which there is a subtree for every thread
    build(0, 0, few)
    roots = range(2**few - 1, 2 ** (few + 1) - 1)
    if n * d < 1 << 17:
        for root in roots:
            build(root, few, len(widths))
    else:
        share(lambda root: build(root, few, len(widths)), roots)
    return order, starts, ends, lower, upper


@loop
def _build(X, widths, order, keys, starts, ends, lower, upper, root, first, last):
    """The levels from `first` to `last` - 1 of the tree under a node of the first of them."""
    for level in range(first, last):
        half = widths[level] // 2
        count = 2 ** (level - first)
        for node in range((root + 1) * count - 1, (root + 2) * count - 1):
            start, stop = starts[node], ends[node]
            _surround(X, order, start, stop, lower, upper, node)
            if level + 1 == widths.size:
                order[start:stop].sort()
                continue
            side, longest = 0, -1.0
            for f in range(X.shape[1]):
                if upper[node, f] - lower[node, f] > longest:
                    side, longest = f, upper[node, f] - lower[node, f]
            for a in range(start, stop):
                keys[a] = X[order[a], side]
            middle = start + half
            _halve(keys, order, start, stop, middle)
            left = 2 * node + 1
            starts[left], ends[left] = start, middle
            starts[left + 1], ends[left + 1] = middle, stop


@loop
def _surround(X, order, start, stop, lower, upper, node):
    for f in range(X.shape[1]):
        lower[node, f] = np.inf
        upper[node, f] = -np.inf
    for a in range(start, stop):
        for f in range(X.shape[1]):
            value = X[order[a], f]
            lower[node, f] = min(lower[node, f], value)
            upper[node, f] = max(upper[node, f], value)


@loop
def _halve(keys, order, start, stop, middle):
    """Bring what comes first by (key, index) before the middle (C. A. R. Hoare, Find, 1961)."""
    low, high = start, stop - 1
    while low < high:
        key, index = _median(keys, order, low, high)
        i, j = low, high
        while i <= j:
            while keys[i] < key or (keys[i] == key and order[i] < index):
                i += 1
            while keys[j] > key or (keys[j] == key and order[j] > index):
                j -= 1
            if i <= j:
                keys[i], keys[j] = keys[j], keys[i]
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@loop
def _median(keys, order, low, high):
    """The middle one of the first, the middle and the last."""
    a, b, c = low, (low + high) // 2, high
    if keys[b] < keys[a] or (keys[b] == keys[a] and order[b] < order[a]):
        a, b = b, a
    if keys[c] < keys[b] or (keys[c] == keys[b] and order[c] < order[b]):
        b = c
        if keys[b] < keys[a] or (keys[b] == keys[a] and order[b] < order[a]):
            b = a
    return keys[b], order[b]


@loop
def _search(queries, columns, order, starts, ends, lower, upper, metric, p, approximate, level,
            distances, indices):  # fmt: skip
    nodes = starts.size
    last = distances.shape[1] - 1
    waiting, beyond = np.empty(64, np.int64), np.empty(64)
    totals = np.empty(np.max(ends - starts))
    for i in range(queries.shape[0]):
        depth = 1
        waiting[0], beyond[0] = 0, 0.0
        while depth:
            depth -= 1
            node = waiting[depth]
            limit = _limit(distances[i, last], metric)
            if beyond[depth] > limit:
                continue
            step = 0
            while step < level if approximate else 2 * node + 1 < nodes:
                step += 1  # down to the nearer child at once, the other one later
                left = 2 * node + 1
                near = _box(queries, i, lower, upper, left, metric, p)
                far = _box(queries, i, lower, upper, left + 1, metric, p)
                swap = _finished(far, metric) < _finished(near, metric)
                if not approximate:
                    waiting[depth] = left if swap else left + 1
                    beyond[depth] = near if swap else far
                    depth += 1
                node = left + 1 if swap else left
            start, size = starts[node], ends[node] - starts[node]
            _measure(queries, i, columns, start, size, metric, p, totals)
            for j in range(size):
                if totals[j] <= limit:
                    distance = _finished(totals[j], metric)
                    _insert(distance, order[start + j], distances, indices, i)
                    limit = _limit(distances[i, last], metric)
