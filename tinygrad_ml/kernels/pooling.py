"""Pooling: one number per window and channel, and the linear maps that carry gradients back.

`max_pool2d` gives the winner of each window as a tap number, counted row by row in the window. With
that index, a constant, `max_pool2d_gather` and `max_pool2d_scatter` are linear and adjoint to each
other, as are `sum_pool2d` and `sum_pool2d_spread`, so gradients close to any order.
"""

import math

import numpy as np

from .dispatch import Kernel
from .elementwise import select
from .geometry import cropped, image_blocks, output_size, padded, padded_shape, taps, tiles
from .memory import empty, zeros


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
    out = empty((len(x), *output, x.shape[3]), x.dtype)
    index = empty(out.shape, index_type(size))
    index[...] = _first_taps(x.shape, size, stride, padding, output)
    for block in image_blocks(x):
        views = list(taps(padded(x[block], padding, -math.inf), size, stride, output))
        _keep_largest(views, out[block], index[block])
    return out, index


def _keep_largest(views, out, index):
    """Reduce the views of all taps to the largest values and the numbers of their taps."""
    out[...] = views[0]
    larger = empty(out.shape, bool)
    winner = np.empty_like(index)
    for tap, view in enumerate(views[1:], 1):
        np.greater(view, out, out=larger)
        np.maximum(out, view, out=out)
        np.multiply(larger.view(np.uint8), index.dtype.type(tap), out=winner)
        np.maximum(index, winner, out=index)
    nan = np.isnan(out)
    if nan.any():
        for tap in range(len(views) - 1, -1, -1):
            np.copyto(index, index.dtype.type(tap), where=np.isnan(views[tap]))


def _first_taps(shape, size, stride, padding, output):
    """The first tap of each window that is no padding, (oh, ow, 1): where a row of -inf is won."""
    rows, columns = (
        np.clip(before - step * np.arange(count), 0, extent - 1)
        for (before, _), step, count, extent in zip(padding, stride, output, size, strict=True)
    )
    return (rows[:, None] * size[1] + columns)[..., None]


@Kernel
def max_pool2d_scatter(g, index, *, shape, size, stride, padding):
    """Each value at the place its window's winner came from, values meeting there added.

    Shapes: two of (n, oh, ow, c) -> `shape` (n, h, w, c). The adjoint of `max_pool2d_gather`.
    """
    whole = padded_shape(shape, padding)
    out = (empty if tiles(whole, g.shape, size, stride) else zeros)(whole, g.dtype)
    apart = stride[0] >= size[0] and stride[1] >= size[1]
    by_bits = g.dtype.char in "fd"
    for block in image_blocks(out):
        for tap, place in enumerate(taps(out[block], size, stride, g.shape[1:3])):
            won = index[block] == tap
            if not by_bits:
                chosen = np.where(won, g[block], 0)
                place[...] = chosen if apart else place + chosen
            elif apart:
                select(g[block], won, out=place)
            else:
                place += select(g[block], won)
    return cropped(out, shape, padding)


@Kernel
def max_pool2d_gather(x, index, *, size, stride, padding):
    """The value of `x` at each window's winner.

    Shapes: (n, h, w, c), (n, oh, ow, c) -> (n, oh, ow, c). The adjoint of `max_pool2d_scatter`.
    """
    out = zeros(index.shape, x.dtype)
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
    out = zeros(padded_shape(shape, padding), g.dtype)
    for place in taps(out, size, stride, g.shape[1:3]):
        place += g
    return cropped(out, shape, padding)
