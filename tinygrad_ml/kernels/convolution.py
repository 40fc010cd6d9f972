"""Convolution as im2col and one matrix product, a block of images at a time.

Every window of the images becomes a row of a matrix, `columns`, so that

    conv2d         out     = columns(x) w
    conv2d_weight  grad w  = columns(x)ᵀ g
    conv2d_input   grad x  = fold(g wᵀ)          (fold adds each row back to where it was read)

The three are bilinear, and each is the adjoint of the others, so gradients close to any order. The
columns are kh kw times the images; a block of images small enough for the cache is gathered,
multiplied and forgotten, so they never exist for the whole batch.

Source: Chellapilla, Puri & Simard (2006), High performance convolutional neural networks.
"""

import functools
import math

import numpy as np

from .dispatch import Kernel
from .geometry import cropped, extent, output_size, padded, padded_shape, taps, window_view
from .memory import empty, scratch, zeros
from .threads import add_up, share

_BLOCK_BYTES = 1 << 21  # of float32 columns at a time
_ITEM = 4
_SMALL = 1 << 25  # multiplications that are not worth waking a second thread


@Kernel
def conv2d(x, w, bias=None, *, stride, padding, dilation=(1, 1)):
    """Cross-correlation: out[i, y, x] = sum over a, b of x[i, y sh + a dh, x sw + b dw] @ w[a, b].

    Shapes: (n, h, w, c_in), (kh, kw, c_in, c_out), bias None or (c_out,) -> (n, oh, ow, c_out).
    """
    output = output_size(x.shape, extent(w.shape[:2], dilation), stride, padding)
    return convolve(gaps(gather, dilation), x, w, bias, stride, padding, output)


@Kernel
def conv2d_input(g, w, *, shape, stride, padding, dilation=(1, 1)):
    """The gradient of `conv2d` with respect to x: <conv2d(x, w), g> = <x, conv2d_input(g, w)>.

    Shapes: (n, oh, ow, c_out), (kh, kw, c_in, c_out) -> `shape` (n, h, w, c_in).
    """
    border = turned_border(extent(w.shape[:2], dilation), padding)
    if stride == (1, 1) and min(map(min, border)) >= 0:
        # Itself a convolution, with the kernel turned by half a circle: NumPy reads windows faster
        # than it adds them.
        turned = w[::-1, ::-1].swapaxes(2, 3)
        return convolve(gaps(gather, dilation), g, turned, None, stride, border, shape[1:3])
    return convolve_back(gaps(add_back, dilation), g, w, shape, stride, padding)


@Kernel
def conv2d_weight(x, g, *, shape, stride, padding, dilation=(1, 1)):
    """The gradient of `conv2d` with respect to w: <conv2d(x, w), g> = <w, conv2d_weight(x, g)>.

    Shapes: (n, h, w, c_in), (n, oh, ow, c_out) -> `shape` (kh, kw, c_in, c_out).
    """
    return correlate(gaps(gather, dilation), x, g, shape, stride, padding)


@Kernel
def windows(x, *, size, stride):
    """A copy of every window: out[i, y, x, a, b, c] = x[i, y sh + a, x sw + b, c].

    Shapes: (n, h, w, c) -> (n, oh, ow, kh, kw, c).
    """
    output = output_size(x.shape, size, stride, ((0, 0), (0, 0)))
    return window_view(x, size, stride, output).copy()


@Kernel
def fold(g, *, shape, stride):
    """Every window added back to where `windows` read it: the adjoint of `windows`.

    Shapes: (n, oh, ow, kh, kw, c) -> `shape` (n, h, w, c).
    """
    out = zeros(shape, g.dtype)
    add_back(g, out, stride, ((0, 0), (0, 0)))
    return out


