"""Where windows lie on an image: the arithmetic that convolution and pooling share."""

import numpy as np
from numpy.lib.stride_tricks import as_strided

_BLOCK_BYTES = 1 << 20


def extent(size, dilation):
    """Rows and columns from the first to the last place of a window."""
    return (size[0] - 1) * dilation[0] + 1, (size[1] - 1) * dilation[1] + 1


def output_size(shape, size, stride, padding):
    """Rows and columns of windows that fit completely on a padded image batch of this shape."""
    (top, bottom), (left, right) = padding
    return (
        (shape[1] + top + bottom - size[0]) // stride[0] + 1,
        (shape[2] + left + right - size[1]) // stride[1] + 1,
    )


def padded(x, padding, value=0):
    """`x` with a border of `value` around each image; `x` itself where there is none."""
    (top, bottom), (left, right) = padding
    if top == bottom == left == right == 0:
        return x
    n, height, width, channels = x.shape
    out = np.full((n, height + top + bottom, width + left + right, channels), value, x.dtype)
    out[:, top : top + height, left : left + width] = x
    return out


def padded_shape(shape, padding):
    """The shape of `padded`."""
    (top, bottom), (left, right) = padding
    n, height, width, channels = shape
    return n, height + top + bottom, width + left + right, channels


def cropped(x, shape, padding):
    """The images of this shape without the border that `padding` put around them, contiguous."""
    (top, _), (left, _) = padding
    return np.ascontiguousarray(x[:, top : top + shape[1], left : left + shape[2]])


def taps(x, size, stride, output, dilation=(1, 1)):
    """For each place in the window, row by row, the view of `x` that all windows see there."""
    (sh, sw), (oh, ow) = stride, output
    for ky in range(0, size[0] * dilation[0], dilation[0]):
        for kx in range(0, size[1] * dilation[1], dilation[1]):
            yield x[:, ky : ky + (oh - 1) * sh + 1 : sh, kx : kx + (ow - 1) * sw + 1 : sw]


def tiles(shape, windows, size, stride):
    """Whether windows (n, oh, ow, c) cover images of this shape completely, each place once."""
    whole = (windows[1] * size[0], windows[2] * size[1])
    return tuple(stride) == tuple(size) and whole == tuple(shape[1:3])


def image_blocks(x):
    """Slices of the batch that fit the cache, for code that passes over a block several times."""
    images = max(1, _BLOCK_BYTES * len(x) // max(1, x.nbytes))
    for start in range(0, len(x), images):
        yield slice(start, start + images)


def window_view(x, size, stride, output, dilation=(1, 1)):
    """All windows as a read-only view (n, oh, ow, kh, kw, c), without a copy."""
    sn, sy, sx, sc = x.strides
    shape = (x.shape[0], *output, *size, x.shape[3])
    strides = (sn, sy * stride[0], sx * stride[1], sy * dilation[0], sx * dilation[1], sc)
    return as_strided(x, shape, strides, writeable=False)
