"""Layers that slide windows over images: convolution and pooling."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional as F
from ..functional.convolution import pair
from ..tensor import Parameter
from .arguments import count, weights
from .module import Module

Array = Any  # an ndarray or a Tensor


class Conv2D(Module):
    """Convolution of images, y[i, j] = sum of a window of x times W, + b (LeCun et al., 1989).

    Parameters
    ----------
    c_in, c_out : numbers of input and output channels.
    kernel_size, stride : numbers or pairs (vertical, horizontal).
    padding : number, pair, "same" or "valid".
    bias, init, rng, dtype : as for `Dense`.

    Shapes: x (n, h, w, c_in) -> (n, oh, ow, c_out); weight (kh, kw, c_in, c_out), bias (c_out,).
    """

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        bias: bool = True,
        init: Any = "he_normal",
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        size = pair("Conv2D", "kernel_size", kernel_size)
        shape = (*size, count("Conv2D", "c_in", c_in), count("Conv2D", "c_out", c_out))
        self.weight = weights("Conv2D", init, shape, rng, dtype)
        self.bias = Parameter(np.zeros(c_out), dtype=dtype) if bias else None
        self.stride = pair("Conv2D", "stride", stride)
        self.padding = padding

    def __call__(self, x: Array) -> Array:
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding)

    def __repr__(self) -> str:
        kh, kw, c_in, c_out = self.weight.shape
        return (
            f"Conv2D({c_in}, {c_out}, ({kh}, {kw}), stride={self.stride}, padding={self.padding!r})"
        )


class MaxPool2D(Module):
    """The largest value of each window and channel: (n, h, w, c) -> (n, oh, ow, c).

    `stride` defaults to `pool_size`; windows that stick out are left out.
    """

    def __init__(self, pool_size: Any = 2, stride: Any = None, padding: Any = 0) -> None:
        self.pool_size = pair("MaxPool2D", "pool_size", pool_size)
        self.stride = self.pool_size if stride is None else pair("MaxPool2D", "stride", stride)
        self.padding = padding

    def __call__(self, x: Array) -> Array:
        return F.max_pool2d(x, self.pool_size, self.stride, self.padding)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.pool_size}, stride={self.stride})"


class AvgPool2D(MaxPool2D):
    """The mean of each window and channel: (n, h, w, c) -> (n, oh, ow, c)."""

    def __call__(self, x: Array) -> Array:
        return F.avg_pool2d(x, self.pool_size, self.stride, self.padding)