def gather(x, columns, stride, padding, dilation=(1, 1)):
    """Copy all windows of the images into `columns`, (n, oh, ow, kh, kw, c) in any order."""
    images = padded(x, padding)
    size, output = columns.shape[3:5], columns.shape[1:3]
    if columns.flags.c_contiguous:
        columns[...] = window_view(images, size, stride, output, dilation)
        return
    planes = np.ascontiguousarray(images.transpose(0, 3, 1, 2))  # long runs of pixels, not channels
    for tap, place in enumerate(taps(planes.transpose(0, 2, 3, 1), size, stride, output, dilation)):
        target = columns[:, :, :, tap // size[1], tap % size[1]]
        target.transpose(0, 3, 1, 2)[...] = place.transpose(0, 3, 1, 2)


def add_back(columns, out, stride, padding, dilation=(1, 1)):
    """Add all windows to the images `out` they were read from: the adjoint of `gather`."""
    whole = padding == ((0, 0), (0, 0))
    images = out if whole else zeros(padded_shape(out.shape, padding), out.dtype)
    output, size = columns.shape[1:3], columns.shape[3:5]
    for tap, place in enumerate(taps(images, size, stride, output, dilation)):
        place += columns[:, :, :, tap // size[1], tap % size[1]]
    if not whole:
        out += cropped(images, out.shape, padding)


def gaps(move, dilation):
    """`gather` or `add_back`, of windows with gaps."""
    return functools.partial(move, dilation=dilation)


def convolve(gather, x, w, bias, stride, padding, output):
    """`conv2d` with the given way to gather columns, to results of `output` rows and columns."""
    x, w = _of_one_type(x, w, w if bias is None else bias)[:2]
    size, c_out = w.shape[:2], w.shape[3]
    out = empty((len(x), *output, c_out), x.dtype)
    kernel = w.reshape(-1, c_out)
    if bias is not None:  # added to whole rows of pixels: NumPy is slow at short runs
        row_of_bias = np.tile(bias, output[1])

    def one(block):
        columns = _columns(gather, x[block], size, stride, padding, output)
        np.matmul(columns, kernel, out=out[block].reshape(*columns.shape[:-1], c_out))
        if bias is not None:
            rows = out[block].reshape(-1, output[1] * c_out)
            rows += row_of_bias

    share(one, _blocks(out.shape, len(kernel)))
    return out


def correlate(gather, x, g, shape, stride, padding):
    """`conv2d_weight` with the given way to gather columns."""
    x, g = _of_one_type(x, g)
    width = math.prod(shape[:3])

    def sum_of(blocks):
        total = np.zeros((width, shape[3]), x.dtype)
        for block in blocks:
            columns = _columns(gather, x[block], shape[:2], stride, padding, g.shape[1:3])
            part = np.matmul(columns.mT, g[block].reshape(*columns.shape[:-1], shape[3]))
            total += part if part.ndim == 2 else part.sum(axis=0)
        return total

    return add_up(sum_of, _blocks(g.shape, width)).reshape(shape)


def convolve_back(add_back, g, w, shape, stride, padding):
    """`conv2d_input` with the given way to add columns back."""
    g, w = _of_one_type(g, w)
    out = zeros(shape, g.dtype)
    kernel = w.reshape(-1, w.shape[3]).T
    width = kernel.shape[1]

    def one(block):
        part = g[block]
        rows = part.reshape(-1, part.shape[3])
        columns = scratch(len(rows) * width, g.dtype).reshape(-1, width)
        np.matmul(rows, kernel, out=columns)
        windows = columns.reshape(*part.shape[:3], *w.shape[:3])
        add_back(windows, out[block], stride, padding)

    share(one, _blocks(g.shape, width))
    return out


def turned_border(size, padding):
    """What surrounds g when it is correlated with the turned kernel; negative where it is cut."""
    (kh, kw), ((top, bottom), (left, right)) = size, padding
    return (kh - 1 - top, kh - 1 - bottom), (kw - 1 - left, kw - 1 - right)


def _blocks(shape, width):
    """Slices of a batch of results (n, oh, ow, c), for columns (n oh ow, width) of bounded size.

    As few as the memory allows, and an even number where they are worth a thread each.
    """
    n, rows = shape[0], math.prod(shape[:3])
    parts = max(1, -(-rows * width * _ITEM // _BLOCK_BYTES))
    if parts > 1 or rows * width * shape[3] >= _SMALL:
        parts += parts % 2
    parts = min(n, parts)
    return [slice(n * i // parts, n * (i + 1) // parts) for i in range(parts)]


def _columns(gather, x, size, stride, padding, output):
    """The columns of some images (rows of windows, kh kw c_in) in this thread's buffer.

    With few channels a row of the kernel is too short a run to copy, so the matrix is stored
    transposed: then each tap is a long run.
    """
    n, c_in = len(x), x.shape[3]
    if size == stride == (1, 1) and padding == ((0, 0), (0, 0)):
        return x.reshape(-1, c_in)
    rows, width = n * math.prod(output), math.prod(size) * c_in
    columns = scratch(rows * width, x.dtype)
    if size[1] * c_in < 16:
        matrix = columns.reshape(n, width, -1).mT
        view = columns.reshape(n, *size, c_in, *output).transpose(0, 4, 5, 1, 2, 3)
    else:
        matrix = columns.reshape(rows, width)
        view = columns.reshape(n, *output, *size, c_in)
    gather(x, view, stride, padding)
    return matrix


def _of_one_type(*arrays):
    dtype = np.result_type(*arrays)
    return [array.astype(dtype, copy=False) for array in arrays]
