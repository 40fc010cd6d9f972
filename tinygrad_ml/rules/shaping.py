"""Derivatives of functions that move values without changing them: their adjoints move back."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..messages import refuse_objects
from ..table import defvjp, implements
from ..tensor import primitive

defvjp(np.reshape, lambda g, out, x, *, shape: g.reshape(x.shape))
defvjp(np.squeeze, lambda g, out, x, *, axis=None: g.reshape(x.shape))
defvjp(np.expand_dims, lambda g, out, x, *, axis: g.reshape(x.shape))
defvjp(np.ravel, lambda g, out, x: g.reshape(x.shape))


def _at_least(function: Callable, ndim: int, shape_of: Callable) -> None:
    """np.atleast_1d and its kin: one array, or several as a tuple."""

    @implements(function)
    def at_least(*arrays: Any) -> Any:
        out = tuple(
            np.reshape(x, shape_of(np.shape(x))) if np.ndim(x) < ndim else x for x in arrays
        )
        return out[0] if len(out) == 1 else out


_at_least(np.atleast_1d, 1, lambda shape: (1,))
_at_least(np.atleast_2d, 2, lambda shape: (1,) * (2 - len(shape)) + shape)
_at_least(np.atleast_3d, 3, lambda shape: (1,) * (len(shape) < 2) + (shape or (1,)) + (1,))


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
defvjp(
    np.roll,
    lambda g, out, x, *, shift, axis=None: np.roll(g, np.negative(shift), axis=axis),
)


@implements(np.rollaxis)
def rollaxis(x: Any, axis: int, start: int = 0) -> Any:
    """One axis moved before the axis `start`."""
    axis = normalize_axis_index(axis, x.ndim)
    start = start + x.ndim if start < 0 else start
    return np.moveaxis(x, axis, start - 1 if axis < start else start)


@implements(np.flipud)
def flipud(x: Any) -> Any:
    """Rows in reversed order."""
    return np.flip(x, axis=0)


@implements(np.fliplr)
def fliplr(x: Any) -> Any:
    """Columns in reversed order."""
    return np.flip(x, axis=1)


@implements(np.rot90)
def rot90(x: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """k quarter turns, from the first of the two axes towards the second."""
    first, second = normalize_axis_tuple(axes, x.ndim)
    turned = x if k % 2 == 0 else np.swapaxes(x, first, second)
    flipped = ((), (first,), (first, second), (second,))[k % 4]
    return np.flip(turned, axis=flipped) if flipped else turned


# ---- repeating: the engine sums over the repeated axes

defvjp(np.broadcast_to, lambda g, out, x, *, shape: g)


@implements(np.broadcast_arrays)
def broadcast_arrays(*arrays: Any) -> tuple[Any, ...]:
    """Arrays repeated to the one shape that they have in common."""
    shape = np.broadcast_shapes(*map(np.shape, arrays))
    return tuple(np.broadcast_to(x, shape) for x in arrays)


@implements(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    """Coordinates of a grid: each vector along an axis of its own, repeated along the others."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: expected indexing 'xy' or 'ij', got {indexing!r}.")
    axes = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        axes[:2] = [1, 0]
    grids = tuple(
        np.reshape(x, [-1 if a == b else 1 for b in range(len(xi))])
        for x, a in zip(xi, axes, strict=True)
    )
    return grids if sparse else broadcast_arrays(*grids)


@implements(np.tile)
def tile(x: Any, reps: Any) -> Any:
    """The whole repeated, `reps` times along each axis."""
    times = tuple(reps) if np.ndim(reps) else (reps,)
    ndim = max(x.ndim, len(times))
    shape = (1,) * (ndim - x.ndim) + x.shape
    times = (1,) * (ndim - len(times)) + times
    pairs = [[r, n] for r, n in zip(times, shape, strict=True)]
    apart = x.reshape([size for n in shape for size in (1, n)])
    repeated = np.broadcast_to(apart, list(itertools.chain(*pairs)))
    return repeated.reshape([r * n for r, n in pairs])


@implements(np.repeat)
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Every element repeated in its place: one number of times, or one for every element."""
    if axis is None:
        x, axis = x.reshape(-1), 0
    axis = normalize_axis_index(axis, x.ndim)
    if np.size(repeats) != 1:
        return np.take(x, np.repeat(np.arange(x.shape[axis]), repeats), axis=axis)
    times = operator.index(np.reshape(repeats, ())[()])
    before, after = x.shape[: axis + 1], x.shape[axis + 1 :]
    repeated = np.broadcast_to(np.expand_dims(x, axis + 1), (*before, times, *after))
    return repeated.reshape((*before[:-1], before[-1] * times, *after))


# ---- joining and cutting are each other's adjoint


@primitive
def concatenate(*arrays: Any, axis: int = 0) -> Any:
    """np.concatenate with the arrays as arguments of their own."""
    out = np.concatenate(arrays, axis=axis)
    refuse_objects(concatenate, out)
    return out


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


@implements(np.hsplit)
def hsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Pieces along axis 1, or 0 for vectors."""
    return split_evenly(x, indices_or_sections, axis=1 if x.ndim > 1 else 0)


@implements(np.vsplit)
def vsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Pieces along axis 0."""
    return split_evenly(x, indices_or_sections, axis=0)


@implements(np.dsplit)
def dsplit(x: Any, indices_or_sections: Any) -> list[Any]:
    """Pieces along axis 2."""
    return split_evenly(x, indices_or_sections, axis=2)
