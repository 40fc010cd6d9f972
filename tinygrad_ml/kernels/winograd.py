"""Convolution with 3x3 kernels by minimal filtering, F(4x4, 3x3): 36 products in place of 144.

A correlation of 6 pixels d with 3 weights w, 4 outputs, is a product of polynomials transposed, and
those are cheap to multiply by their values at 5 points and at infinity. In both directions, a 6x6
tile d of the images gives a 4x4 tile of outputs:

    y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ d B)] A      G, A: powers of the points; B: those of all 6, inverted

Over the channels ⊙ becomes 36 matrix products, one for each place in the 6x6 tile, with all tiles
as rows. A plane holds one such place of all tiles. Pixels outside count as zero, so tiles that
reach over an edge need no code of their own. Every step is linear; `correlate` takes the transposed
steps in reverse order, so it is the adjoint of `convolve`.

The points keep rounding errors at 2 to 5 times those of im2col (0, ±1, ±2: up to 9 times).
An infinite pixel, or one that is not a number, spoils its whole tile.

Sources: Winograd (1980), Arithmetic complexity of computations; Lavin & Gray (2016), Fast
algorithms for convolutional neural networks; Barabasz et al. (2020) on the choice of points.
"""

import numpy as np

from .compiler import contiguous, loop
from .geometry import output_size
from .memory import empty, scratch, zeros

_BLOCK_TILES = 256  # at a time: fewer make slow products, more leave the cache and sum longer
_POWERS = np.vander([0, 5 / 8, -5 / 8, 3 / 2, -3 / 2, 0], 6, increasing=True)
_POWERS[5] = 0, 0, 0, 0, 0, 1  # infinity: the leading coefficient
_A, _G = (np.vstack([_POWERS[:5, :size], np.eye(size)[-1]]) for size in (4, 3))
_GG = np.kron(_G, _G).astype(np.float32)  # G w Gᵀ, written as one matrix times w in a column
_IMAGE = np.linalg.inv(_POWERS).T.astype(np.float32)
_RESULT = _A.T.astype(np.float32, order="C")
_GRADIENT = np.pad(_A, ((0, 0), (0, 2))).astype(np.float32)  # takes 6 pixels like _IMAGE


