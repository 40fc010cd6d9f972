"""The compiled twin of `smo`: each step is two passes over the coefficients."""

from typing import Any

import numpy as np

from .compiler import fused_loop
from .quadratic import CONVERGED, FLAT, OUT_OF_STEPS, STUCK


def smo(gradient, b, lower, upper, diagonal, cache, slot, used, *, e, tolerance, steps):
    state = (gradient, b, lower, upper, diagonal, cache, slot, used)
    stopped, done = _smo(*state, float(e), float(tolerance), steps)
    return int(stopped), int(done)


@fused_loop
def _smo(gradient, b, lower, upper, diagonal, cache, slot, used, e, tolerance, steps):
    n: Any = np.uint64(b.size)
    start = used.max()
    move = 0.0
    one = other = np.int64(0)  # slots of the last pair
    for done in range(steps):
        least, most = np.inf, -np.inf
        i = n
        for t in range(n):
            g = gradient[t]
            if move != 0.0:
                g += move * (cache[one, t] - cache[other, t])
                gradient[t] = g
            if b[t] < upper[t]:
                slope = g + e if b[t] >= 0 else g - e
                if slope < least:
                    least = slope
                    i = t
            if b[t] > lower[t]:
                slope = g + e if b[t] > 0 else g - e
                if slope > most:
                    most = slope
        move = 0.0
        if not most - least > tolerance:
            return CONVERGED, done
        one = slot[i]
        if one < 0:
            return np.int64(i), done
        own = diagonal[i]
        best, best_curvature = 0.0, 1.0  # compared by products, without a division for each
        j = n
        for t in range(n):
            if b[t] > lower[t]:
                slope = gradient[t] + e if b[t] > 0 else gradient[t] - e
                difference = slope - least
                if difference > 0:
                    curvature = max(own + diagonal[t] - 2 * cache[one, t], FLAT)
                    gain = difference * difference
                    if gain * best_curvature > best * curvature:
                        best, best_curvature = gain, curvature
                        j = t
        used[i] = used[j] = start + done + 1
        other = slot[j]
        if other < 0:
            return np.int64(j), done
        top = 0.0 if b[i] < 0 else upper[i]
        bottom = 0.0 if b[j] > 0 else lower[j]
        slope = gradient[j] + e if b[j] > 0 else gradient[j] - e
        move = min((slope - least) / best_curvature, top - b[i], b[j] - bottom)
        before_i, before_j = b[i], b[j]
        b[i] = top if move == top - b[i] else b[i] + move
        b[j] = bottom if move == b[j] - bottom else b[j] - move
        if b[i] == before_i and b[j] == before_j:
            return STUCK, done
    if move != 0.0:
        for t in range(n):
            gradient[t] += move * (cache[one, t] - cache[other, t])
    return OUT_OF_STEPS, steps
