"""What sliding windows share: their arguments, checked and spelled out, and the form of the images.

Images are (n, height, width, channels), sequences (n, length, channels), or a single one without n.
A sequence is computed as an image of height 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .checks import floats

Array = Any  # an ndarray or a Tensor
AXES = {1: ("length",), 2: ("height", "width")}


def slide(
    name: str,
    operation: Callable,
    x: Array,
    size: tuple[int, ...],
    stride: Any,
    padding: Any,
    dilation: Any = None,
) -> Array:
    """Check the images, spell out stride, padding and dilation, run the operation on a batch."""
    axes = len(size)
    x = images(name, x, axes)
    stride = integers(name, "stride", stride, axes)
    reach = size
    how = {"stride": on_image(stride, 1)}
    if dilation is not None:
        dilation = integers(name, "dilation", dilation, axes)
        reach = extent(size, dilation)
        how["dilation"] = on_image(dilation, 1)
    extents = x.shape[-axes - 1 : -1]
    padding = borders(name, padding, extents, reach, stride)
    for axis, border, n, k in zip(AXES[axes], padding, extents, reach, strict=True):
        if n + sum(border) < k:
            raise ValueError(
                f"{name}: expected {_kind(axes)} of a {axis} of at least {k - sum(border)}, got "
                f"{n} (input shape {x.shape}). Use a smaller window, fewer layers or more padding."
            )
        if max(border) >= k:
            raise ValueError(
                f"{name}: expected padding below the window's {axis} {k}, got {max(border)}: a "
                f"window of padding alone would see no {_kind(axes)[:-1]}."
            )
    return on_batch(operation, x, axes, padding=on_image(padding, (0, 0)), **how)


def on_batch(operation: Callable, x: Array, axes: int, **how: Any) -> Array:
    """The operation on x as (n, height, width, channels), its result in the form of x again."""
    if x.ndim == 4:
        return operation(x, **how)
    n = 1 if x.ndim == axes + 1 else x.shape[0]
    out = operation(x.reshape(n, *(1,) * (2 - axes), *x.shape[-axes - 1 :]), **how)
    return out.reshape(*x.shape[: -axes - 1], *out.shape[-axes - 1 :])


def on_image(values: tuple, above: Any) -> tuple:
    """Values for both axes of an image, where a sequence has only the second."""
    return (above,) * (2 - len(values)) + values


def extent(size: tuple[int, ...], dilation: tuple[int, ...]) -> tuple[int, ...]:
    """Pixels from the first to the last of a window along each axis."""
    return tuple((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True))


def images(name: str, x: Array, axes: int) -> Array:
    """A batch of images or sequences, or a single one, of floating-point values."""
    x = floats(name, x, _kind(axes))
    if x.ndim not in (axes + 1, axes + 2):
        inside = ", ".join(AXES[axes])
        raise ValueError(
            f"{name}: expected {_kind(axes)} of shape (n, {inside}, channels) or ({inside}, "
            f"channels), got {x.shape}. x[..., None] adds a channel axis."
        )
    return x


def _kind(axes: int) -> str:
    return "images" if axes == 2 else "sequences"


def integers(name: str, what: str, value: Any, axes: int = 2, least: int = 1) -> tuple[int, ...]:
    """An integer for each axis, from one or from as many as there are axes."""
    values = (value,) * axes if np.ndim(value) == 0 else tuple(value)
    if len(values) != axes or not all(
        isinstance(v, (int, np.integer)) and not isinstance(v, bool) and v >= least for v in values
    ):
        several = " or a pair of them" if axes == 2 else ""
        raise ValueError(
            f"{name}: {what} must be an integer of at least {least}{several}, got {value!r}."
        )
    return tuple(int(v) for v in values)


def borders(name: str, padding: Any, extents: Any, reach: Any, stride: Any) -> tuple:
    """Pixels added before and after along each axis: ((top, bottom), (left, right))."""
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * len(reach)
        if padding == "same":
            needed = [
                max((-(-n // s) - 1) * s + k - n, 0)
                for n, k, s in zip(extents, reach, stride, strict=True)
            ]
            return tuple((extra // 2, extra - extra // 2) for extra in needed)
        raise ValueError(
            f"{name}: padding must be a number, a pair, 'same' or 'valid', got {padding!r}."
        )
    return tuple((p, p) for p in integers(name, "padding", padding, len(reach), least=0))