def pays(images, output, kernel, stride, padding, *arrays):
    """Whether `convolve` and `correlate` can take these arrays, and are faster.

    Few channels do not fill the vectors, few tiles make slow products, and tiles more than half
    outside waste them. Only float32: who takes float64 wants the digits.
    """
    tiles = images * (-(-output[0] // 4)) * (-(-output[1] // 4))
    return (
        (*kernel[:2], *stride) == (3, 3, 1, 1)
        and min(kernel[2:]) >= 16
        and min(output) >= 4
        and tiles >= _BLOCK_TILES
        and 2 * images * output[0] * output[1] >= 16 * tiles
        and min(map(min, padding)) >= 0
        and all(array.dtype == np.float32 for array in arrays if array is not None)
    )


def convolve(x, w, bias, padding):
    """`conv2d` with stride 1."""
    c_in, c_out = w.shape[2:]
    height, width = output_size(x.shape, (3, 3), (1, 1), padding)
    out = empty((len(x), height, width, c_out), np.float32)
    row_of_bias = np.tile(np.zeros(c_out, np.float32) if bias is None else bias, width)
    kernels = (_GG @ w.reshape(9, -1)).reshape(36, c_in, c_out)
    for block, images, products in _blocks(out.shape, c_in, c_out):
        _into_planes(contiguous(x[block]), images, c_in, _IMAGE, padding[0][0], padding[1][0])
        np.matmul(_by_tiles(images, c_in), kernels, out=_by_tiles(products, c_out))
        _out_of_planes(contiguous(products), out[block], row_of_bias, _RESULT)
    return out


def correlate(x, g, padding):
    """`conv2d_weight` with stride 1."""
    c_in, c_out = x.shape[3], g.shape[3]
    total = zeros((36, c_out, c_in), np.float32)  # transposed: BLAS multiplies it faster
    part = empty(total.shape, np.float32)
    for block, images, gradients in _blocks(g.shape, c_in, c_out):
        _into_planes(contiguous(x[block]), images, c_in, _IMAGE, padding[0][0], padding[1][0])
        _into_planes(contiguous(g[block]), gradients, c_out, _GRADIENT, 0, 0)
        left = _by_tiles(gradients, c_out).swapaxes(1, 2)
        np.matmul(left, _by_tiles(images, c_in), out=part)
        total += part
    kernel = (_GG.T @ total.reshape(36, -1)).reshape(3, 3, c_out, c_in)
    return np.ascontiguousarray(kernel.swapaxes(2, 3))


def _blocks(shape, *channels):
    """Slices of the batch with the planes of both sides, (36, images, rows, a row of tiles)."""
    n, rows, columns = shape[0], -(-shape[1] // 4), -(-shape[2] // 4)
    sizes = [36 * rows * columns * c for c in channels]
    parts = -(-max(1, n * rows * columns) // _BLOCK_TILES)
    images = max(1, -(-n // parts))
    buffer = scratch(min(n, images) * sum(sizes), np.float32)
    for start in range(0, n, images):
        count = min(images, n - start)
        sides = np.split(buffer[: count * sum(sizes)], [count * sizes[0]])
        yield slice(start, start + images), *(s.reshape(36, count, rows, -1) for s in sides)


def _by_tiles(planes, c):
    return planes.reshape(36, -1, c)


@loop
def _combine(target, row, a, b, c, d, e, f):
    """One row of a matrix times six vectors, in a loop so plain that it is vectorised."""
    p, q, r, s, t, u = row[0], row[1], row[2], row[3], row[4], row[5]
    for j in range(target.size):
        target[j] = ((p * a[j] + q * b[j]) + (r * c[j] + s * d[j])) + (t * e[j] + u * f[j])


@loop
def _add(target, source):
    for j in range(target.size):
        target[j] += source[j]


@loop
def _into_planes(x, planes, c, matrix, top, left):
    """`matrix` times each tile, from both sides: along the rows, then down the columns."""
    n, height, width = x.shape[:3]
    rows, run = planes.shape[2:]
    every = np.zeros((4, run + c), x.dtype)  # fourth pixel, so that all tiles are one long run
    half = np.zeros((6, 4 * rows + 2, run), x.dtype)
    for i in range(n):
        for y in range(height):
            for column in range(left, left + width):
                first = column // 4 * c
                target, source = every[column % 4, first : first + c], x[i, y, column - left]
                for j in range(c):
                    target[j] = source[j]
            p, q, r, s = every[0], every[1], every[2], every[3]
            for m in range(6):
                _combine(half[m, top + y], matrix[m], p, q, r, s, p[c:], q[c:])
        for m in range(6):
            for tile in range(rows):
                lines = half[m, 4 * tile : 4 * tile + 6]
                p, q, r, s, t, u = lines[0], lines[1], lines[2], lines[3], lines[4], lines[5]
                for k in range(6):
                    _combine(planes[6 * k + m, i, tile], matrix[k], p, q, r, s, t, u)


@loop
def _out_of_planes(planes, out, row_of_bias, matrix):
    """`matrix` times each tile, from both sides, cropped to the output; and the bias."""
    n, height, width, channels = out.shape
    run = planes.shape[3]
    lines = out.reshape(n, height, width * channels)
    half = np.empty((4, 6, run), out.dtype)
    for i in range(n):
        for y in range(height):
            if y % 4 == 0:  # four lines at once, while the planes are in the cache
                at = y // 4
                for m in range(6):
                    a, b, c = planes[m, i, at], planes[6 + m, i, at], planes[12 + m, i, at]
                    d, e, f = planes[18 + m, i, at], planes[24 + m, i, at], planes[30 + m, i, at]
                    for k in range(4):
                        _combine(half[k, m], matrix[k], a, b, c, d, e, f)
            h = half[y % 4]
            for column in range(width):
                at = column // 4 * channels
                a, b, c, d, e, f = h[0, at:], h[1, at:], h[2, at:], h[3, at:], h[4, at:], h[5, at:]
                _combine(out[i, y, column], matrix[column % 4], a, b, c, d, e, f)
            _add(lines[i, y], row_of_bias)  # the whole line: a pixel just written is slow to read
