"""Arrays that grow and shrink: padding, and elements appended, inserted and deleted."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..table import defvjp, implements
from ..tensor import apply, arrays_of

# ---- padding with constants; its adjoint cuts the border off


def _pad_rule(
    g: Any, out: Any, x: Any, *, pad_width: Any, mode: str = "constant", constant_values: Any = 0
) -> Any:
    return g[tuple(slice(a, a + n) for (a, _), n in zip(pad_width, x.shape))]


defvjp(np.pad, _pad_rule)

MODES = ("edge", "reflect", "symmetric", "wrap")  # which element stands where does not change


@implements(np.pad)
def pad(x: Any, pad_width: Any, mode: Any = "constant", constant_values: Any = 0) -> Any:
    """Values around an array: constants, or (modes edge, reflect, symmetric, wrap) its own."""
    widths = _widths(pad_width, x.ndim)
    if mode == "constant":
        widths = widths or ((0, 0),)  # a single number has no axis to pad
        return apply(np.pad, x, pad_width=widths, mode=mode, constant_values=constant_values)
    if mode not in MODES:
        raise TypeError(
            f"pad: expected mode 'constant', {', '.join(map(repr, MODES))} with Tensors, got "
            f"{mode!r}. Others can be built with np.concatenate."
        )
    for axis, width in enumerate(widths):
        if any(width):
            x = np.take(x, np.pad(np.arange(x.shape[axis]), width, mode=mode), axis=axis)
    return x


def _widths(pad_width: Any, ndim: int) -> tuple[tuple[int, int], ...]:
    """np.pad's many ways to write widths as one pair per axis."""
    if isinstance(pad_width, dict):
        pairs = np.zeros((ndim, 2), int)
        for axis, width in pad_width.items():
            pairs[axis] = width
        pad_width = pairs
    return tuple(map(tuple, np.broadcast_to(pad_width, (ndim, 2)).tolist()))


# ---- elements appended, inserted and deleted


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """Values after those of an array (axis None: both flattened)."""
    return np.concatenate([arr, values], axis=axis)


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    """Without the elements at `obj`: an index, a slice, a list or a mask."""
    if axis is None:
        arr, axis = np.reshape(arr, -1), 0
    kept = np.delete(np.arange(arr.shape[axis]), arrays_of(obj))
    return np.take(arr, kept, axis=axis)


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """`values` before the elements at `obj`: an index, a slice, a list or a mask."""
    if axis is None:
        arr, axis = np.reshape(arr, -1), 0
    n, shape = arr.shape[axis], list(arr.shape)
    places = np.arange(*obj.indices(n)) if isinstance(obj, slice) else np.asarray(arrays_of(obj))
    if places.dtype == np.bool_:
        places = np.flatnonzero(places)
    values = np.reshape(values, (1,) * (arr.ndim - np.ndim(values)) + np.shape(values))
    if places.ndim == 0:
        values = np.moveaxis(values, 0, axis)
    count = values.shape[axis] if places.size == 1 else places.size
    shape[axis] = count
    joined = np.concatenate([arr, np.broadcast_to(values, shape)], axis=axis)
    places = np.broadcast_to(places, count)
    return np.take(joined, np.insert(np.arange(n), places, np.arange(n, n + count)), axis=axis)
