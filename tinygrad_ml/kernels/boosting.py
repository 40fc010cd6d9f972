"""Trees of few levels grown on histograms: `grow_tree` for squared errors, and the same tree.

A histogram holds, for each node, column and code, the sums of moments and weights and the number of
rows. Its cuts are scored by running sums over the codes, so that the cost of a node hardly depends
on its rows once they are added up; and of two children only the smaller one is added up, since the
other is what the parent has besides (Ke and others, LightGBM, 2017). All sums are of whole numbers
and thus exact, which makes that subtraction exact too.
"""

from typing import NamedTuple

import numpy as np

from .dispatch import Kernel
from .tree import _draw, _Level, _numbered, _paired, child_keys, mixed

MOMENT, COUNT, WEIGHT = range(3)  # parts of a histogram; no weights where all are 1


class Cuts(NamedTuple):
    """The best cut of each node in each column, (nodes, d); gain -inf where there is none."""

    gain: np.ndarray
    cut: np.ndarray
    above: np.ndarray
    missing_left: np.ndarray
    moment: np.ndarray  # of the rows that go left
    weight: np.ndarray


def moment_bits(n):
    """Of a sum of moments that leaves room for a number of rows up to n in 63 bits."""
    return 61 - n.bit_length()


@Kernel
def grow_on_histograms(
    weights, moments, labels, codes, sizes, *, max_depth, min_samples_split=2, min_samples_leaf=1,
    min_weight_leaf=0.0, min_gain=0.0, max_features=None, seed=0,
):  # fmt: skip
    """The tree that `grow_tree` grows for "squared_error", for codes of few values.

    `max_depth` is a number: memory grows with the nodes of a level times the values of all columns.
    The other rules are those of `grow_tree`.
    Shapes: weights (n,) as there; moments (n,) whole numbers whose absolute sum is at most
    2^`moment_bits(n)`; labels (n,) of any dtype; codes (d, n); sizes (d,). Returns a `Grown`.
    """
    rows = np.flatnonzero(weights > 0).astype(np.int32)
    weighted = None if weights.min() == weights.max() == 1 else weights
    least = max(min_samples_split, 2 * min_samples_leaf)
    node, levels, first = np.full(len(weights), -1, np.int32), [], 0
    total = float(len(rows)) if weighted is None else weights[rows].sum()
    drawing = max_features is not None and max_features < len(codes)
    key = mixed(np.array([seed], np.uint64)) if drawing else None
    moment = moments.sum() if len(rows) == len(node) else moments[rows].sum()
    level = _Level(np.array([len(rows)]), np.array([total]), np.array([moment]), key)
    bins = int(sizes.max()) + 1

    def histograms(rows, start, stop):
        return _add_up(moments, weighted, codes, bins, rows, start, stop)

    parents = None  # histograms of the level above, one for each pair of children
    while True:
        levels.append(level)
        stop = np.cumsum(level.samples)
        start = stop - level.samples
        open_ = level.samples >= (least if len(levels) <= max_depth else np.inf)
        if open_.any():
            open_ &= ~_one_label(labels, rows, start, stop)
        nodes = np.flatnonzero(open_)
        if nodes.size:
            found = _histograms_of(histograms, parents, level, nodes, rows, start, stop)
            totals = level.weight[nodes], level.moment[nodes]
            cuts = _best_cuts(found, sizes, *totals, min_samples_leaf, min_weight_leaf)
            gain = _drawn(cuts.gain, level.key[nodes], max_features) if drawing else cuts.gain
            _choose(level, nodes, cuts, gain, min_gain)
        split = level.feature >= 0
        leaf = np.repeat(~split, level.samples)
        node[rows[leaf]] = first + np.repeat(np.flatnonzero(~split), level.samples[~split])
        if not split.any():
            return _numbered(levels, node)
        first += len(split)
        parents = found[split[nodes]]
        rows, n_left = _part(codes, sizes, rows, start[split], stop[split], level.feature[split],
                             level.cut[split], level.missing_left[split])  # fmt: skip
        level = _children(level, split, n_left)


def _histograms_of(histograms, parents, level, nodes, rows, start, stop):
    """The histograms of `nodes`, of which siblings stand side by side."""
    if parents is None:
        return histograms(rows, start, stop)
    pair = nodes // 2
    wanted = np.unique(pair)
    small = 2 * wanted + (level.samples[2 * wanted] > level.samples[2 * wanted + 1])
    added = histograms(rows, start[small], stop[small])
    which = np.searchsorted(wanted, pair)
    found = added[which]
    other = np.flatnonzero(small[which] != nodes)
    found[other] = parents[pair[other]] - found[other]
    return found


def _drawn(gain, keys, wanted):
    """Gains of the columns drawn for each node, and of further ones until one can split."""
    d = gain.shape[1]
    drawn = np.tile(np.arange(d), (len(gain), 1))
    _draw(drawn, keys, 0, d)
    can = np.take_along_axis(gain, drawn, axis=1) > -np.inf
    some = np.maximum(wanted, can.argmax(axis=1) + 1)
    allowed = np.zeros(gain.shape, bool)
    np.put_along_axis(allowed, drawn, np.arange(d) < some[:, None], axis=1)
    return np.where(allowed, gain, -np.inf)


