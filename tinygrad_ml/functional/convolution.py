"""Convolution of images (n, height, width, channels) and sequences (n, length, channels), and back.

Stride, padding and dilation are numbers, or for images pairs (vertical, horizontal); padding may
also be "valid" (none) or "same" (the result has ceil(size / stride) rows and columns). Sizes that
do not tile are floored: a window that would stick out is left out. A single image or sequence needs
no n.

With `groups`, channels are split evenly and each group is convolved by itself; kernels have as many
input channels as one group, in every function here. As many groups as input channels make a
depthwise convolution, which has a kernel of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..rules import windows as rules
from ..rules.windows import fold, windows
from .checks import floats
from .sliding import borders, extent, images, integers, on_batch, on_image, slide

Array = Any  # an ndarray or a Tensor
__all__ = ["conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d", "fold", "windows"]
SHAPES = {1: "(k, c_in, c_out)", 2: "(kh, kw, c_in, c_out)"}


def conv2d(
    x: Array,
    w: Array,
    bias: Array = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Array:
    """Cross-correlation, out[n, i, j, o] = bias[o] + sum over a, b, c of
    x[n, i sh + a dh, j sw + b dw, c] w[a, b, c, o] (LeCun et al., 1989).

    Shapes: x (n, h, w, c_in), w (kh, kw, c_in / groups, c_out), bias (c_out,) -> (n, oh, ow, c_out)
    with oh = floor((h + padding - dh (kh - 1) - 1) / sh) + 1.

    >>> image, kernels = np.ones((6, 6, 3)), np.ones((3, 3, 3, 2))
    >>> conv2d(image, kernels, padding=1).shape
    (6, 6, 2)
    """
    return _convolve("conv2d", 2, x, w, bias, stride, padding, dilation, groups)


def conv1d(
    x: Array,
    w: Array,
    bias: Array = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Array:
    """Cross-correlation, out[n, i, o] = bias[o] + sum over a, c of x[n, i s + a d, c] w[a, c, o].

    Shapes: x (n, length, c_in), w (k, c_in / groups, c_out), bias (c_out,) ->
    (n, floor((length + padding - d (k - 1) - 1) / s) + 1, c_out).

    >>> conv1d(np.arange(4.0)[:, None], np.ones((2, 1, 1))).ravel().tolist()
    [1.0, 3.0, 5.0]
    """
    return _convolve("conv1d", 1, x, w, bias, stride, padding, dilation, groups)


def conv_transpose2d(
    x: Array,
    w: Array,
    bias: Array = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Array:
    """Every pixel times the kernel, added where the window of a convolution would lie: the adjoint
    of `conv2d` with the channels of w exchanged (Dumoulin & Visin, 2016), plus a bias.

    Shapes: x (n, h, w, c_in), w (kh, kw, c_in / groups, c_out), bias (c_out,) -> (n, oh, ow, c_out)
    with oh = (h - 1) sh + dh (kh - 1) + 1 - 2 padding + output_padding. `output_padding`, below
    the stride, picks among the sizes that a convolution floors; padding="same" makes oh = h sh.

    >>> conv_transpose2d(np.ones((5, 5, 3)), np.ones((4, 4, 3, 2)), stride=2, padding=1).shape
    (10, 10, 2)
    """
    return _convolve_back(
        "conv_transpose2d", 2, x, w, bias, stride, padding, output_padding, dilation, groups
    )


def conv_transpose1d(
    x: Array,
    w: Array,
    bias: Array = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Array:
    """`conv_transpose2d` for sequences: x (n, length, c_in), w (k, c_in / groups, c_out) ->
    (n, (length - 1) s + d (k - 1) + 1 - 2 padding + output_padding, c_out).

    >>> conv_transpose1d(np.ones((2, 1)), np.ones((2, 1, 1)), stride=2).ravel().tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    return _convolve_back(
        "conv_transpose1d", 1, x, w, bias, stride, padding, output_padding, dilation, groups
    )


def _convolve(
    name: str, axes: int, x: Array, w: Array, bias: Array, stride: Any, padding: Any,
    dilation: Any, groups: int,
) -> Array:  # fmt: skip
    """Convolution over one or two axes."""
    x, w, bias = _checked(name, axes, x, w, bias, groups)
    kernel = w.reshape(1, *w.shape) if axes == 1 else w

    def convolve(batch: Array, **how: Any) -> Array:
        return _by_groups(
            lambda x, w, bias: rules.conv2d(x, w, bias, **how),
            lambda x, w: rules.depthwise2d(x, w, **how),
            batch, kernel, bias, groups,
        )  # fmt: skip

    return slide(name, convolve, x, w.shape[:axes], stride, padding, dilation)


