"""The compiled twins, name by name; imported when a kernel is first called with Numba at hand."""

import numpy as np

from . import convolution, direct, elementwise, pooling, winograd
from .boosting_loops import grow_on_histograms  # noqa: F401
from .clusters_loops import (  # noqa: F401
    cluster_sums,
    columns_of,
    nearest_centres,
    squared_distances_to,
    squared_errors,
)
from .compiled_lvq import lvq_epoch  # noqa: F401
from .compiled_recurrent import gru, gru_backward, lstm, lstm_backward  # noqa: F401
from .compiled_rows import (  # noqa: F401
    add_rows,
    masked_softmax,
    normalise_rows,
    normalise_rows_backward,
    softmax_backward,
)
from .compiled_special import (  # noqa: F401 (found here by name)
    erf,
    erfc,
    gated,
    gated_backward,
    gelu,
    gelu_backward,
    sigmoid,
    sigmoid_backward,
)
from .compiled_updates import (  # noqa: F401
    adadelta_update,
    adagrad_update,
    adam_update,
    adamax_update,
    rmsprop_update,
    sgd_update,
)
from .compiler import contiguous, loop
from .depthwise_loops import depthwise2d, depthwise2d_input, depthwise2d_weight  # noqa: F401
from .forest_loops import add_leaves, find_all_leaves  # noqa: F401
from .geometry import extent, output_size, tiles
from .memory import SMALL, empty, zeros
from .nearest_loops import build_tree, nearest_rows, query_tree  # noqa: F401
from .normalisation_loops import (  # noqa: F401
    centred_scale,
    centred_sum,
    moment_sums,
    moments,
)
from .quadratic_loops import smo  # noqa: F401
from .threads import share, share_vectors, slices
from .tree_loops import find_leaves, grow_tree  # noqa: F401


def conv2d(x, w, bias=None, *, stride, padding, dilation=(1, 1)):
    output = output_size(x.shape, extent(w.shape[:2], dilation), stride, padding)
    if dilation == (1, 1) and winograd.pays(len(x), output, w.shape, stride, padding, x, w, bias):
        return winograd.convolve(x, w, bias, padding)
    if dilation == (1, 1) and direct.pays(len(x), output, w.shape, stride, padding, x, w, bias):
        return direct.convolve(x, w, bias, padding)
    gather = convolution.gaps(_gather, dilation)
    return convolution.convolve(gather, x, w, bias, stride, padding, output)


def conv2d_input(g, w, *, shape, stride, padding, dilation=(1, 1)):
    border = convolution.turned_border(w.shape[:2], padding)
    if dilation == (1, 1) and winograd.pays(len(g), shape[1:3], w.shape, stride, border, g, w):
        return winograd.convolve(g, w[::-1, ::-1].swapaxes(2, 3), None, border)
    add_back = convolution.gaps(_add_back, dilation)
    return convolution.convolve_back(add_back, g, w, shape, stride, padding)


def conv2d_weight(x, g, *, shape, stride, padding, dilation=(1, 1)):
    if dilation == (1, 1) and winograd.pays(len(g), g.shape[1:3], shape, stride, padding, x, g):
        return winograd.correlate(x, g, padding)
    if dilation == (1, 1) and direct.pays(len(x), g.shape[1:3], shape, stride, padding, x, g):
        return direct.correlate(x, g, shape, padding)
    gather = convolution.gaps(_gather, dilation)
    return convolution.correlate(gather, x, g, shape, stride, padding)


def windows(x, *, size, stride):
    output = output_size(x.shape, size, stride, ((0, 0), (0, 0)))
    out = empty((len(x), *output, *size, x.shape[3]), x.dtype)
    _gather(x, out, stride, ((0, 0), (0, 0)))
    return out


def fold(g, *, shape, stride):
    out = zeros(shape, g.dtype)
    _add_back(g, out, stride, ((0, 0), (0, 0)))
    return out


