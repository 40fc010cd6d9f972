"""Pooling: one number per window and channel, and the linear maps that carry gradients back.

`max_pool2d` gives the winner of each window as a tap number, counted row by row in the window. With
that index, a constant, `max_pool2d_gather` and `max_pool2d_scatter` are linear and adjoint to each
other, as are `sum_pool2d` and `sum_pool2d_spread`, so gradients close to any order.
"""

import math

import numpy as np

from .dispatch import Kernel
from .elementwise import select
from .geometry import cropped, output_size, padded, padded_shape, taps


def index_type(size):
    """The smallest convenient integer type that can number the taps of a window."""
    return np.uint8 if math.prod(size) <= 256 else np.int32


@Kernel
def max_pool2d(x, *, size, stride, padding):
    """The largest value of each window and its tap number: out[i, y, x, c] = max over the window.

    The first winner, row by row, takes a tie; NaN wins; padding never does.
    Shapes: (n, h, w, c) -> two of (n, oh, ow, c).
    """
    output = output_size(x.shape, size, stride, padding)
    views = list(taps(padded(x, padding, -math.inf), size, stride, output))
    out = views[0].copy()
    index = np.empty(out.shape, index_type(size))
    index[...] = _first_taps(x.shape, size, stride, padding, output)
    larger = np.empty(out.shape, bool)
    winner = np.empty_like(index)
    for tap, view in enumerate(views[1:], 1):
        np.greater(view, out, out=larger)
        np.maximum(out, view, out=out)
        np.multiply(larger.view(np.uint8), index.dtype.type(tap), out=winner)
        np.maximum(index, winner, out=index)
    _let_nan_win(views, out, index)
    return out, index


def _first_taps(shape, size, stride, padding, output):
    """The first tap of each window that is no padding, (oh, ow, 1): where a row of -inf is won."""
    rows, columns = (
        np.clip(before - step * np.arange(count), 0, extent - 1)
        for (before, _), step, count, extent in zip(padding, stride, output, size, strict=True)
    )
    return (rows[:, None] * size[1] + columns)[..., None]


def _let_nan_win(views, out, index):
    """Point the index of every NaN result to the first NaN of its window."""
    nan = np.isnan(out)
    if not nan.any():
        return
    for tap in range(len(views) - 1, -1, -1):
        np.copyto(index, index.dtype.type(tap), where=np.isnan(views[tap]))


@Kernel
def max_pool2d_scatter(g, index, *, shape, size, stride, padding):
    """Each value at the place its window's winner came from, values meeting there added.

    Shapes: two of (n, oh, ow, c) -> `shape` (n, h, w, c). The adjoint of `max_pool2d_gather`.
    """
    apart = stride[0] >= size[0] and stride[1] >= size[1]
    whole = padded_shape(shape, padding)
    covered = apart and stride == size and (whole[1], whole[2]) == (
        size[0] * g.shape[1],
        size[1] * g.shape[2],
    )
    out = (np.empty if covered else np.zeros)(whole, g.dtype)
    by_bits = g.dtype.char in "fd"
    for tap, place in enumerate(taps(out, size, stride, g.shape[1:3])):
        won = index == tap
        if not by_bits:
            place[...] += np.where(won, g, 0)
        elif apart:
            select(g, won, out=place)
        else:
            place += select(g, won)
    return cropped(out, shape, padding)


@Kernel
def max_pool2d_gather(x, index, *, size, stride, padding):
    """The value of `x` at each window's winner.

    Shapes: (n, h, w, c), (n, oh, ow, c) -> (n, oh, ow, c). The adjoint of `max_pool2d_scatter`.
    """
    out = np.zeros(index.shape, x.dtype)
    for tap, view in enumerate(taps(padded(x, padding), size, stride, index.shape[1:3])):
        np.copyto(out, view, where=index == tap)
    return out


@Kernel
def sum_pool2d(x, *, size, stride, padding):
    """The sum of each window, padding counting 0: (n, h, w, c) -> (n, oh, ow, c)."""
    output = output_size(x.shape, size, stride, padding)
    first, *others = taps(padded(x, padding), size, stride, output)
    out = first.copy()
    for view in others:
        out += view
    return out


@Kernel
def sum_pool2d_spread(g, *, shape, size, stride, padding):
    """Each value at every place of its window, values meeting there added.

    Shapes: (n, oh, ow, c) -> `shape` (n, h, w, c). The adjoint of `sum_pool2d`.
    """
    out = np.zeros(padded_shape(shape, padding), g.dtype)
    for place in taps(out, size, stride, g.shape[1:3]):
        place += g
    return cropped(out, shape, padding)
