"""The kernels as plain loops over every index, for tiny sizes: the meaning, with nothing clever."""

import itertools

import numpy as np


def places(shape, size, stride, padding):
    """Rows and columns of windows, and a function from window and tap to the pixel or None."""
    (top, bottom), (left, right) = padding
    rows = (shape[1] + top + bottom - size[0]) // stride[0] + 1
    columns = (shape[2] + left + right - size[1]) // stride[1] + 1

    def pixel(oy, ox, ky, kx):
        y, x = oy * stride[0] + ky - top, ox * stride[1] + kx - left
        return (y, x) if 0 <= y < shape[1] and 0 <= x < shape[2] else None

    return rows, columns, pixel


def linear_windows(x, size, stride, padding):
    """Every window as (n, oh, ow, kh, kw, c), padding as zeros."""
    rows, columns, pixel = places(x.shape, size, stride, padding)
    out = np.zeros((len(x), rows, columns, *size, x.shape[3]), x.dtype)
    for oy, ox, ky, kx in itertools.product(*map(range, (rows, columns, *size))):
        if (place := pixel(oy, ox, ky, kx)) is not None:
            out[:, oy, ox, ky, kx] = x[:, place[0], place[1]]
    return out


def conv2d(x, w, stride, padding):
    return np.einsum("nyxabc,abco->nyxo", linear_windows(x, w.shape[:2], stride, padding), w)


def max_pool2d(x, size, stride, padding):
    rows, columns, pixel = places(x.shape, size, stride, padding)
    out = np.empty((len(x), rows, columns, x.shape[3]), x.dtype)
    index = np.empty(out.shape, int)
    for i, oy, ox, c in np.ndindex(out.shape):
        best = None
        for tap, (ky, kx) in enumerate(itertools.product(*map(range, size))):
            place = pixel(oy, ox, ky, kx)
            if place is None:
                continue
            value = x[i, place[0], place[1], c]
            if (
                best is None
                or (value > best[0] and best[0] == best[0])
                or (value != value and best[0] == best[0])
            ):
                best = value, tap
        out[i, oy, ox, c], index[i, oy, ox, c] = best
    return out, index