def _gather(x, columns, stride, padding, dilation=(1, 1)):
    if not columns.flags.c_contiguous or dilation != (1, 1):  # NumPy copies single taps as fast
        convolution.gather(x, columns, stride, padding, dilation)
        return
    (top, _), (left, _) = padding
    n, oh, ow, kh, kw, c = columns.shape
    rows = columns.reshape(n, oh, ow, kh, kw * c)
    _gather_rows(contiguous(x).reshape(*x.shape[:2], x.shape[2] * c), rows, c, *stride, top, left)


@loop
def _gather_rows(x, columns, c, sh, sw, top, left):
    n, oh, ow, kh, run = columns.shape
    height, width = x.shape[1:]
    for i in range(n):
        for oy in range(oh):
            for ox in range(ow):
                first = (ox * sw - left) * c
                begin = min(max(0, -first), run)
                end = max(begin, min(run, width - first))
                for ky in range(kh):
                    y = oy * sh + ky - top
                    target = columns[i, oy, ox, ky]
                    if y < 0 or y >= height:
                        target[:] = 0
                    else:
                        target[:begin] = 0
                        target[end:] = 0
                        inner = target[begin:end]
                        source = x[i, y, first + begin : first + end]
                        for j in range(inner.size):
                            inner[j] = source[j]


def _add_back(columns, out, stride, padding, dilation=(1, 1)):
    if dilation != (1, 1):
        convolution.add_back(columns, out, stride, padding, dilation)
        return
    (top, _), (left, _) = padding
    n, oh, ow, kh, kw, c = columns.shape
    rows = contiguous(columns).reshape(n, oh, ow, kh, kw * c)
    _add_rows(rows, out.reshape(*out.shape[:2], out.shape[2] * c), c, *stride, top, left)


@loop
def _add_rows(columns, out, c, sh, sw, top, left):
    n, oh, ow, kh, run = columns.shape
    height, width = out.shape[1:]
    for i in range(n):
        for oy in range(oh):
            for ky in range(kh):  # outside ox: three times faster than writing kh rows in turn
                y = oy * sh + ky - top
                if y < 0 or y >= height:
                    continue
                for ox in range(ow):
                    first = (ox * sw - left) * c
                    begin = min(max(0, -first), run)
                    end = max(begin, min(run, width - first))
                    source = columns[i, oy, ox, ky, begin:end]
                    target = out[i, y, first + begin : first + end]
                    for j in range(target.size):
                        target[j] += source[j]


def max_pool2d(x, *, size, stride, padding):
    output = output_size(x.shape, size, stride, padding)
    out = empty((len(x), *output, x.shape[3]), x.dtype)
    index = empty(out.shape, pooling.index_type(size))
    (top, _), (left, _) = padding
    in_fours = size == stride == (2, 2) and padding == ((0, 0), (0, 0))
    x = contiguous(x)

    def some(images):
        if in_fours:
            _max_pool_in_fours(x[images], out[images], index[images])
        else:
            _max_pool(x[images], out[images], index[images], *size, *stride, top, left)

    share(some, slices(len(x), x.size))
    return out, index


