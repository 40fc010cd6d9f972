"""The affine map; rows of a table by their numbers, and of an identity matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..rules.linalg import product
from ..rules.windows import sum_rows
from ..table import defvjp
from ..tensor import constant, primitive
from .checks import as_array, numbers

Array = Any  # an ndarray or a Tensor


@primitive
def linear(x: Array, w: Array, bias: Array = None) -> Array:
    """x w + bias, as one operation.

    Shapes: x (..., n_in), w (n_in, n_out), bias (n_out,) -> (..., n_out). Rows are samples.

    >>> linear(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([5.0]))
    array([[16.]])
    """
    if getattr(w, "ndim", None) != 2:
        raise ValueError(
            "linear: expected weights of shape (n_in, n_out), got "
            f"{getattr(w, 'shape', type(w).__name__)}. Use np.asarray(w, np.float32)."
        )
    if not hasattr(x, "dtype") or x.dtype.kind not in "fc":
        x = numbers("linear", x).astype(w.dtype)  # whole numbers would make it all float64
    if x.ndim == 0 or x.shape[-1] != w.shape[0]:
        hint = " Is it transposed? Rows are samples." if x.shape[:1] == w.shape[:1] else ""
        raise ValueError(
            f"linear: expected {w.shape[0]} input features in the last axis, got "
            f"{x.shape[-1] if x.ndim else 'a number'} (input shape {x.shape}).{hint}"
        )
    rows = x.reshape(-1, x.shape[-1]) if x.ndim != 2 else x
    out = kernels.product(rows, w)
    if bias is not None:
        if getattr(bias, "shape", None) != w.shape[1:]:
            raise ValueError(
                f"linear: expected a bias of shape {w.shape[1:]}, got "
                f"{getattr(bias, 'shape', type(bias).__name__)}. It holds one "
                "number per column of the weights."
            )
        if bias.dtype == out.dtype:
            out += bias
        else:
            out = out + bias
    return out.reshape(*x.shape[:-1], w.shape[1]) if x.ndim != 2 else out


def _rows(x: Any) -> Any:
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])


def _like(rows: Any, x: Any) -> Any:
    return rows if x.ndim == 2 else rows.reshape(x.shape)


defvjp(
    linear,
    lambda g, _out, x, w, *bias: _like(product(_rows(g), w.T), x),
    lambda g, _out, x, w, *bias: product(_rows(x).T, _rows(g)),
    lambda g, _out, x, w, bias: sum_rows(_rows(g)),
)


def embedding(ids: Any, weight: Array, padding_index: int | None = None) -> Array:
    """Row ids[...] of `weight` for every id; where it is `padding_index`, zeros and no gradient.

    Shapes: ids (...) of integers from 0 to count - 1, weight (count, size) -> (..., size).

    >>> embedding([1, 1], np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[3., 4.],
           [3., 4.]])
    """
    ids, weight = np.asarray(as_array("embedding", ids)), as_array("embedding", weight)
    if weight.ndim != 2:
        raise ValueError(
            f"embedding: expected a weight of shape (count, size), got {weight.shape}. "
            "It has one row per id."
        )
    count = weight.shape[0]
    if ids.dtype.kind not in "iu" and ids.shape != (0,):  # an empty list is one of floats
        raise TypeError(
            f"embedding: expected integer ids from 0 to {count - 1}, got {ids.dtype}. "
            "Write ids.astype(int), or use a Dense layer for values that are no ids."
        )
    if ids.size and not 0 <= ids.min() <= ids.max() < count:
        raise ValueError(
            f"embedding: expected ids from 0 to {count - 1}, got {ids.min()} to {ids.max()}. "
            "The first id is 0, and the table needs one row more than the largest."
        )
    rows = weight[ids if ids.size else ids.astype(int)]
    return rows if padding_index is None else np.where((ids != padding_index)[..., None], rows, 0)


@constant
def one_hot(labels: Any, n_classes: int | None = None, dtype: Any = np.float32) -> np.ndarray:
    """A 1 in the column of each label: labels (...) of integers -> (..., n_classes).

    `n_classes` defaults to the largest label + 1.

    >>> one_hot([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"one_hot: expected integer labels, got {labels.dtype}. "
            "np.unique(y, return_inverse=True) numbers other labels."
        )
    count = n_classes
    if count is None:
        count = int(labels.max()) + 1 if labels.size else 0
    if not isinstance(count, (int, np.integer)) or count < 0:
        raise ValueError(f"one_hot: n_classes must be None or a whole number, got {n_classes!r}.")
    if labels.size and not 0 <= labels.min() <= labels.max() < count:
        raise ValueError(
            f"one_hot: expected labels from 0 to {count - 1}, got {labels.min()} to {labels.max()}."
        )
    out = np.zeros((*labels.shape, count), dtype)
    out.reshape(labels.size, count)[np.arange(labels.size), labels.reshape(-1)] = 1
    return out
