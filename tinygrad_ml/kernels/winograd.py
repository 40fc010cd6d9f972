"""Convolution with 3x3 kernels by minimal filtering, F(2x2, 3x3): 16 products in place of 36.

Four neighbouring outputs, a 2x2 tile, depend on a 4x4 tile d of the images, and

    y = Aᵀ [(G w Gᵀ) ⊙ (Bᵀ d B)] A

           1  0  -1   0           1    0    0
    Bᵀ  =  0  1   1   0     G  =  1/2  1/2  1/2     Aᵀ  =  1  1   1   0
           0 -1   1   0           1/2 -1/2  1/2            0  1  -1  -1
           0  1   0  -1           0    0    1

Summed over the channels, ⊙ becomes 16 matrix products, one for each place in the 4x4 tile, of all
tiles at once. A plane is such a place of all tiles, (tiles, channels). What lies outside an image
counts as zero, so the last tile of an odd size needs no code of its own. Every step is linear, and
`correlate` takes the transposed steps in reverse order, so it is the exact adjoint of `convolve`.

Rounding errors are about twice those of the direct sum, and an infinite pixel spoils its whole
tile; that is why only float32 comes here.

Sources: Winograd (1980), Arithmetic complexity of computations; Lavin & Gray (2016), Fast
algorithms for convolutional neural networks.
"""

import numpy as np

from .compiled import _input, _loop
from .geometry import output_size
from .memory import empty, scratch

_BLOCK_BYTES = 1 << 23  # of planes at a time
_G = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]], np.float32)
_GG = np.kron(_G, _G)  # both sides at once: G w Gᵀ, flattened, is this times w, flattened

# Rows of Bᵀ and of A, which have two entries at most: (place, place), (entry, entry).
_IMAGE = np.array([[0, 2], [1, 2], [2, 1], [1, 3]]), np.float32([[1, -1], [1, 1], [1, -1], [1, -1]])
_GRADIENT = np.array([[0, 1]] * 4), np.float32([[1, 0], [1, 1], [1, -1], [0, -1]])


def convolve(x, w, bias, padding):
    """`conv2d` with stride 1, in float32."""
    c_in, c_out = w.shape[2:]
    height, width = output_size(x.shape, (3, 3), (1, 1), padding)
    out = empty((len(x), height, width, c_out), np.float32)
    bias = np.zeros(c_out, np.float32) if bias is None else bias
    kernels = (_GG @ w.reshape(9, -1)).reshape(16, c_in, c_out)
    for block, images, products in _blocks(out.shape, c_in, c_out):
        _into_planes(_input(x[block]), images, *_IMAGE, padding[0][0], padding[1][0])
        np.matmul(images.reshape(16, -1, c_in), kernels, out=products.reshape(16, -1, c_out))
        _out_of_planes(_input(products), out[block], _input(bias))
    return out


def correlate(x, g, padding):
    """`conv2d_weight` with stride 1, in float32."""
    c_in, c_out = x.shape[3], g.shape[3]
    total = np.zeros((16, c_out, c_in), np.float32)
    part = np.empty_like(total)
    for block, images, gradients in _blocks(g.shape, c_in, c_out):
        _into_planes(_input(x[block]), images, *_IMAGE, padding[0][0], padding[1][0])
        _into_planes(_input(g[block]), gradients, *_GRADIENT, 0, 0)
        right = images.reshape(16, -1, c_in)
        np.matmul(gradients.reshape(16, -1, c_out).swapaxes(1, 2), right, out=part)
        total += part
    turned = (_GG.T @ total.reshape(16, -1)).reshape(3, 3, c_out, c_in)
    return np.ascontiguousarray(turned.swapaxes(2, 3))


def _blocks(shape, c_in, c_out):
    """Slices of the batch with planes (16, rows of tiles, pixels) for each side, to be reused."""
    n, rows, columns = shape[0], -(-shape[1] // 2), -(-shape[2] // 2)
    one = 16 * rows * columns * (c_in + c_out)
    parts = max(1, -(-n * one * 4 // _BLOCK_BYTES))
    images = max(1, -(-n // parts))
    buffer = scratch(min(n, images) * one, np.float32)
    for start in range(0, n, images):
        lines = min(images, n - start) * rows
        middle = 16 * lines * columns * c_in
        left = buffer[:middle].reshape(16, lines, columns * c_in)
        right = buffer[middle : middle + 16 * lines * columns * c_out]
        yield slice(start, start + images), left, right.reshape(16, lines, columns * c_out)


@_loop
def _into_planes(x, planes, places, entries, top, left):
    """Each tile times the given matrix from both sides: first down the columns, then along."""
    n, height, width, c = x.shape
    rows, run = planes.shape[1] // max(n, 1), planes.shape[2]
    line = np.empty((2, run + c), x.dtype)  # pixels of even and of odd columns: longer runs
    for i in range(n):
        for tile in range(rows):
            for k in range(4):
                above, below = 2 * tile + places[k, 0] - top, 2 * tile + places[k, 1] - top
                up = entries[k, 0] if 0 <= above < height else x.dtype.type(0)
                down = entries[k, 1] if 0 <= below < height else x.dtype.type(0)
                above, below = min(max(above, 0), height - 1), min(max(below, 0), height - 1)
                for column in range(2 * (run // c + 1)):
                    first = column // 2 * c
                    target = line[column % 2, first : first + c]
                    if left <= column < left + width:
                        a, b = x[i, above, column - left], x[i, below, column - left]
                        for j in range(c):
                            target[j] = up * a[j] + down * b[j]
                    else:
                        target[:] = 0
                for m in range(4):
                    p, q = places[m]
                    a, b = line[p % 2, p // 2 * c :], line[q % 2, q // 2 * c :]
                    up, down = entries[m]
                    target = planes[4 * k + m, i * rows + tile]
                    for j in range(run):
                        target[j] = up * a[j] + down * b[j]


@_loop
def _out_of_planes(planes, out, bias):
    """Aᵀ m A of every tile m, and the bias."""
    n, height, width, c = out.shape
    rows, run = (height + 1) // 2, planes.shape[2]
    line = np.empty((4, run), out.dtype)
    for i in range(n):
        for y in range(height):
            place, sign = y % 2, out.dtype.type(1 - y % 2 * 2)
            for m in range(4):
                target = line[m]
                tile = i * rows + y // 2
                p, q, r = planes[4 * place + m, tile], planes[4 * place + 4 + m, tile], planes[4 * place + 8 + m, tile]
                for j in range(run):
                    target[j] = p[j] + sign * (q[j] + r[j])
            for column in range(width):
                place, sign2 = column % 2, out.dtype.type(1 - column % 2 * 2)
                target = out[i, y, column]
                first = column // 2 * c
                p, q, r = line[place, first:], line[place + 1, first:], line[place + 2, first:]
                for j in range(c):
                    target[j] = (p[j] + sign2 * (q[j] + r[j])) + bias[j]