@loop
def _max_pool(x, out, index, kh, kw, sh, sw, top, left):
    n, height, width, c = x.shape
    oh, ow = out.shape[1:3]
    for i in range(n):
        for oy in range(oh):
            y0 = oy * sh - top
            for ox in range(ow):
                first_row, first_column = max(0, -y0), max(0, left - ox * sw)
                out[i, oy, ox] = -np.inf
                index[i, oy, ox] = min(first_row, kh - 1) * kw + min(first_column, kw - 1)
            for ky in range(max(0, -y0), min(kh, height - y0)):
                for kx in range(kw):
                    begin = max(0, -((kx - left) // sw))
                    end = min(ow, (width - 1 - kx + left) // sw + 1)
                    for ox in range(begin, end):
                        values = x[i, y0 + ky, ox * sw + kx - left]
                        best, winner = out[i, oy, ox], index[i, oy, ox]
                        for j in range(c):
                            value, record = values[j], best[j]
                            better = (value > record) | ((value != value) & (record == record))
                            best[j] = value if better else record
                            winner[j] = ky * kw + kx if better else winner[j]


@loop
def _max_pool_in_fours(x, out, index):
    """The usual 2x2 windows side by side: a third of the time of the general loop."""
    n, oh, ow, c = out.shape
    one, two, three = np.uint8(1), np.uint8(2), np.uint8(3)
    for i in range(n):
        for oy in range(oh):
            for ox in range(ow):
                upper_left, upper_right = x[i, 2 * oy, 2 * ox], x[i, 2 * oy, 2 * ox + 1]
                lower_left, lower_right = x[i, 2 * oy + 1, 2 * ox], x[i, 2 * oy + 1, 2 * ox + 1]
                best, winner = out[i, oy, ox], index[i, oy, ox]
                for j in range(c):
                    record, tap = upper_left[j], np.uint8(0)
                    value = upper_right[j]
                    better = (value > record) | ((value != value) & (record == record))
                    record, tap = (value if better else record), (one if better else tap)
                    value = lower_left[j]
                    better = (value > record) | ((value != value) & (record == record))
                    record, tap = (value if better else record), (two if better else tap)
                    value = lower_right[j]
                    better = (value > record) | ((value != value) & (record == record))
                    best[j] = value if better else record
                    winner[j] = three if better else tap


def max_pool2d_scatter(g, index, *, shape, size, stride, padding):
    (top, _), (left, _) = padding
    tiled = tiles(shape, g.shape, size, stride) and padding == ((0, 0), (0, 0))
    out = (empty if tiled else zeros)(shape, g.dtype)
    g, index = contiguous(g), contiguous(index)

    def some(images):
        if tiled and size == (2, 2):
            _place_in_fours(g[images], index[images], out[images])
        elif tiled:
            _place(g[images], index[images], out[images], *size)
        else:
            _scatter(g[images], index[images], out[images], *size, *stride, top, left)

    share(some, slices(len(g), out.size))
    return out


@loop
def _place(g, index, out, kh, kw):
    """Windows that tile the images: every place is written once and nothing is added."""
    n, oh, ow, c = g.shape
    zero = g.dtype.type(
        0
    )  # of one type with g, as the tap with the index: else nothing is vectorised
    for i in range(n):
        for oy in range(oh):
            for ox in range(ow):
                for ky in range(kh):
                    for kx in range(kw):
                        tap = index.dtype.type(ky * kw + kx)
                        for j in range(np.uint64(c)):
                            value = g[i, oy, ox, j] if index[i, oy, ox, j] == tap else zero
                            out[i, oy * kh + ky, ox * kw + kx, j] = value


@loop
def _place_in_fours(g, index, out):
    """The usual 2x2 windows: with their size known, each value is read once."""
    n, oh, ow, c = g.shape
    zero = g.dtype.type(0)
    for i in range(n):
        for oy in range(oh):
            for ox in range(ow):
                for ky in range(2):
                    for kx in range(2):
                        tap = np.uint8(2 * ky + kx)
                        for j in range(np.uint64(c)):
                            value = g[i, oy, ox, j] if index[i, oy, ox, j] == tap else zero
                            out[i, 2 * oy + ky, 2 * ox + kx, j] = value


@loop
def _scatter(g, index, out, kh, kw, sh, sw, top, left):
    n, height, width, c = out.shape
    oh, ow = g.shape[1:3]
    for i in range(n):
        for oy in range(oh):
            for ox in range(ow):
                values, winner = g[i, oy, ox], index[i, oy, ox]
                y0, x0 = oy * sh - top, ox * sw - left
                for ky in range(max(0, -y0), min(kh, height - y0)):
                    for kx in range(max(0, -x0), min(kw, width - x0)):
                        target = out[i, y0 + ky, x0 + kx]
                        for j in range(c):
                            target[j] += values[j] if winner[j] == ky * kw + kx else 0


def max_pool2d_gather(x, index, *, size, stride, padding):
    out = zeros(index.shape, x.dtype)
    (top, _), (left, _) = padding
    _gather_winners(contiguous(x), contiguous(index), out, *size, *stride, top, left)
    return out


@loop
def _gather_winners(x, index, out, kh, kw, sh, sw, top, left):
    n, height, width, c = x.shape
    oh, ow = out.shape[1:3]
    for i in range(n):
        for oy in range(oh):
            for ox in range(ow):
                for j in range(c):
                    tap = int(index[i, oy, ox, j])
                    y, column = oy * sh - top + tap // kw, ox * sw - left + tap % kw
                    if 0 <= y < height and 0 <= column < width:
                        out[i, oy, ox, j] = x[i, y, column, j]


def sum_pool2d(x, *, size, stride, padding):
    output = output_size(x.shape, size, stride, padding)
    out = zeros((len(x), *output, x.shape[3]), x.dtype)
    (top, _), (left, _) = padding
    _sum_pool(contiguous(x), out, *size, *stride, top, left)
    return out


@loop
def _sum_pool(x, out, kh, kw, sh, sw, top, left):
    n, height, width, c = x.shape
    oh, ow = out.shape[1:3]
    for i in range(n):
        for oy in range(oh):
            for ox in range(ow):
                total = out[i, oy, ox]
                y0, x0 = oy * sh - top, ox * sw - left
                for y in range(max(0, y0), min(height, y0 + kh)):
                    for column in range(max(0, x0), min(width, x0 + kw)):
                        values = x[i, y, column]
                        for j in range(c):
                            total[j] += values[j]


def sum_pool2d_spread(g, *, shape, size, stride, padding):
    out = zeros(shape, g.dtype)
    (top, _), (left, _) = padding
    _spread(contiguous(g), out, *size, *stride, top, left)
    return out


@loop
def _spread(g, out, kh, kw, sh, sw, top, left):
    n, height, width, c = out.shape
    oh, ow = g.shape[1:3]
    for i in range(n):
        for oy in range(oh):
            for ox in range(ow):
                values = g[i, oy, ox]
                y0, x0 = oy * sh - top, ox * sw - left
                for y in range(max(0, y0), min(height, y0 + kh)):
                    for column in range(max(0, x0), min(width, x0 + kw)):
                        target = out[i, y, column]
                        for j in range(c):
                            target[j] += values[j]


def relu(x):
    out = empty(x.shape, x.dtype)
    x, flat = contiguous(x).reshape(-1), out.reshape(-1)
    share_vectors(_relu, x, flat)
    return out


@loop
def _relu(x, out):
    for i in range(x.size):
        out[i] = 0 if x[i] <= 0 else x[i]


def relu_backward(g, out):
    result = empty(g.shape, g.dtype)
    g, out, flat = contiguous(g).reshape(-1), contiguous(out).reshape(-1), result.reshape(-1)
    share_vectors(_relu_backward, g, out, flat)
    return result


@loop
def _relu_backward(g, out, result):
    for i in range(g.size):
        result[i] = g[i] if out[i] > 0 else 0


def scaled_difference(scale, y, t):
    if scale.ndim or y.size < SMALL or not scale.dtype == y.dtype == t.dtype:
        return elementwise.scaled_difference.numpy(scale, y, t)
    result = empty(y.shape, y.dtype)
    vectors = (array.reshape(-1) for array in (contiguous(y), contiguous(t), result))
    _scaled_difference(*vectors, y.dtype.type(scale))
    return result


@loop
def _scaled_difference(y, t, result, scale):
    for i in range(y.size):
        result[i] = scale * (y[i] - t[i])
