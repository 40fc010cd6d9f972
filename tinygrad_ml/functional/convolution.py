"""Convolution and pooling of images (n, height, width, channels), or of a single one.

Stride, window and padding are numbers or pairs (vertical, horizontal); padding may also be "valid"
(none) or "same" (the result has ceil(size / stride) rows and columns). Sizes that do not tile are
floored: a window that would stick out is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..rules import windows as rules
from ..rules.windows import fold, windows

Array = Any  # an ndarray or a Tensor
__all__ = ["avg_pool2d", "conv2d", "fold", "max_pool2d", "windows"]


def conv2d(x: Array, w: Array, bias: Array = None, stride: Any = 1, padding: Any = 0) -> Array:
    """Cross-correlation, out[n, i, j, o] = bias[o] + sum over a, b, c of
    x[n, i sh + a, j sw + b, c] w[a, b, c, o] (LeCun et al., 1989).

    Shapes: x (n, h, w, c_in), w (kh, kw, c_in, c_out), bias (c_out,) -> (n, oh, ow, c_out) with
    oh = floor((h + padding - kh) / sh) + 1.

    >>> image, kernels = np.ones((6, 6, 3)), np.ones((3, 3, 3, 2))
    >>> conv2d(image, kernels, padding=1).shape
    (6, 6, 2)
    """
    x = x if hasattr(x, "dtype") else np.asarray(x)
    if np.ndim(w) != 4:
        raise ValueError(
            f"conv2d: expected kernels of shape (kh, kw, c_in, c_out), got {np.shape(w)}."
        )
    if np.ndim(x) in (3, 4) and x.shape[-1] != w.shape[2]:
        raise ValueError(
            f"conv2d: expected {w.shape[2]} input channels, got {x.shape[-1]} "
            f"(input shape {x.shape})."
        )
    if bias is not None and bias.shape != w.shape[3:]:
        raise ValueError(f"conv2d: expected a bias of shape {w.shape[3:]}, got {bias.shape}.")

    def convolve(images: Array, **how: Any) -> Array:
        return rules.conv2d(images, w, bias, **how)

    return _slide("conv2d", convolve, x, w.shape[:2], stride, padding)


def max_pool2d(x: Array, pool_size: Any = 2, stride: Any = None, padding: Any = 0) -> Array:
    """The largest value of each window and channel; of equal ones the first gets the gradient.

    Shapes: (n, h, w, c) -> (n, oh, ow, c). `stride` defaults to `pool_size`; padding never wins.
    """
    size = pair("max_pool2d", "pool_size", pool_size)

    def pool(images: Array, **how: Any) -> Array:
        return rules.max_pool2d(images, size=size, **how)[0]

    return _slide("max_pool2d", pool, x, size, size if stride is None else stride, padding)


def avg_pool2d(x: Array, pool_size: Any = 2, stride: Any = None, padding: Any = 0) -> Array:
    """The mean of each window and channel; padding counts as zeros.

    Shapes: (n, h, w, c) -> (n, oh, ow, c). `stride` defaults to `pool_size`.
    """
    size = pair("avg_pool2d", "pool_size", pool_size)

    def pool(images: Array, **how: Any) -> Array:
        return rules.sum_pool2d(images, size=size, **how) / (size[0] * size[1])

    return _slide("avg_pool2d", pool, x, size, size if stride is None else stride, padding)


def _slide(name: str, operation: Callable, x: Array, size: Any, stride: Any, padding: Any) -> Array:
    """Check the images, spell out stride and padding, and run the operation on a batch."""
    x = x if hasattr(x, "dtype") else np.asarray(x)
    shape = x.shape
    if len(shape) not in (3, 4):
        raise ValueError(
            f"{name}: expected images of shape (n, height, width, channels) or (height, width, "
            f"channels), got {shape}. x[..., None] adds a channel axis."
        )
    if x.dtype.kind != "f":
        raise TypeError(
            f"{name}: expected floating-point images, got {x.dtype}. Use x.astype(np.float32)."
        )
    stride = pair(name, "stride", stride)
    padding = _borders(name, padding, shape[-3:-1], size, stride)
    for axis, border, n, k in zip(("height", "width"), padding, shape[-3:-1], size, strict=True):
        if n + sum(border) < k:
            raise ValueError(
                f"{name}: expected images of a {axis} of at least {k - sum(border)}, got {n} "
                f"(input shape {shape}). Use a smaller window, fewer layers or more padding."
            )
        if max(border) >= k:
            raise ValueError(
                f"{name}: expected padding below the window's {axis} {k}, got {max(border)}: a "
                "window of padding alone would see no image."
            )
    if len(shape) == 3:
        return operation(x[None], stride=stride, padding=padding)[0]
    return operation(x, stride=stride, padding=padding)


def pair(name: str, what: str, value: Any, least: int = 1) -> tuple[int, int]:
    """Two integers, from one or two."""
    values = (value, value) if np.ndim(value) == 0 else tuple(value)
    if len(values) != 2 or not all(
        isinstance(v, (int, np.integer)) and not isinstance(v, bool) and v >= least for v in values
    ):
        raise ValueError(
            f"{name}: {what} must be an integer of at least {least} or a pair of them, "
            f"got {value!r}."
        )
    return int(values[0]), int(values[1])


def _borders(name: str, padding: Any, shape: Any, size: Any, stride: Any) -> Any:
    """Rows added above and below, columns left and right: ((top, bottom), (left, right))."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        needed = [
            max((-(-n // s) - 1) * s + k - n, 0)
            for n, k, s in zip(shape, size, stride, strict=True)
        ]
        top, left = needed[0] // 2, needed[1] // 2
        return (top, needed[0] - top), (left, needed[1] - left)
    if isinstance(padding, str):
        raise ValueError(
            f"{name}: padding must be a number, a pair, 'same' or 'valid', got {padding!r}."
        )
    vertical, horizontal = pair(name, "padding", padding, least=0)
    return (vertical, vertical), (horizontal, horizontal)
