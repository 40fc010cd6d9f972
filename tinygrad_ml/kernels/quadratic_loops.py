"""The compiled twin of `smo`: each step is two passes over the coefficients.

Both passes look for an extreme and its place: in 32 lanes, every 32nd coefficient in each, so that
the processor's vectors do it, and among the lanes at the end. Nothing is added up in another order
than NumPy does it, so both versions take the same steps, to the last bit.
"""

import numpy as np

from .compiler import inlined, loop
from .quadratic import CONVERGED, FLAT, OUT_OF_STEPS, STUCK

_LANES = np.uint64(32)


def smo(
    gradient, b, lower, upper, diagonal, cache, slot, columns, used, *, e, tolerance, steps
):  # fmt: skip
    n = len(columns)
    if columns[-1] - columns[0] == n - 1:
        runs = np.zeros(1, np.int64)
    else:
        runs = np.flatnonzero(np.diff(columns, prepend=-2) != 1)  # of neighbouring columns
    ends = np.append(runs[1:], n).astype(np.uint64)
    where = (runs.astype(np.uint64), ends, columns[runs].astype(np.uint64))
    state = (gradient, b, lower, upper, diagonal, cache, slot, used)
    stopped, done = _smo(*state, *where, float(e), float(tolerance), steps)
    return int(stopped), int(done)


@loop
def _smo(
    gradient, b, lower, upper, diagonal, cache, slot, used, runs, ends, starts, e, tolerance, steps
):
    n = np.uint64(b.size)
    start = used.max()
    half, above, below = diagonal / 2, np.empty(n), np.empty(n)
    for t in range(n):
        _kinks(t, b, lower, upper, e, above, below)
    low, high = np.empty(_LANES), np.empty(_LANES)
    low_at, high_at = np.empty(_LANES, np.uint64), np.empty(_LANES, np.uint64)
    move = 0.0
    one = other = np.int64(0)  # slots of the last pair
    for done in range(steps + 1):
        low[:] = np.inf
        high[:] = -np.inf
        low_at[:] = n
        for r in range(runs.size):
            shift = starts[r] - runs[r]
            full = ends[r] - (ends[r] - runs[r]) % _LANES
            for block in range(runs[r], full, _LANES):
                for k in range(_LANES):
                    _slopes(block + k, k, shift, gradient, above, below, cache, one, other, move,
                            low, low_at, high)  # fmt: skip
            for k in range(ends[r] - full):
                _slopes(full + k, k, shift, gradient, above, below, cache, one, other, move,
                        low, low_at, high)  # fmt: skip
        move = 0.0
        lane = _first(low, low_at, 1.0)
        least, i = low[lane], low_at[lane]
        if not high.max() - least > tolerance:
            return CONVERGED, done
        if done == steps:
            break
        one = slot[i]
        if one < 0:
            return np.int64(i), done
        own = half[i]
        high[:] = 0.0
        high_at[:] = n
        for r in range(runs.size):
            shift = starts[r] - runs[r]
            full = ends[r] - (ends[r] - runs[r]) % _LANES
            for block in range(runs[r], full, _LANES):
                for k in range(_LANES):
                    _gains(block + k, k, shift, gradient, below, half, cache, one, own, least,
                           high, high_at)  # fmt: skip
            for k in range(ends[r] - full):
                _gains(full + k, k, shift, gradient, below, half, cache, one, own, least,
                       high, high_at)  # fmt: skip
        j = high_at[_first(high, high_at, -1.0)]
        if j == n:
            return STUCK, done
        used[i] = used[j] = start + done + 1
        other = slot[j]
        if other < 0:
            return np.int64(j), done
        top = 0.0 if b[i] < 0 else upper[i]
        bottom = 0.0 if b[j] > 0 else lower[j]
        r = np.searchsorted(runs, j, side="right") - 1
        curvature = max(half[j] + own - cache[one, j + (starts[r] - runs[r])], FLAT)
        move = min((gradient[j] + below[j] - least) / (2 * curvature), top - b[i], b[j] - bottom)
        before_i, before_j = b[i], b[j]
        b[i] = top if move == top - b[i] else b[i] + move
        b[j] = bottom if move == b[j] - bottom else b[j] - move
        if b[i] == before_i and b[j] == before_j:
            return STUCK, done
        _kinks(i, b, lower, upper, e, above, below)
        _kinks(j, b, lower, upper, e, above, below)
    return OUT_OF_STEPS, steps


@inlined
def _kinks(t, b, lower, upper, e, above, below):
    """What is added to the slope at coefficient t for growing and for shrinking it."""
    above[t] = (e if b[t] >= 0 else -e) if b[t] < upper[t] else np.inf
    below[t] = (e if b[t] > 0 else -e) if b[t] > lower[t] else -np.inf


@inlined
def _slopes(t, k, shift, gradient, above, below, cache, one, other, move, low, low_at, high):
    """Bring the gradient at coefficient t up to date; note its slopes in lane k."""
    moved = gradient[t] + move * (cache[one, t + shift] - cache[other, t + shift])
    now = gradient[t] if move == 0 else moved  # before the first move rows may be missing
    gradient[t] = now
    up, down = now + above[t], now + below[t]
    low_at[k] = t if up < low[k] else low_at[k]
    low[k] = up if up < low[k] else low[k]
    high[k] = down if down > high[k] else high[k]


@inlined
def _gains(t, k, shift, gradient, below, half, cache, one, own, least, high, high_at):
    """Note in lane k what a move of the pair with coefficient t would gain."""
    difference = gradient[t] + below[t] - least
    difference = difference if difference > 0 else 0.0
    curvature = half[t] + own - cache[one, t + shift]
    curvature = curvature if curvature > FLAT else FLAT
    gain = difference * difference / curvature
    high_at[k] = t if gain > high[k] else high_at[k]
    high[k] = gain if gain > high[k] else high[k]


@inlined
def _first(values, places, sign):
    """The lane with the least sign * value; among equals the one with the first place."""
    best = 0
    for k in range(1, values.size):
        one, other = sign * values[k], sign * values[best]
        if one < other or (one == other and places[k] < places[best]):
            best = k
    return best
