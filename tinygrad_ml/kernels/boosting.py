"""Trees of few levels grown on histograms: `grow_tree` for squared errors, and the same tree.

A histogram holds, for each node, column and code, the sums of moments and weights and the number of
rows. Its cuts are scored by running sums over the codes, so that the cost of a node hardly depends
on its rows once they are added up; and of two children only the smaller one is added up, since the
other is what the parent has besides (Ke and others, LightGBM, 2017). All sums are of whole numbers
and thus exact, which makes that subtraction exact too.

What is done for every row stands in three loops that have compiled twins; the levels are common.
"""

from typing import Any, NamedTuple

import numpy as np

from .dispatch import Kernel
from .tree import _Level, _draw, _numbered, _paired, child_keys, mixed

MOMENT, COUNT, WEIGHT = range(3)  # of a histogram's last axis; no weights, if all are 1


class Cuts(NamedTuple):
    """The best cut of each node in each column, arrays (nodes, d); gain -inf where there is none."""

    gain: np.ndarray
    cut: np.ndarray
    above: np.ndarray
    missing_left: np.ndarray
    moment: np.ndarray  # of the rows that go left
    weight: np.ndarray


class Loops(NamedTuple):
    """What is done for every row or code."""

    add_up: Any
    best_cuts: Any
    part: Any
    one_label: Any


@Kernel
def grow_on_histograms(weights, moments, labels, codes, sizes, **rules):
    """The tree that `grow_tree` grows for "squared_error", for codes of few values.

    `rules` are those of `grow_tree`, `max_depth` a number: memory grows with the nodes of a level
    times the values of all columns.
    Shapes: weights (n,), moments (n,) whole numbers, as there; labels (n,) of any dtype; codes
    (d, n); sizes (d,). Returns a `Grown`.
    """
    return grow(LOOPS, weights, moments, labels, codes, sizes, **rules)


def grow(
    loops, weights, moments, labels, codes, sizes, *, max_depth, min_samples_split=2,
    min_samples_leaf=1, min_weight_leaf=0.0, min_gain=0.0, max_features=None, seed=0,
):  # fmt: skip
    rows = np.flatnonzero(weights > 0).astype(np.int32)
    weighted = None if weights.min() == weights.max() == 1 else weights
    least = max(min_samples_split, 2 * min_samples_leaf)
    node, levels, first = np.full(len(weights), -1, np.int32), [], 0
    total = float(len(rows)) if weighted is None else weights[rows].sum()
    key = mixed(np.array([seed], np.uint64))
    level = _Level(np.array([len(rows)]), np.array([total]), np.array([moments[rows].sum()]), key)
    bins = int(sizes.max()) + 1

    def histograms(rows, start, stop):
        return loops.add_up(moments, weighted, codes, bins, rows, start, stop)

    parents = None  # histograms of the level above, one for each pair of children
    while True:
        levels.append(level)
        stop = np.cumsum(level.samples)
        start = stop - level.samples
        open_ = level.samples >= (least if len(levels) <= max_depth else np.inf)
        if open_.any():
            open_ &= ~loops.one_label(labels, rows, start, stop)
        nodes = np.flatnonzero(open_)
        if nodes.size:
            found = _histograms_of(histograms, parents, level, nodes, rows, start, stop)
            _choose(loops, found, sizes, level, nodes, max_features, seed, min_samples_leaf,
                    min_weight_leaf, min_gain)  # fmt: skip
        split = level.feature >= 0
        leaf = np.repeat(~split, level.samples)
        node[rows[leaf]] = first + np.repeat(np.flatnonzero(~split), level.samples[~split])
        if not split.any():
            return _numbered(levels, node)
        first += len(split)
        parents = found[split[nodes]]
        rows, n_left = loops.part(codes, sizes, rows, start[split], stop[split],
                                  level.feature[split], level.cut[split],
                                  level.missing_left[split])  # fmt: skip
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


def _choose(loops, found, sizes, level, nodes, max_features, seed, least, light, min_gain):
    """Write the best cut of each of `nodes` into the level."""
    d = len(sizes)
    cuts = loops.best_cuts(found, sizes, level.weight[nodes], level.moment[nodes], least, light)
    gain = cuts.gain
    if max_features is not None and max_features < d:
        drawn = np.tile(np.arange(d), (len(nodes), 1))
        _draw(drawn, level.key[nodes], 0, d)
        can = np.take_along_axis(gain, drawn, axis=1) > -np.inf
        some = np.maximum(max_features, can.argmax(axis=1) + 1)  # further ones until one can split
        allowed = np.zeros(gain.shape, bool)
        np.put_along_axis(allowed, drawn, np.arange(d) < some[:, None], axis=1)
        gain = np.where(allowed, gain, -np.inf)
    feature = gain.argmax(axis=1)
    at = np.arange(len(nodes)), feature
    best = gain[at]
    good = (best > -np.inf) & ((best >= min_gain) if min_gain > 0 else True)
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
        _paired(*child_keys(level.key[split])),
    )


