"""Derivatives of indexing: what was read from a place is added back to that place."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .. import kernels
from ..table import CONSTANTS, defvjp, implements
from ..tensor import arrays_of, primitive


@primitive
def scatter(g: Any, *, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with `g` added at `x[index]`; the adjoint of reading x[index].

    An element that was read twice receives both values.
    """
    numbers, count = _row_numbers(index, shape)
    if numbers is not None:
        rows = np.reshape(g, (numbers.size, math.prod(shape) // count))
        return kernels.add_rows(rows, numbers.reshape(-1), count=count).reshape(shape)
    out = np.zeros(shape, g.dtype)
    if _is_basic(index):
        out[index] = g  # a slice reads nothing twice, and assigning is faster than adding
    else:
        np.add.at(out, index, g)
    return out


def _row_numbers(index: Any, shape: tuple[int, ...]) -> tuple[Any, int]:
    """An index of integer arrays alone as numbers of rows, and how many rows there are, else None.

    Rows are counted through all the axes that the arrays read.
    """
    parts = index if isinstance(index, tuple) else (index,)
    if 0 in shape or not all(isinstance(p, np.ndarray) and p.dtype.kind in "iu" for p in parts):
        return None, 0
    read = shape[: len(parts)]
    wrapped = [np.where(p < 0, p + n, p).astype(np.intp) for p, n in zip(parts, read)]
    return np.ravel_multi_index(np.broadcast_arrays(*wrapped), read), math.prod(read)


def _is_basic(index: Any) -> bool:
    """Whether an index is made of slices, integers, None and Ellipsis alone."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None
        or part is Ellipsis
        or (isinstance(part, (slice, int, np.integer)) and not isinstance(part, (bool, np.bool_)))
        for part in parts
    )


defvjp(operator.getitem, lambda g, out, x, index: scatter(g, index=index, shape=x.shape), None)
defvjp(scatter, lambda g, out, x, *, index, shape: g[index])


@implements(np.take_along_axis)
def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    """Read along one axis at indices that differ from row to row."""
    indices = np.asarray(arrays_of(indices))
    if axis is None:
        return take_along_axis(np.reshape(x, -1), indices.reshape(-1), axis=0)
    axis = normalize_axis_index(axis, x.ndim)
    grids: list[Any] = []
    for a, n in enumerate(x.shape):
        grid = np.arange(n).reshape([-1 if a == b else 1 for b in range(x.ndim)])
        grids.append(indices if a == axis else grid)
    return x[tuple(grids)]


@implements(np.sort)
def sort(x: Any, axis: int | None = -1, kind: Any = None) -> Any:
    """Ascending order; of equal values the first comes first, so each has one gradient.

    That is what kind="stable" asks for; the other kinds give the same values.
    """
    if axis is None:
        x, axis = x.reshape(-1), 0
    return take_along_axis(x, np.argsort(x, axis=axis, kind="stable"), axis)


@implements(np.partition)
def partition(x: Any, kth: Any, axis: int | None = -1) -> Any:
    """What belongs at the places `kth` in ascending order there, smaller values before it."""
    if axis is None:
        x, axis = x.reshape(-1), 0
    return take_along_axis(x, np.argpartition(x, kth, axis=axis), axis)


@implements(np.take)
def take(x: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    """x[indices] along one axis (None: of the flattened values)."""
    indices = np.asarray(arrays_of(indices))
    if indices.dtype == np.bool_ or not indices.size:
        indices = indices.astype(int)  # the places 0 and 1 here, not a mask
    if indices.dtype.kind not in "iu":
        raise TypeError(f"take: expected indices of integers, got {indices.dtype}.")
    if axis is None:
        x, axis = np.reshape(x, -1), 0
    axis = normalize_axis_index(axis, x.ndim)
    if mode not in ("raise", "wrap", "clip"):
        raise ValueError(f"take: expected mode 'raise', 'wrap' or 'clip', got {mode!r}.")
    if mode == "wrap":
        indices = indices % x.shape[axis]
    elif mode == "clip":
        indices = indices.clip(0, x.shape[axis] - 1)
    return x[(slice(None),) * axis + (indices,)]


CONSTANTS |= {np.unravel_index, np.ravel_multi_index, np.ix_}
