"""Sequential minimal optimisation: the loop that trains a support vector machine.

    minimise  1/2 b' K b + q' b + e |b|_1   with  sum b = constant,  lower <= b <= upper

A classifier has e = 0, q = -y and bounds [0, C] or [-C, 0]; a regression has q = -y and bounds
[-C, C]. Two coefficients are moved at a time, b_i up and b_j down by as much, until no pair of
slopes differs by more than the tolerance. Rows of K come from a cache that the caller fills: when
one is missing the loop returns its number, and is called again.

Source: R.-E. Fan, P.-H. Chen and C.-J. Lin, Working set selection using second order information
for training support vector machines, 2005.
"""

import numpy as np

from .dispatch import Kernel

CONVERGED, OUT_OF_STEPS, STUCK = -1, -2, -3
FLAT = 1e-12  # the curvature between equal points, or under a kernel that is not positive


@Kernel
def smo(
    gradient, b, lower, upper, diagonal, cache, slot, columns, used, *, e, tolerance, steps
):  # fmt: skip
    """Move pairs until the tolerance is met: (CONVERGED, steps done), or what stopped it instead.

    The first of the two is OUT_OF_STEPS, STUCK (rounding lets no pair move), or the number of a row
    that the cache lacks. `gradient`, K b + q, and `b` are changed; `used[i]` becomes the step in
    which row i was needed last, which starts from its largest entry.

    Shapes: gradient, b, lower, upper, diagonal (of K), slot, columns, used (n,); cache (rows,
    m >= n), in which K[i, j] stands at [slot[i], columns[j]], or nowhere if slot[i] is negative;
    columns are in increasing order.
    """
    start = used.max()
    # What is added to the gradient for the slope of a growing and of a shrinking coefficient; they
    # differ at 0, where |b| has its kink.
    above = np.where(b < upper, np.where(b >= 0, e, -e), np.inf)
    below = np.where(b > lower, np.where(b > 0, e, -e), -np.inf)
    whole = len(columns) == cache.shape[1]
    half, nothing, flat = diagonal / 2, np.zeros(len(b)), np.full(len(b), FLAT)
    for done in range(steps + 1):
        up = gradient + above
        i = int(up.argmin())
        difference = gradient + below
        difference -= up[i]
        if not difference[difference.argmax()] > tolerance:
            return CONVERGED, done
        if done == steps:
            break
        if slot[i] < 0:
            return i, done
        row = cache[slot[i]] if whole else cache[slot[i]].take(columns)
        curvature = half + half[i]  # of a move of 1 there and back, halved
        curvature -= row
        np.maximum(curvature, flat, out=curvature)
        gain = np.maximum(difference, nothing)
        gain *= gain
        gain /= curvature
        j = int(gain.argmax())
        if not gain[j] > 0:  # the square of the difference is too small for a number
            return STUCK, done
        used[i] = used[j] = start + done + 1
        if slot[j] < 0:
            return j, done
        top = 0.0 if b[i] < 0 else upper[i]
        bottom = 0.0 if b[j] > 0 else lower[j]
        move = min(difference[j] / (2 * curvature[j]), top - b[i], b[j] - bottom)
        before = b[i], b[j]
        b[i] = top if move == top - b[i] else b[i] + move
        b[j] = bottom if move == b[j] - bottom else b[j] - move
        if (b[i], b[j]) == before:
            return STUCK, done
        for t in (i, j):
            above[t] = (e if b[t] >= 0 else -e) if b[t] < upper[t] else np.inf
            below[t] = (e if b[t] > 0 else -e) if b[t] > lower[t] else -np.inf
        change = row - (cache[slot[j]] if whole else cache[slot[j]].take(columns))
        change *= move
        gradient += change
    return OUT_OF_STEPS, steps
