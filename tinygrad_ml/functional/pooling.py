"""Pooling of images (n, height, width, channels) and sequences (n, length, channels).

Arguments are those of `convolution`; the stride defaults to the window, so that windows tile.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..rules import windows as rules
from .sliding import images, integers, on_batch, on_image, slide

Array = Any  # an ndarray or a Tensor


def max_pool2d(x: Array, pool_size: Any = 2, stride: Any = None, padding: Any = 0) -> Array:
    """The largest value of each window and channel; of equal ones the first gets the gradient.

    Shapes: (n, h, w, c) -> (n, oh, ow, c). `stride` defaults to `pool_size`; padding never wins.
    """
    return _pool("max_pool2d", 2, _largest, x, pool_size, stride, padding)


def max_pool1d(x: Array, pool_size: Any = 2, stride: Any = None, padding: Any = 0) -> Array:
    """`max_pool2d` for sequences: (n, length, c) -> (n, windows, c)."""
    return _pool("max_pool1d", 1, _largest, x, pool_size, stride, padding)


def avg_pool2d(
    x: Array,
    pool_size: Any = 2,
    stride: Any = None,
    padding: Any = 0,
    count_include_pad: bool = True,
) -> Array:
    """The mean of each window and channel; padding counts as zeros, or not at all.

    Shapes: (n, h, w, c) -> (n, oh, ow, c). `stride` defaults to `pool_size`.
    """
    mean = functools.partial(_mean, count_include_pad)
    return _pool("avg_pool2d", 2, mean, x, pool_size, stride, padding)


def avg_pool1d(
    x: Array,
    pool_size: Any = 2,
    stride: Any = None,
    padding: Any = 0,
    count_include_pad: bool = True,
) -> Array:
    """`avg_pool2d` for sequences: (n, length, c) -> (n, windows, c)."""
    mean = functools.partial(_mean, count_include_pad)
    return _pool("avg_pool1d", 1, mean, x, pool_size, stride, padding)


def adaptive_avg_pool2d(x: Array, output_size: Any) -> Array:
    """The mean of each of oh x ow bins that cover the image, whatever its size.

    Bin i of an axis reaches from pixel floor(i h / oh) to ceil((i + 1) h / oh); bins share pixels
    where oh does not divide h.

    Shapes: (n, h, w, c) -> (n, oh, ow, c); `output_size` is a number or a pair (oh, ow).

    >>> adaptive_avg_pool2d(np.arange(3.0).reshape(1, 3, 1), (1, 2)).ravel().tolist()
    [0.5, 1.5]
    """
    x = images("adaptive_avg_pool2d", x, 2)
    oh, ow = integers("adaptive_avg_pool2d", "output_size", output_size)
    h, w, c = x.shape[-3:]
    if h == 0 or w == 0:
        raise ValueError(f"adaptive_avg_pool2d: expected images with pixels, got {x.shape}.")

    def pool(batch: Array) -> Array:
        n = len(batch)
        rows = np.matmul(_bins(h, oh, x.dtype), batch.reshape(n, h, w * c)).reshape(n, oh, w, c)
        return np.matmul(_bins(w, ow, x.dtype), rows)

    return on_batch(pool, x, 2)


def upsample2d(x: Array, scale: Any = 2) -> Array:
    """Every pixel repeated `scale` times in both directions: (n, h, w, c) -> (n, h sh, w sw, c)."""
    x = images("upsample2d", x, 2)
    size = integers("upsample2d", "scale", scale)

    def repeat(batch: Array) -> Array:  # the adjoint of summing over windows that tile
        n, h, w, c = batch.shape
        shape = (n, h * size[0], w * size[1], c)
        return rules.sum_pool2d_spread(
            batch, shape=shape, size=size, stride=size, padding=((0, 0), (0, 0))
        )

    return on_batch(repeat, x, 2)


def _pool(
    name: str, axes: int, pool: Callable, x: Array, pool_size: Any, stride: Any, padding: Any
) -> Array:
    """Pooling over one or two axes."""
    size = integers(name, "pool_size", pool_size, axes)
    operation = functools.partial(pool, size=on_image(size, 1))
    return slide(name, operation, x, size, size if stride is None else stride, padding)


def _largest(batch: Array, **how: Any) -> Array:
    return rules.max_pool2d(batch, **how)[0]


def _mean(count_include_pad: bool, batch: Array, *, size: Any, **how: Any) -> Array:
    total = rules.sum_pool2d(batch, size=size, **how)
    if count_include_pad:
        return total / math.prod(size)
    ones = np.ones((1, *batch.shape[1:3], 1), batch.dtype)
    return total / rules.sum_pool2d(ones, size=size, **how)


def _bins(n: int, count: int, dtype: Any) -> np.ndarray:
    """The matrix that takes the mean over each bin of n pixels, (count, n)."""
    matrix = np.zeros((count, n), dtype)
    for i in range(count):
        start, end = i * n // count, -(-(i + 1) * n // count)
        matrix[i, start:end] = 1 / (end - start)
    return matrix
