"""What functions ask of their arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = Any  # an ndarray or a Tensor
_REGULAR = "Give numbers in a regular shape"


def as_array(name: str, values: Any) -> Array:
    """Arrays, Tensors and None as they are, lists as arrays."""
    if values is None or hasattr(values, "dtype"):
        return values
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{name}: expected numbers in a regular shape, got lists of different lengths. Fill "
            "short ones up with zeros, or with an id that stands for nothing (padding_index)."
        ) from error


def floats(name: str, x: Array, what: str = "values") -> Array:
    """An array or Tensor of floating-point numbers; integers would be computed as such."""
    x = x if hasattr(x, "dtype") else as_array(name, x)
    if x is None or x.dtype.kind != "f":
        whole = x is not None and x.dtype.kind in "iub"
        advice = "Use x.astype(np.float32)" if whole else _REGULAR
        raise TypeError(f"{name}: expected floating-point {what}, got {_found(x)}. {advice}.")
    return x


def numbers(name: str, x: Array) -> Array:
    """An array or Tensor of numbers of any kind; NumPy's complaint about text names a ufunc."""
    x = x if hasattr(x, "dtype") else as_array(name, x)
    if x is None or x.dtype.kind not in "fiubc":
        raise TypeError(f"{name}: expected an array of numbers, got {_found(x)}. {_REGULAR}.")
    return x


def number(name: str, what: str, value: Any, positive: bool = False) -> float:
    """A Python number, since one of NumPy's would turn float32 into float64."""
    wanted = "a positive number" if positive else "a finite number"
    numeric = isinstance(value, (int, float, np.integer, np.floating))
    if not numeric or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{name}: {what} must be {wanted}, got {value!r}.")
    if positive and not value > 0:
        raise ValueError(f"{name}: {what} must be {wanted}, got {value!r}.")
    return float(value)


def _found(x: Array) -> str:
    return "None" if x is None else str(x.dtype)