def _convolve_back(
    name: str, axes: int, x: Array, w: Array, bias: Array, stride: Any, padding: Any,
    output_padding: Any, dilation: Any, groups: int,
) -> Array:  # fmt: skip
    """Transposed convolution over one or two axes."""
    x, w, bias = _checked(name, axes, x, w, bias, groups)
    stride = integers(name, "stride", stride, axes)
    dilation = integers(name, "dilation", dilation, axes)
    reach = extent(w.shape[:axes], dilation)
    output, padding = _output_of(name, x.shape, stride, padding, output_padding, reach)
    kernel = w.reshape(1, *w.shape) if axes == 1 else w

    def convolve(batch: Array, **how: Any) -> Array:
        shape = len(batch), *on_image(output, 1)

        def whole(x: Array, w: Array, bias: Array) -> Array:
            w = w.swapaxes(2, 3)  # of the convolution whose adjoint this is
            out = rules.conv2d_input(x, w, shape=(*shape, w.shape[2]), **how)
            return out if bias is None else out + bias

        def single(x: Array, w: Array) -> Array:
            return rules.depthwise2d_input(x, w, shape=(*shape, x.shape[3]), **how)

        return _by_groups(whole, single, batch, kernel, bias, groups)

    how = {"stride": on_image(stride, 1), "dilation": on_image(dilation, 1)}
    return on_batch(convolve, x, axes, padding=on_image(padding, (0, 0)), **how)


def _output_of(
    name: str, shape: tuple[int, ...], stride: Any, padding: Any, output_padding: Any, reach: Any
) -> tuple[Any, Any]:
    """The size of a transposed convolution's result, and its padding spelled out."""
    axes = len(reach)
    extents = shape[-axes - 1 : -1]
    extra = integers(name, "output_padding", output_padding, axes, least=0)
    for p, s in zip(extra, stride, strict=True):
        if p >= s:
            raise ValueError(
                f"{name}: expected an output_padding below the stride {s}, got {p}. It picks among "
                "the sizes that a convolution with this stride would floor."
            )
    if isinstance(padding, str) and padding == "same":
        if any(extra):
            raise ValueError(
                f'{name}: expected no output_padding with padding="same", which gives every size '
                f"times the stride, got {output_padding!r}. Leave it out."
            )
        output = tuple(n * s for n, s in zip(extents, stride, strict=True))
        return output, borders(name, padding, output, reach, stride)
    padding = borders(name, padding, extents, reach, stride)
    output = tuple(
        (n - 1) * s + k - sum(border) + p
        for n, s, k, border, p in zip(extents, stride, reach, padding, extra, strict=True)
    )
    if min(output) < 1:
        raise ValueError(
            f"{name}: the padding {padding} leaves nothing of the result (size {output}, input "
            f"shape {shape}). Use less padding."
        )
    return output, padding


def _by_groups(
    convolve: Callable, depthwise: Callable, x: Array, w: Array, bias: Array, groups: int
) -> Array:
    """Each group of channels convolved by itself; `depthwise` where each has a single one."""
    if groups == 1:
        return convolve(x, w, bias)
    c_out = w.shape[3]
    if w.shape[2] == 1:
        times = c_out // groups
        if times > 1:  # each channel next to its copies
            x = np.broadcast_to(x[..., None], (*x.shape, times)).reshape(*x.shape[:3], c_out)
        out = depthwise(x, w.reshape(*w.shape[:2], c_out))
        return out if bias is None else out + bias
    biases = [None] * groups if bias is None else np.split(bias, groups)
    parts = zip(np.split(x, groups, axis=3), np.split(w, groups, axis=3), biases, strict=True)
    return np.concatenate([convolve(*part) for part in parts], axis=3)


def _checked(
    name: str, axes: int, x: Array, w: Array, bias: Array, groups: Any
) -> tuple[Array, Array, Array]:
    """Images and kernels that fit each other, the groups and the bias."""
    x = images(name, x, axes)
    w = floats(name, w, "kernels")
    bias = None if bias is None else floats(name, bias, "biases")
    if w.ndim != axes + 2 or 0 in w.shape:
        raise ValueError(f"{name}: expected kernels of shape {SHAPES[axes]}, got {w.shape}.")
    c_group, c_out = w.shape[-2:]
    if integers(name, "groups", groups, 1) and c_out % groups:
        raise ValueError(
            f"{name}: expected a number of groups that divides the {c_out} output channels, got "
            f"{groups}. Kernels have the shape {SHAPES[axes]}."
        )
    if x.shape[-1] != c_group * groups:
        order = {3: "0, 2, 1", 4: "0, 2, 3, 1"}.get(x.ndim)
        first = x.ndim == axes + 2 and x.shape[1] == c_group * groups
        hint = f" x.transpose({order}) moves the channels to the end." if first else ""
        each = f" ({groups} groups of {c_group})" if groups > 1 else ""
        raise ValueError(
            f"{name}: expected {c_group * groups} input channels{each}, got {x.shape[-1]} "
            f"(input shape {x.shape}).{hint}"
        )
    if bias is not None and bias.shape != (c_out,):
        raise ValueError(f"{name}: expected a bias of shape {(c_out,)}, got {bias.shape}.")
    return x, w, bias
