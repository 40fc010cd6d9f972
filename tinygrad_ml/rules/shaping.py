"""Derivatives of functions that move values without changing them: their adjoints move back."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..table import defvjp, implements
from ..tensor import apply, primitive

defvjp(np.reshape, lambda g, out, x, *, shape: g.reshape(x.shape))
defvjp(np.squeeze, lambda g, out, x, *, axis=None: g.reshape(x.shape))
defvjp(np.expand_dims, lambda g, out, x, *, axis: g.reshape(x.shape))
defvjp(np.ravel, lambda g, out, x: g.reshape(x.shape))


@implements(np.atleast_1d)
def atleast_1d(x: Any) -> Any:
    """At least one axis."""
    return x.reshape(1) if x.ndim == 0 else x


@implements(np.atleast_2d)
def atleast_2d(x: Any) -> Any:
    """At least two axes; a vector becomes one row."""
    return x.reshape((1,) * (2 - x.ndim) + x.shape) if x.ndim < 2 else x


# ---- transposes


def _transpose_rule(g: Any, out: Any, x: Any, *, axes: Any = None) -> Any:
    if axes is None:
        return np.transpose(g)
    order = [a % x.ndim for a in ((axes,) if isinstance(axes, int) else axes)]
    return np.transpose(g, sorted(range(x.ndim), key=order.__getitem__))


defvjp(np.transpose, _transpose_rule)
defvjp(np.matrix_transpose, lambda g, out, x: g.mT)
defvjp(np.swapaxes, lambda g, out, x, *, axis1, axis2: np.swapaxes(g, axis1, axis2))
defvjp(
    np.moveaxis,
    lambda g, out, x, *, source, destination: np.moveaxis(g, destination, source),
)
defvjp(np.flip, lambda g, out, x, *, axis=None: np.flip(g, axis=axis))

# ---- repeating: the engine sums over the repeated axes

defvjp(np.broadcast_to, lambda g, out, x, *, shape: g)

# ---- joining and cutting are each other's adjoint


@primitive
def concatenate(*arrays: Any, axis: int = 0) -> Any:
    """np.concatenate with the arrays as arguments of their own."""
    return np.concatenate(arrays, axis=axis)


@primitive
def split(x: Any, *, points: tuple[int, ...], axis: int = 0) -> tuple[Any, ...]:
    """np.split at fixed points: several results of one operation."""
    return tuple(np.split(x, points, axis=axis))


def _concatenate_rule(k: int, g: Any, out: Any, *arrays: Any, axis: int = 0) -> Any:
    start = sum(np.shape(a)[axis] for a in arrays[:k])
    index = [slice(None)] * out.ndim
    index[axis] = slice(start, start + arrays[k].shape[axis])
    return g[tuple(index)]


defvjp(concatenate, each=_concatenate_rule)
defvjp(split, lambda g, out, x, *, points, axis=0: np.concatenate(g, axis=axis))


@implements(np.concatenate)
def concatenate_list(arrays: Any, axis: int | None = 0) -> Any:
    """Arrays one after the other along an axis (None: flattened first)."""
    if axis is None:
        return concatenate(*[np.reshape(a, -1) for a in arrays])
    return concatenate(*arrays, axis=axis)


@implements(np.stack)
def stack(arrays: Any, axis: int = 0) -> Any:
    """Arrays of one shape along a new axis."""
    if len({np.shape(a) for a in arrays}) != 1:
        raise ValueError(
            f"stack: expected arrays of one shape, got {[np.shape(a) for a in arrays]}. "
            "Use np.concatenate for arrays of different lengths."
        )
    return concatenate(*[np.expand_dims(a, axis) for a in arrays], axis=axis)


@implements(np.vstack)
def vstack(arrays: Any) -> Any:
    """Rows on top of each other."""
    return concatenate(*[np.atleast_2d(a) for a in arrays], axis=0)


@implements(np.hstack)
def hstack(arrays: Any) -> Any:
    """Side by side: along axis 1, or 0 for vectors."""
    arrays = [np.atleast_1d(a) for a in arrays]
    return concatenate(*arrays, axis=0 if arrays[0].ndim == 1 else 1)


@implements(np.column_stack)
def column_stack(arrays: Any) -> Any:
    """Vectors become columns, side by side with matrices."""
    columns = [np.expand_dims(a, 1) if np.ndim(a) == 1 else np.atleast_2d(a) for a in arrays]
    return concatenate(*columns, axis=1)


@implements(np.dstack)
def dstack(arrays: Any) -> Any:
    """Along the third axis: a vector (n,) as (1, n, 1), a matrix (m, n) as (m, n, 1)."""
    arrays = [np.atleast_2d(a) for a in arrays]
    return concatenate(*[np.expand_dims(a, 2) if a.ndim == 2 else a for a in arrays], axis=2)


@implements(np.block)
def block(arrays: Any) -> Any:
    """A matrix from nested lists of blocks: the innermost lists run along the last axis."""
    depth, ndim = _depth(arrays), _largest_ndim(arrays)

    def joined(part: Any, level: int) -> Any:
        if isinstance(part, list):
            return np.concatenate([joined(p, level - 1) for p in part], axis=-level)
        missing = max(depth, ndim) - np.ndim(part)
        return np.expand_dims(part, tuple(range(missing)))

    return joined(arrays, depth)


def _depth(part: Any) -> int:
    if not isinstance(part, list):
        return 0
    depths = {_depth(p) for p in part}
    if len(depths) != 1:
        raise ValueError("block: expected lists nested equally deep, and none of them empty.")
    return 1 + depths.pop()


def _largest_ndim(part: Any) -> int:
    return max(map(_largest_ndim, part)) if isinstance(part, list) else np.ndim(part)


@implements(np.split)
def split_evenly(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Pieces along an axis: a number of equal ones, or cut before the given indices."""
    sections = indices_or_sections
    if isinstance(sections, (int, np.integer)) and x.shape[axis] % sections:
        raise ValueError(
            f"split: expected a length that {sections} divides, got {x.shape[axis]}. "
            "np.array_split allows pieces of unequal length."
        )
    return split_list(x, sections, axis)


@implements(np.array_split)
def split_list(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Pieces along an axis: a number of near-equal ones, or cut before the given indices."""
    n = x.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        sizes = [n // indices_or_sections + (i < n % indices_or_sections)
                 for i in range(indices_or_sections)]  # fmt: skip
        points = tuple(itertools.accumulate(sizes))[:-1]
    else:
        points = tuple(int(i) + n * (i < 0) for i in indices_or_sections)
        if list(points) != sorted(points):
            raise ValueError(f"split: expected increasing indices, got {indices_or_sections}.")
    return list(split(x, points=points, axis=axis))


# ---- padding with a constant; its adjoint cuts the border off


def _pad_rule(
    g: Any, out: Any, x: Any, *, pad_width: Any, mode: str = "constant", constant_values: Any = 0
) -> Any:
    widths = np.broadcast_to(pad_width, (x.ndim, 2)).tolist()
    return g[tuple(slice(a, a + n) for (a, _), n in zip(widths, x.shape, strict=True))]


defvjp(np.pad, _pad_rule)


@implements(np.pad)
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    """Constant values around an array."""
    if mode != "constant":
        raise TypeError(f"pad: only mode='constant' has a gradient rule, got mode={mode!r}.")
    return apply(np.pad, x, pad_width=pad_width, mode=mode, constant_values=constant_values)
