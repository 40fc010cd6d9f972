"""Batches: the forms in which data may come, and the dtype in which a model gets them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data import DataLoader
from ..tensor import Tensor

FORMS = (
    "a tuple (X, y), an array X (its own target), a DataLoader, or a sized, re-iterable collection "
    "of batches (x, y)"
)


def find_batches(
    data: Any, batch_size: int, shuffle: bool = False, rng: np.random.Generator | None = None
) -> Any:
    """A sized collection of batches, from any form in which data may come.

    Loaders are made of arrays. A DataLoader that shuffles is walked in order unless `shuffle`.
    """
    if isinstance(data, DataLoader):
        if shuffle or not (data.shuffle or data.drop_last):
            return data
        return DataLoader(*data.arrays, batch_size=data.batch_size)
    if isinstance(data, (tuple, np.ndarray)):
        arrays = data if isinstance(data, tuple) else (data,)
        if len(arrays) not in (1, 2):
            raise ValueError(f"data: expected {FORMS}; got a tuple of {len(arrays)}. Write (X, y).")
        if len(arrays) == 2 and arrays[0] is arrays[1]:
            arrays = arrays[:1]
        return DataLoader(*arrays, batch_size=batch_size, shuffle=shuffle, rng=rng)
    walkable = hasattr(data, "__iter__") and hasattr(data, "__len__")
    if not walkable or isinstance(data, (str, dict)):
        raise TypeError(
            f"data: expected {FORMS}; got {type(data).__name__}. "
            "A generator can be walked only once: write list(batches)."
        )
    if isinstance(data, list) and data and isinstance(data[0], np.ndarray):
        raise TypeError(f"data: expected {FORMS}; got a list of arrays. Write (X, y).")
    if len(data) == 0:
        raise ValueError(f"data: expected at least one batch, got an empty {type(data).__name__}.")
    return data


Dtypes = tuple[np.dtype, np.dtype]  # of numbers and of integers: `Module.input_dtypes`


def as_pair(batch: Any, dtypes: Dtypes) -> tuple[np.ndarray, np.ndarray]:
    """(x, y) of one batch, x and floating targets in the model's dtype, ids as integers.

    Integer targets stay: they may be classes. `fitting_target` converts them where they are not.
    """
    if isinstance(batch, (tuple, list)) and len(batch) == 2:
        x, y = batch
    elif isinstance(batch, np.ndarray):
        x = y = batch
    else:
        what = f"{type(batch).__name__} of {len(batch)}" if isinstance(batch, (tuple, list)) else (
            type(batch).__name__)  # fmt: skip
        raise TypeError(f"data: expected batches (x, y), got a {what}. Pass data as {FORMS}.")
    inputs = as_inputs(x, dtypes)
    if y is x:
        return inputs, inputs
    target = _array("target", y)
    return inputs, target.astype(dtypes[0], copy=False) if target.dtype.kind == "f" else target


def as_inputs(x: Any, dtypes: Dtypes) -> np.ndarray:
    """An array of rows in the model's dtype, ids as integers; copied only to convert it."""
    array = _array("input", x)
    return array.astype(dtypes[array.dtype.kind in "iu"], copy=False)


def fitting_target(target: np.ndarray, prediction: Any) -> np.ndarray:
    """Integers and booleans of the prediction's shape are numbers, not classes: convert them.

    Class numbers have one axis less than the scores. Left as integers, the others would turn a
    float32 loss into float64.
    """
    if target.dtype.kind != "f" and target.shape == np.shape(prediction):
        return target.astype(prediction.dtype)
    return target


def _array(what: str, value: Any) -> np.ndarray:
    array = value.data if isinstance(value, Tensor) else np.asarray(value)
    if array.ndim == 0 or array.dtype.kind not in "fiub":
        raise TypeError(
            f"data: expected {what} batches of real numbers, one row per sample, got shape "
            f"{array.shape} of {array.dtype}. Pass data as {FORMS}, and encode text as numbers."
        )
    return array
