"""Layers that make images and sequences smaller or larger without learning anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import functional as F
from ..functional.sliding import integers
from .module import Module

Array = Any  # an ndarray or a Tensor


class MaxPool2D(Module):
    """The largest value of each window and channel: (n, h, w, c) -> (n, oh, ow, c).

    `stride` defaults to `pool_size`; windows that stick out are left out.
    """

    _axes = 2
    _function: Callable = staticmethod(F.max_pool2d)

    def __init__(self, pool_size: Any = 2, stride: Any = None, padding: Any = 0) -> None:
        name = type(self).__name__
        self.pool_size = integers(name, "pool_size", pool_size, self._axes)
        self.stride = (
            self.pool_size if stride is None else integers(name, "stride", stride, self._axes)
        )
        self.padding = padding

    def __call__(self, x: Array) -> Array:
        return self._function(x, self.pool_size, self.stride, self.padding)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.pool_size}, stride={self.stride})"


class MaxPool1D(MaxPool2D):
    """The largest value of each window and channel: (n, length, c) -> (n, windows, c)."""

    _axes = 1
    _function = staticmethod(F.max_pool1d)


class AvgPool2D(MaxPool2D):
    """The mean of each window and channel: (n, h, w, c) -> (n, oh, ow, c).

    `count_include_pad`: whether padding counts as zeros or not at all.
    """

    _function = staticmethod(F.avg_pool2d)

    def __init__(
        self,
        pool_size: Any = 2,
        stride: Any = None,
        padding: Any = 0,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(pool_size, stride, padding)
        self.count_include_pad = count_include_pad

    def __call__(self, x: Array) -> Array:
        return self._function(x, self.pool_size, self.stride, self.padding, self.count_include_pad)


class AvgPool1D(AvgPool2D):
    """The mean of each window and channel: (n, length, c) -> (n, windows, c)."""

    _axes = 1
    _function = staticmethod(F.avg_pool1d)


class AdaptiveAvgPool2D(Module):
    """The mean of each of oh x ow bins that cover the image: (n, h, w, c) -> (n, oh, ow, c).

    `output_size` is oh or a pair (oh, ow); images may have any size.
    """

    def __init__(self, output_size: Any) -> None:
        self.output_size = integers("AdaptiveAvgPool2D", "output_size", output_size)

    def __call__(self, x: Array) -> Array:
        return F.adaptive_avg_pool2d(x, self.output_size)

    def __repr__(self) -> str:
        return f"AdaptiveAvgPool2D({self.output_size})"


class GlobalAvgPool2D(Module):
    """The mean of each channel over the whole image, (n, h, w, c) -> (n, c): what `Dense` takes.

    Source: M. Lin, Q. Chen and S. Yan, Network in network, 2013.
    """

    def __call__(self, x: Array) -> Array:
        shape = np.shape(x)
        if len(shape) != 4 or 0 in shape[1:3]:
            raise ValueError(
                "GlobalAvgPool2D: expected images of shape (n, height, width, channels), got "
                f"{shape}. image[None] makes a batch of one."
            )
        return np.mean(x, axis=(1, 2))

    def __repr__(self) -> str:
        return "GlobalAvgPool2D()"


class Upsample2D(Module):
    """Every pixel repeated `scale` times in both directions: (n, h, w, c) -> (n, h sh, w sw, c)."""

    def __init__(self, scale: Any = 2) -> None:
        self.scale = integers("Upsample2D", "scale", scale)

    def __call__(self, x: Array) -> Array:
        return F.upsample2d(x, self.scale)

    def __repr__(self) -> str:
        return f"Upsample2D({self.scale})"