# ------------------------------------------------------------------------------------ the loops


def _add_up(moments, weights, codes, bins, rows, start, stop):
    """Histograms (nodes, d, bins, 2 or 3) of the rows from start to stop of each node."""
    k = len(start)
    if k != 1 or stop[0] - start[0] != len(rows):
        rows = np.concatenate([rows[a:b] for a, b in zip(start, stop)])
    slot = np.repeat(np.arange(k) * bins, stop - start)
    found = np.empty((k, len(codes), bins, 2 if weights is None else 3))
    moments = moments[rows]
    weights = None if weights is None else weights[rows]
    for f, code in enumerate(codes):
        place = slot + code[rows]
        found[:, f, :, MOMENT] = np.bincount(place, moments, k * bins).reshape(k, bins)
        found[:, f, :, COUNT] = np.bincount(place, minlength=k * bins).reshape(k, bins)
        if weights is not None:
            found[:, f, :, WEIGHT] = np.bincount(place, weights, k * bins).reshape(k, bins)
    return found


def _best_cuts(found, sizes, weight, moment, least, light):
    k, d, bins = found.shape[:3]
    code = np.arange(bins)
    missing = np.take_along_axis(found, sizes[None, :, None, None], axis=2)
    present = np.where(code[:, None] < sizes[:, None, None], found, 0.0)
    running = np.cumsum(present, axis=2)
    seen = present[..., COUNT] > 0
    following = np.minimum.accumulate(np.where(seen, code, sizes[:, None])[..., ::-1], axis=2)
    following = np.concatenate(
        [following[..., -2::-1], np.broadcast_to(sizes[:, None], (k, d, 1))], axis=2
    )
    samples = running[..., -1:, COUNT] + missing[..., COUNT]
    with np.errstate(divide="ignore", invalid="ignore"):
        last = _scored(running, seen, samples, weight, moment, least, light)
        turned = seen & (following < sizes[:, None]) & (missing[..., COUNT] > 0)
        turned = _scored(running + missing, turned, samples, weight, moment, least, light)
    best, best_turned = last.max(axis=2), turned.max(axis=2)
    missing_left = best_turned > best
    cut = np.where(missing_left, turned.argmax(axis=2), last.argmax(axis=2))[..., None]
    sums = np.take_along_axis(running, cut[..., None], axis=2)[:, :, 0]
    sums = np.where(missing_left[..., None], sums + missing[:, :, 0], sums)
    majority = (missing[..., 0, COUNT] == 0) & (2 * sums[..., COUNT] > samples[..., 0])
    return Cuts(
        np.maximum(best, best_turned), cut[..., 0],
        np.take_along_axis(following, cut, axis=2)[..., 0], missing_left | majority,
        sums[..., MOMENT], sums[..., -1],
    )  # fmt: skip


def _scored(left, possible, samples, weight, moment, least, light):
    """The gains (nodes, d, bins) of the possible cuts, -inf at all others."""
    weight, moment = weight[:, None, None], moment[:, None, None]
    count, w_left, m_left = left[..., COUNT], left[..., -1], left[..., MOMENT]
    w_right, m_right = weight - w_left, moment - m_left
    possible = possible & (count >= least) & (samples - count >= max(1, least))
    possible &= (w_left >= light) & (w_right >= light)
    q_left, q_right = m_left * m_left, m_right * m_right
    gain = (q_left * w_right + q_right * w_left) / (w_left * w_right) - moment * moment / weight
    return np.where(possible, gain, -np.inf)


def _part(codes, sizes, rows, start, stop, feature, cut, missing_left):
    """The rows of these nodes, those that go left before the others, and how many do."""
    samples = stop - start
    slot = np.repeat(np.arange(len(start)), samples)
    if samples.sum() != len(rows):
        rows = np.concatenate([rows[a:b] for a, b in zip(start, stop)])
    code = codes[feature[slot], rows]
    goes_left = np.where(code == sizes[feature][slot], missing_left[slot], code <= cut[slot])
    small = np.uint16 if len(start) < 1 << 15 else np.int64
    order = np.argsort((2 * slot + ~goes_left).astype(small), kind="stable")
    return rows[order], np.bincount(slot, goes_left, len(start)).astype(np.int64)


def _one_label(labels, rows, start, stop):
    """Which nodes have one label."""
    labels = labels[rows]
    return np.minimum.reduceat(labels, start) == np.maximum.reduceat(labels, start)


LOOPS = Loops(_add_up, _best_cuts, _part, _one_label)
