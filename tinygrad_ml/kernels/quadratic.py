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
def smo(gradient, b, lower, upper, diagonal, cache, slot, used, *, e, tolerance, steps):
    """Move pairs until the tolerance is met: (CONVERGED, steps done), or what stopped it instead.

    The first of the two is OUT_OF_STEPS, STUCK (rounding lets no pair move), or the number of a row
    that the cache lacks. `gradient`, K b + q, and `b` are changed; `used[i]` becomes the step in
    which row i was needed last, which starts from its largest entry.

    Shapes: gradient, b, lower, upper, diagonal (of K), slot, used (n,); cache (rows, n), in which
    row i of K stands at slot[i], or nowhere if that is negative.
    """
    start = used.max()
    for done in range(steps):
        # The slopes when a coefficient grows and when it shrinks; they differ at 0, where |b| has
        # its kink.
        up = np.where(b < upper, np.where(b >= 0, gradient + e, gradient - e), np.inf)
        down = np.where(b > lower, np.where(b > 0, gradient + e, gradient - e), -np.inf)
        i = int(up.argmin())
        if not down.max() - up[i] > tolerance:
            return CONVERGED, done
        if slot[i] < 0:
            return i, done
        row = cache[slot[i]]
        difference = down - up[i]
        curvature = np.maximum(diagonal[i] + diagonal - 2 * row, FLAT)
        gain = np.where(difference > 0, difference, 0) ** 2 / curvature
        j = int(gain.argmax())
        used[i] = used[j] = start + done + 1
        if slot[j] < 0:
            return j, done
        top = 0.0 if b[i] < 0 else upper[i]
        bottom = 0.0 if b[j] > 0 else lower[j]
        move = min(difference[j] / curvature[j], top - b[i], b[j] - bottom)
        before = b[i], b[j]
        b[i] = top if move == top - b[i] else b[i] + move
        b[j] = bottom if move == b[j] - bottom else b[j] - move
        if (b[i], b[j]) == before:
            return STUCK, done
        gradient += move * (row - cache[slot[j]])
    return OUT_OF_STEPS, steps
