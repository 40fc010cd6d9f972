"""Depthwise convolution: each channel has a kernel of its own, so there is no matrix product.

Like those of `convolution`, the three functions are bilinear and each is the adjoint of the others.
"""

import numpy as np

from .dispatch import Kernel
from .geometry import cropped, extent, image_blocks, output_size, padded, padded_shape, taps
from .memory import zeros


@Kernel
def depthwise2d(x, w, *, stride, padding, dilation=(1, 1)):
    """out[i, y, x, c] = sum over a, b of x[i, y sh + a dh, x sw + b dw, c] w[a, b, c].

    Shapes: (n, h, w, c), (kh, kw, c) -> (n, oh, ow, c).
    """
    size = w.shape[:2]
    output = output_size(x.shape, extent(size, dilation), stride, padding)
    out = zeros((len(x), *output, x.shape[3]), np.result_type(x, w))
    kernel = w.reshape(-1, w.shape[2])
    for block in image_blocks(x):
        images = padded(x[block], padding)
        for tap, view in enumerate(taps(images, size, stride, output, dilation)):
            out[block] += view * kernel[tap]
    return out


@Kernel
def depthwise2d_input(g, w, *, shape, stride, padding, dilation=(1, 1)):
    """The gradient of `depthwise2d` with respect to x.

    Shapes: (n, oh, ow, c), (kh, kw, c) -> `shape` (n, h, w, c).
    """
    out = zeros(padded_shape(shape, padding), np.result_type(g, w))
    kernel = w.reshape(-1, w.shape[2])
    for block in image_blocks(out):
        places = taps(out[block], w.shape[:2], stride, g.shape[1:3], dilation)
        for tap, place in enumerate(places):
            place += g[block] * kernel[tap]
    return cropped(out, shape, padding)


@Kernel
def depthwise2d_weight(x, g, *, shape, stride, padding, dilation=(1, 1)):
    """The gradient of `depthwise2d` with respect to w.

    Shapes: (n, h, w, c), (n, oh, ow, c) -> `shape` (kh, kw, c).
    """
    out = np.zeros((shape[0] * shape[1], shape[2]), np.result_type(x, g))
    for block in image_blocks(x):
        images = padded(x[block], padding)
        for tap, view in enumerate(taps(images, shape[:2], stride, g.shape[1:3], dilation)):
            out[tap] += (view * g[block]).sum(axis=(0, 1, 2))
    return out.reshape(shape)
