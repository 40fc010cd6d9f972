"""Convolution of images with one channel by a few kernels, directly.

With one channel the columns of im2col are many times the image and their product is too narrow to
be fast. Here an image, rows one after the other, is a single run of pixels x, so that

    plane[o][p] = bias[o] + sum over taps t of w[t, o] x[p + offset[t]]

is a sum of shifted runs, and the gradient of w[t, o] the product of two runs. Where a window would
reach from one row into the next, the sum means nothing and is left out. Four taps go into a pass:
fewer passes over the plane, and as many sums as the processor can keep going.
"""

import numpy as np

from .compiler import contiguous, fused_loop, reordering_loop
from .geometry import padded_shape
from .memory import empty
from .threads import add_up, share, slices


def pays(images, output, kernel, stride, padding, *arrays):
    """Whether `convolve` and `correlate` can take these arrays, and are faster."""
    kh, kw, c_in, c_out = kernel
    return (
        c_in == 1
        and c_out <= 8
        and kh * kw >= 4
        and stride == (1, 1)
        and min(output, default=0) >= kw
        and min(map(min, padding)) >= 0
        and len({array.dtype for array in arrays if array is not None}) == 1
    )


def convolve(x, w, bias, padding):
    """`conv2d` with stride 1."""
    kh, kw, _, c_out = w.shape
    _, height, width, _ = padded_shape(x.shape, padding)
    out = empty((len(x), height - kh + 1, width - kw + 1, c_out), x.dtype)
    kernels = contiguous(w.reshape(kh * kw, c_out).T)
    bias = contiguous(np.zeros(c_out, x.dtype) if bias is None else bias)
    places = contiguous(_offsets(kh, kw, width))
    x = contiguous(x)

    def some(images):
        _convolve(
            x[images], kernels, bias, places, width, padding[0][0], padding[1][0], out[images]
        )

    share(some, slices(len(x), out.size * kh * kw, 1 << 24))
    return out


def correlate(x, g, shape, padding):
    """`conv2d_weight` with stride 1."""
    kh, kw, _, c_out = shape
    width = padded_shape(x.shape, padding)[2]
    places = contiguous(_offsets(kh, kw, width))
    x, g = contiguous(x), contiguous(g)

    def sum_of(parts):
        total = np.zeros((c_out, kh * kw), x.dtype)
        for images in parts:
            _correlate(x[images], g[images], places, width, padding[0][0], padding[1][0], total)
        return total

    total = add_up(sum_of, slices(len(x), g.size * kh * kw, 1 << 24))
    return np.ascontiguousarray(total.T).reshape(shape)


def _offsets(kh, kw, width):
    """Where each tap lies in the run of pixels, counted from the window's first."""
    return (width * np.arange(kh)[:, None] + np.arange(kw)).reshape(-1).astype(np.uint64)


@fused_loop
def _into_run(image, run, width, top, left):
    for y in range(image.shape[0]):
        first = np.uint64((y + top) * width + left)
        for column in range(np.uint64(image.shape[1])):
            run[first + column] = image[y, column, 0]


@fused_loop
def _convolve(x, kernels, bias, places, width, top, left, out):
    n, height, columns, c_out = out.shape
    taps = kernels.shape[1]
    length = np.uint64((height - 1) * width + columns)
    run = np.zeros(length + places[-1], x.dtype)
    plane = np.empty(length, x.dtype)
    for i in range(n):
        _into_run(x[i], run, width, top, left)
        for o in range(c_out):
            w = kernels[o]
            plane[:] = bias[o]
            for t in range(0, taps - 3, 4):
                p, q, r, s = w[t], w[t + 1], w[t + 2], w[t + 3]
                a, b, c, d = places[t], places[t + 1], places[t + 2], places[t + 3]
                for j in range(length):
                    plane[j] += (p * run[a + j] + q * run[b + j]) + (
                        r * run[c + j] + s * run[d + j]
                    )
            for t in range(taps // 4 * 4, taps):
                p, a = w[t], places[t]
                for j in range(length):
                    plane[j] += p * run[a + j]
            for y in range(height):
                first = np.uint64(y * width)
                for column in range(np.uint64(columns)):
                    out[i, y, column, o] = plane[first + column]


@reordering_loop
def _correlate(x, g, places, width, top, left, total):
    n, height, columns, c_out = g.shape
    taps = places.size
    length = np.uint64((height - 1) * width + columns)
    run = np.zeros(length + places[-1], x.dtype)
    plane = np.zeros(length, x.dtype)  # zero between the rows
    zero = x.dtype.type(0)
    for i in range(n):
        _into_run(x[i], run, width, top, left)
        for o in range(c_out):
            for y in range(height):
                first = np.uint64(y * width)
                for column in range(np.uint64(columns)):
                    plane[first + column] = g[i, y, column, o]
            for t in range(0, taps - 3, 4):
                p, q, r, s = zero, zero, zero, zero
                a, b, c, d = places[t], places[t + 1], places[t + 2], places[t + 3]
                for j in range(length):
                    p += plane[j] * run[a + j]
                    q += plane[j] * run[b + j]
                    r += plane[j] * run[c + j]
                    s += plane[j] * run[d + j]
                total[o, t] += p
                total[o, t + 1] += q
                total[o, t + 2] += r
                total[o, t + 3] += s
            for t in range(taps // 4 * 4, taps):
                p, a = zero, places[t]
                for j in range(length):
                    p += plane[j] * run[a + j]
                total[o, t] += p
