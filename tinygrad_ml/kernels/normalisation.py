"""Sums over the rows of (blocks, rows, channels), and the maps that bring values to scale.

Batch normalisation has one block of many rows, instance and group normalisation one per sample.
Rows are added up a few at a time in their own type and those sums in float64, so that neither a
million rows nor a large mean costs digits.
"""

import numpy as np

from .dispatch import Kernel
from .memory import empty


@Kernel
def moments(x):
    """Mean and variance over the rows, in float64: (b, r, c) -> two of (b, c).

    In two passes, so a mean that is large beside the deviation costs no digits of the variance.
    """
    double = np.result_type(x.dtype, np.float64)
    mean = np.mean(x, axis=1, dtype=double)
    centred = np.subtract(x, mean[:, None], out=empty(x.shape, double))
    return mean, np.mean(np.square(centred, out=centred), axis=1)


@Kernel
def moment_sums(g, x, centre):
    """sum_r g[r] and sum_r g[r] (x[r] - centre): two of (b, r, c) and (b, c) -> two of (b, c)."""
    double = np.result_type(x.dtype, g.dtype, np.float64)
    product = np.subtract(x, centre[:, None], out=empty(x.shape, np.result_type(x, centre)))
    product *= g
    sums = np.sum(g, axis=1, dtype=double), np.sum(product, axis=1, dtype=double)
    return tuple(s.astype(product.dtype) for s in sums)


@Kernel
def centred_scale(x, centre, scale, shift):
    """(x - centre) scale + shift: (b, r, c) and three of (b, c) -> (b, r, c)."""
    out = np.subtract(x, centre[:, None], out=empty(x.shape, np.result_type(x, centre, scale)))
    out *= scale[:, None]
    out += shift[:, None]
    return out


@Kernel
def centred_sum(g, x, centre, weight, slope, level):
    """weight g + slope (x - centre) + level: two of (b, r, c), four of (b, c) -> (b, r, c)."""
    out = centred_scale.numpy(x, centre, slope, level)
    out += g * weight[:, None]
    return out