def _choose(level, nodes, cuts, gain, min_gain):
    """Write the best cut of each of `nodes` into the level."""
    feature = gain.argmax(axis=1)
    at = np.arange(len(nodes)), feature
    best = gain[at]
    good = best >= min_gain if min_gain > 0 else best > -np.inf
    level.gain[nodes] = best
    level.feature[nodes] = np.where(good, feature, -1)
    level.cut[nodes] = np.where(good, cuts.cut[at], -1)
    level.above[nodes] = np.where(good, cuts.above[at], -1)
    level.missing_left[nodes] = good & cuts.missing_left[at]
    level.left_weight[nodes] = cuts.weight[at]
    level.moments[0, nodes] = cuts.moment[at]
    level.moments[1, nodes] = level.moment[nodes] - cuts.moment[at]


def _children(level, split, n_left):
    left = level.left_weight[split]
    return _Level(
        _paired(n_left, level.samples[split] - n_left),
        _paired(left, level.weight[split] - left),
        _paired(*level.moments[:, split]),
        None if level.key is None else _paired(*child_keys(level.key[split])),
    )


# ------------------------------------------------------------------------------------ the loops


def _add_up(moments, weights, codes, bins, rows, start, stop):
    """Histograms (nodes, 2 or 3, d, bins) of the rows from start to stop of each node."""
    k = len(start)
    rows = _of_nodes(rows, start, stop)
    slot = np.repeat(np.arange(k) * bins, stop - start)
    found = np.empty((k, 2 if weights is None else 3, len(codes), bins))
    sums = {MOMENT: moments[rows], COUNT: None}
    if weights is not None:
        sums[WEIGHT] = weights[rows]
    for f, code in enumerate(codes):
        place = code if len(rows) == len(code) and k == 1 else slot + code.take(rows)
        for part, values in sums.items():
            found[:, part, f] = np.bincount(place, values, k * bins).reshape(k, bins)
    return found


def _of_nodes(rows, start, stop):
    if len(rows) == (stop - start).sum():
        return rows
    return np.concatenate([rows[a:b] for a, b in zip(start, stop)])


def _best_cuts(found, sizes, weight, moment, least, light):
    k, parts, d, bins = found.shape
    code, size = np.arange(bins), sizes[:, None]
    missing = np.take_along_axis(found, size[None, None], axis=3)
    present = np.where(code < size, found, 0.0)
    running = np.cumsum(present, axis=3)
    seen = present[:, COUNT] > 0
    following = np.minimum.accumulate(np.where(seen, code, size)[..., ::-1], axis=2)
    following = np.append(following[..., -2::-1], np.broadcast_to(size, (k, d, 1)), axis=2)
    samples = running[:, COUNT, :, -1:] + missing[:, COUNT]
    of_nodes = samples, weight[:, None, None], moment[:, None, None], least, light
    gain = _scored(running, seen, *of_nodes)
    cut = gain.argmax(axis=2)
    best = np.take_along_axis(gain, cut[..., None], axis=2)[..., 0]
    missing_left = np.zeros((k, d), bool)
    if missing[:, COUNT].any():
        running = np.stack([running, running + missing])
        turned = seen & (following < size) & (missing[:, COUNT] > 0)
        gain = _scored(running[1], turned, *of_nodes)
        missing_left = gain.max(axis=2) > best
        cut = np.where(missing_left, gain.argmax(axis=2), cut)
        best = np.maximum(gain.max(axis=2), best)
        running = np.where(missing_left[:, None, :, None], running[1], running[0])
    sums = np.take_along_axis(running, cut[:, None, :, None], axis=3)[..., 0]
    majority = (missing[:, COUNT, :, 0] == 0) & (2 * sums[:, COUNT] > samples[..., 0])
    above = np.take_along_axis(following, cut[..., None], axis=2)[..., 0]
    return Cuts(best, cut, above, missing_left | majority, sums[:, MOMENT], sums[:, -1])


def _scored(left, possible, samples, weight, moment, least, light):
    """The gains (nodes, d, bins) of the possible cuts, -inf at all others."""
    count, w_left, m_left = left[:, COUNT], left[:, -1], left[:, MOMENT]
    w_right, m_right = weight - w_left, moment - m_left
    possible = possible & (count >= least) & (samples - count >= max(1, least))
    if light > 0:
        possible &= np.minimum(w_left, w_right) >= light
    q_left, q_right = m_left * m_left, m_right * m_right
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = (q_left * w_right + q_right * w_left) / (w_left * w_right) - moment * moment / weight
    return np.where(possible, gain, -np.inf)


def _part(codes, sizes, rows, start, stop, feature, cut, missing_left):
    """The rows of these nodes, those that go left before the others, and how many do."""
    parts: list[np.ndarray] = []
    n_left = np.zeros(len(start), np.int64)
    for node, (first, last, f) in enumerate(zip(start, stop, feature)):
        own = rows[first:last]
        code = codes[f].take(own)
        left = code <= cut[node]
        if missing_left[node]:
            left |= code == sizes[f]
        parts += own[left], own[~left]
        n_left[node] = len(parts[-2])
    return np.concatenate(parts), n_left


def _one_label(labels, rows, start, stop):
    """Which nodes have one label."""
    labels = labels[rows]
    return np.minimum.reduceat(labels, start) == np.maximum.reduceat(labels, start)
