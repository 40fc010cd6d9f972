"""Rows of a table by their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any  # an ndarray or a Tensor


def embedding(ids: Any, weight: Array, padding_index: int | None = None) -> Array:
    """Row ids[...] of `weight` for every id; where it is `padding_index`, zeros and no gradient.

    Shapes: ids (...) of integers from 0 to count - 1, weight (count, size) -> (..., size).

    >>> embedding([1, 1], np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[3., 4.],
           [3., 4.]])
    """
    ids = np.asarray(ids)
    if weight.ndim != 2:
        raise ValueError(f"embedding: expected a weight (count, size), got shape {weight.shape}.")
    count = weight.shape[0]
    if ids.dtype.kind not in "iu":
        raise TypeError(
            f"embedding: expected integer ids from 0 to {count - 1}, got {ids.dtype}. "
            "Use ids.astype(int), or one Dense layer for values that are no ids."
        )
    if ids.size and not 0 <= ids.min() <= ids.max() < count:
        raise ValueError(
            f"embedding: expected ids from 0 to {count - 1}, got {ids.min()} to {ids.max()}. "
            "The table needs one row more than the largest id."
        )
    rows = weight[ids]
    return rows if padding_index is None else np.where((ids != padding_index)[..., None], rows, 0)
