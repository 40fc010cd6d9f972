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

from .compiler import contiguous, fused_loop
from .geometry import output_size
from .memory import empty, scratch, zeros
from .threads import add_up, alone, share, slices

_BLOCK_TILES = 128  # at a time: fewer make slow products, more leave the cache and sum longer
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
    tiles = images * _tiles(output[0]) * _tiles(output[1])
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
    bias = contiguous(np.zeros(c_out, np.float32) if bias is None else bias)
    kernels = np.empty((36, c_in * c_out), np.float32)
    share(
        lambda part: np.matmul(_GG, w.reshape(9, -1)[:, part], out=kernels[:, part]),
        slices(c_in * c_out, 36 * c_in * c_out),
    )
    kernels = kernels.reshape(36, c_in, c_out)

    def one(block):
        images, products = _planes(block, out.shape, c_in, c_out)
        _into_planes(contiguous(x[block]), images, c_in, _IMAGE, padding[0][0], padding[1][0])
        np.matmul(_by_tiles(images, c_in), kernels, out=_by_tiles(products, c_out))
        _out_of_planes(contiguous(products), out[block], bias, _RESULT)

    share(one, _blocks(out.shape))
    return out


def correlate(x, g, padding):
    """`conv2d_weight` with stride 1."""
    c_in, c_out = x.shape[3], g.shape[3]
    shape = 36, c_out, c_in  # transposed: BLAS multiplies it faster

    def sum_of(blocks):
        total = None
        for block in blocks:
            images, gradients = _planes(block, g.shape, c_in, c_out)
            _into_planes(contiguous(x[block]), images, c_in, _IMAGE, padding[0][0], padding[1][0])
            _into_planes(contiguous(g[block]), gradients, c_out, _GRADIENT, 0, 0)
            left = _by_tiles(gradients, c_out).swapaxes(1, 2)
            part = np.matmul(left, _by_tiles(images, c_in), out=empty(shape, np.float32))
            total = part if total is None else np.add(total, part, out=total)
        return zeros(shape, np.float32) if total is None else total

    total = add_up(sum_of, _blocks(g.shape))
    kernel = alone(np.dot, _GG.T, total.reshape(36, -1)).reshape(3, 3, c_out, c_in)
    return np.ascontiguousarray(kernel.swapaxes(2, 3))


def _blocks(shape):
    """Slices of the batch, at least two."""
    tiles = shape[0] * _tiles(shape[1]) * _tiles(shape[2])
    parts = min(shape[0], max(2, -(-tiles // _BLOCK_TILES)))
    return [slice(shape[0] * i // parts, shape[0] * (i + 1) // parts) for i in range(parts)]


def _planes(block, shape, *channels):
    """Room for the planes of both sides of a block, (36, images, rows, a row of tiles)."""
    images, rows, columns = block.stop - block.start, _tiles(shape[1]), _tiles(shape[2])
    sizes = [36 * images * rows * columns * c for c in channels]
    sides = np.split(scratch(sum(sizes), np.float32), [sizes[0]])
    return [side.reshape(36, images, rows, -1) for side in sides]


def _tiles(length):
    return -(-length // 4)


def _by_tiles(planes, c):
    return planes.reshape(36, -1, c)


# The loops below read by index: a view for each pixel would cost more than its channels. The inner
# ones, six products in pairs, are so plain that they are vectorised; their indices are unsigned,
# since a sum of signed ones might be negative and count from the end.


@fused_loop
def six(row):
    """The weights of a row, as numbers that stay in registers."""
    return row[0], row[1], row[2], row[3], row[4], row[5]


@fused_loop
def _into_planes(x, planes, c, matrix, top, left):
    """`matrix` times each tile, from both sides: along the rows, then down the columns."""
    n, height, width = x.shape[:3]
    rows, run = planes.shape[2:]
    every = np.zeros((4, run + c), x.dtype)  # fourth pixel, so that all tiles are one long run
    half = np.zeros((6, 4 * rows + 2, run), x.dtype)
    run, shift = np.uint64(run), np.uint64(c)
    for i in range(n):
        for y in range(height):
            for column in range(width):
                phase, first = (left + column) % 4, np.uint64((left + column) // 4 * c)
                for j in range(shift):
                    every[phase, first + j] = x[i, y, column, j]
            for m in range(6):
                p, q, r, s, t, u = six(matrix[m])
                for j in range(run):
                    half[m, top + y, j] = (
                        (p * every[0, j] + q * every[1, j]) + (r * every[2, j] + s * every[3, j])
                    ) + (t * every[0, j + shift] + u * every[1, j + shift])
        for m in range(6):
            for tile in range(rows):
                y = 4 * tile
                for k in range(6):
                    p, q, r, s, t, u = six(matrix[k])
                    for j in range(run):
                        planes[6 * k + m, i, tile, j] = (
                            (p * half[m, y, j] + q * half[m, y + 1, j])
                            + (r * half[m, y + 2, j] + s * half[m, y + 3, j])
                        ) + (t * half[m, y + 4, j] + u * half[m, y + 5, j])


@fused_loop
def _out_of_planes(planes, out, bias, matrix):
    """`matrix` times each tile, from both sides, cropped to the output; and the bias."""
    n, height, width, channels = out.shape
    run = planes.shape[3]
    half = np.empty((4, 6, run), out.dtype)
    run = np.uint64(run)
    for i in range(n):
        for y in range(height):
            if y % 4 == 0:  # four lines at once, while the planes are in the cache
                tile = y // 4
                for m in range(6):
                    for k in range(4):
                        p, q, r, s, t, u = six(matrix[k])
                        for j in range(run):
                            half[k, m, j] = (
                                (p * planes[m, i, tile, j] + q * planes[6 + m, i, tile, j])
                                + (r * planes[12 + m, i, tile, j] + s * planes[18 + m, i, tile, j])
                            ) + (t * planes[24 + m, i, tile, j] + u * planes[30 + m, i, tile, j])
            k = y % 4
            for column in range(width):
                first = np.uint64(column // 4 * channels)
                p, q, r, s, t, u = six(matrix[column % 4])
                for j in range(np.uint64(channels)):
                    at = first + j
                    out[i, y, column, j] = bias[j] + (
                        ((p * half[k, 0, at] + q * half[k, 1, at])
                         + (r * half[k, 2, at] + s * half[k, 3, at]))
                        + (t * half[k, 4, at] + u * half[k, 5, at])
                    )  # fmt: skip
