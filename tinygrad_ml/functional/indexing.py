"""What NumPy writes into an array, as a function that answers with a new one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import arrays_of, as_array

Array = Any  # an ndarray or a Tensor


def put_along_axis(x: Array, indices: Any, values: Array, axis: int | None = -1) -> Array:
    """x with `values` put at `indices` along one axis; the counterpart of np.take_along_axis.

    out[i, indices[i, j]] = values[i, j] for axis 1 of a matrix; the last of several values put to
    one place counts. The gradient goes to the values, and to x where nothing was put.

    Shapes: x (..., n, ...), indices (..., m, ...) of integers, values broadcast to them -> that of
    x, and a floating-point dtype stays. `axis=None` counts the flattened elements.

    >>> put_along_axis(np.zeros((2, 3)), np.array([[1], [2]]), np.array([[5.0], [6.0]]), axis=1)
    array([[0., 5., 0.],
           [0., 0., 6.]])
    """
    x, values, indices = as_array(x), as_array(values), np.asarray(arrays_of(indices))
    if indices.dtype.kind not in "iu":
        raise TypeError(f"put_along_axis: expected indices of integers, got {indices.dtype}.")
    if x.dtype.kind == "f" and values.dtype != x.dtype:
        values = values.astype(x.dtype)
    if axis is None:
        return put_along_axis(x.reshape(-1), indices.reshape(-1), values, 0).reshape(x.shape)
    if not -x.ndim <= axis < x.ndim or indices.ndim != x.ndim:
        raise ValueError(
            f"put_along_axis: expected indices with the axes of x, got x of shape {x.shape}, "
            f"indices of shape {indices.shape} and axis {axis}. Keep the axis with length 1."
        )
    n, shape = x.shape[axis], list(x.shape)
    shape[axis] = indices.shape[axis]
    try:
        indices, values = np.broadcast_to(indices, shape), np.broadcast_to(values, shape)
    except ValueError as error:
        raise ValueError(
            f"put_along_axis: expected indices and values that fit shape {tuple(shape)}, got "
            f"{indices.shape} and {values.shape}."
        ) from error
    if indices.size and not -n <= indices.min() <= indices.max() < n:
        raise IndexError(
            f"put_along_axis: expected indices from {-n} to {n - 1}, got {indices.min()} to "
            f"{indices.max()}."
        )
    if not indices.size:
        return x
    # which of the values stands at every place of x: piecewise constant, -1 where none does
    along = [1] * x.ndim
    along[axis] = -1
    chosen = np.full(x.shape, -1)
    np.put_along_axis(chosen, indices, np.arange(shape[axis]).reshape(along), axis)
    put = np.take_along_axis(values, np.maximum(chosen, 0), axis)
    return np.where(chosen >= 0, put, x)
