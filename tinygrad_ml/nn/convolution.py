"""Layers that convolve images and sequences, and the transposed layers that lead back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import functional as F
from ..functional.sliding import integers
from ..tensor import Parameter
from .arguments import count, weights
from .module import Module

Array = Any  # an ndarray or a Tensor


class Conv2D(Module):
    """Convolution of images, y[i, j] = sum of a window of x times W, + b (LeCun et al., 1989).

    Parameters
    ----------
    c_in, c_out : numbers of input and output channels.
    kernel_size, stride, dilation : numbers or pairs (vertical, horizontal); a dilation of 2 leaves
        out every second pixel under the kernel.
    padding : number, pair, "same" or "valid".
    groups : into how many groups the channels are split, each convolved by itself; c_in for a
        depthwise convolution. It divides c_in and c_out.
    bias, init, rng, dtype : as for `Dense`.

    Shapes: x (n, h, w, c_in) -> (n, oh, ow, c_out); weight (kh, kw, c_in / groups, c_out),
    bias (c_out,).
    """

    _axes = 2
    _function: Callable = staticmethod(F.conv2d)

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        init: Any = "he_normal",
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        name = type(self).__name__
        size = integers(name, "kernel_size", kernel_size, self._axes)
        c_in, c_out = count(name, "c_in", c_in), count(name, "c_out", c_out)
        self.groups = count(name, "groups", groups)
        if c_in % groups or c_out % groups:
            raise ValueError(
                f"{name}: expected a number of groups that divides c_in = {c_in} and c_out = "
                f"{c_out}, got {groups}. groups=1 connects all channels."
            )
        self.weight = weights(name, init, (*size, c_in // groups, c_out), rng, dtype)
        self.bias = Parameter(np.zeros(c_out), dtype=dtype) if bias else None
        self.stride = integers(name, "stride", stride, self._axes)
        self.padding = padding
        self.dilation = integers(name, "dilation", dilation, self._axes)

    def __call__(self, x: Array) -> Array:
        return self._function(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )

    def __repr__(self) -> str:
        *size, c_group, c_out = self.weight.shape
        rest = f", dilation={self.dilation}" if max(self.dilation) > 1 else ""
        rest += f", groups={self.groups}" if self.groups > 1 else ""
        return (
            f"{type(self).__name__}({c_group * self.groups}, {c_out}, {tuple(size)}, "
            f"stride={self.stride}, padding={self.padding!r}{rest})"
        )


class Conv1D(Conv2D):
    """Convolution of sequences, y[i] = sum of a window of x times W, + b.

    Parameters as for `Conv2D`, with numbers in place of pairs.

    Shapes: x (n, length, c_in) -> (n, windows, c_out); weight (k, c_in / groups, c_out),
    bias (c_out,).
    """

    _axes = 1
    _function = staticmethod(F.conv1d)


class ConvTranspose2D(Conv2D):
    """Transposed convolution: each pixel of x times W, added where its window lies, + b.

    It undoes the shapes of a `Conv2D` with the same arguments, so it makes images larger.

    Parameters
    ----------
    c_in, c_out, kernel_size, stride, dilation, groups : as for `Conv2D`.
    padding : number or pair, cut off from the result; "same" makes it h x stride.
    output_padding : number or pair below the stride: rows and columns more at the end.
    bias, init, rng, dtype : as for `Dense`.

    Shapes: x (n, h, w, c_in) -> (n, oh, ow, c_out) with
    oh = (h - 1) stride + dilation (kh - 1) + 1 - 2 padding + output_padding;
    weight (kh, kw, c_in / groups, c_out), bias (c_out,).
    Source: V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep learning, 2016.
    """

    _function = staticmethod(F.conv_transpose2d)

    def __init__(
        self,
        c_in: int,
        c_out: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        init: Any = "he_normal",
        rng: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(
            c_in, c_out, kernel_size, stride, padding, dilation, groups, bias, init, rng, dtype
        )
        name = type(self).__name__
        self.output_padding = integers(name, "output_padding", output_padding, self._axes, least=0)

    def __call__(self, x: Array) -> Array:
        return self._function(
            x, self.weight, self.bias, self.stride, self.padding, self.output_padding,
            self.dilation, self.groups,
        )  # fmt: skip


class ConvTranspose1D(ConvTranspose2D):
    """Transposed convolution of sequences; parameters as for `ConvTranspose2D`.

    Shapes: x (n, length, c_in) -> (n, longer, c_out); weight (k, c_in / groups, c_out),
    bias (c_out,).
    """

    _axes = 1
    _function = staticmethod(F.conv_transpose1d)
